import type { MessageId, UserId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import type {
  ConversationId,
  ConversationSummary,
  DeliveryState,
  MessageItem,
  Notice,
  NoticeItem,
  TimelineItem,
} from '../chat.ts'
import { advance } from '../core/delivery.ts'
import { mentionsOf } from '../core/mentions.ts'
import type { ConversationRecord, Person, Tables, Thread, UnreadRecord } from './records.ts'
import type { Tx } from './state.ts'

// Long because all that keeps lines, unread and counts in step is read in one place.

/** What is said of a message when it enters the timeline; the rest follows from the conversation. */
export type NewMessage = Pick<
  MessageItem,
  'id' | 'from' | 'mine' | 'sentAt' | 'content' | 'state' | 'expiresInMs' | 'expiresAt' | 'receipts'
> & { replyTo?: MessageId }

/** The latest moment that a Date can show: a sender may sign any number. */
export const MAX_TIME_MS = 8.64e15
const MAX_EXCERPT_CHARS = 120
export const maxEarlyReceipts = 1_000

/** The conversation of two people. */
export function threadWith({ conversation, userId }: Pick<Person, 'conversation' | 'userId'>): Thread {
  return { conversation, kind: 'direct', with: userId }
}

/** A conversation, made when it is not there. */
export function ensureConversation(
  tx: Tx,
  { conversation: id, kind, with: other }: Thread,
  begun: Partial<Changeable> = {},
): ConversationRecord {
  const known = tx.tables.conversations.get([id])
  if (known) return known
  const record: ConversationRecord = {
    id,
    serial: tx.nextSerial(),
    kind,
    with: other,
    ...begun,
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
  { message, thread }: { message: NewMessage; thread: Thread },
): MessageItem {
  const { tables, now } = tx
  const record = ensureConversation(tx, thread)
  const place = { serial: record.serial, seq: record.nextSeq }
  const { replyTo, ...rest } = message
  const item: MessageItem = {
    kind: 'message',
    ...rest,
    sentAt: Math.min(message.sentAt, MAX_TIME_MS),
    ...(replyTo === undefined
      ? {}
      : { replyTo: excerptOf(tables, { id: replyTo, conversation: record.id }) }),
    conversation: record.id,
    seq: place.seq,
    receivedAt: now,
  }
  const isMention = namesMe(tables, item, record)
  tables.timeline.put([place.serial, place.seq], item)
  tables.messages.put([message.id], place)
  if (!message.mine) {
    const arrival = tx.nextSerial()
    tables.unread.put([place.serial, place.seq], { arrival, ...(isMention ? { isMention } : {}) })
    tables.arrivals.put([arrival], place)
  }
  tx.emit({ type: 'item', item })
  save(tx, {
    ...record,
    nextSeq: record.nextSeq + 1,
    unread: record.unread + (message.mine ? 0 : 1),
    ...(isMention ? { mentions: (record.mentions ?? 0) + 1 } : {}),
    lastAt: now,
  })
  // A receipt may have overtaken what was written on another device of this account.
  const early = message.mine ? tables.earlyReceipts.get([message.id]) : undefined
  if (early) {
    tables.earlyReceipts.delete([message.id])
    for (const [from, state] of Object.entries(early.by)) setReceipts(tx, { from, state, ids: [message.id] })
  }
  return item
}

/** What is shown of the message that another one answers: only of the same conversation. */
export function excerptOf(
  tables: Tables,
  { id, conversation }: { id: MessageId; conversation: ConversationId },
): NonNullable<MessageItem['replyTo']> {
  const answered = findMessage(tables, id)
  if (answered?.conversation !== conversation) return { id }
  const { content, from } = answered
  switch (content.type) {
    case 'text':
      return { id, from, excerpt: cut(content.text) }
    case 'file':
      return { id, from, excerpt: cut(content.caption ?? content.name) }
    case 'deleted':
    case 'unknown':
      return { id, from }
    default:
      return content satisfies never
  }
}

function cut(text: string): string {
  return Array.from(text.slice(0, 2 * MAX_EXCERPT_CHARS))
    .slice(0, MAX_EXCERPT_CHARS)
    .join('')
}

/** Puts a line of the program's own at the end of a conversation. */
export function appendNotice(tx: Tx, { notice, thread }: { notice: Notice; thread: Thread }): void {
  const record = ensureConversation(tx, thread)
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

/**
 * Somebody has these messages of one's own, or has read them: the other one of a conversation of two, or a member of a
 * group. What they say of other messages counts for nothing.
 */
export function setReceipts(
  tx: Tx,
  { from, state, ids }: { from: UserId; state: 'delivered' | 'read'; ids: readonly MessageId[] },
): void {
  for (const id of ids) {
    const item = findMessage(tx.tables, id)
    const record = item && tx.tables.conversations.get([item.conversation])
    if (!item) keepEarlyReceipt(tx, { id, from, state })
    else if (item.mine && record?.kind === 'direct' && record.with === from) setDelivery(tx, { id, state })
    else if (item.mine && record?.kind === 'group') countReceipt(tx, { item, from, state })
  }
}

/**
 * Written on another device of this account: the receipt may overtake it. Kept of those whom one talks with, and not without
 * end: anybody may name any ids.
 */
function keepEarlyReceipt(
  tx: Tx,
  { id, from, state }: { id: MessageId; from: UserId; state: 'delivered' | 'read' },
): void {
  const { earlyReceipts, conversations, people } = tx.tables
  const record = conversations.get([people.get([from])?.conversation ?? ''])
  if (record?.isRequest === true) return
  const by = { ...earlyReceipts.get([id])?.by, [from]: state }
  if (Object.keys(by).length === 1 && count(earlyReceipts.range()) >= maxEarlyReceipts) return
  earlyReceipts.put([id], { id, by, at: tx.now })
}

function count(range: Iterable<unknown>): number {
  let found = 0
  for (const _ of range) found++
  return found
}

function countReceipt(
  tx: Tx,
  { item, from, state }: { item: MessageItem; from: UserId; state: 'delivered' | 'read' },
): void {
  const counted = tx.tables.receiptsOf.get([item.id])
  if (
    !counted ||
    !Object.hasOwn(counted.by, from) ||
    counted.by[from] === 'read' ||
    counted.by[from] === state
  )
    return
  const by = { ...counted.by, [from]: state }
  tx.tables.receiptsOf.put([item.id], { by })
  const states = Object.values(by)
  const read = states.filter(one => one === 'read').length
  const delivered = states.filter(one => one !== 'none').length
  const of = states.length
  putMessage(tx, { ...item, receipts: { delivered, read, of } })
  if (read === of) setDelivery(tx, { id: item.id, state: 'read' })
  else if (delivered === of) setDelivery(tx, { id: item.id, state: 'delivered' })
}

/** A message of one's own to a group: from now on it is counted which of its members have it. */
export function expectReceipts(tx: Tx, { id, members }: { id: MessageId; members: readonly UserId[] }): void {
  if (members.length === 0 || members.length + 1 > limits.maxReceiptMembers) return
  const by = Object.fromEntries(members.map(member => [member, 'none' as const]))
  tx.tables.receiptsOf.put([id], { by })
  const item = findMessage(tx.tables, id)
  if (item) putMessage(tx, { ...item, receipts: { delivered: 0, read: 0, of: members.length } })
}

/**
 * The messages up to `upToSeq` have been seen: on this device, or only on another one of the account (`isElsewhere`).
 * @returns those that were unread before
 */
export function markRead(
  tx: Tx,
  {
    conversation,
    upToSeq,
    isElsewhere = false,
  }: { conversation: ConversationId; upToSeq: number; isElsewhere?: boolean },
): MessageItem[] {
  const { tables } = tx
  const record = tables.conversations.get([conversation])
  if (!record) return []
  const range = { prefix: [record.serial], before: [record.serial, Math.min(upToSeq, record.nextSeq) + 1] }
  const seen = [...tables.unread.range(range)]
  for (const { key, value } of seen) {
    if (isElsewhere) {
      tables.unread.put(key, { ...value, isReadElsewhere: true })
    } else {
      tables.unread.delete(key)
      tables.arrivals.delete([value.arrival])
    }
  }
  const read = seen.filter(({ value }) => !value.isReadElsewhere)
  if (read.length > 0)
    save(
      tx,
      lowered(
        record,
        read.map(({ value }) => value),
      ),
    )
  return read.map(({ key }) => tables.timeline.get(key)).filter(item => item?.kind === 'message')
}

/** A conversation with these unread no more. */
function lowered(
  { mentions = 0, ...record }: ConversationRecord,
  seen: readonly UnreadRecord[],
): ConversationRecord {
  const left = mentions - seen.filter(({ isMention }) => isMention).length
  return {
    ...record,
    unread: Math.max(0, record.unread - seen.length),
    ...(left > 0 ? { mentions: left } : {}),
  }
}

/** Whether somebody else names this account in a group. In a conversation of two every message is to it. */
function namesMe(tables: Tables, { mine, content }: MessageItem, { kind }: ConversationRecord): boolean {
  if (mine || kind !== 'group') return false
  const text = content.type === 'text' ? content.text : content.type === 'file' ? content.caption : undefined
  if (!text?.includes('@')) return false
  const me = tables.identity.get([])?.userId
  return me !== undefined && mentionsOf(text, me).length > 0
}

/** Whether `markRead` would change anything. */
export function hasUnread(tables: Tables, { serial }: ConversationRecord): boolean {
  return count(tables.unread.range({ prefix: [serial], limit: 1 })) > 0
}

/** Takes a message out of the timeline, without a trace. */
export function removeMessage(tx: Tx, { id, conversation }: MessageItem): void {
  const { tables } = tx
  const place = tables.messages.get([id])
  const record = tables.conversations.get([conversation])
  if (!place || !record) return
  const key = [place.serial, place.seq]
  const unread = tables.unread.get(key)
  tables.timeline.delete(key)
  tables.messages.delete([id])
  tables.unread.delete(key)
  if (unread) tables.arrivals.delete([unread.arrival])
  tx.emit({ type: 'item-removed', conversation, id, seq: place.seq })
  if (unread && !unread.isReadElsewhere) save(tx, lowered(record, [unread]))
}

/** The file of a message has come, or will not come any more. */
export function changeFile(tx: Tx, { id, state }: { id: MessageId; state: 'here' | 'gone' }): void {
  const record = tx.tables.files.get([id])
  if (record) tx.tables.files.put([id], { ...record, state })
  const item = findMessage(tx.tables, id)
  if (item?.content.type === 'file') putMessage(tx, { ...item, content: { ...item.content, state } })
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

/** What was not read on this device, in the order of arrival; `withoutRequests` passes over those of strangers. */
export function readUnread(
  tables: Tables,
  { limit, withoutRequests = false }: { limit: number; withoutRequests?: boolean },
): MessageItem[] {
  const found: MessageItem[] = []
  if (limit <= 0) return found
  const requests = withoutRequests ? requestSerials(tables) : undefined
  for (const { value } of tables.arrivals.range(requests?.size ? {} : { limit })) {
    if (requests?.has(value.serial)) continue
    const item = tables.timeline.get([value.serial, value.seq])
    if (item?.kind === 'message') found.push(item)
    if (found.length === limit) break
  }
  return found
}

function requestSerials(tables: Tables): Set<number> {
  const requests = Array.from(tables.conversations.range(), ({ value }) => value).filter(
    ({ isRequest }) => isRequest,
  )
  return new Set(requests.map(({ serial }) => serial))
}

/** All conversations, the last active first. */
export function readConversations(tables: Tables): ConversationSummary[] {
  return Array.from(tables.conversations.range(), ({ value }) => summarise(value)).sort(
    (a, b) => b.lastAt - a.lastAt,
  )
}

export function summarise({
  serial: _serial,
  nextSeq: _nextSeq,
  timer: _timer,
  ...summary
}: ConversationRecord): ConversationSummary {
  return summary
}

/** Changes what is said of a conversation; nothing when it is not there, or is so already. */
export function changeConversation(
  tx: Tx,
  { conversation, ...change }: { conversation: ConversationId } & Partial<Changeable>,
): void {
  const record = tx.tables.conversations.get([conversation])
  if (!record) return
  const names = Object.keys(change) as (keyof Changeable)[]
  if (names.every(name => record[name] === change[name])) return
  save(tx, { ...record, ...change })
}

type Changeable = Pick<
  ConversationRecord,
  | 'title'
  | 'role'
  | 'memberCount'
  | 'isRequest'
  | 'isVerified'
  | 'isKeyChanged'
  | 'isBlocked'
  | 'isMuted'
  | 'mutedUntil'
  | 'disappearAfterMs'
  | 'timer'
>

/** Another version of a line that is there. */
export function putMessage(tx: Tx, item: MessageItem): void {
  const place = tx.tables.messages.get([item.id])
  if (!place) return
  tx.tables.timeline.put([place.serial, place.seq], item)
  tx.emit({ type: 'item', item })
}

function save(tx: Tx, record: ConversationRecord): void {
  tx.tables.conversations.put([record.id], record)
  tx.emit({ type: 'conversation', conversation: summarise(record) })
}
