import type { PresenceDocument } from '../../schema/documents.ts'
import { type CloseReason, closeCodes } from '../../schema/errors.ts'
import type { ServerFrame } from '../../schema/frames.ts'
import type { MessageId, UserId } from '../../schema/ids.ts'
import type { Caller } from '../auth/tokens.ts'
import type { Limits } from '../config/limits.ts'
import { Delivery } from '../core/delivery.ts'
import { SendOrder } from '../core/send-order.ts'
import { perMinute, perSecondOverTen, type TokenBuckets } from '../core/token-bucket.ts'
import type { Clock } from '../port/clock.ts'
import { errorFields, type Log } from '../port/log.ts'
import type { Metrics } from '../port/metrics.ts'
import type { MessageStore, Waiting } from '../port/store.ts'
import type { Wire } from '../port/wire.ts'
import type { Acker } from './acker.ts'
import { messageFrame } from './message-frame.ts'

export interface ConnectionOptions {
  wire: Wire
  caller: Caller
  presence: PresenceDocument
  messages: MessageStore
  acker: Acker
  clock: Clock
  /** The database's time, ms. */
  now: () => number
  log: Log
  metrics: Metrics
  limits: Limits
}

/** A read that failed is made again after this. */
const RETRY_MS = 1_000
/** Longer than any pause that a client makes before it sends something again. */
const FORGET_REFUSED_MS = 2 * 60_000

/** One device's socket: what it is given and when. Frames that come in are handled by `Frames` (frames.ts). */
export class Connection {
  readonly caller: Caller
  presence: PresenceDocument
  /** Whose devices this client wants to hear of. */
  watched: ReadonlySet<UserId> = new Set()
  /** To whom it shows that it is connected. */
  shared: ReadonlySet<UserId> = new Set()
  /** `send` frames without an answer yet. */
  unanswered = 0
  heardAt: number
  readonly frameBudget: TokenBuckets
  readonly shareBudget: TokenBuckets
  readonly sendOrder = new SendOrder({ forgetMs: FORGET_REFUSED_MS })
  readonly #options: ConnectionOptions
  readonly #delivery: Delivery
  /** What came before the client was welcomed. */
  #early: ServerFrame[] = []
  #cancelExpiry: () => void = () => undefined
  #cancelRetry: () => void = () => undefined
  #storedIds: MessageId[] = []
  #isReady = false
  #isClosed = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.caller = options.caller
    this.presence = options.presence
    this.heardAt = options.clock.now()
    this.#delivery = new Delivery({ window: options.limits.deliveryWindow })
    this.frameBudget = perSecondOverTen(options.limits.maxFramesPerSecond)
    this.shareBudget = perMinute(options.limits.maxSharesPerMinute, { maxKeys: 1 })
    options.metrics.opened()
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Messages that were written to the socket and are not acked. */
  get unacked(): number {
    return this.#delivery.unacked
  }

  get wire(): Wire {
    return this.#options.wire
  }

  send(frame: ServerFrame): void {
    if (!this.#isClosed) this.#options.wire.send(JSON.stringify(frame))
  }

  /** The same, but not before the client is welcomed. */
  sendLater(frame: ServerFrame): void {
    if (this.#isReady) this.send(frame)
    else this.#early.push(frame)
  }

  /** Tells the client that a message is stored; the answers of a moment go together. */
  answerStored(id: MessageId): void {
    this.#storedIds.push(id)
    if (this.#storedIds.length > 1) return
    queueMicrotask(() => {
      const { maxStoredIds } = this.#options.limits
      while (this.#storedIds.length > 0) {
        this.send({ t: 'stored', ids: this.#storedIds.splice(0, maxStoredIds) })
      }
    })
  }

  /** The presence is written and the client welcomed: from here on it is given what waits. */
  begin(): void {
    this.#isReady = true
    for (const frame of this.#early.splice(0)) this.send(frame)
    this.#pump()
  }

  close(reason: CloseReason): void {
    if (this.#isClosed) return
    this.ended(reason)
    this.#options.wire.close(closeCodes[reason].code, reason)
  }

  /** The socket is gone, whoever closed it. */
  ended(reason: CloseReason | 'peer' = 'peer'): void {
    if (!this.#isClosed) this.#options.metrics.closed(reason)
    this.#isClosed = true
    this.#cancelExpiry()
    this.#cancelRetry()
  }

  /** Closes the socket when the token has run out, by the database's time. A new call replaces the one before. */
  expireAt(expiresAt: number): void {
    this.#cancelExpiry()
    const { clock, now } = this.#options
    this.#cancelExpiry = clock.after(Math.max(0, expiresAt - now()), () => this.close('tokenExpired'))
  }

  /** A message for this device has been stored. */
  offer(message: Waiting): void {
    if (this.#isClosed) return
    if (this.#delivery.offer(message._id)) this.#deliver(message)
    else this.#pump()
  }

  /** The client has these on its disk. */
  ack(ids: readonly MessageId[]): void {
    const taken = this.#delivery.acked(ids)
    if (taken.length > 0) {
      this.#options.acker.ack(this.caller.deviceId, taken).then(
        () => this.#delivery.ackStored(taken),
        error => {
          this.#options.log.warn(errorFields(error), 'Cannot store acks')
          this.#delivery.ackFailed(taken)
          this.#retryLater()
        },
      )
    }
    this.#pump()
  }

  /** Something may have been missed: reads again what waits. */
  drainAgain(): void {
    this.#delivery.drainAgain()
    this.#pump()
  }

  #pump(): void {
    if (!this.#isReady || this.#isClosed) return
    const fetch = this.#delivery.nextFetch()
    if (!fetch) return
    const at = new Date(this.#options.now())
    this.#options.messages.pendingFor(this.caller.deviceId, { ...fetch, at }).then(
      found => this.#fetched(found),
      error => {
        this.#options.log.warn(errorFields(error), 'Cannot read what waits for a device')
        this.#delivery.fetchFailed()
        this.#retryLater()
      },
    )
  }

  #fetched(found: readonly Waiting[]): void {
    if (this.#isClosed) return
    const { deliver, hasDrained } = this.#delivery.fetched(found.map(({ _id }) => _id))
    const wanted = new Set(deliver)
    for (const message of found) if (wanted.has(message._id)) this.#deliver(message)
    if (hasDrained) this.send({ t: 'drained' })
    this.#pump()
  }

  #deliver(message: Waiting): void {
    const frame = messageFrame(message, this.caller.deviceId)
    if (frame) {
      this.send(frame)
      this.#options.metrics.delivered()
    }
    // A chain without an entry for this device, written by another hand: nothing this device could ever read.
    else this.ack([message._id])
  }

  #retryLater(): void {
    this.#cancelRetry()
    if (!this.#isClosed) this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => this.#pump())
  }
}
