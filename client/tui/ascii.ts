import { lightnessOf } from './colors.ts'
import type { TerminalEnv } from './theme.ts'
import { type Cell, type CellColors, type Grid, HALF_BLOCK } from './view/canvas.ts'
import { graphemes } from './width.ts'

/**
 * A terminal that shows nothing but ASCII. The views draw as for every other one: what a letter becomes is decided here, cell by
 * cell, so that every width stays as it was laid out.
 */

/** Terminals of the time before UTF-8, by TERM. */
const OLD_TERM = /^(dumb|ansi|cons\d+.*|pcansi|sun|vt\d+.*|wy(se)?-?\d+.*|xterm-r\d+|kterm|hft|unknown)$/

/**
 * Whether a terminal shows UTF-8. The locale says so (POSIX.1-2017 section 8.2: LC_ALL, else LC_CTYPE, else LANG); a locale
 * that names no character set (`C`, `de_DE`) has an older one. Where no locale is said at all (Windows, a bare container), all
 * but old terminals do.
 */
export function showsUtf8(env: TerminalEnv): boolean {
  const locale = localeOf(env)
  if (locale) return /utf-?8/i.test(locale)
  return !OLD_TERM.test(env.TERM ?? '')
}

/**
 * Makes UTF-8 of what is typed where the locale names another character set (`de_DE.ISO-8859-1`); what comes in a locale that names
 * none, or one that is not known, is left as it is.
 */
export function createTranscoder(env: TerminalEnv): (typed: Uint8Array) => Uint8Array {
  const [, charset] = /\.([\w-]+)/.exec(localeOf(env) ?? '') ?? []
  if (charset === undefined || showsUtf8(env)) return typed => typed
  try {
    // Locales write some names otherwise than the encoding standard.
    const name = charset.replace(/^iso-?(\d{4})-?(\d+)$/i, 'iso-$1-$2').replace(/^euc-?(jp|kr)$/i, 'euc-$1')
    const decoder = new TextDecoder(name)
    const encoder = new TextEncoder()
    return typed => encoder.encode(decoder.decode(typed, { stream: true }))
  } catch {
    return typed => typed
  }
}

function localeOf(env: TerminalEnv): string | undefined {
  return env.LC_ALL || env.LC_CTYPE || env.LANG
}

/** What we draw with, and what people write most: one cell each. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map(
  [
    // Rules, frames, blocks.
    ...pairs('╌─━┄┈', '-----'),
    ...pairs('┆│┃┊', '||||'),
    ...pairs('┌┐└┘├┤┬┴┼', '+++++++++'),
    ...pairs('█▓▒░▀▄▌▐', '#%:."_>|'),
    // Marks.
    ...pairs('✓✔✗✘●○•·⏲◌▸▾▴◂', 'vvxx*o*.to>v^<'),
    ...pairs('↑↓←→', '^v<>'),
    // What turns.
    ...pairs('⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏', '|/-\\|/-\\|/'),
    // Writing.
    ...pairs('“”„«»‘’‚‹›', `"""""'''<>`),
    ...pairs('‐‑‒–—―−', '-------'),
    ...pairs('×÷±¦¡¿´¨¸', `x/+|!?'",`),
    ...pairs('øØłŁđĐħıðÐ', 'oOlLdDhidD'),
  ].map(([from, to]) => [from, to]),
)

/** From dark to light, for light letters on dark. */
const SHADES = ' .:-=+*#%@'

/** `…` where nothing is behind it becomes three dots; else it is cut off there. */
const ELLIPSIS = '…'
const CUT = '~'

/**
 * The same screen in ASCII. Letters of others lose their accents, or are seen as `?`, one for each cell; a picture is drawn
 * with the colour of blanks, or without colours with letters that are more or less dark.
 */
export function asciiGrid(grid: Grid, { hasColors }: { hasColors: boolean }): Grid {
  return { ...grid, cells: grid.cells.map(row => asciiRow(row, hasColors)) }
}

/** A line of text in ASCII, by the same rules but for `…`, which has all the room that it needs. Line breaks stay. */
export function asciiText(text: string): string {
  return text
    .split('\n')
    .map(line =>
      graphemes(line)
        .map(({ text: grapheme, width }) => (grapheme === ELLIPSIS ? '...' : lettersOf(grapheme, width)))
        .join(''),
    )
    .join('\n')
}

function asciiRow(row: readonly Cell[], hasColors: boolean): Cell[] {
  const cells: Cell[] = []
  for (let x = 0; x < row.length; x++) {
    const cell = row[x]
    if (!cell) continue
    const { text, style, width } = cell
    if (text === ELLIPSIS && x + 2 < row.length && [1, 2, 3].every(by => isFree(row, x + by))) {
      cells.push({ ...cell, text: '.' }, { ...cell, text: '.' }, { ...cell, text: '.' })
      x += 2
    } else if (text === ELLIPSIS) {
      cells.push({ ...cell, text: CUT })
    } else if (typeof style === 'object' && text === HALF_BLOCK) {
      cells.push(pictureCell(style, hasColors))
    } else if (width !== 0) {
      // A wide one makes two cells, so its second half is there already.
      for (const letter of lettersOf(text, width)) cells.push({ text: letter, width: 1, style })
    }
  }
  return cells
}

function isFree(row: readonly Cell[], x: number): boolean {
  return x === row.length || (row[x]?.text === ' ' && typeof row[x]?.style === 'string')
}

/** Both halves have one colour: there is no letter for two. */
function pictureCell(style: CellColors, hasColors: boolean): Cell {
  const { fg, bg = fg } = style
  const light = (lightnessOf(fg) + lightnessOf(bg)) / 2
  if (!hasColors) {
    const shade = Math.min(SHADES.length - 1, Math.floor((light / 256) * SHADES.length))
    return { text: SHADES[shade] ?? ' ', width: 1, style: 'plain' }
  }
  const mean = [16, 8, 0].reduce(
    (sum, shift) => sum | (((((fg >> shift) & 0xff) + ((bg >> shift) & 0xff)) >> 1) << shift),
    0,
  )
  return { text: ' ', width: 1, style: { ...style, fg: mean, bg: mean } }
}

/** As many letters of ASCII as the grapheme has cells. */
function lettersOf(grapheme: string, width: 1 | 2): string {
  if (/^[\x20-\x7e]$/.test(grapheme)) return grapheme
  const base = grapheme.normalize('NFD').replace(/\p{M}/gu, '')
  const letter = /^[\x20-\x7e]$/.test(base) ? base : LOOKALIKES.get(base)
  return (letter ?? '?'.repeat(width)).padEnd(width)
}

function pairs(from: string, to: string): [string, string][] {
  return Array.from(from, (char, at) => [char, to[at] ?? '?'])
}
