import { edit, moveTo, type TextField } from './text-field.ts'
import { graphemeAt, graphemes } from './width.ts'

// The composer as vi has it (POSIX.1-2017, vi): the commands that a few lines of text are worth, and those that lead elsewhere.

/** What a command of the normal mode comes to. */
export interface VimOutcome {
  field: TextField
  /** What was pressed of a command that is not whole yet. */
  pending: string
  /** The text has changed, so that it can be undone. */
  isChange?: boolean
  /** What was deleted or yanked. */
  taken?: string
  mode?: 'insert'
  act?: VimAct
}

/** For the status line: the mode in which letters are no text, and what was pressed of a command; null in the other one. */
export function vimText(vim: { mode: 'insert' | 'normal'; pending: string } | null): string | null {
  return vim?.mode === 'normal' ? `NORMAL${vim.pending === '' ? '' : ` ${vim.pending}`}` : null
}

/** What the composer alone cannot do. */
export type VimAct =
  | 'undo'
  | 'put-after'
  | 'put-before'
  | 'line-up'
  | 'line-down'
  | 'to-newest'
  | 'find'
  | 'command'
  | 'next-conversation'
  | 'previous-conversation'

const MAX_COUNT = 9999
const WHOLE = /^([1-9]\d{0,3})?(?:([dcy])([1-9]\d{0,3})?)?(gg|gt|gT|r.|[^g\d r]|0| )$/su
const PART = /^([1-9]\d{0,3})?(?:([dcy])([1-9]\d{0,3})?)?[gr]?$/su

/**
 * A key of the normal mode.
 *
 * @param pending what was pressed before it
 * @param key one character
 */
export function pressNormal(field: TextField, pending: string, key: string): VimOutcome {
  const text = pending + key
  // Within a number it is a digit.
  if (key === '0' && /\d$/.test(pending)) return { field, pending: PART.test(text) ? text : '' }
  const [, first, operator, second, command] = WHOLE.exec(text) ?? []
  const isBegun = operator === undefined && /^[dcy]$/.test(command ?? '')
  if (command === undefined || isBegun) return { field, pending: PART.test(text) ? text : '' }
  const count = Math.min(MAX_COUNT, Number(first ?? 1) * Number(second ?? 1))
  if (operator !== undefined) return operate(field, operator, { command, count })
  const done = { field, pending: '' }
  const moved = motion(field, command, count)
  if (moved) return { field: onGrapheme(moveTo(field, moved.index)), pending: '' }
  return { ...done, ...alone(field, command, count) }
}

/** Where the cursor is in normal mode: on a grapheme, not behind the last one of a line. */
export function onGrapheme(field: TextField): TextField {
  const { text, cursor } = field
  const isBehind = cursor > 0 && text[cursor - 1] !== '\n' && (cursor >= text.length || text[cursor] === '\n')
  return isBehind ? edit(field, 'left') : field
}

function alone(field: TextField, command: string, count: number): Partial<VimOutcome> {
  const insertAt = (at: TextField): Partial<VimOutcome> => ({ field: at, mode: 'insert' })
  const { text, cursor } = field
  if (command.startsWith('r') && command.length > 1) return replace(field, command.slice(1), count)
  switch (command) {
    case 'i':
      return insertAt(field)
    case 'a':
      return insertAt(cursor < lineEnd(field) ? edit(field, 'right') : field)
    case 'I':
      return insertAt(edit(field, 'line-start'))
    case 'A':
      return insertAt(moveTo(field, lineEnd(field)))
    case 'o':
      return { ...insertAt(insertText(moveTo(field, lineEnd(field)), '\n')), isChange: true }
    case 'O': {
      const start = lineStart(field)
      const opened = { text: `${text.slice(0, start)}\n${text.slice(start)}`, cursor: start }
      return { ...insertAt(opened), isChange: true }
    }
    case 'x':
      return cut(field, { start: cursor, end: steps(field, 'right', count) })
    case 'X':
      return cut(field, { start: steps(field, 'left', count), end: cursor })
    case 's':
      return { ...cut(field, { start: cursor, end: steps(field, 'right', count) }, true), mode: 'insert' }
    case 'S':
      return operate(field, 'c', { command: 'c', count: 1 })
    case 'D':
      return operate(field, 'd', { command: '$', count: 1 })
    case 'C':
      return operate(field, 'c', { command: '$', count: 1 })
    case 'p':
      return { act: 'put-after' }
    case 'P':
      return { act: 'put-before' }
    case 'u':
      return { act: 'undo' }
    case 'j':
      return { act: 'line-down' }
    case 'k':
      return { act: 'line-up' }
    case 'G':
      return { act: 'to-newest' }
    case '/':
      return { act: 'find' }
    case ':':
      return { act: 'command' }
    case 'gt':
      return { act: 'next-conversation' }
    case 'gT':
      return { act: 'previous-conversation' }
    default:
      return {}
  }
}

function operate(
  field: TextField,
  operator: string,
  { command, count }: { command: string; count: number },
): VimOutcome {
  const nothing = { field, pending: '' }
  const isChange = operator === 'c'
  const range =
    command === operator ? lines(field, { count, isChange }) : within(field, { command, count, isChange })
  if (!range) return nothing
  if (operator === 'y') {
    const taken = field.text.slice(range.start, range.end)
    return { field: onGrapheme(moveTo(field, range.start)), pending: '', ...(taken === '' ? {} : { taken }) }
  }
  return { ...nothing, ...cut(field, range, isChange), ...(isChange ? { mode: 'insert' as const } : {}) }
}

interface Range {
  start: number
  end: number
}

/** Of a change only what is within the lines: they stay. */
function lines(field: TextField, { count, isChange }: { count: number; isChange: boolean }): Range {
  const { text } = field
  const start = lineStart(field)
  let end = lineEnd(field)
  for (let more = 1; more < count && end < text.length; more++) end = lineEnd({ text, cursor: end + 1 })
  if (isChange) return { start, end }
  // The last line takes the break before it along.
  if (end < text.length) return { start, end: end + 1 }
  return { start: Math.max(0, start - 1), end }
}

function within(
  field: TextField,
  { command, count, isChange }: { command: string; count: number; isChange: boolean },
): Range | null {
  // As in every vi: `cw` leaves the blank behind the word.
  const isOnWord = isChange && command === 'w' && /\S/.test(field.text[field.cursor] ?? '')
  const moved = motion(field, isOnWord ? 'e' : command, count)
  if (!moved) return null
  const { index, isInclusive } = moved
  const to = isInclusive ? graphemeEnd(field.text, index) : index
  return { start: Math.min(field.cursor, to), end: Math.max(field.cursor, to) }
}

function cut(field: TextField, { start, end }: Range, isChange = false): Partial<VimOutcome> {
  if (start >= end) return {}
  const left = moveTo({ text: field.text.slice(0, start) + field.text.slice(end), cursor: 0 }, start)
  return { field: isChange ? left : onGrapheme(left), taken: field.text.slice(start, end), isChange: true }
}

/** As in every vi: all of so many, or none. */
function replace(field: TextField, char: string, count: number): Partial<VimOutcome> {
  const end = steps(field, 'right', count)
  if (graphemes(field.text.slice(field.cursor, end)).length < count) return {}
  const text = field.text.slice(0, field.cursor) + char.repeat(count) + field.text.slice(end)
  return { field: moveTo({ text, cursor: 0 }, field.cursor), isChange: true }
}

function insertText({ text, cursor }: TextField, added: string): TextField {
  return { text: text.slice(0, cursor) + added + text.slice(cursor), cursor: cursor + added.length }
}

/** Where a motion leads; null for what is none. */
function motion(
  field: TextField,
  command: string,
  count: number,
): { index: number; isInclusive?: boolean } | null {
  const { text, cursor } = field
  const repeat = (step: (index: number) => number): { index: number } => {
    let index = cursor
    for (let left = count; left > 0; left--) {
      const next = step(index)
      if (next === index) break
      index = next
    }
    return { index }
  }
  switch (command) {
    case 'h':
      return { index: steps(field, 'left', count) }
    case 'l':
    case ' ':
      return { index: steps(field, 'right', count) }
    case '0':
    case '^':
      return { index: lineStart(field) }
    case '$':
      return { index: lineEnd(field) }
    case 'gg':
      return { index: 0 }
    case 'w':
      return repeat(index => nextWord(text, index))
    case 'b':
      return repeat(index => wordBefore(text, index))
    case 'e':
      return { ...repeat(index => endOfWord(text, index)), isInclusive: true }
    default:
      return null
  }
}

/** Steps to one side within the line. */
function steps(field: TextField, side: 'left' | 'right', count: number): number {
  const [least, most] = [lineStart(field), lineEnd(field)]
  let at = field
  for (let left = count; left > 0; left--) {
    const next = edit(at, side)
    if (next === at || next.cursor < least || next.cursor > most) break
    at = next
  }
  return at.cursor
}

function lineStart({ text, cursor }: TextField): number {
  return cursor === 0 ? 0 : text.lastIndexOf('\n', cursor - 1) + 1
}

function lineEnd({ text, cursor }: TextField): number {
  const end = text.indexOf('\n', cursor)
  return end < 0 ? text.length : end
}

/** Words are letters, digits and `_`; signs that stand together; blanks are between them. */
function kindOf(text: string, index: number): 'word' | 'sign' | 'blank' {
  const char = String.fromCodePoint(text.codePointAt(index) ?? 0x20)
  if (/\s/u.test(char)) return 'blank'
  return /[\p{L}\p{N}\p{M}_]/u.test(char) ? 'word' : 'sign'
}

function graphemeEnd(text: string, index: number): number {
  return index >= text.length ? text.length : graphemeAt(text, index).end
}

function graphemeBefore(text: string, index: number): number {
  return index <= 0 ? 0 : graphemeAt(text, index - 1).start
}

function nextWord(text: string, from: number): number {
  let index = from
  const kind = kindOf(text, index)
  if (kind !== 'blank')
    while (index < text.length && kindOf(text, index) === kind) index = graphemeEnd(text, index)
  while (index < text.length && kindOf(text, index) === 'blank') index = graphemeEnd(text, index)
  return index
}

function wordBefore(text: string, from: number): number {
  let index = from
  while (index > 0 && kindOf(text, graphemeBefore(text, index)) === 'blank')
    index = graphemeBefore(text, index)
  const kind = index > 0 ? kindOf(text, graphemeBefore(text, index)) : 'blank'
  while (index > 0 && kindOf(text, graphemeBefore(text, index)) === kind) index = graphemeBefore(text, index)
  return index
}

function endOfWord(text: string, from: number): number {
  let index = graphemeEnd(text, from)
  while (index < text.length && kindOf(text, index) === 'blank') index = graphemeEnd(text, index)
  if (index >= text.length) return graphemeBefore(text, text.length)
  const kind = kindOf(text, index)
  for (let next = graphemeEnd(text, index); next < text.length && kindOf(text, next) === kind; ) {
    index = next
    next = graphemeEnd(text, index)
  }
  return index
}
