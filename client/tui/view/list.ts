import { nameOf } from '../conversation-name.ts'
import type { ChatScreen, Conversation } from '../model.ts'
import { presenceOf } from '../presence.ts'
import { lineWidth, truncate } from '../width.ts'
import { type Canvas, type Span, span } from './canvas.ts'
import type { ChatLayout } from './layout.ts'

/** A row of the list of conversations. */
export type ListRow = { type: 'conversation'; conversation: Conversation } | { type: 'heading'; text: string }

/** The conversations of the list in its order: requests behind the others; who is blocked only while that is open. */
export function listedOf({ conversations, open }: ChatScreen): readonly Conversation[] {
  const shown = conversations.filter(({ summary }) => !summary.isBlocked || summary.id === open)
  return [
    ...shown.filter(({ summary }) => !summary.isRequest),
    ...shown.filter(({ summary }) => summary.isRequest),
  ]
}

/** The same with the heading above the requests. */
export function rowsOf(chat: ChatScreen): readonly ListRow[] {
  const listed = listedOf(chat)
  const rows: ListRow[] = listed.map(conversation => ({ type: 'conversation', conversation }))
  const first = listed.findIndex(({ summary }) => summary.isRequest)
  return first < 0 ? rows : rows.toSpliced(first, 0, { type: 'heading', text: 'Requests' })
}

/** The index of the list's first row on the screen: the open conversation stays in sight. */
export function firstRow(all: readonly ListRow[], { open }: ChatScreen, rows: number): number {
  const at = all.findIndex(row => row.type === 'conversation' && row.conversation.summary.id === open)
  return Math.max(0, Math.min(at - Math.floor(rows / 2), all.length - rows))
}

/** Unread messages elsewhere, and requests that nobody has looked at. */
export function unreadElsewhere({ conversations, open }: ChatScreen): { unread: number; requests: number } {
  const others = conversations.filter(({ summary }) => summary.id !== open && !summary.isBlocked)
  return {
    unread: others.reduce(
      (sum, { summary }) => (summary.isRequest || summary.isMuted ? sum : sum + summary.unread),
      0,
    ),
    requests: others.filter(({ summary }) => summary.isRequest && summary.unread > 0).length,
  }
}

export function drawList(canvas: Canvas, { list }: ChatLayout, chat: ChatScreen): void {
  if (!list) return
  for (let y = 0; y < list.rows; y++) canvas.put({ x: list.cols, y: list.y + y }, span('┆', 'faint'))
  const part = canvas.part(list)
  const rows = rowsOf(chat)
  const first = firstRow(rows, chat, list.rows)
  for (const [y, row] of rows.slice(first, first + list.rows).entries()) {
    if (row.type === 'heading') part.put({ x: 0, y }, span(` ─ ${row.text} `, 'faint'))
    else
      drawListed(part, {
        y,
        conversation: row.conversation,
        presence: presenceOf(chat, row.conversation.summary),
        isOpen: row.conversation.summary.id === chat.open,
      })
  }
}

function drawListed(
  canvas: Canvas,
  {
    y,
    conversation,
    presence,
    isOpen,
  }: { y: number; conversation: Conversation; presence: ReturnType<typeof presenceOf>; isOpen: boolean },
): void {
  const { cols } = canvas.size
  const { summary } = conversation
  const { kind, unread } = summary
  const number = unread > 999 ? '999+' : String(unread)
  // Who is named wants to know it from afar.
  const count = unread === 0 ? '' : summary.mentions ? `@ ${number}` : number
  const signs = signsOf({ kind, presence, isOpen })
  const mark = markOf(conversation)
  const markCols = mark ? lineWidth(mark.text) : 0
  const nameCols = cols - 4 - markCols - (count ? count.length + 1 : 0)
  const style = summary.isBlocked || summary.role === 'gone' ? 'faint' : unread > 0 ? 'strong' : 'plain'
  const name = span(truncate(nameOf(summary), nameCols), style)
  canvas.put({ x: 0, y }, ...signs, name, ...(mark ? [mark] : []))
  canvas.put(
    { x: cols - 1 - count.length, y },
    span(count, summary.isMuted && !summary.mentions ? 'faint' : 'unread'),
  )
  if (isOpen) canvas.restyle({ x: 0, y, cols }, 'selected')
}

/** Three cells before the name: a group, somebody who is there or not, and which one is open. */
function signsOf({
  kind,
  presence,
  isOpen,
}: {
  kind: 'direct' | 'group'
  presence: ReturnType<typeof presenceOf>
  isOpen: boolean
}): Span[] {
  if (kind === 'group') return [span(' # ', 'brand')]
  if (presence === null) return [span(isOpen ? ' ▸ ' : '   ', 'brand')]
  const dot = presence === 'online' ? span('●', 'online') : span('○', 'faint')
  return [span(isOpen ? '▸' : ' ', 'brand'), dot, span(' ')]
}

/** What matters about somebody before one writes to them. */
function markOf({ summary }: Conversation): Span | null {
  if (summary.isBlocked) return span(' ✗', 'error')
  if (summary.isKeyChanged || summary.role === 'refused') return span(' !', 'error')
  if (summary.isMuted) return span(' z', 'faint')
  return summary.kind === 'direct' && summary.isVerified ? span(' ✓', 'done') : null
}
