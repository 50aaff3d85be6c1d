import type { MessageContent } from '../../chat.ts'
import { sanitizeLine } from '../sanitize.ts'
import { graphemes, lineWidth, truncate } from '../width.ts'

const MAX_EXCERPT_COLS = 80

/** One line that says which message is meant. */
export function excerptOf(content: MessageContent): string {
  return truncate(wholeExcerpt(content), MAX_EXCERPT_COLS)
}

function wholeExcerpt(content: MessageContent): string {
  switch (content.type) {
    case 'text':
      return sanitizeLine(content.text)
    case 'file':
      return `[${fileName(content.name)}] ${sanitizeLine(content.caption ?? '')}`.trim()
    case 'deleted':
      return '(deleted)'
    case 'unknown':
      return '(not supported)'
    default:
      return content satisfies never
  }
}

/** A file's name as it is shown: never a path, whatever its sender wrote. */
export function fileName(name: string): string {
  return sanitizeLine(name.split(/[/\\]/).findLast(part => part.trim() !== '') ?? '').trim() || 'file'
}

/** Cuts a file's name to so many cells. Its end stays, since that says what kind of file it is. */
export function truncateName(name: string, maxWidth: number): string {
  if (lineWidth(name) <= maxWidth) return name
  const endCols = Math.min(8, Math.floor((maxWidth - 1) / 2))
  if (endCols < 1) return truncate(name, maxWidth)
  let end = ''
  let used = 0
  for (const { text, width } of graphemes(name).reverse()) {
    if (used + width > endCols) break
    end = text + end
    used += width
  }
  return truncate(name, maxWidth - used) + end
}

const UNITS = ['KB', 'MB', 'GB'] as const

/** `512 B`, `1.2 MB` */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  let value = bytes / 1024
  let at = 0
  for (; value >= 1023.5 && at < UNITS.length - 1; at++) value /= 1024
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[at]}`
}
