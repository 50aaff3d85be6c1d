import type { Base64Url32, DeviceId, GroupId, MessageId, UserId } from '../schema/ids.ts'
import type { OwnDevice } from './own-device.ts'
import type { Searching } from './searching.ts'
import type { Settings } from './settings.ts'

export type { AccountEntry, Accounts, CodeTeller, Credentials, ServerMeasure } from './entrance.ts'
export type { OwnDevice } from './own-device.ts'
export type { Notifies, Settings } from './settings.ts'

/**
 * What a person can do, as plain data and promises: the port between the session, which does it, and those who ask: the
 * terminal, the one-shot commands, and another process of the same account over the agent's socket. So everything here
 * survives `JSON.stringify`.
 *
 * Long because it is one contract: what can be asked and what can be told are read in one place.
 */

/** A conversation's id on this machine: it stays when the account key of whom it is with changes and is accepted. */
export type ConversationId = Base64Url32

export type Connection =
  | { state: 'connecting'; server?: string }
  | { state: 'online'; server: string; latencyMs?: number }
  /** `retryInMs` is absent when no retry will come, for example because the device was revoked. */
  | { state: 'offline'; reason: string; retryInMs?: number }

export interface ConversationSummary {
  id: ConversationId
  kind: 'direct' | 'group'
  /** Whom it is with: a user id, or a group id. */
  with: string
  /** A group's, as its admins have named it. */
  title?: string
  unread: number
  /** Of a group: how many of these name this account; absent when none does. */
  mentions?: number
  /** When something last happened in it, ms since 1970. */
  lastAt: number
  /** Somebody whom this account never wrote to has begun it: set apart until it is accepted. */
  isRequest?: boolean
  /** Of two people: the safety numbers were compared. */
  isVerified?: boolean
  /** Of two people: their account key is another one than the pinned one; nothing is sent until it is accepted. */
  isKeyChanged?: boolean
  /** Of two people: nothing of theirs is shown. */
  isBlocked?: boolean
  /** Nothing is told of its messages. */
  isMuted?: boolean
  /** Until then, ms since 1970; absent: for good. */
  mutedUntil?: number
  /** Of a group: what this account is in it. `refused`: its server shows a history that cannot be true. */
  role?: 'admin' | 'member' | 'gone' | 'refused'
  /** Of a group. */
  memberCount?: number
  /** New messages disappear after this. */
  disappearAfterMs?: number
}

/**
 * `queued`: on this disk. `stored`: on the database's. `delivered`, `read`: on a device of the recipient, and seen there; in
 * a group: of all members, as far as they tell. `failed`: refused for good, with the reason.
 */
export type DeliveryState = 'queued' | 'stored' | 'delivered' | 'read' | 'failed'

/** A file of a message, as far as a person need know it. */
export interface FileItem {
  type: 'file'
  /** The sender's suggestion, sanitised by whoever shows it. */
  name: string
  mediaType: string
  /** Bytes. */
  size: number
  /** A picture, in pixels, as its sender says. */
  image?: { width: number; height: number }
  caption?: string
  /** `here`: its bytes are on this machine. `gone`: no server has it any more. */
  state: 'remote' | 'here' | 'gone'
}

export type MessageContent =
  | { type: 'text'; text: string }
  | FileItem
  /** Taken back by `by`. */
  | { type: 'deleted'; by: UserId }
  | { type: 'unknown'; originally: string }

export interface Reaction {
  emoji: string
  /** Sorted. */
  from: UserId[]
}

export interface MessageItem {
  kind: 'message'
  id: MessageId
  conversation: ConversationId
  /** Grows by one within a conversation: the order in which this device has them. */
  seq: number
  from: UserId
  /** Written on a device of this account. */
  mine: boolean
  /** By the sender's clock, ms since 1970; signed by the sender. */
  sentAt: number
  /** By this device's clock, ms since 1970. */
  receivedAt: number
  content: MessageContent
  /** What it answers. `excerpt` is absent when that message is not here. */
  replyTo?: { id: MessageId; from?: UserId; excerpt?: string }
  /** When its author last changed it, ms since 1970 by their clock. */
  editedAt?: number
  /** The most frequent first. */
  reactions?: Reaction[]
  /** It disappears at this time, ms since 1970; absent: never, or its time does not run yet. */
  expiresAt?: number
  /** How long it is seen, ms. */
  expiresInMs?: number
  /** Of one's own messages only. */
  state?: DeliveryState
  /** Of one's own in a group: how many of the others have it, have read it, of how many. */
  receipts?: { delivered: number; read: number; of: number }
  /** Why it failed: an error's code and message. */
  failure?: { code: string; message: string }
}

/** What the program says in a conversation. */
export type Notice =
  | { type: 'device-added'; user: UserId; deviceId: string }
  | { type: 'account-key-changed'; user: UserId }
  | { type: 'account-key-accepted'; user: UserId }
  | { type: 'verified'; user: UserId; isVerified: boolean }
  | { type: 'gap'; from: UserId; missing: number }
  | { type: 'timer'; by: UserId; afterMs: number | null }
  | { type: 'title'; by: UserId; title: string }
  | { type: 'group-created'; by: UserId }
  /** This account was taken in. */
  | { type: 'joined'; by: UserId }
  | { type: 'members-added' | 'members-removed'; by: UserId; users: UserId[] }
  | { type: 'member-left'; user: UserId }
  | { type: 'admin-changed'; by: UserId; user: UserId; isAdmin: boolean }
  /** What came is not shown, since the group that it belongs to cannot be what the server says. */
  | { type: 'roster-refused'; from?: UserId; reason: RosterTrouble }
  /** A change of one's own to another message was refused for good. */
  | {
      type: 'change-failed'
      what: 'edit' | 'delete' | 'reaction' | 'timer' | 'title'
      code: string
      message: string
    }
  /** History of another device of one's own was taken in. */
  | { type: 'history-received'; messages: number }

/**
 * - `unreachable`: a message belongs to a roster that the server does not show: it withholds events.
 * - `forked`: the server, or a member, shows another history than the one that is known.
 * - `invalid`: an event that no admin could have made.
 * - `not-a-member`: whoever wrote is not in the group.
 * - `key-changed`: a member's account key is not the one that is pinned for them.
 */
export type RosterTrouble = 'unreachable' | 'forked' | 'invalid' | 'not-a-member' | 'key-changed'

/** A line that the program puts into a conversation. */
export interface NoticeItem {
  kind: 'notice'
  id: string
  conversation: ConversationId
  seq: number
  at: number
  notice: Notice
}

export type TimelineItem = MessageItem | NoticeItem

/** History that another device of one's own offers to this one. */
export interface HistoryOffer {
  id: MessageId
  from: DeviceId
  messages: number
  conversations: number
}

export interface ChatSnapshot {
  me: UserId
  connection: Connection
  /** The last active first. */
  conversations: ConversationSummary[]
  /** Messages that no server has stored yet. */
  queued: number
  /** The same with what changes a message, a title, a timer, and what is told to one's own devices; receipts do not count. */
  unsent: number
  /** Whether all that waited on the server when the present connection was made has been received. */
  drained: boolean
  settings: Settings
  historyOffers: HistoryOffer[]
  /** Who is there now, of those who show it and whom it is shown; sorted, and nobody while there is no connection. */
  online: UserId[]
}

/** A file on its way. */
export interface Transfer {
  message: MessageId
  conversation: ConversationId
  direction: 'up' | 'down'
  /** Bytes of the encrypted file. */
  done: number
  total: number
  /** `failed` for good; what is only interrupted goes on by itself. */
  state: 'running' | 'done' | 'failed'
}

export type ChatEvent =
  | { type: 'connection'; connection: Connection }
  /** A new line in a conversation, or a new version of one that was there (same `id`). */
  | { type: 'item'; item: TimelineItem }
  /** A line is no more: its time was over. */
  | { type: 'item-removed'; conversation: ConversationId; id: string; seq: number }
  | { type: 'conversation'; conversation: ConversationSummary }
  /** Lines have other places than before: they are to be asked for again. */
  | { type: 'history-changed'; conversation: ConversationId }
  /** Told also when only `unsent` is another one. */
  | { type: 'queued'; queued: number }
  | { type: 'transfer'; transfer: Transfer }
  | { type: 'typing'; conversation: ConversationId; user: UserId; isTyping: boolean }
  /** All who are there now, as in the snapshot. */
  | { type: 'presence'; online: UserId[] }
  | { type: 'history-offers'; offers: HistoryOffer[] }
  | { type: 'settings'; settings: Settings }
  /** All that waited on the server when the connection was made has been received. */
  | { type: 'drained' }
  /** The session has ended: no further event comes. */
  | { type: 'closed'; reason: 'closed' | 'logged-out' | 'revoked' | 'replaced' | 'lost' }

export interface GroupMember {
  user: UserId
  isAdmin: boolean
  isMe: boolean
  isVerified: boolean
}

/** A group by the roster that this device has verified. */
export interface GroupInfo {
  group: GroupId
  conversation: ConversationId
  title?: string
  role: 'admin' | 'member' | 'gone' | 'refused'
  epoch: number
  /** Admins first, then by name. */
  members: GroupMember[]
}

export interface Verification {
  user: UserId
  /** 60 digits, the same for both people. */
  safetyNumber: string
  /** The same as bytes to be shown as a QR code, base64url. */
  qr: string
  isVerified: boolean
  /** Their account key was changed and not accepted yet: `safetyNumber` is of the new one. */
  isKeyChanged: boolean
}

export interface SendRequest {
  /**
   * `@user`, `#group`, or a bare id: a person there is a conversation with, else a group that was accepted, else any person.
   * Any case.
   */
  to: string
  text: string
  replyTo?: MessageId
  /**
   * Makes a retry harmless: when a message with this id is there already, it is the answer and nothing is sent twice.
   * Made by the session when absent.
   */
  id?: MessageId
}

export interface SendFileRequest {
  to: string
  /** Absolute, on this machine. It is read once, before the promise resolves. */
  path: string
  /** `image`: refused when it is no picture that can be shown. `auto`: a picture when it is one. */
  as: 'image' | 'file' | 'auto'
  /** Instead of the path's own. */
  name?: string
  caption?: string
  replyTo?: MessageId
  id?: MessageId
}

/** A picture, decoded and scaled down to fit. */
export interface Picture {
  width: number
  height: number
  /** Three bytes a pixel, row by row, base64. */
  rgb: string
}

export interface Chat extends Searching {
  snapshot(): Promise<ChatSnapshot>

  /**
   * Lines of a conversation, oldest first: the last `limit` ones before `beforeSeq` (default: the newest).
   */
  history(request: {
    conversation: ConversationId
    beforeSeq?: number
    limit: number
  }): Promise<TimelineItem[]>

  /**
   * The conversation with a person or a group (see `SendRequest.to`), made when there is none yet.
   *
   * @throws FastChatError `unknown_user`, `unknown_group`; `no_server` when it is new and nobody can be asked;
   *   `account_key_changed`.
   */
  open(request: { with: string }): Promise<ConversationSummary>

  /**
   * Writes a message to the outbox: when the promise resolves it is on this disk and will be sent, now or after a restart.
   *
   * @throws FastChatError `unknown_user`, `unknown_group`, `not_a_member`, `blocked`, `account_key_changed`, `roster_forked`,
   *   `too_large`, `disk_full`; `no_server` for a person never written to before while no server can be reached.
   */
  send(request: SendRequest): Promise<MessageItem>

  /**
   * The same for a file: when the promise resolves it is encrypted on this disk, and is uploaded and sent.
   *
   * @throws FastChatError as `send`; `file_unusable` when it cannot be read, `too_large`, `bad_image`
   */
  sendFile(request: SendFileRequest): Promise<MessageItem>

  /**
   * Fetches a message's file, if it is not here, and writes it to a folder: under its own name or, where that is taken, under
   * another one like it. Nothing is overwritten, nothing is written outside the folder.
   *
   * @returns the file's path
   * @throws FastChatError `unknown_message`, `file_unusable`, `bad_blob`, `not_found` when no server has it any more, `no_server`
   */
  saveFile(request: { id: MessageId; folder: string }): Promise<{ path: string }>

  /**
   * The picture of a message, fetched if need be, not larger than this.
   *
   * @throws FastChatError as `saveFile`; `bad_image` when it is none that can be shown
   */
  picture(request: { id: MessageId; maxWidth: number; maxHeight: number }): Promise<Picture>

  /** Another text for a message of one's own. @throws FastChatError `unknown_message`, `not_allowed`, `too_large`, as `send` */
  edit(request: { id: MessageId; text: string }): Promise<void>

  /**
   * Takes a message back, everywhere: one's own, or as an admin anybody's in the group.
   *
   * @throws FastChatError `unknown_message`, `not_allowed`, as `send`
   */
  deleteMessage(request: { id: MessageId }): Promise<void>

  /** Reacts with an emoji, or takes it back with null. @throws FastChatError `unknown_message`, `usage`, as `send` */
  react(request: { id: MessageId; emoji: string | null }): Promise<void>

  /** The person writes in a conversation, or has stopped. Best effort. */
  typing(request: { conversation: ConversationId; isTyping: boolean }): Promise<void>

  /** New messages disappear after a time; null: no more. @throws FastChatError `not_an_admin`, `usage`, as `send` */
  setTimer(request: { conversation: ConversationId; afterMs: number | null }): Promise<void>

  /** A message of this account by its id, or null. */
  message(request: { id: MessageId }): Promise<MessageItem | null>

  /** Messages from others not yet read on this device, in the order of arrival; when asked so, without those of requests. */
  unread(request: { limit: number; withoutRequests?: boolean }): Promise<MessageItem[]>

  /** These messages have been seen by the person (or printed by `recv`). */
  markRead(request: { conversation: ConversationId; upToSeq: number }): Promise<void>

  /** Whether anything is told of a conversation's messages, on this device; `forMs`: only for so long. @throws FastChatError `not_found`, `usage` */
  mute(request: { conversation: ConversationId; isMuted: boolean; forMs?: number }): Promise<void>

  /** Takes a request in. Writing to it does the same. */
  accept(request: { conversation: ConversationId }): Promise<void>

  /** Hides (or shows again) whatever somebody writes; their own side learns nothing. @throws FastChatError `unknown_user` */
  block(request: { user: UserId; isBlocked: boolean }): Promise<void>

  /** The safety number with somebody. @throws FastChatError `unknown_user`, `no_server` */
  verification(request: { user: UserId }): Promise<Verification>

  /**
   * Notes that the safety numbers were compared, or takes it back.
   *
   * @throws FastChatError `account_key_changed` when `safetyNumber` is not the present one; `unknown_user`
   */
  setVerified(request: { user: UserId; isVerified: boolean; safetyNumber: string }): Promise<void>

  /** Pins the account key that somebody has now: they can be written to again. @throws FastChatError `unknown_user`, `no_server` */
  acceptKey(request: { user: UserId }): Promise<void>

  /**
   * Makes a group with this account as its admin.
   *
   * @throws FastChatError `usage`, `group_exists`, `unknown_user`, `group_full`, `no_server`
   */
  createGroup(request: { group: string; title?: string; members?: string[] }): Promise<GroupInfo>

  /** @throws FastChatError `unknown_group` */
  groupInfo(request: { group: string }): Promise<GroupInfo>

  /** @throws FastChatError `unknown_group`, `not_an_admin`, `unknown_user`, `group_full`, `no_server`; who is in it is left out */
  addMembers(request: { group: string; members: string[] }): Promise<GroupInfo>

  /** @throws FastChatError `unknown_group`, `not_an_admin`, `not_a_member`, `no_server` */
  removeMembers(request: { group: string; members: string[] }): Promise<GroupInfo>

  /** @throws FastChatError `unknown_group`, `not_an_admin`, `not_a_member`, `last_admin`, `no_server` */
  setAdmin(request: { group: string; user: string; isAdmin: boolean }): Promise<GroupInfo>

  /** @throws FastChatError `unknown_group`, `not_an_admin`, `usage` */
  setTitle(request: { group: string; title: string }): Promise<GroupInfo>

  /** @throws FastChatError `unknown_group`, `last_admin` while there are other members, `no_server` */
  leaveGroup(request: { group: string }): Promise<void>

  /**
   * The devices of this account that are not revoked, each verified against the account key.
   *
   * @throws FastChatError `no_server`; `bad_certificate` when the server names one that the account key did not certify
   */
  devices(): Promise<OwnDevice[]>

  /** Names a device of this account, for its owner only; null takes the name back. @throws FastChatError `not_found`, `usage`, `no_server` */
  nameDevice(request: { deviceId: DeviceId; name: string | null }): Promise<void>

  /**
   * Shuts a device of this account out for good; this one too, which ends the session. The same again changes nothing.
   *
   * @throws FastChatError `not_found` when this account has no such device; `no_server`
   */
  revokeDevice(request: { deviceId: DeviceId }): Promise<void>

  /**
   * Offers this device's history to another one of this account. Resolves when the offer is in the outbox.
   *
   * @throws FastChatError `not_found`, `no_server`, `too_large`, `quota_exceeded`
   */
  shareHistory(request: { deviceId: DeviceId }): Promise<{ messages: number }>

  /** Takes an offered history in, or (not `isAccepted`) forgets the offer. @throws FastChatError `not_found`, `no_server`, `bad_blob` */
  answerHistory(request: { id: MessageId; isAccepted: boolean }): Promise<{ messages: number }>

  setSettings(request: Partial<Settings>): Promise<void>

  /** Forgets the key of this account's data on this machine; log in to open it again. Ends the session. */
  logOut(): Promise<void>

  /** Calls `listener` for every event from now on. Returns what ends it. */
  subscribe(listener: (event: ChatEvent) => void): () => void

  /** Ends the session, having sent what is under way. What is unsent stays in the outbox. */
  close(): Promise<void>
}
