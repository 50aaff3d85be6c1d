import type { StyleName } from './view/canvas.ts'

/** How many colours a terminal has: none (`NO_COLOR`), 16, 256, or all. */
export type ColorDepth = 0 | 16 | 256 | 'true'

interface Look {
  /** Colour of the text: place in the table of 16, of 256, and RGB. */
  text?: Color
  back?: Color
  /** SGR attributes that need no colour: 1 bold, 2 faint, 4 underlined, 7 inverse. */
  attributes?: readonly number[]
  /** Instead of colours where there are none. */
  colorless?: readonly number[]
}

type Color = readonly [basic: number, indexed: number, rgb: readonly [number, number, number]]

const RED: Color = [1, 160, [215, 38, 38]]
const BRIGHT_RED: Color = [9, 203, [255, 95, 95]]
const GREEN: Color = [2, 71, [95, 175, 95]]
const YELLOW: Color = [3, 179, [215, 175, 95]]
const BLUE: Color = [12, 110, [135, 175, 215]]
const CYAN: Color = [6, 73, [95, 175, 175]]
const GRAY: Color = [8, 244, [128, 128, 128]]
const WHITE: Color = [15, 255, [238, 238, 238]]
const SHADE: Color = [0, 236, [48, 48, 48]]
const SHADE_LIT: Color = [7, 240, [88, 88, 88]]

const LOOKS: Readonly<Record<StyleName, Look>> = {
  plain: {},
  faint: { text: GRAY, colorless: [2] },
  strong: { attributes: [1] },
  dash: { text: RED },
  brand: { text: RED, attributes: [1] },
  online: { text: GREEN },
  offline: { text: YELLOW },
  mine: { text: CYAN },
  theirs: { text: BLUE, attributes: [1] },
  unread: { text: YELLOW, attributes: [1] },
  error: { text: BRIGHT_RED, attributes: [1] },
  done: { text: GREEN },
  selected: { text: WHITE, back: SHADE_LIT, attributes: [1], colorless: [7] },
  field: { text: WHITE, back: SHADE, colorless: [4] },
}

/** The SGR sequence (ECMA-48 section 8.3.117) that sets a style, whatever was set before. */
export function sgr(style: StyleName, depth: ColorDepth): string {
  const { text, back, attributes = [], colorless = [] } = LOOKS[style]
  const codes: (number | string)[] = [0, ...attributes]
  if (depth === 0) codes.push(...colorless)
  else {
    if (text) codes.push(colorCodes(text, { depth, isBack: false }))
    if (back) codes.push(colorCodes(back, { depth, isBack: true }))
  }
  return `\x1b[${codes.join(';')}m`
}

/** What the terminal can, by what the environment says of it (https://no-color.org). */
export function colorDepth(env: Readonly<Record<string, string | undefined>>): ColorDepth {
  if (env.NO_COLOR) return 0
  const term = env.TERM ?? ''
  if (term === 'dumb' || term.startsWith('vt')) return 0
  if (/truecolor|24bit/i.test(env.COLORTERM ?? '') || /direct|kitty|ghostty|alacritty|foot/.test(term))
    return 'true'
  if (term.includes('256') || env.COLORTERM || env.WT_SESSION) return 256
  return 16
}

function colorCodes(
  [basic, indexed, rgb]: Color,
  { depth, isBack }: { depth: ColorDepth; isBack: boolean },
): string {
  const extended = isBack ? 48 : 38
  if (depth === 'true') return `${extended};2;${rgb.join(';')}`
  if (depth === 256) return `${extended};5;${indexed}`
  const base = basic < 8 ? 30 + basic : 90 + basic - 8
  return String(isBack ? base + 10 : base)
}
