import type { Connection, ConversationSummary } from '../../chat.ts'
import { nameOf } from '../conversation-name.ts'
import { type ChatScreen, openConversation } from '../model.ts'
import { presenceOf } from '../presence.ts'
import { sanitizeLine } from '../sanitize.ts'
import { lineWidth, truncate } from '../width.ts'
import { type Canvas, type Span, span } from './canvas.ts'
import { unreadElsewhere } from './list.ts'
import { shortDuration } from './times.ts'

/** The first row: whose conversation this is and what is known about it, what is unread elsewhere, and the connection. */
export function drawTitle(canvas: Canvas, chat: ChatScreen): void {
  const { cols } = canvas.size
  const right = connectionSpans(chat.connection, cols)
  const rightCols = widthOf(right)
  const conversation = openConversation(chat)
  // In a narrow window the name is worth more than the brand.
  const left: Span[] = cols < 40 ? [span(' ')] : [span(' fastchat', 'brand'), span(' ─ ', 'faint')]
  const about = conversation ? aboutSpans(conversation.summary) : []
  const others = elsewhereSpans(chat, cols)
  const free = cols - rightCols - 1 - widthOf(left) - widthOf(about) - widthOf(others)
  const sign = conversation?.summary.kind === 'group' ? [span('# ', 'brand')] : []
  const name = conversation ? nameOf(conversation.summary) : sanitizeLine(chat.me)
  const presence = presenceSpans(chat, free - widthOf(sign) - lineWidth(name))
  const room = free - widthOf(presence)
  const spans = [
    ...left,
    ...sign,
    span(truncate(name, Math.max(4, room - widthOf(sign))), 'strong'),
    ...about,
    ...presence,
    ...others,
  ]
  canvas.part({ x: 0, y: 0, cols: Math.max(0, cols - rightCols - 1), rows: 1 }).put({ x: 0, y: 0 }, ...spans)
  canvas.put({ x: cols - rightCols, y: 0 }, ...right)
}

/** A server without what does not tell servers apart. */
export function serverName(url: string): string {
  return sanitizeLine(url)
    .replace(/^wss?:\/\//, '')
    .replace(/\/$/, '')
}

function aboutSpans(summary: ConversationSummary): Span[] {
  const { kind, isVerified, isBlocked, isKeyChanged, isRequest, role, memberCount, disappearAfterMs } =
    summary
  const timer = disappearAfterMs === undefined ? [] : [span(` ⏲ ${shortDuration(disappearAfterMs)}`, 'faint')]
  if (isBlocked) return [span(' blocked', 'error')]
  if (kind === 'direct') {
    if (isKeyChanged) return [span(' key changed', 'error'), ...timer]
    if (isRequest) return [span(' request', 'unread'), ...timer]
    return [...(isVerified ? [span(' ✓ verified', 'done')] : []), ...timer]
  }
  switch (role) {
    case 'gone':
      return [span(' not a member', 'faint')]
    case 'refused':
      return [span(' refused', 'error')]
    case 'admin':
    case 'member':
    case undefined: {
      const request = isRequest ? [span(' request', 'unread')] : []
      const members = memberCount === undefined ? [] : [span(` (${memberCount})`, 'faint')]
      return [...members, ...request, ...timer]
    }
    default:
      return role satisfies never
  }
}

/** In a word where there is room for it. */
function presenceSpans(chat: ChatScreen, room: number): Span[] {
  const conversation = openConversation(chat)
  if (!conversation || presenceOf(chat, conversation.summary) !== 'online') return []
  return [span(room < ' online'.length ? ' ●' : ' online', 'online')]
}

function elsewhereSpans(chat: ChatScreen, cols: number): Span[] {
  const { unread, requests } = unreadElsewhere(chat)
  return [
    ...(unread > 0 ? [span(`  +${unread}${cols < 50 ? '' : ' unread'}`, 'unread')] : []),
    ...(requests > 0 && cols >= 50
      ? [span(`  ${requests} request${requests === 1 ? '' : 's'}`, 'faint')]
      : []),
  ]
}

function connectionSpans(connection: Connection, cols: number): Span[] {
  // The name of the server is the first to go.
  const name = (server: string | undefined) =>
    server === undefined || cols < 50 ? '' : `${truncate(serverName(server), 24)} `
  switch (connection.state) {
    case 'online': {
      const latency = connection.latencyMs === undefined ? '' : ` ${Math.round(connection.latencyMs)} ms`
      return [span(name(connection.server), 'faint'), span('●', 'online'), span(`${latency} `, 'faint')]
    }
    case 'connecting':
      return [span(name(connection.server), 'faint'), span('○', 'offline'), span(' connecting ', 'faint')]
    case 'offline':
      return [span('○', 'offline'), span(' offline ', 'offline')]
    default:
      return connection satisfies never
  }
}

function widthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { text }) => sum + lineWidth(text), 0)
}
