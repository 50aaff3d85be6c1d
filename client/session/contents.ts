import type { Content, FileContent, KnownContent, TextContent } from '../../schema/content.ts'
import type { DeviceId, MessageId, UserId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import type { MessageContent } from '../chat.ts'
import { applyTimer, receiveChange, settleMessage } from './apply-changes.ts'
import type { EarlyChanges } from './early-changes.ts'
import { registerFile } from './file-records.ts'
import type { Groups } from './groups.ts'
import type { History } from './history/history.ts'
import type { Reading } from './reading.ts'
import type { Receipts } from './receipts.ts'
import type { GroupRecord, Identity, Thread } from './records.ts'
import type { Tx } from './state.ts'
import {
  appendMessage,
  changeConversation,
  changeFile,
  ensureConversation,
  type NewMessage,
  setReceipts,
} from './timeline.ts'
import type { Trust } from './trust.ts'

export interface ContentsOptions {
  identity: Identity
  groups: Groups
  receipts: Pick<Receipts, 'add'>
  trust: Pick<Trust, 'apply'>
  history: Pick<History, 'offered'>
  early: EarlyChanges
  reading: Pick<Reading, 'apply'>
}

/** A message that was opened: who wrote it is certain, what it says is theirs. */
export interface Incoming {
  id: MessageId
  from: UserId
  device: DeviceId
  /** Written on another device of this account. */
  mine: boolean
  /** By the sender's clock, ms. */
  sentAt: number
  content: Content
  thread: Thread
  /** Of a group: the roster that it is bound to. */
  group?: { record: GroupRecord; epoch: number }
}

/** What becomes of a message: part of the transaction after which it is acked. Who may do what is decided here. */
export function applyContent(tx: Tx, incoming: Incoming, options: ContentsOptions): void {
  const { id, from, mine, sentAt, content, thread, group } = incoming
  if (!mine && tx.tables.people.get([from])?.isBlocked) return
  switch (content.type) {
    case 'text':
    case 'file':
    case 'unknown':
      appendIncoming(tx, incoming, options)
      return
    case 'receipt':
      if (!mine) setReceipts(tx, { from, state: content.state, ids: content.ids })
      return
    case 'title':
      if (group && isByAdmin(incoming, options)) {
        options.groups.setTitle(tx, group.record.group, { text: content.title, at: sentAt, id, by: from })
      }
      return
    case 'edit':
    case 'delete':
    case 'reaction': {
      const { conversation } = thread
      // Whoever answers a request with a reaction has accepted it, on all devices.
      if (mine) changeConversation(tx, { conversation, isRequest: undefined })
      const change = { id, at: sentAt, from, conversation, content, isAdmin: isByAdmin(incoming, options) }
      receiveChange(tx, change, options.early)
      return
    }
    case 'timer':
      if (thread.kind === 'direct' || isByAdmin(incoming, options)) {
        applyTimer(tx, { thread, by: from, mine, content, at: sentAt, id })
      }
      return
    case 'history':
      if (mine && thread.with === from) options.history.offered(tx, { id, from: incoming.device, content })
      return
    case 'sync':
      if (!mine || thread.with !== from) return
      options.trust.apply(tx, content)
      if (content.read) options.reading.apply(tx, content.read)
      return
    default:
      content satisfies never
  }
}

/** Of a group: by an admin. */
function isByAdmin({ from, group }: Incoming, { groups }: ContentsOptions): boolean {
  return group !== undefined && groups.mayChange(group.record, { user: from, epoch: group.epoch })
}

function appendIncoming(tx: Tx, incoming: Incoming, { receipts, early }: ContentsOptions): void {
  const { id, from, mine, sentAt, content, thread } = incoming
  // An id that is taken: nobody may put something in the place of another message, nor bring back what has disappeared.
  if (tx.tables.messages.get([id]) || tx.tables.gone.get([id])) return
  if (content.type !== 'text' && content.type !== 'file' && content.type !== 'unknown') return
  // Somebody who was never written to is set apart; whom one's other device writes to is accepted.
  const isNew = tx.tables.conversations.get([thread.conversation]) === undefined
  if (isNew) ensureConversation(tx, thread, mine ? {} : { isRequest: true })
  else if (mine) changeConversation(tx, { conversation: thread.conversation, isRequest: undefined })
  const line = lineOf(content)
  const message: NewMessage = {
    id,
    from,
    mine,
    sentAt,
    ...line,
    ...(mine ? { state: 'stored' as const } : {}),
  }
  appendMessage(tx, { message, thread })
  if (content.type === 'file' && !registerFile(tx, { id, ref: content.file, state: 'remote' })) {
    changeFile(tx, { id, state: 'gone' })
  }
  settleMessage(tx, id, early)
  const readers = incoming.group ? Object.keys(incoming.group.record.state.members).length : 2
  if (!mine && readers <= limits.maxReceiptMembers) {
    receipts.add(tx, { to: from, id, state: 'delivered' }, { isGroup: incoming.group !== undefined })
  }
}

/** What a line shows of a content: without the key of a file. */
export function lineOf(
  content: TextContent | FileContent | Extract<Content, { type: 'unknown' }>,
): Pick<NewMessage, 'content' | 'replyTo' | 'expiresInMs'> {
  if (content.type === 'unknown') return { content }
  const { replyTo, expiresInMs } = content
  return {
    content: content.type === 'text' ? { type: 'text', text: content.text } : fileLine(content),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
  }
}

function fileLine({ name, mediaType, file, image, caption }: FileContent): MessageContent {
  return {
    type: 'file',
    name,
    mediaType,
    size: file.size,
    state: 'remote',
    ...(image === undefined ? {} : { image }),
    ...(caption === undefined ? {} : { caption }),
  }
}

/** Whether a content has a line of its own in the conversation. */
export function isLine(content: KnownContent): content is TextContent | FileContent {
  return content.type === 'text' || content.type === 'file'
}
