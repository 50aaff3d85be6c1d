import type { MessageItem, OwnDevice } from '../chat.ts'
import { sanitizeLine, sanitizeText } from '../tui/sanitize.ts'
import { visibleJson } from './visible.ts'

/** An object of `fastchat recv --json`, documented in client/README.md. */
export interface ReceivedLine {
  id: string
  from: string
  conversation: string
  /** ISO 8601 in UTC with milliseconds: by the sender's clock, signed by the sender. */
  sentAt: string
  /** By this machine's clock. */
  receivedAt: string
  /** null for what this version does not understand, which `unsupported` names then. */
  text: string | null
  unsupported?: string
}

export function formatReceivedJson(item: MessageItem): string {
  const { id, from, conversation, content } = item
  const line: ReceivedLine = {
    id,
    from,
    conversation,
    sentAt: isoTime(item.sentAt),
    receivedAt: isoTime(item.receivedAt),
    ...(content.type === 'text'
      ? { text: content.text }
      : { text: null, unsupported: content.type === 'unknown' ? content.originally : content.type }),
  }
  return `${visibleJson(line)}\n`
}

/** A line for people: `2026-11-23 09:12:03 bob: hello`. Further lines of a text are indented. */
export function formatReceived(item: MessageItem): string {
  const { from, content, sentAt } = item
  const head = `${isoTime(sentAt).slice(0, 19).replace('T', ' ')} ${sanitizeLine(from)}: `
  if (content.type !== 'text')
    return `${head}[${sanitizeLine(content.type === 'unknown' ? content.originally : content.type)}: not supported yet]\n`
  return `${head}${sanitizeText(content.text).replaceAll('\n', '\n    ')}\n`
}

/** The object of `fastchat send --json`. */
export function formatSent(item: MessageItem, { to }: { to: string }): string {
  const { id, conversation, state } = item
  return `${visibleJson({ id, to, conversation, sentAt: isoTime(item.sentAt), state })}\n`
}

/** The object of `fastchat devices --json`. */
export function formatDeviceJson({ deviceId, since, current, active }: OwnDevice): string {
  return `${visibleJson({ deviceId, since: isoTime(since), current, active })}\n`
}

/** A line for people: `01939c1e-…  since 2026-11-23 09:12:03  this device`. */
export function formatDevice({ deviceId, since, current, active }: OwnDevice): string {
  const words = [deviceId, `since ${isoTime(since).slice(0, 19).replace('T', ' ')}`]
  if (current) words.push('this device')
  if (!active) words.push('away for long: gets nothing until it connects')
  return `${words.join('  ')}\n`
}

/** A sender may sign any time: one that no calendar has must not end the program. */
function isoTime(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString()
}
