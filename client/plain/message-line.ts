import type { ConversationSummary, MessageContent, MessageItem, NoticeItem, Reaction } from '../chat.ts'
import type { SearchHit } from '../searching.ts'
import { sanitizeLine, sanitizeText } from '../tui/sanitize.ts'
import { timeOf } from '../tui/view/message-lines.ts'
import { excerptOf, fileName, sizeText } from '../tui/view/message-text.ts'
import { noticeText } from '../tui/view/notices.ts'
import { dayText, timeText } from '../tui/view/times.ts'
import { truncate } from '../tui/width.ts'

/** What is the same for all lines. */
export interface Around {
  me: string
  /** IANA name. */
  timeZone: string
  /** Ms since 1970: what is of another day is told with its day. */
  now: number
}

const MAX_EXCERPT_COLS = 40

/**
 * A message as a line: `bob 09:12: hello`, `#ops bob 09:12: hello`. Further lines of its text are indented, so that none looks
 * like somebody else's message.
 */
export function messageLine(
  item: MessageItem,
  { summary, around }: { summary: ConversationSummary | undefined; around: Around },
): string {
  const { content, replyTo, reactions = [], editedAt } = item
  const parts = [
    ...(replyTo ? [`(to ${answered(replyTo, around.me)})`] : []),
    bodyOf(content),
    ...(editedAt === undefined || content.type === 'deleted' ? [] : ['(edited)']),
    ...(item.expiresAt === undefined && item.expiresInMs === undefined ? [] : ['(disappears)']),
    ...reactions.map(reaction => `(${reactionText(reaction, around.me)})`),
    ...(item.state === 'failed' ? [`(not sent: ${sanitizeLine(item.failure?.message ?? '')})`] : []),
  ]
  return `${placeOf(item, summary)} ${whenOf(timeOf(item), around)}: ${parts.filter(Boolean).join(' ')}`
}

/** Where, and by whom: `bob`, `#ops bob`; of one's own `you to bob`, `#ops you`. */
function placeOf({ from, mine }: MessageItem, summary: ConversationSummary | undefined): string {
  const who = mine ? 'you' : sanitizeLine(from)
  if (summary?.kind === 'group') return `#${sanitizeLine(summary.with)} ${who}`
  return mine && summary ? `you to ${sanitizeLine(summary.with)}` : who
}

export function noticeLine(
  item: NoticeItem,
  { summary, around }: { summary: ConversationSummary | undefined; around: Around },
): string {
  const { text, isWarning } = noticeText(item.notice, around.me)
  const place = summary ? `${addressText(summary)} ` : ''
  return `${isWarning ? '!' : '*'} ${place}${whenOf(item.at, around)}: ${text}`
}

/** What has changed of a message that was told before; no lines when nothing that is told. */
export function changeLines(
  before: MessageItem,
  after: MessageItem,
  { summary, around }: { summary: ConversationSummary | undefined; around: Around },
): string[] {
  const what = excerpt(before.content)
  const where = summary ? addressText(summary) : sanitizeLine(after.from)
  const by = after.mine ? 'you' : sanitizeLine(after.from)
  const lines: string[] = []
  if (after.content.type === 'deleted' && before.content.type !== 'deleted') {
    const who = after.content.by === around.me ? 'you' : sanitizeLine(after.content.by)
    return [`* ${where}: ${who} deleted: ${what}`]
  }
  if (after.editedAt !== before.editedAt)
    lines.push(`* ${where}: ${by} changed: ${what}: now: ${bodyOf(after.content)}`)
  if (after.state !== before.state && after.mine) lines.push(...stateLines(after, { where, what }))
  const had = new Set((before.reactions ?? []).map(reaction => reactionText(reaction, around.me)))
  for (const reaction of after.reactions ?? []) {
    const text = reactionText(reaction, around.me)
    if (!had.has(text)) lines.push(`* ${where}: ${text}: ${what}`)
  }
  return lines
}

function stateLines(
  { state, failure }: MessageItem,
  { where, what }: { where: string; what: string },
): string[] {
  switch (state) {
    case 'stored':
      return [`* sent to ${where}: ${what}`]
    case 'delivered':
      return [`* delivered to ${where}: ${what}`]
    case 'read':
      return [`* read by ${where}: ${what}`]
    case 'failed':
      return [
        `! not sent to ${where}: ${sanitizeLine(failure?.message ?? 'the reason is not known')}: ${what}`,
      ]
    case 'queued':
    case undefined:
      return []
    default:
      return state satisfies never
  }
}

export function hitLine(
  hit: SearchHit,
  { summary, around }: { summary: ConversationSummary | undefined; around: Around },
): string {
  const who = hit.mine ? 'you' : sanitizeLine(hit.from)
  const place = summary ? `${addressText(summary)} ` : ''
  return `${place}${who} ${dayText(hit.sentAt, around.timeZone)} ${timeText(hit.sentAt, around.timeZone)}: ${sanitizeLine(hit.excerpt)}`
}

/** `bob`, `#ops` */
export function addressText({ kind, with: id }: ConversationSummary): string {
  return kind === 'group' ? `#${sanitizeLine(id)}` : sanitizeLine(id)
}

/** `bob`, `#ops (Saturday climbing)` */
export function longName(summary: ConversationSummary): string {
  const title = summary.kind === 'group' ? sanitizeLine(summary.title ?? '').trim() : ''
  return title === '' ? addressText(summary) : `${addressText(summary)} (${title})`
}

export function excerpt(content: MessageContent): string {
  return truncate(excerptOf(content), MAX_EXCERPT_COLS)
}

function bodyOf(content: MessageContent): string {
  switch (content.type) {
    case 'text':
      return indent(content.text)
    case 'file': {
      const what = content.image ? 'picture' : 'file'
      const gone = content.state === 'gone' ? ', gone' : ''
      const file = `[${what} ${fileName(content.name)} ${sizeText(content.size)}${gone}]`
      return content.caption === undefined ? file : `${file} ${indent(content.caption)}`
    }
    case 'deleted':
      return '(deleted)'
    case 'unknown':
      return `(${sanitizeLine(content.originally)}: not supported yet by this version)`
    default:
      return content satisfies never
  }
}

function answered({ from, excerpt: text }: NonNullable<MessageItem['replyTo']>, me: string): string {
  if (from === undefined) return 'a message that is not here'
  const who = from === me ? 'you' : sanitizeLine(from)
  return text === undefined ? who : `${who}: ${truncate(sanitizeLine(text), MAX_EXCERPT_COLS)}`
}

const MAX_REACTORS = 3

/** `👍 from bob, you` */
function reactionText({ emoji, from }: Reaction, me: string): string {
  const sign = truncate(sanitizeLine(emoji), 4).trim() || '?'
  const named = from.slice(0, MAX_REACTORS).map(user => (user === me ? 'you' : sanitizeLine(user)))
  const more = from.length > named.length ? ` and ${from.length - named.length} more` : ''
  return `${sign} from ${named.join(', ')}${more}`
}

function whenOf(at: number, { now, timeZone }: Around): string {
  const time = timeText(at, timeZone)
  const day = dayText(at, timeZone)
  return day === dayText(now, timeZone) ? time : `${day} ${time}`
}

function indent(text: string): string {
  return sanitizeText(text).replaceAll('\n', '\n    ')
}
