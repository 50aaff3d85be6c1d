import type { ConversationId, ConversationSummary, TimelineItem } from '../../chat.ts'
import { type Anchor, type ChatScreen, type Conversation, type Model, openConversation } from '../model.ts'
import type { Command, Next } from '../msg.ts'
import { EMPTY_FIELD, type TextField } from '../text-field.ts'
import { indexOfSeq, type Pane, paneOf, scroll, visibleLines } from '../view/pane.ts'

/** How many lines of a conversation are asked for at a time. */
export const PAGE_ITEMS = 100

/** A conversation of which nothing but the summary is known. */
export function freshConversation(summary: ConversationSummary): Conversation {
  return {
    summary,
    items: [],
    load: 'none',
    isWhole: false,
    newFromSeq: null,
    markedSeq: -1,
    anchor: null,
    draft: EMPTY_FIELD,
    about: null,
    hasExpiring: false,
    hasPictures: false,
    notifiedAt: 0,
  }
}

/** Changes one conversation. */
export function patch(
  chat: ChatScreen,
  id: ConversationId,
  change: (conversation: Conversation) => Conversation,
): ChatScreen {
  return {
    ...chat,
    conversations: chat.conversations.map(conversation =>
      conversation.summary.id === id ? change(conversation) : conversation,
    ),
  }
}

/** Takes a summary in, and keeps the last active first. */
export function withSummary(chat: ChatScreen, summary: ConversationSummary): ChatScreen {
  const isKnown = chat.conversations.some(conversation => conversation.summary.id === summary.id)
  const { conversations } = isKnown
    ? patch(chat, summary.id, conversation => ({ ...conversation, summary }))
    : { conversations: [freshConversation(summary), ...chat.conversations] }
  return { ...chat, conversations: [...conversations].sort((a, b) => b.summary.lastAt - a.summary.lastAt) }
}

/** Changes what stands in the composer. */
export function withDraft(chat: ChatScreen, draft: TextField): ChatScreen {
  const open = openConversation(chat)
  return open
    ? patch(chat, open.summary.id, conversation => ({ ...conversation, draft }))
    : { ...chat, draft }
}

/** Opens a conversation, and asks for its lines when they are not known yet. */
export function show(model: Model, chat: ChatScreen, id: ConversationId): Next {
  const left = chat.open === id ? chat : leave(chat)
  const conversation = left.conversations.find(({ summary }) => summary.id === id)
  const isUnknown = conversation?.load === 'none'
  const opened = patch(
    { ...left, open: id, flash: null, selected: null, find: null, goal: null },
    id,
    before => ({
      ...before,
      load: isUnknown ? 'loading' : before.load,
    }),
  )
  const ask: Command[] = isUnknown ? [{ type: 'load-history', conversation: id, limit: PAGE_ITEMS }] : []
  return reading(model, opened, ask)
}

/** What was new when one went away is not new any more when one comes back. */
function leave(chat: ChatScreen): ChatScreen {
  return chat.open === null ? chat : patch(chat, chat.open, before => ({ ...before, newFromSeq: null }))
}

/**
 * Marks as read what a person sees: the open conversation's newest, with the window in focus and nothing over it. Of a
 * message that is counted already but has not come yet nothing is said.
 */
export function reading(model: Model, chat: ChatScreen, commands: readonly Command[] = []): Next {
  const open = openConversation(chat)
  const newest = open?.items.at(-1)
  const isCovered = chat.overlay !== null || model.lock !== null || model.newCode !== null
  const isSeen = model.isFocused && !isCovered && open?.anchor === null && open.load === 'loaded'
  if (!open || !newest || !isSeen || open.summary.unread === 0 || newest.seq <= open.markedSeq) {
    return { model: { ...model, screen: chat }, commands }
  }
  const { id } = open.summary
  const read = patch(chat, id, before => ({
    ...before,
    summary: withoutUnread(before.summary),
    markedSeq: newest.seq,
  }))
  return {
    model: { ...model, screen: read },
    commands: [...commands, { type: 'mark-read', conversation: id, upToSeq: newest.seq }],
  }
}

/** Scrolls the open conversation, up when negative, and asks for older lines in time. */
export function scrollBy(model: Model, chat: ChatScreen, lines: number): Next {
  const pane = paneOf(model, chat)
  return pane ? scrollTo(model, chat, { pane, anchor: scroll(pane, lines) }) : { model, commands: [] }
}

/** Puts the pane at an anchor, and asks for older lines in time. */
export function scrollTo(
  model: Model,
  chat: ChatScreen,
  { pane, anchor }: { pane: Pane; anchor: Anchor | null },
): Next {
  const { id } = pane.conversation.summary
  const moved = { ...pane.conversation, anchor }
  const { firstIndex } = visibleLines({ ...pane, conversation: moved })
  const first = moved.items[0]
  const isShort = firstIndex < PAGE_ITEMS / 2 && moved.load === 'loaded' && !moved.isWhole
  const commands: Command[] =
    isShort && first
      ? [{ type: 'load-history', conversation: id, beforeSeq: first.seq, limit: PAGE_ITEMS }]
      : []
  const load = commands.length > 0 ? 'loading' : moved.load
  return reading(
    model,
    patch(chat, id, () => ({ ...moved, load })),
    commands,
  )
}

function withoutUnread({ mentions: _, ...summary }: ConversationSummary): ConversationSummary {
  return { ...summary, unread: 0 }
}

/** Takes lines into a conversation; see `mergeItems()`. */
export function withItems(
  conversation: Conversation,
  items: readonly TimelineItem[],
  added = items,
): Conversation {
  return {
    ...conversation,
    items,
    hasExpiring: conversation.hasExpiring || added.some(isExpiring),
    hasPictures: conversation.hasPictures || added.some(isPicture),
  }
}

function isExpiring(item: TimelineItem): boolean {
  return item.kind === 'message' && item.expiresAt !== undefined
}

function isPicture(item: TimelineItem): boolean {
  return item.kind === 'message' && item.content.type === 'file' && item.content.image !== undefined
}

/** Adds lines to those of a conversation, by `seq`; a line that is there already is replaced. */
export function mergeItems(
  items: readonly TimelineItem[],
  added: readonly TimelineItem[],
): readonly TimelineItem[] {
  const [first] = added
  const last = items.at(-1)
  if (first === undefined) return items
  if (!last || added.every((item, index) => item.seq > (added[index - 1] ?? last).seq))
    return [...items, ...added]
  const [only] = added
  if (added.length === 1 && only) {
    const index = indexOfSeq(items, only.seq)
    if (items[index]?.seq === only.seq) return items.with(index, only)
  }
  const bySeq = new Map([...items, ...added].map(item => [item.seq, item]))
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq)
}
