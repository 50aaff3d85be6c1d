import type { UndeliveredDocument } from '../../schema/documents.ts'
import type { DeviceId, ServerId } from '../../schema/ids.ts'
import { Batcher } from '../core/batcher.ts'
import { correctedRoute, routeOf } from '../core/server-choice.ts'
import type { Clock } from '../port/clock.ts'
import { errorFields, type Log } from '../port/log.ts'
import type { Metrics } from '../port/metrics.ts'
import type { InsertResult, Store } from '../port/store.ts'

export interface OutgoingOptions {
  store: Pick<Store, 'messages' | 'presence'>
  clock: Clock
  metrics: Metrics
  log: Log
  /** Servers to which nothing need be routed. */
  dead: () => ReadonlySet<ServerId>
  /** Gives a stored message to the devices that are connected here. */
  deliver: (message: UndeliveredDocument) => void
}

const MAX_MESSAGES_PER_FLUSH = 500

/** `held`: one that its sender sent before was refused, so this one has to come again behind it. */
export type StoreResult = InsertResult | 'held'

interface Outbound {
  message: UndeliveredDocument
  mayStore: () => boolean
}

/**
 * The way of messages into the database: where are their devices, store, deliver here at once, and look again whether a
 * device has moved meanwhile. A connecting server writes presence first and reads messages second, so that in either
 * order one of the two sees it.
 */
export class Outgoing {
  readonly #options: OutgoingOptions
  readonly #inserts: Batcher<Outbound, StoreResult>
  readonly #corrections = new Set<Promise<void>>()

  constructor(options: OutgoingOptions) {
    this.#options = options
    this.#inserts = new Batcher({ maxItems: MAX_MESSAGES_PER_FLUSH, flush: batch => this.#flush(batch) })
  }

  /**
   * Resolves when the message is on the disks of the majority.
   *
   * @param mayStore is asked right before the message is stored
   * @throws FastChatError `unavailable`, `disk_full`
   */
  store(message: Omit<UndeliveredDocument, 'route'>, mayStore: () => boolean): Promise<StoreResult> {
    return this.#inserts.add({ message: { ...message, route: [] }, mayStore })
  }

  /** Those of some devices that are connected somewhere now. */
  async present(devices: readonly DeviceId[]): Promise<DeviceId[]> {
    const dead = this.#options.dead()
    const presence = devices.length > 0 ? await this.#options.store.presence.find(devices) : []
    return presence.filter(({ serverId }) => !dead.has(serverId)).map(({ _id }) => _id)
  }

  async idle(): Promise<void> {
    await this.#inserts.idle()
    await Promise.all(this.#corrections)
  }

  async #flush(outbound: readonly Outbound[]): Promise<StoreResult[]> {
    const { store, deliver, clock, metrics } = this.#options
    const startedAt = clock.now()
    const routes = await this.#routes(outbound.map(({ message }) => message))
    // Asked now: what had been accepted when something before it failed must not overtake that.
    const allowed = new Set(outbound.filter(({ mayStore }) => mayStore()))
    const batch = [...allowed].map(({ message }) => message)
    const messages = distinct(batch).map(message => ({ ...message, route: routes(message) }))
    const results = await store.messages.insert(messages)
    const stored = messages.filter((_, index) => results[index] === 'stored')
    metrics.flushed({ kind: 'insert', items: messages.length, ms: clock.now() - startedAt })
    metrics.stored({ count: stored.length })
    for (const message of stored) deliver(message)
    const correction = this.#correct(stored).finally(() => this.#corrections.delete(correction))
    this.#corrections.add(correction)
    const resultOf = new Map(messages.map(({ _id, senderId }, index) => [_id, { senderId, index }]))
    return outbound.map(each => {
      if (!allowed.has(each)) return 'held'
      const first = resultOf.get(each.message._id)
      return first?.senderId === each.message.senderId ? (results[first.index] ?? 'taken') : 'taken'
    })
  }

  async #correct(messages: readonly UndeliveredDocument[]): Promise<void> {
    try {
      const routes = await this.#routes(messages)
      const corrected = messages.flatMap(message => {
        const route = correctedRoute(message.route, routes(message))
        return route ? [{ id: message._id, route }] : []
      })
      await this.#options.store.messages.setRoutes(corrected)
    } catch (error) {
      // The devices' servers find the messages in their slow sweep.
      this.#options.log.warn(errorFields(error), 'Cannot correct routes')
    }
  }

  async #routes(
    messages: readonly UndeliveredDocument[],
  ): Promise<(message: UndeliveredDocument) => ServerId[]> {
    const devices = new Set<DeviceId>(messages.flatMap(({ pending }) => pending))
    const presence = devices.size > 0 ? await this.#options.store.presence.find([...devices]) : []
    const byDevice = new Map(presence.map(entry => [entry._id, entry]))
    const dead = this.#options.dead()
    return ({ pending }) =>
      routeOf(
        pending.flatMap(device => byDevice.get(device) ?? []),
        { dead },
      )
  }
}

/** The first of each id: a client may send the same one twice within a moment. */
function distinct(batch: readonly UndeliveredDocument[]): UndeliveredDocument[] {
  const seen = new Set<string>()
  return batch.filter(({ _id }) => !seen.has(_id) && seen.add(_id))
}
