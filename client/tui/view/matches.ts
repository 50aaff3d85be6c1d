import { rangesOf } from '../../core/words.ts'
import { wrapText } from '../wrap.ts'
import { type CellStyle, type Span, span } from './canvas.ts'

/** Nothing is searched for. */
export const NO_WORDS: readonly string[] = []

/** A sanitised text broken into lines, with the words that were found marked. */
export function wrapMarked(
  text: string,
  { width, style, words }: { width: number; style: CellStyle; words: readonly string[] },
): Span[][] {
  const ranges = rangesOf(text, words)
  return wrapText(text, width).map(({ text: line, start }) => {
    const end = start + line.length
    const here = ranges.filter(range => range.start < end && range.end > start)
    return spansOf(line, {
      style,
      ranges: here.map(range => ({ start: range.start - start, end: range.end - start })),
    })
  })
}

/** One sanitised line with the words that were found marked. */
export function markLine(
  text: string,
  { style, words }: { style: CellStyle; words: readonly string[] },
): Span[] {
  return spansOf(text, { style, ranges: rangesOf(text, words) })
}

function spansOf(
  text: string,
  { style, ranges }: { style: CellStyle; ranges: readonly { start: number; end: number }[] },
): Span[] {
  const spans: Span[] = []
  let at = 0
  for (const range of ranges) {
    const start = Math.max(at, range.start)
    if (start > at) spans.push(span(text.slice(at, start), style))
    spans.push(span(text.slice(start, range.end), 'match'))
    at = Math.min(text.length, range.end)
  }
  if (at < text.length || spans.length === 0) spans.push(span(text.slice(at), style))
  return spans
}
