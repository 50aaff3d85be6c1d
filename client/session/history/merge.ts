import type { MessageId } from '../../../schema/ids.ts'
import type { ConversationId, ConversationSummary, MessageItem, TimelineItem } from '../../chat.ts'
import { settleMessage } from '../apply-changes.ts'
import type { EarlyChanges } from '../early-changes.ts'
import { registerFile } from '../file-records.ts'
import type { ConversationRecord, Tables, Thread, UnreadRecord } from '../records.ts'
import type { Tx } from '../state.ts'
import { changeFile, ensureConversation } from '../timeline.ts'
import type { HistoryItem } from './format.ts'

/** Messages of another device that have their places, and are still to be put there. */
export interface HistoryPlan {
  conversation: ConversationId
  serial: number
  lines: readonly { message: MessageItem; file: HistoryItem['file'] }[]
}

/**
 * Makes places for another device's messages of a conversation before the lines that are here. All lines get places anew,
 * since a place is a number that grows; what is here already stays as it is, in its order among the others.
 *
 * What is here moves in this one transaction. The others' messages follow by `fillHistory()`, some at a time; what breaks off
 * between is made whole when the same history is taken in again.
 *
 * @returns undefined when none of them is new
 */
export function placeHistory(
  tx: Tx,
  {
    thread,
    items,
    isNewHere,
    begun,
  }: {
    thread: Thread
    items: readonly HistoryItem[]
    /** Whether it was not known shortly before; that it still is not, `fillHistory()` sees. */
    isNewHere: (id: MessageId) => boolean
    /** What the other device says of the conversation, when it is new here. */
    begun: Pick<ConversationSummary, 'isRequest' | 'title' | 'isBlocked' | 'isVerified'>
  },
): HistoryPlan | undefined {
  const { tables } = tx
  const isNew = tables.conversations.get([thread.conversation]) === undefined
  const record = ensureConversation(tx, thread, begun)
  const here = Array.from(tables.timeline.range({ prefix: [record.serial] }), ({ value }) => value)
  const known = new Set(here.map(({ id }) => id))
  const added = new Map<MessageId, HistoryItem>()
  for (const item of items) {
    const { id } = item.item
    if (!known.has(id) && isNewHere(id)) added.set(id, item)
  }
  if (added.size === 0) return undefined
  const whole = weave(
    here,
    items.map(({ item }) => toItem(item, record)),
    added,
  )
  const unread = takeUnread(tx, record)
  const serial = tx.nextSerial()
  for (const line of here) tables.timeline.delete([record.serial, line.seq])
  const lines: { message: MessageItem; file: HistoryItem['file'] }[] = []
  for (const [index, line] of whole.entries()) {
    const seq = index + 1
    if (line.kind === 'message' && added.has(line.id)) {
      lines.push({ message: { ...line, seq }, file: added.get(line.id)?.file })
      continue
    }
    tables.timeline.put([serial, seq], { ...line, seq })
    if (line.kind !== 'message') continue
    tables.messages.put([line.id], { serial, seq })
    const state = unread.get(line.id)
    if (!state) continue
    tables.unread.put([serial, seq], state)
    tables.arrivals.put([state.arrival], { serial, seq })
  }
  const lastAt = isNew ? (items.at(-1)?.item.receivedAt ?? record.lastAt) : record.lastAt
  tables.conversations.put([record.id], { ...record, serial, nextSeq: whole.length + 1, lastAt })
  tx.emit({ type: 'history-changed', conversation: record.id })
  return { conversation: record.id, serial, lines }
}

/**
 * Puts some messages of a plan where they belong; those that have come by themselves meanwhile stay where they are.
 *
 * @returns how many were new
 */
export function fillHistory(
  tx: Tx,
  { plan, lines, early }: { plan: HistoryPlan; lines: HistoryPlan['lines']; early: EarlyChanges },
): number {
  const { tables } = tx
  const added = lines.filter(({ message }) => isUnknown(tables, message.id))
  for (const { message } of added) {
    const { id, seq } = message
    tables.timeline.put([plan.serial, seq], message)
    tables.messages.put([id], { serial: plan.serial, seq })
  }
  for (const { message, file } of added) {
    const { id } = message
    const isKnown = file === undefined || registerFile(tx, { id, ref: file, state: 'remote' })
    if (!isKnown) changeFile(tx, { id, state: 'gone' })
  }
  for (const { message } of added) settleMessage(tx, message.id, early)
  return added.length
}

/** Whether a message is not here, and has not been either. */
export function isUnknown(tables: Pick<Tables, 'messages' | 'gone'>, id: MessageId): boolean {
  return !tables.messages.get([id]) && !tables.gone.get([id])
}

/** The other device's order, then what only this one has; what both have stays as this one has it. */
function weave(
  here: readonly TimelineItem[],
  theirs: readonly MessageItem[],
  added: ReadonlyMap<MessageId, HistoryItem>,
): TimelineItem[] {
  const byId = new Map(here.map(line => [line.id, line]))
  const placed = new Set<string>()
  const first: TimelineItem[] = []
  for (const line of theirs) {
    const found = added.has(line.id) ? line : byId.get(line.id)
    if (!found || placed.has(line.id)) continue
    placed.add(line.id)
    first.push(found)
  }
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
