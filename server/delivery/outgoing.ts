import type { PresenceDocument, UndeliveredDocument } from '../../schema/documents.ts'
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
/** Of large groups, a flush may concern very many. */
const DEVICES_PER_QUESTION = 10_000

/** `held`: one that its sender sent before was refused, so this one has to come again behind it. */
export type StoreResult = InsertResult | 'held'

interface Located {
  route: ServerId[]
  connected: DeviceId[]
}

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

  async idle(): Promise<void> {
    await this.#inserts.idle()
    await Promise.all(this.#corrections)
  }

  async #flush(outbound: readonly Outbound[]): Promise<StoreResult[]> {
    const { deliver, clock, metrics } = this.#options
    const startedAt = clock.now()
    const located = await this.#locate(outbound.map(({ message }) => message))
    // Asked now: what had been accepted when something before it failed must not overtake that.
    const allowed = new Set(outbound.filter(({ mayStore }) => mayStore()))
    const batch = [...allowed].map(({ message }) => message)
    const messages = distinct(batch).map(message => {
      const { route, connected } = located(message)
      // What is only for the moment is for those who are there.
      return { ...message, route, pending: message.kind === 'transient' ? connected : message.pending }
    })
    const results = await this.#insert(messages)
    const stored = messages.filter(({ pending }, index) => results[index] === 'stored' && pending.length > 0)
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

  /** Stores those that anybody waits for: the others are as good as stored. */
  async #insert(messages: readonly UndeliveredDocument[]): Promise<InsertResult[]> {
    const wanted = messages.filter(({ pending }) => pending.length > 0)
    const results = await this.#options.store.messages.insert(wanted)
    const resultOf = new Map(wanted.map(({ _id }, index) => [_id, results[index]]))
    return messages.map(({ _id, pending }) =>
      pending.length === 0 ? 'stored' : (resultOf.get(_id) ?? 'taken'),
    )
  }

  async #correct(messages: readonly UndeliveredDocument[]): Promise<void> {
    try {
      const located = await this.#locate(messages)
      const corrected = messages.flatMap(message => {
        const route = correctedRoute(message.route, located(message).route)
        return route ? [{ id: message._id, route }] : []
      })
      await this.#options.store.messages.setRoutes(corrected)
    } catch (error) {
      // The devices' servers find the messages in their slow sweep.
      this.#options.log.warn(errorFields(error), 'Cannot correct routes')
    }
  }

  /** Where the devices of messages are now: the servers that hold any of them, and those that a living server holds. */
  async #locate(
    messages: readonly UndeliveredDocument[],
  ): Promise<(message: UndeliveredDocument) => Located> {
    const devices = new Set<DeviceId>()
    for (const { pending } of messages) for (const device of pending) devices.add(device)
    const byDevice = await this.#presence([...devices])
    const dead = this.#options.dead()
    return ({ pending }) => {
      const presence = pending.flatMap(device => byDevice.get(device) ?? [])
      return {
        route: routeOf(presence, { dead }),
        connected: presence.filter(({ serverId }) => !dead.has(serverId)).map(({ _id }) => _id),
      }
    }
  }

  async #presence(devices: readonly DeviceId[]): Promise<Map<DeviceId, PresenceDocument>> {
    const found: PresenceDocument[] = []
    for (let from = 0; from < devices.length; from += DEVICES_PER_QUESTION) {
      found.push(
        ...(await this.#options.store.presence.find(devices.slice(from, from + DEVICES_PER_QUESTION))),
      )
    }
    return new Map(found.map(entry => [entry._id, entry]))
  }
}

/** The first of each id: a client may send the same one twice within a moment. */
function distinct(batch: readonly UndeliveredDocument[]): UndeliveredDocument[] {
  const seen = new Set<string>()
  return batch.filter(({ _id }) => !seen.has(_id) && seen.add(_id))
}
