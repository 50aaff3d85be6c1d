import type {
  BlobRef,
  DeleteContent,
  EditContent,
  KnownContent,
  ReactionContent,
} from '../../schema/content.ts'
import type { MessageFrame, SendFrame } from '../../schema/frames.ts'
import type {
  Base64Url32,
  BlobId,
  ChainId,
  DeviceId,
  GroupId,
  MessageId,
  PrekeyId,
  Recipient,
  UserId,
} from '../../schema/ids.ts'
import type { Ed25519Jwk } from '../../schema/jose.ts'
import type {
  ConversationId,
  ConversationSummary,
  HistoryOffer,
  RosterTrouble,
  Settings,
  TimelineItem,
} from '../chat.ts'
import type { Reactions, Stamp } from '../core/changes.ts'
import type { RosterHistory } from '../core/roster-history.ts'
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
  /** The thumbprint that the person compared with them: while it is the pinned one, they are verified. */
  verified?: Base64Url32
  /** Nothing of theirs is shown. */
  isBlocked?: boolean
  /** A server or a sender came with this other account key: nothing is sent until somebody decides. */
  changedTo?: Base64Url32
}

/** Which conversation something belongs to. */
export interface Thread {
  conversation: ConversationId
  kind: 'direct' | 'group'
  /** A user id, or a group id. */
  with: string
}

/** A conversation. `serial` stands for it in keys, so that a key does not tell whom it is with. */
export interface ConversationRecord extends ConversationSummary {
  serial: number
  nextSeq: number
  /** What last said whether its messages disappear. */
  timer?: Stamp
}

/** A group by what this device has verified of its roster. */
export interface GroupRecord extends RosterHistory {
  group: GroupId
  /** Follows from its first event, so that another group of the same id is another conversation. */
  conversation: ConversationId
  /** What its admins call it, and which message said so: the last one counts, whatever the order in which they come. */
  title?: { text: string; at: number; id: MessageId }
  /** Who was removed, or left, and when this device learned it, ms: what they sent before may still come. */
  removedAt: Record<UserId, number>
  /** Who is an admin no more, and when this device learned it, ms: what they did before may still come. */
  adminUntil?: Record<UserId, number>
  /** Its server shows what cannot be: nothing is sent until it shows the true roster again. */
  trouble?: RosterTrouble
  /** What was told of already, so that a server which repeats itself fills no conversation. */
  told?: string[]
}

/** A message that no server has stored yet. */
export interface OutboxRecord {
  serial: number
  id: MessageId
  conversation: ConversationId
  to: Recipient
  sentAt: number
  content: KnownContent
  /** It is not sealed before this file is with a server. */
  awaits?: BlobId
  /** Once sealed: the chain, and the bytes that are sent as often as needed. */
  sealed?: { chain: ChainId; frame: SendFrame }
  /** It was sealed before: somebody may have it. */
  wasSealed?: boolean
}

/** The chain that this device sends a conversation with; `announcement` until a server has stored it. */
export interface SenderRecord {
  state: SenderChain
  announcement?: { id: MessageId; frame: SendFrame }
}

export interface ReceiverRecord {
  state: ReceiverChain
  conversation: ConversationId
  kind: Thread['kind']
  with: string
  from: UserId
  device: DeviceId
  at: number
  /** Numbers whose messages could not be read, of which a notice told. */
  told: number[]
}

/** An announcement that cannot be accepted yet: of a roster that is not known here, or by a key that is not accepted. */
export interface HeldChain {
  id: MessageId
  frame: ChainFrame
  at: number
}

export type ChainFrame = Extract<MessageFrame, { kind: 'chain' }>
export type SealedFrame = Extract<MessageFrame, { kind: 'message' }>
export type TransientFrame = Extract<MessageFrame, { kind: 'transient' }>

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

/** The file of a message: what opens it, and whether it is on this machine. */
export interface FileRecord {
  ref: BlobRef
  state: 'remote' | 'here' | 'gone'
}

export interface HistoryOfferRecord extends HistoryOffer {
  parts: BlobRef[]
}

/** A change to a message, as it was said. */
export type ChangeContent = EditContent | DeleteContent | ReactionContent

/** A change whose message is not here. */
export interface EarlyChange extends Stamp {
  serial: number
  from: UserId
  conversation: ConversationId
  content: ChangeContent
  /** Said by an admin of the group. */
  isAdmin: boolean
  receivedAt: number
}

export interface ReceiptDue {
  to: UserId
  id: MessageId
  state: 'delivered' | 'read'
}

export interface UnreadRecord {
  arrival: number
  /** It names this account. */
  isMention?: boolean
  /** Counted as unread no more: another device of the account has shown it. `recv` on this one prints it all the same. */
  isReadElsewhere?: boolean
}

export interface Tables {
  identity: Table<Identity>
  people: Table<Person>
  conversations: Table<ConversationRecord>
  timeline: Table<TimelineItem>
  messages: Table<{ serial: number; seq: number }>
  /** What was not read on this device, twice: by place, and by order of arrival (what `recv` prints). */
  unread: Table<UnreadRecord>
  arrivals: Table<{ serial: number; seq: number }>
  outbox: Table<OutboxRecord>
  senders: Table<SenderRecord>
  receivers: Table<ReceiverRecord>
  waiting: Table<WaitingRecord>
  heldChains: Table<HeldChain>
  groups: Table<GroupRecord>
  prekeys: Table<PrekeyRecord>
  /** Ids of frames that were received. */
  seen: Table<{ id: MessageId; at: number }>
  /** The keys of files, by the messages that brought them. */
  files: Table<FileRecord>
  /** Which message brought a file: nobody else's names it again. */
  fileOwners: Table<{ id: MessageId }>
  /** Whom one has blocked before one knew them. */
  blocked: Table<{ user: UserId }>
  /** Files of messages that are no more: what is here of them goes, and of one's own what servers have. */
  forgottenFiles: Table<{ blob: BlobId; mine: boolean }>
  /** Files that came here, of which servers are to be told. */
  filesToTell: Table<{ blob: BlobId }>
  /** Histories that other devices of one's own offer to this one. */
  historyOffers: Table<HistoryOfferRecord>
  /** Messages that are to be acknowledged to their senders. */
  receiptsDue: Table<ReceiptDue>
  /** In groups: who has received and read a message of one's own. */
  receiptsOf: Table<{ by: Record<UserId, 'none' | 'delivered' | 'read'> }>
  /** Receipts that came before the message they are for. */
  earlyReceipts: Table<{ id: MessageId; by: Record<UserId, 'delivered' | 'read'>; at: number }>
  /** Of a message that was changed: what the next change must be later than. */
  changes: Table<{ edit?: Stamp; reactions?: Reactions }>
  earlyChanges: Table<EarlyChange>
  /** Messages that others answer, and by the number they have here: the answers, which show an excerpt of them. */
  quoted: Table<{ serial: number; count: number }>
  quotes: Table<{ id: MessageId }>
  /** Messages by the time at which they disappear. */
  expiring: Table<{ id: MessageId }>
  /** Messages that have disappeared: a copy of them is not shown again. */
  gone: Table<{ id: MessageId; at: number }>
  meta: Table<Meta[keyof Meta]>
}

export interface Meta {
  lastMessageId: MessageId
  /** Counts up for everything that needs a number of its own. */
  lastSerial: number
  /** When the tables were last cleared of what is too old. */
  prunedAt: number
  settings: Settings
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
    heldChains: store.table('held-chains', secret),
    groups: store.table('groups', secret),
    prekeys: store.table('prekeys', secret),
    seen: store.table('seen', secret),
    files: store.table('files', secret),
    fileOwners: store.table('file-owners'),
    blocked: store.table('blocked', secret),
    forgottenFiles: store.table('forgotten-files'),
    filesToTell: store.table('files-to-tell'),
    historyOffers: store.table('history-offers', secret),
    receiptsDue: store.table('receipts-due', secret),
    receiptsOf: store.table('receipts-of', secret),
    earlyReceipts: store.table('early-receipts', secret),
    changes: store.table('changes', secret),
    earlyChanges: store.table('early-changes'),
    quoted: store.table('quoted', secret),
    quotes: store.table('quotes'),
    expiring: store.table('expiring'),
    gone: store.table('gone', secret),
    meta: store.table('meta'),
  }
}
