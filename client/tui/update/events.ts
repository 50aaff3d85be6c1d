import type { ChatEvent, ChatSnapshot, MessageItem, TimelineItem, Transfer } from '../../chat.ts'
import { type ChatScreen, type Conversation, type Model, startScreen } from '../model.ts'
import type { Command, Msg, Next } from '../msg.ts'
import { EMPTY_FIELD } from '../text-field.ts'
import { listedOf } from '../view/list.ts'
import {
  freshConversation,
  mergeItems,
  PAGE_ITEMS,
  patch,
  reading,
  show,
  withItems,
  withSummary,
} from './conversations.ts'
import { reachGoal } from './going.ts'
import { afterwards, next } from './next.ts'
import { notifying } from './notifying.ts'
import { typingHeard } from './typing.ts'

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
    question: null,
    selected: null,
    find: null,
    goal: null,
    settings: snapshot.settings,
    online: new Set(snapshot.online),
    historyOffers: snapshot.historyOffers,
    transfers: new Map(),
    pictures: new Map(),
    typing: [],
    told: null,
  }
  // A stranger's request is opened by whoever wants to see it.
  const first = listedOf(chat).find(({ summary }) => !summary.isRequest)
  if (!first) return next(model, chat)
  return show(model, chat, first.summary.id)
}

/** What the session says while the chat screen is there. */
export function chatEvent(model: Model, chat: ChatScreen, event: ChatEvent): Next {
  const same = (screen: ChatScreen): Next => next(model, screen)
  switch (event.type) {
    case 'connection':
      return same({
        ...chat,
        connection: event.connection,
        retryAt: retryAt(model, event.connection),
        // What failed for want of a server is tried again.
        pictures: event.connection.state === 'online' ? withoutFailures(chat.pictures) : chat.pictures,
      })
    case 'queued':
      return same({ ...chat, queued: event.queued })
    case 'drained':
      return same({ ...chat, isDrained: true })
    case 'conversation':
      return notifying(model, chat, event.conversation, reading(model, withSummary(chat, event.conversation)))
    case 'item': {
      const { model: read, commands } = reading(model, itemCame(model, chat, event.item))
      return { model: read, commands: [...commands, ...askMembersAgain(chat, event.item)] }
    }
    case 'item-removed':
      return same(itemRemoved(chat, event))
    case 'history-changed':
      return historyChanged(model, chat, event.conversation)
    case 'transfer':
      return same(transferred(chat, event.transfer))
    case 'typing':
      return same(typingHeard(model, chat, event))
    case 'presence':
      return same({ ...chat, online: new Set(event.online) })
    case 'history-offers':
      return same({ ...chat, historyOffers: event.offers })
    case 'settings':
      return same({ ...chat, settings: event.settings })
    case 'closed':
      return {
        model: { ...model, screen: startScreen({ reason: CLOSED[event.reason], lastUser: chat.me }) },
        commands: [{ type: 'list-accounts' }],
      }
    default:
      // The owner of the session may be a newer version.
      event satisfies never
      return same(chat)
  }
}

/** Lines that were asked for. */
export function historyCame(model: Model, chat: ChatScreen, msg: Extract<Msg, { type: 'history' }>): Next {
  const merged = patch(chat, msg.conversation, before => {
    // A line that came by itself in the meantime is newer than the same line in the answer.
    const items = mergeItems(msg.items, before.items)
    const isFirst = msg.beforeSeq === undefined
    return {
      ...withItems(before, items, msg.items),
      load: 'loaded',
      isWhole: msg.isWhole,
      newFromSeq: isFirst ? firstUnread(items, before.summary.unread) : before.newFromSeq,
    }
  })
  return afterwards(reading(model, merged), reachGoal)
}

/** Lines have other places: what is known is forgotten, and that of the open conversation asked for again. */
function historyChanged(model: Model, chat: ChatScreen, id: string): Next {
  const isOpen = chat.open === id
  const changed = patch(chat, id, before => ({
    ...before,
    items: [],
    load: isOpen ? 'loading' : 'none',
    isWhole: false,
    newFromSeq: null,
    markedSeq: -1,
    anchor: null,
  }))
  if (!isOpen) return next(model, { ...changed, goal: null })
  const ask = { type: 'load-history' as const, conversation: id, limit: PAGE_ITEMS }
  return next(model, { ...changed, selected: null, goal: null }, ask)
}

function itemRemoved(
  chat: ChatScreen,
  { conversation, id, seq }: Extract<ChatEvent, { type: 'item-removed' }>,
): ChatScreen {
  const removed = patch(chat, conversation, before => ({
    ...before,
    items: before.items.filter(item => item.id !== id),
  }))
  const { overlay } = chat
  const isShown = overlay && 'id' in overlay && overlay.id === id
  return {
    ...removed,
    pictures: without(chat.pictures, id),
    transfers: without(chat.transfers, id),
    selected: chat.open === conversation && chat.selected === seq ? null : chat.selected,
    overlay: isShown ? null : overlay,
  }
}

function transferred(chat: ChatScreen, transfer: Transfer): ChatScreen {
  const rest = without(chat.transfers, transfer.message)
  // What is done is seen by the message itself.
  if (transfer.state === 'done') {
    const picture = chat.pictures.get(transfer.message)
    const isFailed = typeof picture === 'object' && 'failure' in picture
    const pictures = isFailed ? without(chat.pictures, transfer.message) : chat.pictures
    return { ...chat, transfers: rest, pictures }
  }
  return { ...chat, transfers: new Map([...rest, [transfer.message, transfer]]) }
}

/** The members that are shown may have changed with what a group's line says. */
function askMembersAgain({ overlay }: ChatScreen, item: TimelineItem): Command[] {
  if (overlay?.type !== 'group' || item.kind !== 'notice' || item.conversation !== overlay.info.conversation)
    return []
  return [{ type: 'group-info', group: overlay.info.group, how: 'changed' }]
}

const CLOSED: Readonly<Record<Extract<ChatEvent, { type: 'closed' }>['reason'], string>> = {
  closed: 'The session has ended.',
  'logged-out': 'You have logged out. The password opens the account again.',
  revoked: 'This device was removed from the account, for good: what it had stays here, nothing new comes.',
  replaced: 'This account was opened in another place with the same device.',
  lost: 'The session was lost: the program that held it has ended. Open the account again.',
}

function itemCame(model: Model, before: ChatScreen, item: TimelineItem): ChatScreen {
  const chat = item.kind === 'message' ? { ...before, ...afterMessage(before, item) } : before
  return patch(chat, item.conversation, before => {
    // Of a conversation that was never opened only the summary is kept.
    if (before.load === 'none') return before
    const isNew = (before.items.at(-1)?.seq ?? -1) < item.seq
    const merged = withItems(before, mergeItems(before.items, [item]), [item])
    return isNew ? { ...merged, newFromSeq: newFrom(model, { chat, before, item }) } : merged
  })
}

/** Whoever has sent something writes no more; of what was taken back nothing is kept. */
function afterMessage(chat: ChatScreen, item: MessageItem): Pick<ChatScreen, 'typing' | 'pictures'> {
  return {
    typing: chat.typing.filter(
      ({ conversation, user }) => conversation !== item.conversation || user !== item.from,
    ),
    pictures: item.content.type === 'deleted' ? without(chat.pictures, item.id) : chat.pictures,
  }
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  if (!map.has(key)) return map
  const rest = new Map(map)
  rest.delete(key)
  return rest
}

function withoutFailures(pictures: ChatScreen['pictures']): ChatScreen['pictures'] {
  const kept = [...pictures].filter(([, state]) => typeof state === 'string' || !('failure' in state))
  return kept.length === pictures.size ? pictures : new Map(kept)
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
