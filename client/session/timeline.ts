import type { MessageId } from '../../schema/ids.ts'
import type {
  ConversationId,
  ConversationSummary,
  DeliveryState,
  MessageItem,
  NoticeItem,
  TimelineItem,
} from '../chat.ts'
import { advance } from '../core/delivery.ts'
import type { ConversationRecord, Person, Tables } from './records.ts'
import type { Tx } from './state.ts'

/** What is said of a message when it enters the timeline; the rest follows from the conversation. */
export type NewMessage = Pick<MessageItem, 'id' | 'from' | 'mine' | 'sentAt' | 'content' | 'state'>

/** The conversation with a person, made when it is not there. */
export function ensureConversation(
  tx: Tx,
  { conversation: id, userId }: Pick<Person, 'conversation' | 'userId'>,
): ConversationRecord {
  const known = tx.tables.conversations.get([id])
  if (known) return known
  const record: ConversationRecord = {
    id,
    serial: tx.nextSerial(),
    kind: 'direct',
    with: userId,
    nextSeq: 1,
    unread: 0,
    lastAt: tx.now,
  }
  save(tx, record)
  return record
}

/** Puts a message at the end of a conversation. One from somebody else is unread. */
export function appendMessage(
  tx: Tx,
  { message, person }: { message: NewMessage; person: Pick<Person, 'conversation' | 'userId'> },
): MessageItem {
  const { tables, now } = tx
  const record = ensureConversation(tx, person)
  const place = { serial: record.serial, seq: record.nextSeq }
  const early = message.mine ? tables.earlyReceipts.get([message.id]) : undefined
  const isDelivered = early?.conversation === record.id
  if (isDelivered) tables.earlyReceipts.delete([message.id])
  const item: MessageItem = {
    kind: 'message',
    ...message,
    ...(isDelivered ? { state: 'delivered' } : {}),
    conversation: record.id,
    seq: place.seq,
    receivedAt: now,
  }
  tables.timeline.put([place.serial, place.seq], item)
  tables.messages.put([message.id], place)
  if (!message.mine) {
    const arrival = tx.nextSerial()
    tables.unread.put([place.serial, place.seq], { arrival })
    tables.arrivals.put([arrival], place)
  }
  tx.emit({ type: 'item', item })
  save(tx, {
    ...record,
    nextSeq: record.nextSeq + 1,
    unread: record.unread + (message.mine ? 0 : 1),
    lastAt: now,
  })
  return item
}

/** Puts a line of the program's own at the end of a conversation. */
export function appendNotice(
  tx: Tx,
  { notice, person }: { notice: NoticeItem['notice']; person: Pick<Person, 'conversation' | 'userId'> },
): void {
  const record = ensureConversation(tx, person)
  const item: NoticeItem = {
    kind: 'notice',
    id: tx.nextId(),
    conversation: record.id,
    seq: record.nextSeq,
    at: tx.now,
    notice,
  }
  tx.tables.timeline.put([record.serial, record.nextSeq], item)
  tx.emit({ type: 'item', item })
  save(tx, { ...record, nextSeq: record.nextSeq + 1, lastAt: tx.now })
}

/** Brings news of one's own message to its line. Does nothing when it has no line. */
export function setDelivery(
  tx: Tx,
  { id, state, failure }: { id: MessageId; state: DeliveryState; failure?: MessageItem['failure'] },
): void {
  const item = findMessage(tx.tables, id)
  if (!item?.mine) return
  const next = advance(item.state ?? 'queued', state)
  if (next === item.state) return
  const { failure: _, ...rest } = item
  putMessage(tx, { ...rest, state: next, ...(next === 'failed' && failure ? { failure } : {}) })
}

/** A device of the person in `conversation` has these messages. */
export function setDelivered(
  tx: Tx,
  { ids, conversation }: { ids: readonly MessageId[]; conversation: ConversationId },
): void {
  for (const id of ids) {
    const item = findMessage(tx.tables, id)
    // Written on another device of this account: the receipt may overtake it.
    if (!item) tx.tables.earlyReceipts.put([id], { id, conversation, at: tx.now })
    else if (item.mine && item.conversation === conversation) setDelivery(tx, { id, state: 'delivered' })
  }
}

/** The messages up to `upToSeq` have been seen. */
export function markRead(
  tx: Tx,
  { conversation, upToSeq }: { conversation: ConversationId; upToSeq: number },
): void {
  const { tables } = tx
  const record = tables.conversations.get([conversation])
  if (!record) return
  const range = { prefix: [record.serial], before: [record.serial, Math.min(upToSeq, record.nextSeq) + 1] }
  const read = [...tables.unread.range(range)]
  for (const { key, value } of read) {
    tables.unread.delete(key)
    tables.arrivals.delete([value.arrival])
  }
  if (read.length > 0) save(tx, { ...record, unread: Math.max(0, record.unread - read.length) })
}

/** A message by its id. */
export function findMessage(tables: Tables, id: MessageId): MessageItem | undefined {
  const place = tables.messages.get([id])
  const item = place && tables.timeline.get([place.serial, place.seq])
  return item?.kind === 'message' ? item : undefined
}

/** Lines of a conversation, oldest first: the last `limit` ones before `beforeSeq`. */
export function readHistory(
  tables: Tables,
  { conversation, beforeSeq, limit }: { conversation: ConversationId; beforeSeq?: number; limit: number },
): TimelineItem[] {
  const record = tables.conversations.get([conversation])
  if (!record || limit <= 0) return []
  const range = tables.timeline.range({
    prefix: [record.serial],
    reverse: true,
    limit,
    ...(beforeSeq === undefined ? {} : { before: [record.serial, Math.max(0, beforeSeq)] }),
  })
  return Array.from(range, ({ value }) => value).reverse()
}

/** Unread messages, in the order of arrival. */
export function readUnread(tables: Tables, limit: number): MessageItem[] {
  if (limit <= 0) return []
  return Array.from(tables.arrivals.range({ limit }), ({ value }) =>
    tables.timeline.get([value.serial, value.seq]),
  ).filter(item => item?.kind === 'message')
}

/** All conversations, the last active first. */
export function readConversations(tables: Tables): ConversationSummary[] {
  return Array.from(tables.conversations.range(), ({ value }) => summarise(value)).sort(
    (a, b) => b.lastAt - a.lastAt,
  )
}

export function summarise({ id, kind, with: user, unread, lastAt }: ConversationRecord): ConversationSummary {
  return { id, kind, with: user, unread, lastAt }
}

function putMessage(tx: Tx, item: MessageItem): void {
  const place = tx.tables.messages.get([item.id])
  if (!place) return
  tx.tables.timeline.put([place.serial, place.seq], item)
  tx.emit({ type: 'item', item })
}

function save(tx: Tx, record: ConversationRecord): void {
  tx.tables.conversations.put([record.id], record)
  tx.emit({ type: 'conversation', conversation: summarise(record) })
}
