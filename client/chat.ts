import type { Base64Url32, DeviceId, MessageId, UserId } from '../schema/ids.ts'

/**
 * What a person can do, as plain data and promises: the port between the session, which does it, and those who ask: the
 * terminal, the one-shot commands, and another process of the same account over the agent's socket. So everything here
 * survives `JSON.stringify`.
 */

/** A conversation's id: for two people the hash of both account keys (PROTOCOL.md). */
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
  unread: number
  /** When something last happened in it, ms since 1970. */
  lastAt: number
}

/**
 * `queued`: on this disk. `stored`: on the database's. `delivered`: on a device of the recipient. `failed`: refused for
 * good, with the reason.
 */
export type DeliveryState = 'queued' | 'stored' | 'delivered' | 'failed'

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
  content: { type: 'text'; text: string } | { type: 'unknown'; originally: string }
  /** Of one's own messages only. */
  state?: DeliveryState
  /** Why it failed: an error's code and message. */
  failure?: { code: string; message: string }
}

/** A line that the program puts into a conversation. */
export interface NoticeItem {
  kind: 'notice'
  id: string
  conversation: ConversationId
  seq: number
  at: number
  notice:
    | { type: 'device-added'; user: UserId; deviceId: string }
    | { type: 'account-key-changed'; user: UserId }
    | { type: 'gap'; from: UserId; missing: number }
}

export type TimelineItem = MessageItem | NoticeItem

export interface ChatSnapshot {
  me: UserId
  connection: Connection
  /** The last active first. */
  conversations: ConversationSummary[]
  /** Messages that no server has stored yet. */
  queued: number
  /** Whether all that waited on the server when the present connection was made has been received. */
  drained: boolean
}

export type ChatEvent =
  | { type: 'connection'; connection: Connection }
  /** A new line in a conversation, or a new version of one that was there (same `id`). */
  | { type: 'item'; item: TimelineItem }
  | { type: 'conversation'; conversation: ConversationSummary }
  | { type: 'queued'; queued: number }
  /** All that waited on the server when the connection was made has been received. */
  | { type: 'drained' }
  /** The session has ended: no further event comes. */
  | { type: 'closed'; reason: 'closed' | 'logged-out' | 'revoked' | 'replaced' | 'lost' }

/** A device of this account. */
export interface OwnDevice {
  deviceId: DeviceId
  /** When the account key certified it, ms since 1970. */
  since: number
  /** It is this one. */
  current: boolean
  /** False when it was away for so long that nothing is encrypted for it until it connects again. */
  active: boolean
}

export interface SendRequest {
  /** A user id (any case). */
  to: string
  text: string
  /**
   * Makes a retry harmless: when a message with this id is there already, it is the answer and nothing is sent twice.
   * Made by the session when absent.
   */
  id?: MessageId
}

export interface Chat {
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
   * The conversation with a person, made when there is none yet.
   *
   * @throws FastChatError `unknown_user`; `no_server` when it is new and nobody can be asked; `account_key_changed`.
   */
  open(request: { with: string }): Promise<ConversationSummary>

  /**
   * Writes a message to the outbox: when the promise resolves it is on this disk and will be sent, now or after a restart.
   *
   * @throws FastChatError `unknown_user`, `too_large`, `disk_full`; `no_server` for a person never written to before while
   *   no server can be reached.
   */
  send(request: SendRequest): Promise<MessageItem>

  /** A message of this account by its id, or null. */
  message(request: { id: MessageId }): Promise<MessageItem | null>

  /** Messages from others that were not yet read, in the order of arrival. */
  unread(request: { limit: number }): Promise<MessageItem[]>

  /** These messages have been seen by the person (or printed by `recv`). */
  markRead(request: { conversation: ConversationId; upToSeq: number }): Promise<void>

  /**
   * The devices of this account that are not revoked, each verified against the account key.
   *
   * @throws FastChatError `no_server`; `bad_certificate` when the server names one that the account key did not certify
   */
  devices(): Promise<OwnDevice[]>

  /**
   * Shuts a device of this account out for good; this one too, which ends the session. The same again changes nothing.
   *
   * @throws FastChatError `not_found` when this account has no such device; `no_server`
   */
  revokeDevice(request: { deviceId: DeviceId }): Promise<void>

  /** Forgets the key of this account's data on this machine; log in to open it again. Ends the session. */
  logOut(): Promise<void>

  /** Calls `listener` for every event from now on. Returns what ends it. */
  subscribe(listener: (event: ChatEvent) => void): () => void

  /** Ends the session, having sent what is under way. What is unsent stays in the outbox. */
  close(): Promise<void>
}

export interface AccountEntry {
  userId: UserId
  /** Its data can be opened without a password. */
  loggedIn: boolean
}

export interface Credentials {
  userId: string
  password: string
}

/** What can be done before there is a `Chat`. */
export interface Accounts {
  /** The accounts of this home. */
  list(): Promise<AccountEntry[]>

  /**
   * Makes an account with this machine as its first device.
   *
   * @throws FastChatError `usage` (user id), `weak_password`, `user_exists`, `no_server`, `disk_full`.
   */
  signUp(credentials: Credentials): Promise<Chat>

  /**
   * Opens an account with its password: with the device that this home already has, else with a new one.
   *
   * @throws FastChatError `login_refused`, `no_server`, `device_limit`, `device_revoked`, `rate_limited`.
   */
  logIn(credentials: Credentials): Promise<Chat>

  /**
   * Opens an account that is logged in.
   *
   * @throws FastChatError `not_logged_in`, `no_account`.
   */
  resume(request: { userId: string }): Promise<Chat>
}
