import { graphemes } from './width.ts'

/** One line on the screen of a longer text. */
export interface WrappedLine {
  text: string
  /** Where it begins and ends in the text, in UTF-16 units; a blank or line break at the cut lies between two lines. */
  start: number
  end: number
}

/**
 * Breaks a sanitised text into lines of at most `width` cells: at line breaks, else at blanks, else (a long word, Han) where
 * it is full. Always at least one line.
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
  // A letter of ASCII is a cell, and no text takes more cells than UTF-16 units.
  if (text.length <= width) return [{ text, start: 0, end: text.length }]
  const lines: WrappedLine[] = []
  let start = 0
  let used = 0
  let at = 0
  /** Behind the last blank of this line, and the cells up to there. */
  let afterBlank = -1
  let usedAfterBlank = 0
  for (const grapheme of graphemes(text)) {
    const isBlank = grapheme.text === ' '
    if (used + grapheme.width > width && !isBlank) {
      const cut = afterBlank > start ? afterBlank : at
      lines.push(cutLine(text, start, cut))
      used = cut === at ? 0 : used - usedAfterBlank
      start = cut
      afterBlank = -1
    }
    used += grapheme.width
    at += grapheme.length
    if (isBlank) {
      afterBlank = at
      usedAfterBlank = used
    }
  }
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
