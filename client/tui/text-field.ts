import { sanitizeText } from './sanitize.ts'
import { graphemeAt } from './width.ts'

/** A text that is being written, and where. */
export interface TextField {
  text: string
  /** UTF-16 units before the cursor; always between two graphemes. */
  cursor: number
}

export const EMPTY_FIELD: TextField = { text: '', cursor: 0 }

/** A field that holds a text, the cursor behind it. */
export function fieldOf(text: string): TextField {
  return { text, cursor: text.length }
}

/** Types or pastes at the cursor. What cannot be seen is left out: what is sent is what was seen. */
export function insert({ text, cursor }: TextField, typed: string): TextField {
  const clean = sanitizeText(typed)
  return between(text.slice(0, cursor) + clean + text.slice(cursor), cursor + clean.length)
}

/** What a person can do with a text, by name (keys.ts says which keys). */
export type Edit =
  | 'left'
  | 'right'
  | 'word-left'
  | 'word-right'
  | 'line-start'
  | 'line-end'
  | 'delete-back'
  | 'delete'
  | 'delete-word'
  | 'delete-to-start'
  | 'delete-to-end'

/** Applies one edit. The same object when there is nothing to do. */
export function edit(field: TextField, action: Edit): TextField {
  const { text, cursor } = field
  switch (action) {
    case 'left':
      return moveTo(field, before(field))
    case 'right':
      return moveTo(field, after(field))
    case 'word-left':
      return moveTo(field, wordStart(field))
    case 'word-right':
      return moveTo(field, cursor + (/^[\s]*[^\s]*/.exec(text.slice(cursor))?.[0].length ?? 0))
    case 'line-start':
      return moveTo(field, text.lastIndexOf('\n', cursor - 1) + 1)
    case 'line-end':
      return moveTo(field, lineEnd(field))
    case 'delete-back':
      return remove(field, before(field), cursor)
    case 'delete':
      return remove(field, cursor, after(field))
    case 'delete-word':
      return remove(field, wordStart(field), cursor)
    case 'delete-to-start':
      return remove(field, text.lastIndexOf('\n', cursor - 1) + 1, cursor)
    case 'delete-to-end':
      return remove(field, cursor, lineEnd(field))
    default:
      return action satisfies never
  }
}

/** Puts the cursor at an index, or at the grapheme there. */
export function moveTo(field: TextField, index: number): TextField {
  if (index === field.cursor) return field
  const cursor =
    index >= field.text.length ? field.text.length : graphemeAt(field.text, Math.max(0, index)).start
  return { text: field.text, cursor }
}

function before({ text, cursor }: TextField): number {
  return cursor === 0 ? 0 : graphemeAt(text, cursor - 1).start
}

function after({ text, cursor }: TextField): number {
  return cursor >= text.length ? text.length : graphemeAt(text, cursor).end
}

function wordStart({ text, cursor }: TextField): number {
  return cursor - (/[^\s]*[\s]*$/.exec(text.slice(0, cursor))?.[0].length ?? 0)
}

function lineEnd({ text, cursor }: TextField): number {
  const end = text.indexOf('\n', cursor)
  return end < 0 ? text.length : end
}

function remove(field: TextField, start: number, end: number): TextField {
  if (start >= end) return field
  return between(field.text.slice(0, start) + field.text.slice(end), start)
}

/** What has come together may make one grapheme (a mark and its letter, two halves of a flag): behind the whole of it. */
function between(text: string, cursor: number): TextField {
  if (cursor === 0 || cursor >= text.length) return { text, cursor }
  const { start, end } = graphemeAt(text, cursor)
  return { text, cursor: start < cursor ? end : cursor }
}
