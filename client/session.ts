import { randomBytes as nodeRandomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { FastChatError } from '../schema/errors.ts'
import type { ServerFrame, WelcomeFrame } from '../schema/frames.ts'
import type { UserId } from '../schema/ids.ts'
import { limits } from '../schema/limits.ts'
import type { Chat, ChatEvent, ChatSnapshot, Connection as ConnectionState } from './chat.ts'
import type { FileStore } from './files/file-store.ts'
import { pictures } from './image/pictures.ts'
import { type Clock, sleep, systemClock } from './net/clock.ts'
import { type Connection, createConnection } from './net/connection.ts'
import type { Transport } from './net/transport.ts'
import { Attachments, gather, type Pictures } from './session/attachments.ts'
import { Changes } from './session/changes.ts'
import { Cipher } from './session/cipher.ts'
import { Courier } from './session/courier.ts'
import { findThread } from './session/destinations.ts'
import { type DevicesOptions, listDevices, nameDevice, revokeDevice } from './session/devices.ts'
import { EarlyChanges } from './session/early-changes.ts'
import { Expiry } from './session/expiry.ts'
import { hasTrueSize } from './session/file-records.ts'
import { GroupChanges, type GroupChangesOptions } from './session/group-changes.ts'
import { Groups } from './session/groups.ts'
import { History, type HistoryFiles } from './session/history/history.ts'
import { startHousekeeping } from './session/housekeeping.ts'
import { Muting } from './session/muting.ts'
import { type OutgoingOptions, writeMessage } from './session/outgoing.ts'
import { OwnDevices } from './session/own-devices.ts'
import { Parties } from './session/parties.ts'
import { People } from './session/people.ts'
import { Prekeys } from './session/prekeys.ts'
import { Presence } from './session/presence.ts'
import { Reading } from './session/reading.ts'
import { Receipts } from './session/receipts.ts'
import { Receiver } from './session/receiver.ts'
import type { Identity } from './session/records.ts'
import { Search } from './session/search/search.ts'
import { changeSettings, mute, readSettings } from './session/settings.ts'
import { State } from './session/state.ts'
import {
  ensureConversation,
  findMessage,
  readConversations,
  readHistory,
  readUnread,
  summarise,
} from './session/timeline.ts'
import { Transfers } from './session/transfers.ts'
import { Trust } from './session/trust.ts'
import { Typing } from './session/typing.ts'
import { Waiting } from './session/waiting.ts'
import type { Store } from './store/store.ts'

// Long because it is the one shell: each part is elsewhere, what joins them is read in one place.

export interface SessionOptions {
  identity: Identity
  /** The account's data; closed when the session ends. */
  store: Store
  /** The account's files. */
  files: FileStore
  /** Default: decoded by the library. */
  pictures?: Pictures
  transport: Transport
  /** Normalised addresses; at least one. */
  servers: readonly string[]
  /** Which server is tried first. Default: none before others. */
  prefer?: string
  /** Makes the account unreadable on this machine without its password. */
  onLogOut: () => Promise<void>
  /** Default: the machine's own. */
  clock?: Clock
  /** From 0 to 1 at each call. Default: Math.random, since nothing secret hangs on it. */
  random?: () => number
  randomBytes?: (length: number) => Uint8Array
  /** Gets what must not happen: a defect of ours. Default: nothing is done. */
  report?: (error: unknown) => void
}

/** How long `close` takes to send what is under way. */
const FLUSH_TIMEOUT_MS = 3_000
const WATCH_GATHER_MS = 100

type ClosedReason = Extract<ChatEvent, { type: 'closed' }>['reason']

/**
 * Starts an account's session: everything that a person can do, over the network and on the disk, without a screen.
 * See client/session/README.md for who does what.
 */
export async function createSession(options: SessionOptions): Promise<Chat> {
  const cipher = await Cipher.create(options.identity)
  const session = new Session(options, cipher)
  session.start()
  return session.chat
}

class Session {
  readonly chat: Chat
  readonly #options: Required<SessionOptions>
  readonly #parts: DevicesOptions
  readonly #state: State
  readonly #connection: Connection
  readonly #people: People
  readonly #groups: Groups
  readonly #groupChanges: GroupChanges
  readonly #ownDevices: OwnDevices
  readonly #trust: Trust
  readonly #transfers: Transfers
  readonly #attachments: Attachments
  readonly #history: History
  /** What writes for the person. */
  readonly #desk: GroupChangesOptions & OutgoingOptions
  readonly #changes: Changes
  readonly #reading: Reading
  readonly #expiry: Expiry
  readonly #muting: Muting
  readonly #search: Search
  readonly #typing: Typing
  readonly #presence: Presence
  readonly #courier: Courier
  readonly #receipts: Receipts
  readonly #receiver: Receiver
  readonly #prekeys: Prekeys
  readonly #housekeeping: { stop: () => void }
  #connectionState: ConnectionState = { state: 'connecting' }
  #isDrained = false
  #ending: Promise<void> | undefined
  #endReason: ClosedReason | undefined
  #cancelWatch: (() => void) | undefined

  constructor(given: SessionOptions, cipher: Cipher) {
    const options = {
      clock: systemClock,
      random: Math.random,
      randomBytes: (length: number) => nodeRandomBytes(length),
      report: () => undefined,
      pictures,
      prefer: '',
      ...given,
    }
    this.#options = options
    const state = new State(options)
    this.#state = state
    this.#connection = createConnection({
      ...options,
      assert: request => cipher.assert(request),
      handlers: {
        onOnline: welcome => this.#onOnline(welcome),
        onFrame: frame => this.#onFrame(frame),
        onOffline: () => this.#onOffline(),
        onChange: connection => this.#onChange(connection),
        onEnd: reason => void this.#end(reason).catch(options.report),
      },
    })
    const parts = { ...options, state, cipher, connection: this.#connection }
    this.#parts = parts
    this.#people = new People({
      ...parts,
      onMet: () => this.#watchSoon(),
      onDevicesChanged: userId => this.#courier.onDevicesChanged(userId),
    })
    this.#groups = new Groups({
      ...parts,
      thumbprint: cipher.thumbprint,
      onExtended: record => {
        this.#courier.onGroupChanged(record.conversation)
        this.#receiver.retryHeld({ group: record.group })
      },
    })
    const parties = new Parties({ ...parts, people: this.#people, groups: this.#groups })
    this.#courier = new Courier({ ...parts, parties })
    this.#receipts = new Receipts({ ...parts, courier: this.#courier })
    const early = new EarlyChanges(state)
    this.#desk = { ...parts, people: this.#people, groups: this.#groups, courier: this.#courier, early }
    this.#changes = new Changes({ ...this.#desk, courier: this.#courier })
    this.#groupChanges = new GroupChanges(this.#desk)
    this.#ownDevices = new OwnDevices(this.#desk)
    this.#trust = new Trust({
      ...this.#desk,
      cipher,
      ownDevices: this.#ownDevices,
      courier: this.#courier,
      onKeyAccepted: () => this.#receiver.retryHeld(),
    })
    this.#reading = new Reading({
      ...this.#desk,
      ...parts,
      receipts: this.#receipts,
      ownDevices: this.#ownDevices,
    })
    this.#expiry = new Expiry(parts)
    this.#muting = new Muting(parts)
    this.#search = new Search(parts)
    this.#presence = new Presence(parts)
    this.#typing = new Typing({ ...parts, parties, groups: this.#groups })
    this.#receiver = new Receiver({
      ...parts,
      people: this.#people,
      groups: this.#groups,
      trust: this.#trust,
      history: { offered: (tx, offer) => this.#history.offered(tx, offer) },
      early,
      reading: this.#reading,
      typing: this.#typing,
      waiting: new Waiting(state),
      receipts: this.#receipts,
      onDrained: () => this.#onDrained(),
    })
    this.#transfers = new Transfers(parts)
    this.#attachments = new Attachments({
      ...this.#desk,
      ...parts,
      courier: this.#courier,
      transfers: this.#transfers,
    })
    this.#history = new History({ ...this.#desk, ...parts, files: this.#historyFiles() })
    this.#prekeys = new Prekeys(parts)
    this.#housekeeping = startHousekeeping({ ...parts, early })
    this.chat = this.#createChat()
  }

  start(): void {
    this.#attachments.clear(this.#options.clock.now()).catch(this.#options.report)
    this.#expiry.start()
    this.#muting.start()
    this.#connection.start()
  }

  #createChat(): Chat {
    const { tables } = this.#state
    const whileOpen =
      <Args extends unknown[], T>(action: (...args: Args) => T | Promise<T>) =>
      async (...args: Args): Promise<T> => {
        if (this.#endReason !== undefined) throw endedError(this.#endReason)
        return await action(...args)
      }
    return {
      snapshot: whileOpen(() => this.#snapshot()),
      history: whileOpen((request: Parameters<Chat['history']>[0]) => readHistory(tables, request)),
      open: whileOpen(async (request: Parameters<Chat['open']>[0]) => {
        const thread = await findThread(request.with, this.#desk)
        return summarise(this.#state.commit(tx => ensureConversation(tx, thread)))
      }),
      send: whileOpen((request: Parameters<Chat['send']>[0]) => writeMessage(request, this.#desk)),
      sendFile: whileOpen((request: Parameters<Chat['sendFile']>[0]) => this.#attachments.send(request)),
      saveFile: whileOpen((request: Parameters<Chat['saveFile']>[0]) => this.#attachments.save(request)),
      picture: whileOpen((request: Parameters<Chat['picture']>[0]) => this.#attachments.picture(request)),
      createGroup: whileOpen((request: Parameters<Chat['createGroup']>[0]) =>
        this.#groupChanges.create(request),
      ),
      groupInfo: whileOpen((request: Parameters<Chat['groupInfo']>[0]) =>
        this.#groupChanges.current(request),
      ),
      addMembers: whileOpen((request: Parameters<Chat['addMembers']>[0]) => this.#groupChanges.add(request)),
      removeMembers: whileOpen((request: Parameters<Chat['removeMembers']>[0]) =>
        this.#groupChanges.remove(request),
      ),
      setAdmin: whileOpen((request: Parameters<Chat['setAdmin']>[0]) => this.#groupChanges.setAdmin(request)),
      setTitle: whileOpen((request: Parameters<Chat['setTitle']>[0]) => this.#groupChanges.setTitle(request)),
      leaveGroup: whileOpen((request: Parameters<Chat['leaveGroup']>[0]) =>
        this.#groupChanges.leave(request),
      ),
      message: whileOpen(({ id }: Parameters<Chat['message']>[0]) => findMessage(tables, id) ?? null),
      search: whileOpen((request: Parameters<Chat['search']>[0]) => this.#search.find(request)),
      unread: whileOpen((request: Parameters<Chat['unread']>[0]) => readUnread(tables, request)),
      markRead: whileOpen((request: Parameters<Chat['markRead']>[0]) => this.#reading.markRead(request)),
      edit: whileOpen((request: Parameters<Chat['edit']>[0]) => this.#changes.edit(request)),
      deleteMessage: whileOpen((request: Parameters<Chat['deleteMessage']>[0]) =>
        this.#changes.deleteMessage(request),
      ),
      react: whileOpen((request: Parameters<Chat['react']>[0]) => this.#changes.react(request)),
      typing: whileOpen((request: Parameters<Chat['typing']>[0]) => this.#typing.tell(request)),
      setTimer: whileOpen((request: Parameters<Chat['setTimer']>[0]) => this.#changes.setTimer(request)),
      setSettings: whileOpen((request: Parameters<Chat['setSettings']>[0]) =>
        changeSettings(this.#state, request),
      ),
      mute: whileOpen((request: Parameters<Chat['mute']>[0]) => mute(this.#state, request)),
      accept: whileOpen((request: Parameters<Chat['accept']>[0]) => this.#trust.accept(request)),
      block: whileOpen((request: Parameters<Chat['block']>[0]) => this.#trust.block(request)),
      verification: whileOpen((request: Parameters<Chat['verification']>[0]) =>
        this.#trust.verification(request),
      ),
      setVerified: whileOpen((request: Parameters<Chat['setVerified']>[0]) =>
        this.#trust.setVerified(request),
      ),
      acceptKey: whileOpen((request: Parameters<Chat['acceptKey']>[0]) => this.#trust.acceptKey(request)),
      devices: whileOpen(() => listDevices(this.#parts)),
      nameDevice: whileOpen((request: Parameters<Chat['nameDevice']>[0]) => nameDevice(this.#parts, request)),
      shareHistory: whileOpen((request: Parameters<Chat['shareHistory']>[0]) => this.#history.share(request)),
      answerHistory: whileOpen((request: Parameters<Chat['answerHistory']>[0]) =>
        this.#history.answer(request),
      ),
      revokeDevice: whileOpen(({ deviceId }: Parameters<Chat['revokeDevice']>[0]) =>
        revokeDevice(this.#parts, deviceId),
      ),
      logOut: whileOpen(() => this.#end('logged-out')),
      subscribe: listener => this.#state.subscribe(listener),
      close: () => this.#end('closed'),
    }
  }

  #snapshot(): ChatSnapshot {
    return {
      me: this.#options.identity.userId,
      connection: this.#connectionState,
      conversations: readConversations(this.#state.tables),
      queued: this.#courier.queued,
      unsent: this.#courier.unsent,
      drained: this.#isDrained,
      settings: readSettings(this.#state.tables),
      historyOffers: this.#history.offers(),
      online: this.#presence.online,
    }
  }

  /** A part of a history goes the way of a file, to one's own devices. */
  #historyFiles(): HistoryFiles {
    const { files, identity } = this.#options
    return {
      put: async part => {
        const ref = await files.encrypt(once(part), { id: uuidv7(), size: part.length })
        try {
          await this.#transfers.upload({ ref, to: { user: identity.userId } }, undefined)
        } finally {
          await files.remove(ref.blob)
        }
        return ref
      },
      get: async ref => {
        await this.#transfers.download(ref, undefined)
        if (!hasTrueSize(ref)) throw new FastChatError('bad_blob', 'Cannot read history: it is damaged')
        return await gather(files.decrypt(ref), ref.size)
      },
      remove: async ref => {
        await files.remove(ref.blob)
        await this.#transfers.remove(ref)
      },
    }
  }

  #onOnline(welcome: WelcomeFrame): void {
    this.#typing.onOnline(welcome)
    this.#watch()
    this.#presence.onOnline()
    this.#courier.onOnline()
    this.#receipts.onOnline()
    this.#attachments.onOnline()
    this.#prekeys.onOnline(welcome)
  }

  #onOffline(): void {
    this.#isDrained = false
    this.#presence.onOffline()
    this.#receiver.onOffline()
    this.#courier.onOffline()
    this.#receipts.onOffline()
    this.#prekeys.onOffline()
  }

  #onChange(connection: ConnectionState): void {
    this.#connectionState = connection
    this.#state.emit({ type: 'connection', connection })
  }

  #onDrained(): void {
    this.#isDrained = true
    this.#state.emit({ type: 'drained' })
  }

  #onFrame(frame: ServerFrame): void {
    try {
      this.#handle(frame)
    } catch (error) {
      // The disk is full: what was not written is told again by the next connection.
      if (!(error instanceof FastChatError)) this.#options.report(error)
    }
  }

  #handle(frame: ServerFrame): void {
    if (frame.t === 'message') this.#receiver.push(frame)
    else if (frame.t === 'drained') this.#receiver.pushDrained()
    else if (frame.t === 'stored') this.#courier.onStored(frame.ids)
    else if (frame.t === 'refused') this.#courier.onRefused(frame)
    else if (frame.t === 'prekeys') this.#prekeys.onLeft(frame.left)
    else if (frame.t === 'devices') this.#checkDevices(frame.user, frame.audience)
    else if (frame.t === 'presence') this.#presence.onFrame(frame)
    else if (frame.t === 'groups') this.#groups.check(frame.groups, { isAll: true })
    else if (frame.t === 'group') this.#groups.check([frame], { isAll: false })
  }

  #checkDevices(userId: UserId, audience: string): void {
    this.#people.check(userId, audience).catch((error: unknown) => {
      // Whoever sends to them asks again and says what is wrong.
      if (!(error instanceof FastChatError)) this.#options.report(error)
    })
  }

  /** Many may be met in one moment, and each list is answered in full. */
  #watchSoon(): void {
    this.#cancelWatch ??= this.#options.clock.after(WATCH_GATHER_MS, () => this.#watch())
  }

  /**
   * Asks to be told of the devices of those one talks with, the last active first, and of one's own. Of the members of
   * groups one learns when something is sent to them: a thousand watching each other would be told a million times.
   */
  #watch(): void {
    this.#cancelWatch?.()
    this.#cancelWatch = undefined
    const me = this.#options.identity.userId
    const active = readConversations(this.#state.tables).flatMap(({ kind, with: user }) =>
      kind === 'direct' ? [user] : [],
    )
    const users = [...new Set([me, ...active])].slice(0, limits.maxWatchedUsers)
    this.#connection.send({ t: 'watch', users })
  }

  #end(reason: ClosedReason): Promise<void> {
    this.#endReason ??= reason
    this.#ending ??= this.#finish(reason)
    return this.#ending
  }

  async #finish(reason: ClosedReason): Promise<void> {
    const { store, onLogOut } = this.#options
    await this.#flushInTime()
    this.#stop()
    try {
      await this.#connection.close()
      await store.close()
      if (reason === 'logged-out') await onLogOut()
    } finally {
      this.#state.emit({ type: 'closed', reason })
      this.#state.silence()
    }
  }

  #stop(): void {
    this.#housekeeping.stop()
    this.#expiry.stop()
    this.#muting.stop()
    this.#search.stop()
    this.#reading.stop()
    this.#cancelWatch?.()
    this.#presence.stop()
    this.#prekeys.onOffline()
    this.#receipts.stop()
    this.#transfers.stop()
    this.#courier.stop()
    this.#receiver.stop()
    this.#state.close()
  }

  async #flushInTime(): Promise<void> {
    const { clock } = this.#options
    const limit = new AbortController()
    const tooLong = sleep(clock, { delayMs: FLUSH_TIMEOUT_MS, signal: limit.signal, keepsAlive: true })
    await Promise.race([this.#flush(), tooLong])
    limit.abort()
  }

  /** What has come is written and acked, what is written is told to its senders, what is under way is stored. */
  async #flush(): Promise<void> {
    try {
      await this.#receiver.whenIdle()
      await this.#groups.whenIdle()
      this.#reading.flush()
      if (this.#connectionState.state === 'online') this.#receipts.flush()
      await this.#courier.whenIdle()
    } catch (error) {
      // It took too long, and the session has ended meanwhile: what is left waits for the next one.
      if (!(error instanceof FastChatError)) this.#options.report(error)
    }
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function endedError(reason: ClosedReason): FastChatError {
  if (reason === 'revoked') {
    return new FastChatError('device_revoked', 'Cannot use account: this device was revoked')
  }
  return new FastChatError('unavailable', 'Cannot use account: the session has ended')
}
