import type { MessageId } from '../../../schema/ids.ts'
import type { ConversationSummary, MessageItem, TimelineItem } from '../../chat.ts'
import { settleMessage } from '../apply-changes.ts'
import type { EarlyChanges } from '../early-changes.ts'
import { registerFile } from '../file-records.ts'
import type { ConversationRecord, Thread, UnreadRecord } from '../records.ts'
import type { Tx } from '../state.ts'
import { changeFile, ensureConversation } from '../timeline.ts'
import type { HistoryItem } from './format.ts'

/**
 * Puts another device's messages of a conversation before those that are here. All lines get places anew, since a place is
 * a number that grows; what is here already stays as it is, in its order among the others.
 *
 * @returns how many messages were new
 */
export function mergeHistory(
  tx: Tx,
  {
    thread,
    items,
    early,
    begun,
  }: {
    thread: Thread
    items: readonly HistoryItem[]
    early: EarlyChanges
    /** What the other device says of the conversation, when it is new here. */
    begun: Pick<ConversationSummary, 'isRequest' | 'title' | 'isBlocked' | 'isVerified'>
  },
): number {
  const { tables } = tx
  const isNew = tables.conversations.get([thread.conversation]) === undefined
  const record = ensureConversation(tx, thread, begun)
  const here = Array.from(tables.timeline.range({ prefix: [record.serial] }), ({ value }) => value)
  const known = new Set(here.map(({ id }) => id))
  const added = items.filter(
    ({ item: { id } }) => !known.has(id) && !tables.messages.get([id]) && !tables.gone.get([id]),
  )
  if (added.length === 0) return 0
  const whole = weave(
    here,
    items.map(({ item }) => toItem(item, record)),
    added,
  )
  const unread = takeUnread(tx, record)
  const serial = tx.nextSerial()
  for (const line of here) tables.timeline.delete([record.serial, line.seq])
  for (const [index, line] of whole.entries()) {
    const seq = index + 1
    tables.timeline.put([serial, seq], { ...line, seq })
    if (line.kind !== 'message') continue
    tables.messages.put([line.id], { serial, seq })
    const state = unread.get(line.id)
    if (!state) continue
    tables.unread.put([serial, seq], state)
    tables.arrivals.put([state.arrival], { serial, seq })
  }
  for (const { item, file } of added) {
    const isKnown = file === undefined || registerFile(tx, { id: item.id, ref: file, state: 'remote' })
    if (!isKnown) changeFile(tx, { id: item.id, state: 'gone' })
  }
  for (const { item } of added) settleMessage(tx, item.id, early)
  const lastAt = isNew ? (items.at(-1)?.item.receivedAt ?? record.lastAt) : record.lastAt
  tables.conversations.put([record.id], { ...record, serial, nextSeq: whole.length + 1, lastAt })
  tx.emit({ type: 'history-changed', conversation: record.id })
  return added.length
}

/** The other device's order, then what only this one has; what both have stays as this one has it. */
function weave(
  here: readonly TimelineItem[],
  theirs: readonly MessageItem[],
  added: readonly HistoryItem[],
): TimelineItem[] {
  const isAdded = new Set<string>(added.map(({ item }) => item.id))
  const byId = new Map(here.map(line => [line.id, line]))
  const first = theirs.flatMap(line => (isAdded.has(line.id) ? [line] : (byId.get(line.id) ?? [])))
  const placed = new Set(first.map(({ id }) => id))
  return [...first, ...here.filter(({ id }) => !placed.has(id))]
}

function toItem(item: HistoryItem['item'], record: ConversationRecord): MessageItem {
  const { content } = item
  const isFile = content.type === 'file' && content.state === 'here'
  return {
    kind: 'message',
    ...item,
    content: isFile ? { ...content, state: 'remote' } : content,
    conversation: record.id,
    seq: 0,
  }
}

/** What is unread in a conversation, by message; its old places are taken out. */
function takeUnread(tx: Tx, { serial }: ConversationRecord): Map<MessageId, UnreadRecord> {
  const unread = new Map<MessageId, UnreadRecord>()
  for (const { key, value } of [...tx.tables.unread.range({ prefix: [serial] })]) {
    const [, seq = 0] = key
    const line = tx.tables.timeline.get([serial, seq])
    if (line) unread.set(line.id, value)
    tx.tables.unread.delete(key)
  }
  return unread
}
