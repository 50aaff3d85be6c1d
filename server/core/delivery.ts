import type { MessageId } from '../../schema/ids.ts'
import { Recent } from './recent.ts'

/**
 * What one socket is given, and when: the decisions of "drain, then live", without any IO. The database holds whatever is
 * not in `inflight`; so at any time nothing is lost by forgetting this object.
 *
 * - `drain`: what waits is read from the database, as much as the window has room for. Messages that arrive meanwhile are
 *   left there and make it `dirty`: one more read is due.
 * - `live`: messages are handed on as they arrive, until the window is full; then it is `drain` again.
 */
export interface DeliveryOptions {
  /** Unacked messages at a time. */
  window: number
  /** Ids of delivered and acked messages that are remembered: a message may come by two ways. Default 1,024. */
  remembered?: number
  /** Acks that may be on their way to the database. Default 4,096. */
  maxAcking?: number
}

/** A read of the database that is to be made now; `fetched` or `fetchFailed` is to follow. */
export interface Fetch {
  exclude: MessageId[]
  limit: number
}

export interface Fetched {
  deliver: MessageId[]
  /** Everything that waited when the socket connected has been delivered: to be said once. */
  hasDrained: boolean
}

export class Delivery {
  readonly #window: number
  readonly #maxAcking: number
  readonly #inflight = new Set<MessageId>()
  /** Acked by the client, not yet taken out of the database. */
  readonly #acking = new Set<MessageId>()
  readonly #recent: Recent<MessageId>
  /** Taken out of the database while the present read was under way: it may have found them before. */
  readonly #settledMeanwhile = new Set<MessageId>()
  #mode: 'drain' | 'live' = 'drain'
  #fetchLimit: number | undefined
  #isDirty = false
  #saidDrained = false

  constructor({ window, remembered = 1024, maxAcking = 4096 }: DeliveryOptions) {
    this.#window = window
    this.#maxAcking = maxAcking
    this.#recent = new Recent(remembered)
  }

  get mode(): 'drain' | 'live' {
    return this.#mode
  }

  /** How many messages are unacked. */
  get unacked(): number {
    return this.#inflight.size
  }

  /** A message has come, from this server or from the feed. True: deliver it now. False: it is known, or waits. */
  offer(id: MessageId): boolean {
    if (this.#isUnderWay(id) || this.#recent.has(id)) return false
    if (this.#mode === 'live' && this.#inflight.size < this.#window) {
      this.#inflight.add(id)
      return true
    }
    this.#mode = 'drain'
    this.#isDirty = true
    return false
  }

  /** The next read to make, if one is due. To be asked after everything that happened. */
  nextFetch(): Fetch | undefined {
    if (this.#mode === 'live' || this.#fetchLimit !== undefined) return undefined
    const room = this.#window - this.#inflight.size
    // Not a read for every single ack.
    if (room < Math.max(1, Math.floor(this.#window / 2))) return undefined
    this.#fetchLimit = room
    this.#isDirty = false
    this.#settledMeanwhile.clear()
    return { exclude: [...this.#inflight, ...this.#acking], limit: room }
  }

  /** What the read found. */
  fetched(found: readonly MessageId[]): Fetched {
    const isAll = found.length < (this.#fetchLimit ?? 0)
    this.#fetchLimit = undefined
    // One that was delivered long ago and is there again was sent again: it has to be acked again.
    const deliver = found.filter(id => !this.#isUnderWay(id) && !this.#settledMeanwhile.has(id))
    for (const id of deliver) this.#inflight.add(id)
    if (!isAll || this.#isDirty) return { deliver, hasDrained: false }
    this.#mode = 'live'
    const hasDrained = !this.#saidDrained
    this.#saidDrained = true
    return { deliver, hasDrained }
  }

  fetchFailed(): void {
    this.#fetchLimit = undefined
    this.#isDirty = true
  }

  /** The client has these. Gives those to be taken out of the database now; the others are under way already. */
  acked(ids: readonly MessageId[]): MessageId[] {
    const taken: MessageId[] = []
    for (const id of new Set(ids)) {
      this.#inflight.delete(id)
      // Beyond the bound an ack is dropped: the message stays, is delivered and acked again.
      if (this.#acking.has(id) || this.#acking.size >= this.#maxAcking) continue
      this.#acking.add(id)
      taken.push(id)
    }
    return taken
  }

  /** The database has taken these out. */
  ackStored(ids: readonly MessageId[]): void {
    for (const id of ids) {
      this.#acking.delete(id)
      this.#recent.add(id)
      if (this.#fetchLimit !== undefined) this.#settledMeanwhile.add(id)
    }
  }

  /** It could not: they are still there and will be delivered again. */
  ackFailed(ids: readonly MessageId[]): void {
    for (const id of ids) this.#acking.delete(id)
    this.drainAgain()
  }

  /** Something may have been missed: read the database again. */
  drainAgain(): void {
    this.#mode = 'drain'
    this.#isDirty = true
  }

  #isUnderWay(id: MessageId): boolean {
    return this.#inflight.has(id) || this.#acking.has(id)
  }
}
