import { WIDE } from './width-table.ts'

/** What is drawn as one: a grapheme cluster, and how many cells it takes. */
export interface Grapheme {
  text: string
  /** Cells, 1 or 2. */
  width: 1 | 2
  /** UTF-16 units that it stands for in the line. */
  length: number
}

const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' })

const ASCII = /^[\x20-\x7e]*$/
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7ff]$/u
const EMOJI = /\p{Emoji_Presentation}/u
/** Emoji that are so by what follows: a selector, a keycap, a skin tone, a joiner; and flags. */
const EMOJI_SEQUENCE =
  /\ufe0f|\u20e3|\u200d\p{Extended_Pictographic}|\p{Emoji_Modifier}|^\p{Regional_Indicator}{2}/u
/**
 * Alone, these have had one width in every terminal for decades: letters of the alphabets that are written one cell a
 * letter, punctuation, lines and blocks, kana, Han, Hangul syllables.
 */
const SETTLED =
  /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0373\u0376\u0377\u037a-\u037f\u0384-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u2199\u2200-\u22ff\u2500-\u259f\u25cf\u25cb\u2713\u2717\u2800-\u28ff\u3041-\u3096\u30a1-\u30ff\u4e00-\u9fa5\uac00-\ud7a3\uff01-\uff60]$/

/** The cells that one code point takes by itself. */
export function codePointWidth(codePoint: number): 0 | 1 | 2 {
  if (codePoint < 0x300) return 1
  const char = String.fromCodePoint(codePoint)
  if (ZERO_WIDTH.test(char)) return 0
  if (EMOJI.test(char) || isInTable(codePoint)) return 2
  return 1
}

/**
 * The cells that a grapheme takes. Where terminals disagree this is the larger guess: whoever draws fewer leaves a blank
 * behind, and `isSettled()` says that the cursor must be set anew.
 */
export function graphemeWidth(grapheme: string): 1 | 2 {
  if (grapheme.length === 1) return codePointWidth(grapheme.charCodeAt(0)) === 2 ? 2 : 1
  if (EMOJI_SEQUENCE.test(grapheme)) return 2
  let width = 0
  for (const char of grapheme) width += codePointWidth(char.codePointAt(0) ?? 0)
  return width >= 2 ? 2 : 1
}

/** Whether all terminals agree on the width of a grapheme. */
export function isSettled(grapheme: string): boolean {
  return SETTLED.test(grapheme)
}

/**
 * Cuts a line (sanitised, without line breaks) into what is drawn as one. A mark that has no letter to sit on gets a
 * dotted circle.
 */
export function graphemes(line: string): Grapheme[] {
  if (ASCII.test(line)) return asciiGraphemes(line)
  const all: Grapheme[] = []
  for (const { segment } of segmenter.segment(line)) {
    const first = segment.codePointAt(0) ?? 0
    const text = codePointWidth(first) === 0 ? `\u25cc${segment}` : segment
    all.push({ text, width: graphemeWidth(text), length: segment.length })
  }
  return all
}

/** The cells that a line takes. */
export function lineWidth(line: string): number {
  if (ASCII.test(line)) return line.length
  return graphemes(line).reduce((sum, { width }) => sum + width, 0)
}

/** Where the grapheme that holds the UTF-16 unit at `index` begins and ends. */
export function graphemeAt(text: string, index: number): { start: number; end: number } {
  // Between letters of ASCII there is nothing to look for, in however long a text.
  if (index >= 0 && index < text.length && ASCII.test(text.slice(Math.max(0, index - 1), index + 2))) {
    return { start: index, end: index + 1 }
  }
  const found = index < 0 ? undefined : segmenter.segment(text).containing(index)
  if (!found) return { start: Math.max(0, Math.min(index, text.length)), end: text.length }
  return { start: found.index, end: found.index + found.segment.length }
}

/** The UTF-16 unit at which what is drawn in a cell of a line begins; its length behind the end. */
export function offsetAtCell(line: string, cell: number): number {
  let offset = 0
  let x = 0
  for (const { width, length } of graphemes(line)) {
    x += width
    if (cell < x) return offset
    offset += length
  }
  return offset
}

/** Cuts a line to at most `maxWidth` cells, the last of them an ellipsis when something is missing. */
export function truncate(line: string, maxWidth: number): string {
  if (lineWidth(line) <= maxWidth) return line
  if (maxWidth < 1) return ''
  let text = ''
  let width = 0
  for (const grapheme of graphemes(line)) {
    if (width + grapheme.width > maxWidth - 1) break
    text += grapheme.text
    width += grapheme.width
  }
  return `${text}…`
}

const asciiCells: readonly Grapheme[] = Array.from({ length: 0x7f }, (_, code) => ({
  text: String.fromCharCode(code),
  width: 1,
  length: 1,
}))

function asciiGraphemes(line: string): Grapheme[] {
  const all: Grapheme[] = []
  for (let at = 0; at < line.length; at++) {
    const grapheme = asciiCells[line.charCodeAt(at)]
    if (grapheme) all.push(grapheme)
  }
  return all
}

function isInTable(codePoint: number): boolean {
  let low = 0
  let high = WIDE.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const [from, to] = WIDE[middle] ?? [0, 0]
    if (codePoint < from) high = middle - 1
    else if (codePoint > to) low = middle + 1
    else return true
  }
  return false
}
