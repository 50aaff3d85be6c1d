import type { TimerContent } from '../../schema/content.ts'
import type { MessageId, UserId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import type { ConversationId, MessageContent, MessageItem } from '../chat.ts'
import { gatherReactions, isLater, isReaction, type Reactions, type Stamp } from '../core/changes.ts'
import type { EarlyChanges } from './early-changes.ts'
import { expireAt } from './expiry.ts'
import { eraseMessage } from './forget.ts'
import { noteQuote, refreshQuotes } from './quotes.ts'
import type { ChangeContent, Thread } from './records.ts'
import type { Tx } from './state.ts'
import {
  appendNotice,
  changeConversation,
  ensureConversation,
  findMessage,
  MAX_TIME_MS,
  putMessage,
} from './timeline.ts'

/** A change, and who wants it. */
export interface Change extends Stamp {
  from: UserId
  conversation: ConversationId
  content: ChangeContent
  /** `from` was an admin of the group, by the roster that the change is bound to. */
  isAdmin: boolean
}

/** A clock is not believed to be further ahead, ms: or one person could set a conversation's timer for ever. */
const MAX_AHEAD_MS = 24 * 60 * 60 * 1000

/** Makes a change that was received; when its message is not here yet, it waits for it. */
export function receiveChange(tx: Tx, change: Change, early: EarlyChanges): void {
  const { content } = change
  if (content.type === 'reaction' && content.emoji !== null && !isReaction(content.emoji)) return
  if (tx.tables.gone.get([content.id])) return
  if (!applyChange(tx, change)) early.add(tx, change)
}

/**
 * Makes a change to a message, when whoever wants it may: its author; of a deletion also an admin; of a reaction anybody
 * in the conversation. The latest one counts, whatever the order in which they come, and nothing follows a deletion.
 *
 * @returns whether the message is here
 */
export function applyChange(tx: Tx, change: Change): boolean {
  const { content, from, isAdmin, conversation } = change
  const item = findMessage(tx.tables, content.id)
  if (!item) return false
  if (item.conversation !== conversation || item.content.type === 'deleted') return true
  const isAuthor = item.from === from
  switch (content.type) {
    case 'edit':
      if (isAuthor) edit(tx, { item, text: content.text, stamp: stampOf(change) })
      return true
    case 'delete':
      if (isAuthor || isAdmin) eraseMessage(tx, { item, by: from })
      return true
    case 'reaction':
      react(tx, { item, from, emoji: content.emoji, stamp: stampOf(change) })
      return true
    default:
      return content satisfies never
  }
}

/** What follows when a message has got its line, whoever wrote it: see the order in which they may come. */
export function settleMessage(tx: Tx, id: MessageId, early: EarlyChanges): void {
  const item = findMessage(tx.tables, id)
  if (!item) return
  noteQuote(tx, item)
  refreshQuotes(tx, id)
  for (const { serial: _, receivedAt: _at, ...change } of early.take(tx, id)) applyChange(tx, change)
  const settled = findMessage(tx.tables, id)
  if (settled?.mine && settled.expiresInMs !== undefined) {
    expireAt(tx, settled, Math.min(settled.sentAt, tx.now) + settled.expiresInMs)
  }
}

/** From here on the messages of a conversation disappear, or do so no more. The latest that was said counts. */
export function applyTimer(
  tx: Tx,
  {
    thread,
    by,
    mine,
    content,
    ...said
  }: { thread: Thread; by: UserId; mine: boolean; content: TimerContent } & Stamp,
): void {
  const { conversation } = thread
  const stamp = { at: Math.min(said.at, tx.now + MAX_AHEAD_MS), id: said.id }
  const record = ensureConversation(tx, thread, mine ? {} : { isRequest: true })
  // Whom one's other device writes to is accepted.
  if (mine) changeConversation(tx, { conversation, isRequest: undefined })
  if (!isLater(stamp, record.timer)) return
  const { afterMs } = content
  changeConversation(tx, { conversation, timer: stamp, disappearAfterMs: afterMs ?? undefined })
  if ((record.disappearAfterMs ?? null) === afterMs) return
  appendNotice(tx, { notice: { type: 'timer', by, afterMs }, thread })
}

function edit(tx: Tx, { item, text, stamp }: { item: MessageItem; text: string; stamp: Stamp }): void {
  const before = lastEdit(tx, item)
  const content = withText(item.content, text)
  if (!content || !isLater(stamp, before)) return
  tx.tables.changes.put([item.id], { ...tx.tables.changes.get([item.id]), edit: stamp })
  putMessage(tx, { ...item, content, editedAt: Math.min(stamp.at, MAX_TIME_MS) })
  refreshQuotes(tx, item.id)
}

/** When a message was last edited. What came with a history of another device's has no more than its time. */
export function lastEdit({ tables }: Pick<Tx, 'tables'>, { id, editedAt }: MessageItem): Stamp | undefined {
  return tables.changes.get([id])?.edit ?? (editedAt === undefined ? undefined : { at: editedAt, id: '' })
}

/** What everybody has reacted with to a message, and when. */
export function reactionsTo({ tables }: Pick<Tx, 'tables'>, { id, reactions }: MessageItem): Reactions {
  const known = tables.changes.get([id])?.reactions
  if (known) return known
  const stamp = { at: 0, id: '' }
  const all = (reactions ?? []).flatMap(({ emoji, from }) => from.map(user => [user, { emoji, ...stamp }]))
  return Object.fromEntries(all)
}

/** A content with another text; undefined when it has none. */
export function withText(content: MessageContent, text: string): MessageContent | undefined {
  if (content.type === 'text') return { ...content, text }
  if (content.type === 'file') return { ...content, caption: text }
  return undefined
}

function react(
  tx: Tx,
  { item, from, emoji, stamp }: { item: MessageItem; from: UserId; emoji: string | null; stamp: Stamp },
): void {
  const before = reactionsTo(tx, item)
  const own = Object.hasOwn(before, from) ? before[from] : undefined
  if (!own && Object.keys(before).length >= limits.maxReactions) return
  if (!isLater(stamp, own)) return
  const after = { ...before, [from]: { ...stamp, emoji } }
  tx.tables.changes.put([item.id], { ...tx.tables.changes.get([item.id]), reactions: after })
  const { reactions: _, ...rest } = item
  const shown = gatherReactions(after)
  putMessage(tx, shown.length === 0 ? rest : { ...rest, reactions: shown })
}

function stampOf({ at, id }: Stamp): Stamp {
  return { at, id }
}
