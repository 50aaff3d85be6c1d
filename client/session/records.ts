import type { KnownContent } from '../../schema/content.ts'
import type { MessageFrame, SendFrame } from '../../schema/frames.ts'
import type { Base64Url32, ChainId, DeviceId, MessageId, PrekeyId, UserId } from '../../schema/ids.ts'
import type { Ed25519Jwk } from '../../schema/jose.ts'
import type { ConversationId, TimelineItem } from '../chat.ts'
import type { PrivateJwk, ReceiverChain, SenderChain } from '../crypto/types.ts'
import type { Store, Table } from '../store/store.ts'

/** Who this device is. Written when the account comes to this machine, never changed. */
export interface Identity {
  userId: UserId
  deviceId: DeviceId
  accountKey: PrivateJwk
  deviceKey: PrivateJwk
  certificate: string
}

/** A device of somebody, its certificate checked against the pinned account key. */
export interface KnownDevice {
  deviceId: DeviceId
  certificate: string
  key: Ed25519Jwk
}

/** Somebody, oneself too. `thumbprint` is the pin: it never changes by itself. */
export interface Person {
  userId: UserId
  thumbprint: Base64Url32
  accountKey?: Ed25519Jwk
  conversation: ConversationId
  /** Absent until they were asked for. */
  devices?: KnownDevice[]
  /** Devices that were told of and that no server names now: they wrote before one did, or were revoked. */
  toldDevices?: DeviceId[]
  /** A server or a sender came with this other account key: nothing is sent until somebody decides. */
  changedTo?: Base64Url32
}

/** A conversation. `serial` stands for it in keys, so that a key does not tell whom it is with. */
export interface ConversationRecord {
  id: ConversationId
  serial: number
  kind: 'direct'
  with: UserId
  nextSeq: number
  unread: number
  lastAt: number
}

/** A message that no server has stored yet. */
export interface OutboxRecord {
  serial: number
  id: MessageId
  conversation: ConversationId
  to: UserId
  sentAt: number
  content: KnownContent
  /** Once sealed: the chain, and the bytes that are sent as often as needed. */
  sealed?: { chain: ChainId; frame: SendFrame }
}

/** The chain that this device sends a conversation with; `announcement` until a server has stored it. */
export interface SenderRecord {
  state: SenderChain
  announcement?: { id: MessageId; frame: SendFrame }
}

export interface ReceiverRecord {
  state: ReceiverChain
  conversation: ConversationId
  with: UserId
  from: UserId
  device: DeviceId
  at: number
  /** Numbers whose messages could not be read, of which a notice told. */
  told: number[]
}

export type ChainFrame = Extract<MessageFrame, { kind: 'chain' }>
export type SealedFrame = Extract<MessageFrame, { kind: 'message' }>

/** A frame that cannot be opened yet. `chain` is what it waits for; `noticed` once a notice told that it is missing. */
export interface WaitingRecord {
  serial: number
  chain: ChainId
  n: number
  at: number
  frame: SealedFrame
  noticed?: boolean
}

/** The private part of a prekey. `upload` is its public part until a server has it. */
export interface PrekeyRecord {
  id: PrekeyId
  use: 'signed' | 'one-time'
  key: PrivateJwk
  createdAt: number
  retiredAt?: number
  upload?: string
}

export interface Tables {
  identity: Table<Identity>
  people: Table<Person>
  conversations: Table<ConversationRecord>
  timeline: Table<TimelineItem>
  messages: Table<{ serial: number; seq: number }>
  /** Unread messages twice: by place, and by order of arrival. */
  unread: Table<{ arrival: number }>
  arrivals: Table<{ serial: number; seq: number }>
  outbox: Table<OutboxRecord>
  senders: Table<SenderRecord>
  receivers: Table<ReceiverRecord>
  waiting: Table<WaitingRecord>
  prekeys: Table<PrekeyRecord>
  /** Ids of frames that were received. */
  seen: Table<{ id: MessageId; at: number }>
  /** Messages that are to be acknowledged to their senders. */
  receiptsDue: Table<{ to: UserId; id: MessageId }>
  /** Receipts that came before the message they are for. */
  earlyReceipts: Table<{ id: MessageId; conversation: ConversationId; at: number }>
  meta: Table<Meta[keyof Meta]>
}

export interface Meta {
  lastMessageId: MessageId
  /** Counts up for everything that needs a number of its own. */
  lastSerial: number
  /** When the tables were last cleared of what is too old. */
  prunedAt: number
}

/** The tables of an account. Those whose keys would tell something have hidden keys. */
export function openTables(store: Store): Tables {
  const secret = { secretKeys: true }
  return {
    identity: store.table('identity'),
    people: store.table('people', secret),
    conversations: store.table('conversations', secret),
    timeline: store.table('timeline'),
    messages: store.table('messages', secret),
    unread: store.table('unread'),
    arrivals: store.table('arrivals'),
    outbox: store.table('outbox'),
    senders: store.table('senders', secret),
    receivers: store.table('receivers', secret),
    waiting: store.table('waiting'),
    prekeys: store.table('prekeys', secret),
    seen: store.table('seen', secret),
    receiptsDue: store.table('receipts-due', secret),
    earlyReceipts: store.table('early-receipts', secret),
    meta: store.table('meta'),
  }
}
