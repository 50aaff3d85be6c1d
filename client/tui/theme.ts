import type { StyleName } from './view/canvas.ts'

/** How many colours a terminal has; 0 by wish (NO_COLOR) or for want of any, 16,777,216 of three bytes each. */
export type ColorDepth = 0 | 16 | 256 | typeof TRUE_COLOR
export const TRUE_COLOR = 16_777_216

/** The terminal's own 0 to 15, so that it suits its theme, 16 to 255 of the cube, or 0xRRGGBB: the nearest there is. */
export type Color = number | { rgb: number }

/** How a style looks. */
export interface Look {
  color?: Color
  bgColor?: Color
  bold?: boolean
  dim?: boolean
  italic?: boolean
  underline?: boolean
  inverse?: boolean
}

const BLACK = 0
const RED = 1
const GREEN = 2
const YELLOW = 3
const BLUE = 4
const CYAN = 6
const GREY = 8
const WHITE = 15

/** What differs from the looks below: with 16 colours, and (`fine`) with more. */
export interface Theme {
  looks: Partial<Record<StyleName, Look>>
  fine: Partial<Record<StyleName, Look>>
}

const looks: Readonly<Record<StyleName, Look>> = {
  plain: {},
  faint: { color: GREY },
  strong: { bold: true },
  dash: { color: RED },
  brand: { color: RED, bold: true },
  online: { color: GREEN },
  offline: { color: YELLOW },
  mine: { color: CYAN },
  theirs: { color: BLUE, bold: true },
  unread: { color: YELLOW, bold: true },
  error: { color: RED, bold: true },
  done: { color: GREEN },
  selected: { inverse: true },
  field: { underline: true },
  read: { color: CYAN },
  file: { color: CYAN, bold: true },
  // A camera wants black on white, whatever the terminal's own colours are.
  qr: { color: BLACK, bgColor: WHITE },
  match: { color: BLACK, bgColor: YELLOW },
  mention: { color: YELLOW, bold: true },
  caption: { inverse: true },
}

/** Finer shades, where there are enough. */
const fineLooks: Partial<Record<StyleName, Look>> = {
  faint: { color: 245 },
  theirs: { color: 75, bold: true },
  mine: { color: 80 },
  read: { color: 80 },
  file: { color: 80, bold: true },
  qr: { color: 16, bgColor: 231 },
  selected: { bgColor: 238, color: 255, bold: true },
  caption: { bgColor: 52, color: 255 },
}

/** Without colours, what colour says must be said by weight. */
const plainLooks: Partial<Record<StyleName, Look>> = {
  faint: { dim: true },
  theirs: { bold: true },
  unread: { bold: true },
  error: { bold: true },
  brand: { bold: true },
  read: { bold: true },
  file: { bold: true },
  // Right on a dark background, which most have.
  qr: { inverse: true },
  match: { inverse: true },
  mention: { bold: true, underline: true },
}

const { qr: _qr, ...themedLooks } = looks

/** Nothing is said by a pale colour. */
const contrast: Theme['looks'] = {
  faint: {},
  mine: { bold: true },
  theirs: { bold: true, underline: true },
  unread: { inverse: true, bold: true },
  selected: { inverse: true, bold: true },
  error: { color: RED, bold: true, inverse: true },
}

/** The themes that are there without a config file; `dark` is how it looks when nothing is said. */
export const themes = {
  dark: { looks: {}, fine: {} },
  light: {
    looks: {
      unread: { color: 5, bold: true },
      mention: { color: 5, bold: true },
      offline: { color: 5 },
      mine: { color: 4 },
    },
    fine: {
      faint: { color: 243 },
      theirs: { color: 25, bold: true },
      mine: { color: 30 },
      read: { color: 30 },
      file: { color: 30, bold: true },
      unread: { color: 130, bold: true },
      offline: { color: 130 },
      mention: { color: 130, bold: true },
      online: { color: 28 },
      done: { color: 28 },
      selected: { bgColor: 253, color: 16, bold: true },
    },
  },
  contrast: { looks: contrast, fine: { ...contrast, read: {}, file: { bold: true } } },
  // The terminal's own 16 colours only, however many it has: they follow its palette.
  terminal: { looks: {}, fine: themedLooks },
} as const satisfies Readonly<Record<string, Theme>>

/** What a theme may change. A QR code must stay one. */
export const THEMED_STYLES = Object.keys(themedLooks) as (keyof typeof themedLooks)[]

/** How a style looks on a terminal of so many colours. */
export function lookOf(style: StyleName, depth: ColorDepth, theme: Theme = themes.dark): Look {
  if (depth >= 256) return theme.fine[style] ?? fineLooks[style] ?? looks[style]
  if (depth === 16) return theme.looks[style] ?? looks[style]
  const { color: _color, bgColor: _bgColor, ...weight } = looks[style]
  return plainLooks[style] ?? weight
}

/** What of the environment says how many colours there are. */
export type TerminalEnv = Readonly<Record<string, string | undefined>>

/** NO_COLOR (https://no-color.org), then COLORTERM and TERM. */
export function colorDepth(env: TerminalEnv): ColorDepth {
  if (env.NO_COLOR) return 0
  const { TERM: term = '', COLORTERM: colorTerm = '' } = env
  if (/^(dumb|vt\d+.*|.*-mono|.*-m)$/.test(term)) return 0
  // screen passes the variable on, and understands no such colour.
  const isScreen = term.startsWith('screen') && !env.TMUX
  const all = /kitty|alacritty|^foot|wezterm|ghostty|direct/i
  if (!isScreen && (/truecolor|24bit/i.test(colorTerm) || all.test(term))) return TRUE_COLOR
  const many = /256|tmux|screen\.|iterm/i
  if (/truecolor|24bit|256/i.test(colorTerm) || many.test(term) || env.TMUX) return 256
  return 16
}
