import type { MessageId } from '../../schema/ids.ts'

/** What the shell does next for one socket. */
export type DeliveryEffect =
  /** Ask the database for at most `limit` pending messages other than these, then call `page()`. */
  | { type: 'query'; exclude: MessageId[]; limit: number }
  /** Write these to the socket, in this order. */
  | { type: 'deliver'; ids: MessageId[] }
  /** Tell the client that nothing waits any more. */
  | { type: 'drained' }

/** So many ids are remembered, for a message may be offered again after it was acked. */
const MAX_RECENT = 2048

/**
 * What one socket is given and when: first all that waits in the database, then live, never more than `window` unacked,
 * none twice. Decides only; the shell queries and writes.
 *
 * Whatever is offered while it drains, or while the window is full, stays in the database and is found by a later query.
 */
export class DeliveryWindow {
  readonly #window: number
  /** Written to the socket, not acked. */
  readonly #inFlight = new Set<MessageId>()
  /** Acked by the client, the database not told yet: a query would find them. */
  readonly #acking = new Set<MessageId>()
  readonly #recent = new Set<MessageId>()
  #isLive = false
  #isQuerying = false
  /** Something was left in the database that the query under way may not see. */
  #isDirty = false
  #wasDrained = false

  constructor({ window }: { window: number }) {
    this.#window = window
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  /** Begins, or begins again after events were missed. */
  drain(): DeliveryEffect[] {
    this.#isLive = false
    this.#isDirty = true
    return this.#next()
  }

  /** A message that has just been stored. */
  offer(id: MessageId): DeliveryEffect[] {
    if (this.#isKnown(id)) return []
    if (this.#isLive && this.#inFlight.size < this.#window) return [this.#deliver([id])]
    this.#isLive = false
    this.#isDirty = true
    return this.#next()
  }

  /** What the query found, in the order of the database. */
  page(ids: readonly MessageId[], { limit }: { limit: number }): DeliveryEffect[] {
    this.#isQuerying = false
    const effects: DeliveryEffect[] = []
    const fresh = ids.filter(id => !this.#isKnown(id))
    if (fresh.length > 0) effects.push(this.#deliver(fresh))
    if (ids.length >= limit) this.#isDirty = true
    if (this.#isDirty) return [...effects, ...this.#next()]
    this.#isLive = true
    if (!this.#wasDrained) effects.push({ type: 'drained' })
    this.#wasDrained = true
    return effects
  }

  /** The query failed: it is asked again by the next `drain()`, `offer()` or `ack()`. */
  failed(): void {
    this.#isQuerying = false
    this.#isDirty = true
  }

  /** The client has these on its disk. */
  ack(ids: readonly MessageId[]): DeliveryEffect[] {
    for (const id of ids) {
      this.#inFlight.delete(id)
      this.#acking.add(id)
    }
    return this.#next()
  }

  /** The database knows of these acks. */
  acked(ids: readonly MessageId[]): void {
    for (const id of ids) this.#acking.delete(id)
  }

  /** Queries when there is a reason to, and room for what it may find. */
  #next(): DeliveryEffect[] {
    if (this.#isLive || this.#isQuerying || !this.#isDirty) return []
    // Half a window at a time: a query for every single ack would be many small ones.
    const limit = this.#window - this.#inFlight.size
    if (limit < this.#window / 2) return []
    this.#isQuerying = true
    this.#isDirty = false
    return [{ type: 'query', exclude: [...this.#inFlight, ...this.#acking], limit }]
  }

  #deliver(ids: MessageId[]): DeliveryEffect {
    for (const id of ids) {
      this.#inFlight.add(id)
      this.#recent.add(id)
      if (this.#recent.size > MAX_RECENT) this.#recent.delete(this.#recent.values().next().value ?? id)
    }
    return { type: 'deliver', ids }
  }

  #isKnown(id: MessageId): boolean {
    return this.#inFlight.has(id) || this.#acking.has(id) || this.#recent.has(id)
  }
}
