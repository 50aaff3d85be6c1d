import { nameOf, troubleOf } from '../conversation-name.ts'
import { type Keymap, keyFor, keyHint } from '../keymap.ts'
import { hintOf } from '../keys.ts'
import { canDo } from '../message-actions.ts'
import { type ChatScreen, type Conversation, draftOf, type Model, openConversation } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'
import { vimText } from '../vim.ts'
import { lineWidth, truncate } from '../width.ts'
import { wrapText } from '../wrap.ts'
import { type Canvas, type Span, span } from './canvas.ts'
import { type ChatLayout, layoutChat, PROMPT_COLS } from './layout.ts'
import { drawList } from './list.ts'
import { paneOf, visibleLines } from './pane.ts'
import { drawFind, findHint } from './search.ts'
import { turning } from './spinner.ts'
import { drawTitle } from './title.ts'

/** Draws the chat screen. Returns where the cursor is. */
export function drawChat(canvas: Canvas, model: Model, chat: ChatScreen): { x: number; y: number } {
  const layout = layoutChat(model.size, chat)
  drawTitle(canvas, chat)
  drawRule(canvas, 1)
  if (layout.list) drawList(canvas, layout, chat)
  drawMessages(canvas.part(layout.messages), model, chat)
  drawSelection(canvas, layout, { model, chat })
  drawRule(canvas, layout.messages.y + layout.messages.rows)
  drawTyping(canvas, layout, chat)
  const { above } = layout
  for (const [index, line] of above?.lines.entries() ?? []) {
    canvas.put({ x: 0, y: layout.composer.y - (above?.lines.length ?? 0) + index }, span(line, above?.style))
  }
  drawStatus(canvas.part({ x: 0, y: layout.statusY, cols: canvas.size.cols, rows: 1 }), model, chat)
  return drawComposer(canvas, layout, chat)
}

/** The red dashes. */
export function drawRule(canvas: Canvas, y: number): void {
  canvas.put({ x: 0, y }, span('╌'.repeat(canvas.size.cols), 'dash'))
}

function drawMessages(canvas: Canvas, model: Model, chat: ChatScreen): void {
  const conversation = openConversation(chat)
  const { rows } = canvas.size
  if (!conversation) {
    drawHints(canvas, noConversationHints(chat, model.keymap))
    return
  }
  if (conversation.items.length === 0) {
    if (conversation.load === 'loaded') drawHints(canvas, emptyHints(conversation))
    else canvas.put({ x: 0, y: rows - 1 }, span(`${turning(model.frame)} loading…`, 'faint'))
    return
  }
  const pane = paneOf(model, chat)
  if (!pane) return
  const { lines } = visibleLines(pane)
  for (const [index, line] of lines.entries()) canvas.put({ x: 0, y: rows - lines.length + index }, ...line)
  if (conversation.anchor !== null) drawBelow(canvas, conversation)
}

/** A bar beside the message that is selected: it is seen without colours too. */
function drawSelection(
  canvas: Canvas,
  { messages }: ChatLayout,
  { model, chat }: { model: Model; chat: ChatScreen },
): void {
  const marked = chat.find?.hits[chat.find.at]?.seq ?? chat.selected
  const pane = marked === null ? undefined : paneOf(model, chat)
  if (!pane) return
  const { seqs } = visibleLines(pane)
  const top = messages.y + messages.rows - seqs.length
  for (const [index, seq] of seqs.entries()) {
    if (seq === marked) canvas.put({ x: messages.x - 1, y: top + index }, span('▌', 'brand'))
  }
}

/** Who writes stands on the rule below the messages, so that nothing moves when they begin and stop. */
function drawTyping(canvas: Canvas, { messages }: ChatLayout, chat: ChatScreen): void {
  const users = chat.typing
    .filter(({ conversation }) => conversation === chat.open)
    .map(({ user }) => sanitizeLine(user))
  if (users.length === 0) return
  const text = users.length > 3 ? `${users.length} people are typing…` : typingText(users)
  const y = messages.y + messages.rows
  canvas.put({ x: messages.x, y }, span(truncate(` ${text} `, messages.cols), 'faint'))
}

function typingText(users: readonly string[]): string {
  const names = users.length === 1 ? users.join('') : `${users.slice(0, -1).join(', ')} and ${users.at(-1)}`
  return `${names} ${users.length === 1 ? 'is' : 'are'} typing…`
}

/** That one does not see the newest. */
function drawBelow(canvas: Canvas, { summary }: Conversation): void {
  const { cols, rows } = canvas.size
  const text = summary.unread > 0 ? ` ↓ ${summary.unread} new · Esc ` : ' ↓ newer · Esc '
  canvas.put({ x: Math.max(0, cols - lineWidth(text)), y: rows - 1 }, span(text, 'selected'))
}

function noConversationHints(chat: ChatScreen, keymap: Keymap): Span[][] {
  const key = (action: Parameters<typeof keyFor>[1]) => keyFor(keymap, action) ?? '/help'
  if (chat.conversations.length > 0) {
    return [
      [
        span(
          `${key('next-unread')} opens what is unread; ${key('previous-conversation')}, ${key('next-conversation')} and ${key('switch')} open the others.`,
          'faint',
        ),
      ],
    ]
  }
  return [
    [span('No conversations yet.', 'strong')],
    [],
    [span('Write to somebody: '), span('/msg USER', 'unread'), span(` and Enter, or ${key('switch')}.`)],
    [span('Make a group: '), span('/group create NAME @USER', 'unread'), span('.')],
    [span(`${key('help')} shows all keys and commands.`)],
    [],
    ...inviteHints(chat),
  ]
}

/** How somebody else comes here; what the server is called only once there is one. */
function inviteHints({ me, connection }: ChatScreen): Span[][] {
  const server = connection.state === 'offline' ? undefined : connection.server
  const reach = [span(`Others reach you as ${sanitizeLine(me)}.`, 'faint')]
  if (server === undefined) return [reach]
  return [
    reach,
    [span('To invite somebody, have them sign up at the same server:', 'faint')],
    [span(`FASTCHAT_SERVERS=${sanitizeLine(server)} npm run chat`, 'faint')],
  ]
}

function emptyHints({ summary }: Conversation): Span[][] {
  if (summary.kind === 'group') {
    return [
      [span(`This is the beginning of the group ${nameOf(summary)}.`)],
      [span('Only its members can read it. Enter sends, /members shows them.', 'faint')],
    ]
  }
  return [
    [span(`This is the beginning of your conversation with ${nameOf(summary)}.`)],
    [span('Only your devices and theirs can read it. Enter sends.', 'faint')],
  ]
}

function drawHints(canvas: Canvas, hints: Span[][]): void {
  const { cols } = canvas.size
  const room = cols - 2
  const lines = hints.flatMap<Span[]>(hint => {
    const text = hint.map(one => one.text).join('')
    if (hint.length === 0 || lineWidth(text) <= room) return [hint]
    // Broken into lines it has one look.
    const style = hint.length === 1 ? hint[0]?.style : 'plain'
    return wrapText(text, room).map(line => [span(line.text, style)])
  })
  for (const [y, line] of lines.entries()) canvas.put({ x: 1, y: y + 1 }, ...line)
}

function drawComposer(canvas: Canvas, layout: ChatLayout, chat: ChatScreen): { x: number; y: number } {
  const { composer, lines, firstLine, cursorLine } = layout
  const draft = draftOf(chat)
  const part = canvas.part(composer)
  if (chat.find) return drawFind(part, chat)
  part.put({ x: 0, y: 0 }, span(' > ', 'brand'))
  if (draft.text === '') part.put({ x: PROMPT_COLS, y: 0 }, span(placeholder(chat, layout), 'faint'))
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

function placeholder(chat: ChatScreen, { above }: ChatLayout): string {
  const conversation = openConversation(chat)
  if (!conversation) return '/msg USER to write to somebody…'
  const { summary, about } = conversation
  const trouble = troubleOf(summary)
  // Where there is no room for it above.
  if (trouble !== null) return above ? '' : trouble
  if (about) return about.type === 'reply' ? 'reply…' : 'another text…'
  const name = nameOf(summary)
  return summary.isRequest ? `an answer to ${name} accepts…` : `message ${name}…`
}

function drawStatus(canvas: Canvas, model: Model, chat: ChatScreen): void {
  const { cols } = canvas.size
  const mode = vimText(model.vim)
  const left = [
    ...(mode === null ? [] : [span(' '), span(` ${mode} `, 'selected')]),
    ...statusSpans(model, chat),
  ]
  // The keys of what lies over it stand in its frame.
  if ((chat.selected !== null || chat.find) && !chat.flash && !chat.overlay) {
    const keys = chat.find ? findHint(model.keymap) : selectionHint(chat, model.keymap)
    canvas.put({ x: 0, y: 0 }, span(` ${keys}`, 'faint'))
    return
  }
  const hint = keyHints(model.keymap, cols)
  const used = left.reduce((sum, { text }) => sum + lineWidth(text), 0)
  canvas.put({ x: 0, y: 0 }, ...left)
  // What happened is more important than what could be pressed.
  if (used + lineWidth(hint) < cols) canvas.put({ x: cols - lineWidth(hint), y: 0 }, span(hint, 'faint'))
}

/** The keys that one should know first. */
function keyHints(keymap: Keymap, cols: number): string {
  if (cols < 40) return ''
  const help = keyHint(keymap, 'help', 'help')
  const hints =
    cols < 70
      ? help
      : [...keyHint(keymap, 'complete', 'complete'), ...keyHint(keymap, 'switch', 'switch'), ...help]
  return hints.length === 0 ? '' : `${hints.join(' · ')} `
}

/** The keys that make sense on the selected message. */
function selectionHint(chat: ChatScreen, keymap: Keymap): string {
  const open = openConversation(chat)
  const item = open?.items.find(({ seq }) => seq === chat.selected)
  if (!open || item?.kind !== 'message') return ''
  const { summary } = open
  return hintOf(keymap.selected.filter(({ action }) => canDo(action, { item, summary })))
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
  const [offer] = chat.historyOffers
  if (offer) {
    const count = offer.messages === 1 ? '1 message' : `${offer.messages} messages`
    return [
      span(
        truncate(` A device of yours offers ${count}: /history accept, or decline`, model.size.cols - 1),
        'unread',
      ),
    ]
  }
  return [span(` ${sanitizeLine(chat.me)}`, 'faint')]
}
