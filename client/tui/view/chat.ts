import type { Connection } from '../../chat.ts'
import { type ChatScreen, type Conversation, draftOf, type Model, openConversation } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'
import { lineWidth, truncate } from '../width.ts'
import { wrapText } from '../wrap.ts'
import { type Canvas, type Span, span } from './canvas.ts'
import { type ChatLayout, layoutChat, PROMPT_COLS } from './layout.ts'
import { visibleLines } from './pane.ts'
import { turning } from './spinner.ts'

/** Draws the chat screen. Returns where the cursor is. */
export function drawChat(canvas: Canvas, model: Model, chat: ChatScreen): { x: number; y: number } {
  const layout = layoutChat(model.size, chat)
  drawTitle(canvas, chat)
  drawRule(canvas, 1)
  if (layout.list) drawList(canvas, layout, chat)
  drawMessages(canvas.part(layout.messages), model, chat)
  drawRule(canvas, layout.composer.y - 1)
  drawStatus(canvas.part({ x: 0, y: layout.statusY, cols: canvas.size.cols, rows: 1 }), model, chat)
  return drawComposer(canvas, layout, chat)
}

/** The red dashes. */
export function drawRule(canvas: Canvas, y: number): void {
  canvas.put({ x: 0, y }, span('╌'.repeat(canvas.size.cols), 'dash'))
}

/** A server without what does not tell servers apart. */
export function serverName(url: string): string {
  return sanitizeLine(url)
    .replace(/^wss?:\/\//, '')
    .replace(/\/$/, '')
}

function drawTitle(canvas: Canvas, chat: ChatScreen): void {
  const { cols } = canvas.size
  const right = connectionSpans(chat.connection, cols)
  const rightCols = right.reduce((sum, { text }) => sum + lineWidth(text), 0)
  const conversation = openConversation(chat)
  const others = chat.conversations.reduce(
    (sum, { summary }) => (summary.id === chat.open ? sum : sum + summary.unread),
    0,
  )
  // In a narrow window the name is worth more than the brand.
  const left: Span[] = cols < 40 ? [span(' ')] : [span(' fastchat', 'brand'), span(' ─ ', 'faint')]
  if (conversation) left.push(span(sanitizeLine(conversation.summary.with), 'strong'))
  else left.push(span(sanitizeLine(chat.me), 'strong'))
  if (others > 0) left.push(span(`  +${others} unread`, 'unread'))
  canvas.part({ x: 0, y: 0, cols: Math.max(0, cols - rightCols - 1), rows: 1 }).put({ x: 0, y: 0 }, ...left)
  canvas.put({ x: cols - rightCols, y: 0 }, ...right)
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

function drawList(canvas: Canvas, { list }: ChatLayout, chat: ChatScreen): void {
  if (!list) return
  for (let y = 0; y < list.rows; y++) canvas.put({ x: list.cols, y: list.y + y }, span('┆', 'faint'))
  const part = canvas.part(list)
  const open = chat.conversations.findIndex(({ summary }) => summary.id === chat.open)
  const first = firstListed(open, { count: chat.conversations.length, rows: list.rows })
  for (const [y, conversation] of chat.conversations.slice(first, first + list.rows).entries()) {
    drawListed(part, { y, conversation, isOpen: first + y === open })
  }
}

/** The index of the conversation in the list's first row: the open one stays in sight. */
export function firstListed(open: number, { count, rows }: { count: number; rows: number }): number {
  return Math.max(0, Math.min(open - Math.floor(rows / 2), count - rows))
}

function drawListed(
  canvas: Canvas,
  { y, conversation, isOpen }: { y: number; conversation: Conversation; isOpen: boolean },
): void {
  const { cols } = canvas.size
  const { kind, unread, with: name } = conversation.summary
  const count = unread === 0 ? '' : unread > 999 ? '999+' : String(unread)
  const sign = isOpen ? '▸' : kind === 'group' ? '#' : ' '
  const nameCols = cols - 4 - (count ? count.length + 1 : 0)
  const style = unread > 0 ? 'strong' : 'plain'
  canvas.put({ x: 0, y }, span(` ${sign} `, 'brand'), span(truncate(sanitizeLine(name), nameCols), style))
  canvas.put({ x: cols - 1 - count.length, y }, span(count, 'unread'))
  if (isOpen) canvas.restyle({ x: 0, y, cols }, 'selected')
}

function drawMessages(canvas: Canvas, model: Model, chat: ChatScreen): void {
  const conversation = openConversation(chat)
  const { cols, rows } = canvas.size
  if (!conversation) {
    drawHints(canvas, noConversationHints(chat))
    return
  }
  if (conversation.items.length === 0) {
    if (conversation.load === 'loaded') drawHints(canvas, emptyHints(conversation))
    else canvas.put({ x: 0, y: rows - 1 }, span(`${turning(model.frame)} loading…`, 'faint'))
    return
  }
  const { lines } = visibleLines({ conversation, cols, rows, timeZone: model.timeZone })
  for (const [index, line] of lines.entries()) canvas.put({ x: 0, y: rows - lines.length + index }, ...line)
  if (conversation.anchor !== null) drawBelow(canvas, conversation)
}

/** That one does not see the newest. */
function drawBelow(canvas: Canvas, { summary }: Conversation): void {
  const { cols, rows } = canvas.size
  const text = summary.unread > 0 ? ` ↓ ${summary.unread} new · Esc ` : ' ↓ newer · Esc '
  canvas.put({ x: Math.max(0, cols - lineWidth(text)), y: rows - 1 }, span(text, 'selected'))
}

function noConversationHints(chat: ChatScreen): Span[][] {
  if (chat.conversations.length > 0) {
    return [[span('Alt-A opens what is unread; Alt-Up, Alt-Down and Ctrl-K open the others.', 'faint')]]
  }
  return [
    [span('No conversations yet.', 'strong')],
    [],
    [span('Write to somebody: '), span('/msg USER', 'unread'), span(' and Enter, or Ctrl-K.')],
    [span(`Others reach you as ${sanitizeLine(chat.me)}.`, 'faint')],
    [span('F1 shows all keys and commands.', 'faint')],
  ]
}

function emptyHints({ summary }: Conversation): Span[][] {
  return [
    [span(`This is the beginning of your conversation with ${sanitizeLine(summary.with)}.`)],
    [span('Only your devices and theirs can read it. Enter sends.', 'faint')],
  ]
}

function drawHints(canvas: Canvas, hints: Span[][]): void {
  const { cols } = canvas.size
  const lines = hints.flatMap<Span[]>(hint => {
    const [only, ...more] = hint
    if (!only || more.length > 0) return [hint]
    return wrapText(only.text, cols - 2).map(({ text }) => [span(text, only.style)])
  })
  for (const [y, line] of lines.entries()) canvas.put({ x: 1, y: y + 1 }, ...line)
}

function drawComposer(canvas: Canvas, layout: ChatLayout, chat: ChatScreen): { x: number; y: number } {
  const { composer, lines, firstLine, cursorLine } = layout
  const draft = draftOf(chat)
  const part = canvas.part(composer)
  part.put({ x: 0, y: 0 }, span(' > ', 'brand'))
  if (draft.text === '') part.put({ x: PROMPT_COLS, y: 0 }, span(placeholder(chat), 'faint'))
  for (const [y, { text }] of lines.slice(firstLine, firstLine + composer.rows).entries()) {
    part.put({ x: PROMPT_COLS, y }, span(text))
  }
  const line = lines[cursorLine]
  const before = line ? draft.text.slice(line.start, draft.cursor) : ''
  return {
    x: Math.min(canvas.size.cols - 1, PROMPT_COLS + lineWidth(before)),
    y: composer.y + cursorLine - firstLine,
  }
}

function placeholder(chat: ChatScreen): string {
  const conversation = openConversation(chat)
  return conversation ? `message ${conversation.summary.with}…` : '/msg USER to write to somebody…'
}

function drawStatus(canvas: Canvas, model: Model, chat: ChatScreen): void {
  const { cols } = canvas.size
  const left = statusSpans(model, chat)
  const hint = cols >= 70 ? 'Tab complete · Ctrl-K switch · F1 help ' : cols >= 40 ? 'F1 help ' : ''
  const used = left.reduce((sum, { text }) => sum + lineWidth(text), 0)
  canvas.put({ x: 0, y: 0 }, ...left)
  // What happened is more important than what could be pressed.
  if (used + lineWidth(hint) < cols) canvas.put({ x: cols - lineWidth(hint), y: 0 }, span(hint, 'faint'))
}

function statusSpans(model: Model, chat: ChatScreen): Span[] {
  const { flash, connection, queued, retryAt } = chat
  if (flash) return [span(` ${sanitizeLine(flash.text)}`, flash.kind === 'error' ? 'error' : 'plain')]
  if (chat.busy !== null) return [span(` ${turning(model.frame)} ${sanitizeLine(chat.busy)}…`, 'faint')]
  const waiting = queued === 0 ? '' : `${queued} to send`
  if (connection.state === 'offline') {
    const seconds = retryAt === null ? null : Math.max(0, Math.ceil((retryAt - model.now) / 1000))
    const again = seconds === null ? '' : `, next try in ${seconds} s`
    const kept = waiting === '' ? '' : ` · ${waiting}, kept`
    // Last, since it may be long and what does not fit is cut off.
    const reason = ` · ${sanitizeLine(connection.reason)}`
    return [span(truncate(` Offline${again}${kept}${reason}`, model.size.cols - 1), 'offline')]
  }
  if (waiting !== '') return [span(` ${waiting}`, 'faint')]
  return [span(` ${sanitizeLine(chat.me)}`, 'faint')]
}
