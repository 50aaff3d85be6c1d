import { graphemes, lineWidth } from './width.ts'

const ASCII = /^[\x20-\x7e]*$/
/** Closing marks of Chinese and Japanese never begin a line. */
const STAYS_BEHIND = /^[、。，．）」』】〕〉》！？：；ー々]/

/** One line on the screen of a longer text. */
export interface WrappedLine {
  text: string
  /** Where it begins and ends in the text, in UTF-16 units; a blank or line break at the cut lies between two lines. */
  start: number
  end: number
}

/**
 * Breaks a sanitised text into lines of at most `width` cells: at line breaks, else at blanks and between wide letters (Han,
 * kana, Hangul, emoji), else, within a word longer than a line, where it is full. Always at least one line.
 *
 * @param width cells, at least 2, since there are graphemes that need two
 */
export function wrapText(text: string, width: number): WrappedLine[] {
  const lines: WrappedLine[] = []
  let start = 0
  for (const paragraph of text.split('\n')) {
    for (const line of wrapParagraph(paragraph, Math.max(2, width))) {
      lines.push({ text: line.text, start: start + line.start, end: start + line.end })
    }
    start += paragraph.length + 1
  }
  return lines
}

function wrapParagraph(text: string, width: number): WrappedLine[] {
  if (text.length <= width && lineWidth(text) <= width) return [{ text, start: 0, end: text.length }]
  const lines: WrappedLine[] = []
  let start = 0
  let used = 0
  let at = 0
  /** The last places in this line where it may be broken, the last one last, and the cells up to there. */
  let breaks: { at: number; used: number }[] = []

  const mayBreakHere = () => {
    if (used > 0 && breaks.at(-1)?.at !== at) breaks = [...breaks.slice(-1), { at, used }]
  }
  const add = (char: string, cells: number, length: number) => {
    const isBlank = char === ' '
    const isWide = cells === 2
    if (STAYS_BEHIND.test(char)) breaks = breaks.filter(place => place.at !== at)
    else if (isWide) mayBreakHere()
    while (used > 0 && used + cells > width && !isBlank) {
      const place = breaks.at(-1) ?? { at, used }
      lines.push(cutLine(text, start, place.at))
      start = place.at
      used -= place.used
      breaks = []
    }
    used += cells
    at += length
    if (isBlank || isWide) mayBreakHere()
  }

  // Without an object for each letter: 64 KB may stand in the composer.
  if (ASCII.test(text)) for (const char of text) add(char, 1, 1)
  else for (const grapheme of graphemes(text)) add(grapheme.text, grapheme.width, grapheme.length)
  lines.push(cutLine(text, start, text.length))
  return lines
}

/** Blanks at the cut hang over the edge, where nobody sees them. */
function cutLine(text: string, start: number, end: number): WrappedLine {
  const isLast = end === text.length
  const line = text.slice(start, end)
  const shown = isLast ? line : line.replace(/ +$/, '')
  return { text: shown, start, end: start + shown.length }
}
