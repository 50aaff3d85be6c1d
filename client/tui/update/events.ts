import type { ChatEvent, ChatSnapshot, TimelineItem } from '../../chat.ts'
import { type ChatScreen, type Conversation, type Model, startScreen } from '../model.ts'
import type { Msg, Next } from '../msg.ts'
import { EMPTY_FIELD } from '../text-field.ts'
import { freshConversation, mergeItems, patch, reading, show, withSummary } from './conversations.ts'

/** The chat screen as a session begins. The conversation that was last active is opened. */
export function chatOpened(model: Model, snapshot: ChatSnapshot): Next {
  const { me, connection, queued, drained } = snapshot
  const chat: ChatScreen = {
    type: 'chat',
    me,
    connection,
    retryAt: retryAt(model, connection),
    queued,
    isDrained: drained,
    conversations: [...snapshot.conversations]
      .sort((a, b) => b.lastAt - a.lastAt)
      .map(summary => freshConversation(summary)),
    open: null,
    draft: EMPTY_FIELD,
    overlay: null,
    flash: null,
    deleted: '',
    busy: null,
  }
  const [first] = chat.conversations
  if (!first) return { model: { ...model, screen: chat }, commands: [] }
  return show(model, chat, first.summary.id)
}

/** What the session says while the chat screen is there. */
export function chatEvent(model: Model, chat: ChatScreen, event: ChatEvent): Next {
  const next = (screen: ChatScreen): Next => ({ model: { ...model, screen }, commands: [] })
  switch (event.type) {
    case 'connection':
      return next({ ...chat, connection: event.connection, retryAt: retryAt(model, event.connection) })
    case 'queued':
      return next({ ...chat, queued: event.queued })
    case 'drained':
      return next({ ...chat, isDrained: true })
    case 'conversation':
      return reading(model, withSummary(chat, event.conversation))
    case 'item':
      return reading(model, itemCame(model, chat, event.item))
    case 'closed':
      return {
        model: { ...model, screen: startScreen({ reason: CLOSED[event.reason], lastUser: chat.me }) },
        commands: [{ type: 'list-accounts' }],
      }
    default:
      return next(chat)
  }
}

/** Lines that were asked for. */
export function historyCame(model: Model, chat: ChatScreen, msg: Extract<Msg, { type: 'history' }>): Next {
  const merged = patch(chat, msg.conversation, before => {
    // A line that came by itself in the meantime is newer than the same line in the answer.
    const items = mergeItems(msg.items, before.items)
    const isFirst = msg.beforeSeq === undefined
    return {
      ...before,
      items,
      load: 'loaded',
      isWhole: msg.isWhole,
      newFromSeq: isFirst ? firstUnread(items, before.summary.unread) : before.newFromSeq,
    }
  })
  return reading(model, merged)
}

const CLOSED: Readonly<Record<Extract<ChatEvent, { type: 'closed' }>['reason'], string>> = {
  closed: 'The session has ended.',
  'logged-out': 'You have logged out. The password opens the account again.',
  revoked: 'This device was removed from the account. Log in to add it again.',
  replaced: 'This account was opened in another place with the same device.',
  lost: 'The session was lost: the program that held it has ended. Open the account again.',
}

function itemCame(model: Model, chat: ChatScreen, item: TimelineItem): ChatScreen {
  return patch(chat, item.conversation, before => {
    // Of a conversation that was never opened only the summary is kept.
    if (before.load === 'none') return before
    const isNew = (before.items.at(-1)?.seq ?? -1) < item.seq
    const items = mergeItems(before.items, [item])
    return isNew
      ? { ...before, items, newFromSeq: newFrom(model, { chat, before, item }) }
      : { ...before, items }
  })
}

/** Where the line before the unread ones stands after another item has come. */
function newFrom(
  model: Model,
  { chat, before, item }: { chat: ChatScreen; before: Conversation; item: TimelineItem },
): number | null {
  if (item.kind !== 'message') return before.newFromSeq
  // Whoever writes has read.
  if (item.mine) return null
  if (before.newFromSeq !== null) return before.newFromSeq
  const isSeen = chat.open === before.summary.id && model.isFocused && before.anchor === null && !chat.overlay
  return isSeen ? null : item.seq
}

/** The first of the last `unread` messages of others; none when one has answered already. */
function firstUnread(items: readonly TimelineItem[], unread: number): number | null {
  const messages = items.filter(item => item.kind === 'message')
  if (unread === 0 || messages.at(-1)?.mine) return null
  const others = messages.filter(item => !item.mine)
  return (others.at(-unread) ?? others[0])?.seq ?? null
}

function retryAt({ now }: Model, connection: ChatSnapshot['connection']): number | null {
  return connection.state === 'offline' && connection.retryInMs !== undefined
    ? now + connection.retryInMs
    : null
}
