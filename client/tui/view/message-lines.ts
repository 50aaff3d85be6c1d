import type { MessageItem, NoticeItem, Reaction, TimelineItem, Transfer } from '../../chat.ts'
import type { PictureState } from '../model.ts'
import { sanitizeLine, sanitizeText } from '../sanitize.ts'
import { lineWidth, truncate } from '../width.ts'
import { wrapText } from '../wrap.ts'
import { type Span, span } from './canvas.ts'
import { fileLine, pictureOf } from './file-lines.ts'
import { NO_WORDS, wrapMarked } from './matches.ts'
import { noticeText } from './notices.ts'
import { dayText, timeText } from './times.ts'

export type Line = readonly Span[]

/** What the lines of an item depend on besides the item. */
export interface LineContext {
  /** Cells that a line may take. */
  width: number
  /** Cells of the column of names. */
  nameWidth: number
  timeZone: string
  me: string
  /** A day begins with it. */
  hasDayLine: boolean
  /** The unread ones begin with it. */
  hasNewLine: boolean
  /** The time that is left to it; empty when it stays. */
  left: string
  transfer: Transfer | undefined
  picture: PictureState | undefined
  /** Words of it that were found: the same list as long as nothing else was searched for. */
  words: readonly string[]
  /** Pictures are shown at all: not those of somebody who was not accepted. */
  showsPictures: boolean
  pictureRows: number
}

interface Known {
  context: LineContext
  lines: readonly Line[]
}

/** Items never change (a new version is a new object), so what was laid out once is kept as long as the item. */
const known = new WeakMap<TimelineItem, Known>()

const TIME_COLS = 6
/** A sender's clock may be ahead of ours by so much before we no longer believe it. */
const MAX_AHEAD_MS = 2 * 60 * 1000
/** A message may have a thousand different ones. */
const MAX_SHOWN_REACTIONS = 8
const MAX_EMOJI_COLS = 4
const MAX_REACTOR_COLS = 12

/** The lines of an item: a day line, the line before what is new, and the message wrapped, with its state behind it. */
export function linesOf(item: TimelineItem, context: LineContext): readonly Line[] {
  const found = known.get(item)
  if (found && isSame(found.context, context)) return found.lines
  const lines: Line[] = []
  if (context.hasDayLine) lines.push(rule(dayText(timeOf(item), context.timeZone), 'faint', context.width))
  if (context.hasNewLine) lines.push(rule('new messages', 'unread', context.width))
  lines.push(...(item.kind === 'message' ? messageLines(item, context) : noticeLines(item, context)))
  known.set(item, { context, lines })
  return lines
}

/** When it was, as far as one can know: a sender's time only when it is not in the future. */
export function timeOf(item: TimelineItem): number {
  if (item.kind === 'notice') return item.at
  return item.sentAt > item.receivedAt + MAX_AHEAD_MS ? item.receivedAt : item.sentAt
}

function messageLines(item: MessageItem, context: LineContext): Line[] {
  const name = truncate(item.mine ? 'you' : sanitizeLine(item.from), context.nameWidth)
  const head: Span[] = [
    span(`${timeText(timeOf(item), context.timeZone)} `, 'faint'),
    span(name, item.mine ? 'mine' : 'theirs'),
    span(' '.repeat(context.nameWidth - lineWidth(name) + 2)),
  ]
  const indent = TIME_COLS + context.nameWidth + 2
  const width = Math.max(8, context.width - indent)
  const wrapped = (text: string, style: 'plain' | 'faint' | 'error') =>
    style === 'plain'
      ? wrapMarked(text, { width, style, words: context.words, ...(item.mine ? {} : { me: context.me }) })
      : wrapMarked(text, { width, style, words: NO_WORDS })
  const lines: Line[] = [
    ...replyLines(item, { me: context.me, width }),
    ...bodyLines(item, { context, width, wrapped }),
    ...reactionLines(item, { me: context.me, width }),
    ...(item.state === 'failed' ? wrapped(failureText(item), 'error') : []),
  ]
  return lines.map((line, index) => [...(index === 0 ? head : [span(' '.repeat(indent))]), ...line])
}

function replyLines({ replyTo }: MessageItem, { me, width }: { me: string; width: number }): Line[] {
  if (!replyTo) return []
  const from =
    replyTo.from === undefined ? '' : `${replyTo.from === me ? 'you' : sanitizeLine(replyTo.from)}: `
  const text =
    replyTo.excerpt === undefined ? 'a message that is not here' : from + sanitizeLine(replyTo.excerpt)
  return [[span(truncate(`┌ ${text}`, width), 'faint')]]
}

/** What was said, with its marks behind the last line of text. */
function bodyLines(
  item: MessageItem,
  {
    context,
    width,
    wrapped,
  }: { context: LineContext; width: number; wrapped: (text: string, style: 'plain' | 'faint') => Span[][] },
): Line[] {
  const { content } = item
  const marks = marksOf(item, context.left)
  switch (content.type) {
    case 'text':
      return withMarks(wrapped(sanitizeText(content.text), 'plain'), marks, width)
    case 'deleted': {
      const isOther = content.by !== item.from
      const by = content.by === context.me ? 'you' : sanitizeLine(content.by)
      return withMarks(wrapped(isOther ? `(deleted by ${by})` : '(deleted)', 'faint'), marks, width)
    }
    case 'unknown':
      return withMarks(
        wrapped(`(${sanitizeLine(content.originally)}: not supported yet by this version)`, 'faint'),
        marks,
        width,
      )
    case 'file': {
      const { transfer, picture, showsPictures: isShown, pictureRows: rows, words } = context
      const file = [fileLine(content, { transfer, width, words })]
      const below = pictureOf(content, { picture, isShown, width, rows })
      if (content.caption === undefined) return [...withMarks(file, marks, width), ...below]
      return [...file, ...below, ...withMarks(wrapped(sanitizeText(content.caption), 'plain'), marks, width)]
    }
    default:
      return content satisfies never
  }
}

function marksOf(item: MessageItem, left: string): Span[] {
  const state = stateMark(item)
  return [
    ...(item.editedAt === undefined || item.content.type === 'deleted' ? [] : [span('(edited)', 'faint')]),
    ...(left === '' ? [] : [span(`⏲ ${left}`, 'faint')]),
    ...(state ? [state] : []),
  ]
}

/** Of a group how many of the others have it, as far as they tell. */
function stateMark({ state, receipts }: MessageItem): Span | null {
  switch (state) {
    case undefined:
      return null
    case 'queued':
      return span('·', 'faint')
    case 'stored':
    case 'delivered':
    case 'read': {
      if (state === 'read') return span('✓✓ read', 'read')
      const { delivered = 0, read = 0, of = 0 } = receipts ?? {}
      if (of > 0 && read > 0) return span(`✓✓ read ${read}/${of}`, 'read')
      if (state === 'delivered') return span('✓✓', 'done')
      return of > 0 && delivered > 0 ? span(`✓✓ ${delivered}/${of}`, 'done') : span('✓', 'faint')
    }
    case 'failed':
      return span('✗', 'error')
    default:
      return state satisfies never
  }
}

/** Behind the last word, each below it when there is no room. */
function withMarks(lines: Span[][], marks: readonly Span[], width: number): Span[][] {
  const all = lines.map(line => [...line])
  for (const mark of marks) {
    const last = all.at(-1) ?? []
    const used = last.reduce((sum, { text }) => sum + lineWidth(text), 0)
    if (used + 1 + lineWidth(mark.text) <= width) last.push(span(' '), mark)
    else all.push([mark])
  }
  return all
}

/** `👍 2  ❤️ bob`: who it was when it was one, else how many. */
function reactionLines(
  { reactions = [] }: MessageItem,
  { me, width }: { me: string; width: number },
): Line[] {
  const shown = reactions.slice(0, MAX_SHOWN_REACTIONS).map(reaction => reactionSpan(reaction, me))
  if (reactions.length > shown.length) shown.push(span(`+${reactions.length - shown.length}`, 'faint'))
  const lines: Span[][] = []
  for (const one of shown) {
    const last = lines.at(-1)
    const used = last?.reduce((sum, { text }) => sum + lineWidth(text), 0) ?? 0
    if (last && used + 2 + lineWidth(one.text) <= width) last.push(span('  '), one)
    else lines.push([one])
  }
  return lines
}

function reactionSpan({ emoji, from }: Reaction, me: string): Span {
  const sign = truncate(sanitizeLine(emoji), MAX_EMOJI_COLS).trim() || '?'
  const [only = '', ...more] = from
  const isMine = from.includes(me)
  const who =
    more.length > 0 ? String(from.length) : isMine ? 'you' : truncate(sanitizeLine(only), MAX_REACTOR_COLS)
  return span(`${sign} ${who}`, isMine ? 'mine' : 'faint')
}

function failureText({ failure }: MessageItem): string {
  return `not sent: ${sanitizeLine(failure?.message ?? 'the reason is not known')}`
}

function noticeLines(item: NoticeItem, { width, timeZone, me }: LineContext): Line[] {
  const time = `${timeText(item.at, timeZone)} `
  const { text: said, isWarning } = noticeText(item.notice, me)
  const style = isWarning ? 'unread' : 'faint'
  return wrapText(said, Math.max(8, width - TIME_COLS - 2)).map(({ text }, index) => [
    span(index === 0 ? time : ' '.repeat(TIME_COLS), 'faint'),
    span(index > 0 ? '  ' : isWarning ? '! ' : '· ', style),
    span(text, style),
  ])
}

function rule(title: string, style: 'faint' | 'unread', width: number): Line {
  const text = `── ${title} `
  return [span(truncate(text + '─'.repeat(Math.max(0, width - lineWidth(text))), width), style)]
}

function isSame(a: LineContext, b: LineContext): boolean {
  return (
    a.width === b.width &&
    a.nameWidth === b.nameWidth &&
    a.timeZone === b.timeZone &&
    a.me === b.me &&
    a.hasDayLine === b.hasDayLine &&
    a.hasNewLine === b.hasNewLine &&
    a.left === b.left &&
    a.transfer === b.transfer &&
    a.picture === b.picture &&
    a.words === b.words &&
    a.showsPictures === b.showsPictures &&
    a.pictureRows === b.pictureRows
  )
}
