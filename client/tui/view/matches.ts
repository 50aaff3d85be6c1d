import { mentionsOf } from '../../core/mentions.ts'
import { rangesOf } from '../../core/words.ts'
import { wrapText } from '../wrap.ts'
import { type CellStyle, type Span, type StyleName, span } from './canvas.ts'

/** Nothing is searched for. */
export const NO_WORDS: readonly string[] = []

/** A sanitised text broken into lines, with the words that were found marked, and where `me` is named. */
export function wrapMarked(
  text: string,
  { width, style, words, me }: { width: number; style: CellStyle; words: readonly string[]; me?: string },
): Span[][] {
  const named = me === undefined || !text.includes('@') ? [] : mentionsOf(text, me)
  const ranges: Marked[] = [
    ...rangesOf(text, words).map(range => ({ ...range, style: 'match' as const })),
    ...named.map(range => ({ ...range, style: 'mention' as const })),
  ].sort((a, b) => a.start - b.start)
  return wrapText(text, width).map(({ text: line, start }) => {
    const end = start + line.length
    const here = ranges.filter(range => range.start < end && range.end > start)
    return spansOf(line, {
      style,
      ranges: here.map(range => ({ ...range, start: range.start - start, end: range.end - start })),
    })
  })
}

/** One sanitised line with the words that were found marked. */
export function markLine(
  text: string,
  { style, words }: { style: CellStyle; words: readonly string[] },
): Span[] {
  return spansOf(text, { style, ranges: rangesOf(text, words).map(range => ({ ...range, style: 'match' })) })
}

interface Marked {
  start: number
  end: number
  style: StyleName
}

function spansOf(text: string, { style, ranges }: { style: CellStyle; ranges: readonly Marked[] }): Span[] {
  const spans: Span[] = []
  let at = 0
  for (const range of ranges) {
    const start = Math.max(at, range.start)
    if (range.end <= start) continue
    if (start > at) spans.push(span(text.slice(at, start), style))
    spans.push(span(text.slice(start, range.end), range.style))
    at = Math.min(text.length, range.end)
  }
  if (at < text.length || spans.length === 0) spans.push(span(text.slice(at), style))
  return spans
}
