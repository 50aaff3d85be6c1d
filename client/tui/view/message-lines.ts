import type { MessageItem, NoticeItem, TimelineItem } from '../../chat.ts'
import { sanitizeLine, sanitizeText } from '../sanitize.ts'
import { lineWidth, truncate } from '../width.ts'
import { wrapText } from '../wrap.ts'
import { type Span, span } from './canvas.ts'
import { dayText, timeText } from './times.ts'

export type Line = readonly Span[]

/** What the lines of an item depend on besides the item. */
export interface LineContext {
  /** Cells that a line may take. */
  width: number
  /** Cells of the column of names. */
  nameWidth: number
  timeZone: string
  /** A day begins with it. */
  hasDayLine: boolean
  /** The unread ones begin with it. */
  hasNewLine: boolean
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
  const isUnknown = item.content.type === 'unknown'
  const lines = wrapText(textOf(item), width).map<Span[]>(({ text }, index) => [
    ...(index === 0 ? head : [span(' '.repeat(indent))]),
    span(text, isUnknown ? 'faint' : 'plain'),
  ])
  const state = stateMark(item)
  if (state) addBehind(lines, { state, indent, width: context.width })
  if (item.state === 'failed') lines.push(...failureLines(item, { indent, width }))
  return lines
}

function textOf({ content }: MessageItem): string {
  if (content.type === 'text') return sanitizeText(content.text)
  return `(${sanitizeLine(content.type === 'unknown' ? content.originally : content.type)}: this version cannot show it)`
}

function stateMark({ state }: MessageItem): Span | null {
  switch (state) {
    case undefined:
      return null
    case 'queued':
      return span('·', 'faint')
    case 'stored':
      return span('✓', 'faint')
    case 'delivered':
    case 'read':
      return span('✓✓', 'done')
    case 'failed':
      return span('✗', 'error')
    default:
      return state satisfies never
  }
}

/** Behind the last word, or below it when there is no room. */
function addBehind(
  lines: Span[][],
  { state, indent, width }: { state: Span; indent: number; width: number },
): void {
  const last = lines.at(-1) ?? []
  const used = last.reduce((sum, { text }) => sum + lineWidth(text), 0)
  if (used + 1 + lineWidth(state.text) <= width) last.push(span(' '), state)
  else lines.push([span(' '.repeat(indent)), state])
}

function failureLines(
  { failure }: MessageItem,
  { indent, width }: { indent: number; width: number },
): Span[][] {
  const reason = `not sent: ${sanitizeLine(failure?.message ?? 'the reason is not known')}`
  return wrapText(reason, width).map(({ text }) => [span(' '.repeat(indent)), span(text, 'error')])
}

function noticeLines(item: NoticeItem, { width, timeZone }: LineContext): Line[] {
  const time = `${timeText(item.at, timeZone)} `
  return wrapText(noticeText(item), Math.max(8, width - TIME_COLS - 2)).map(({ text }, index) => [
    span(index === 0 ? time : ' '.repeat(TIME_COLS), 'faint'),
    span(index === 0 ? '! ' : '  ', 'unread'),
    span(text, 'unread'),
  ])
}

function noticeText({ notice }: NoticeItem): string {
  switch (notice.type) {
    case 'device-added':
      return `${sanitizeLine(notice.user)} has a new device. If that surprises you, ask in another way.`
    case 'account-key-changed':
      return `${sanitizeLine(notice.user)}'s key has changed: this may be somebody else. Nothing is sent until you have checked.`
    case 'gap':
      return notice.missing === 1
        ? `A message of ${sanitizeLine(notice.from)} is missing.`
        : `${notice.missing} messages of ${sanitizeLine(notice.from)} are missing.`
    default:
      return notice.type
  }
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
    a.hasDayLine === b.hasDayLine &&
    a.hasNewLine === b.hasNewLine
  )
}
