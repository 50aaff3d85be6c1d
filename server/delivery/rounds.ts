import type { BlobId } from '../../schema/ids.ts'
import type { Limits } from '../config/limits.ts'
import type { BlobStore } from '../port/blob-store.ts'
import type { Clock } from '../port/clock.ts'
import { errorFields, type Log } from '../port/log.ts'
import type { MessageStore } from '../port/store.ts'
import type { Hub } from './hub.ts'

export interface RoundsOptions {
  hub: Hub
  messages: MessageStore
  blobs: BlobStore
  clock: Clock
  /** The database's time, ms. */
  now: () => number
  log: Log
  limits: Limits
  /** How often connected devices are looked up for messages that races left behind. Default 30,000. */
  sweepMs?: number
}

const DEVICES_PER_QUESTION = 500
const BLOBS_AT_ONCE = 100
/** Attachments whose documents are looked for in one sweep; the next one goes on behind them. */
const BLOBS_LOOKED_AT = 50

/** What is done from time to time: pings, and the slow sweep. */
export class Rounds {
  readonly #options: RoundsOptions
  readonly #cancels: (() => void)[] = []
  #isStopped = false
  #lookedAt: BlobId | '' = ''

  constructor(options: RoundsOptions) {
    this.#options = options
  }

  start(): void {
    const { limits, sweepMs = 30_000 } = this.#options
    this.#every(limits.pingIntervalMs / 4, () => this.ping())
    this.#every(sweepMs, () => this.sweep())
    this.#every(sweepMs, () => this.sweepBlobs())
  }

  stop(): void {
    this.#isStopped = true
    for (const cancel of this.#cancels) cancel()
  }

  /** Pings the silent ones, closes those that stayed silent. */
  ping(): void {
    const { hub, clock, limits } = this.#options
    for (const connection of hub.connections()) {
      const silentMs = clock.now() - connection.heardAt
      if (silentMs >= 2 * limits.pingIntervalMs) connection.close('silent')
      else if (silentMs >= limits.pingIntervalMs) connection.wire.ping()
    }
  }

  /** Has every connected device for which something waits read the database again, and clears what nobody waits for. */
  async sweep(): Promise<void> {
    const { hub, messages, now } = this.#options
    const at = new Date(now())
    const byDevice = new Map(hub.connections().map(connection => [connection.caller.deviceId, connection]))
    const devices = [...byDevice.keys()]
    await messages.removeSettled({ at })
    for (let from = 0; from < devices.length; from += DEVICES_PER_QUESTION) {
      const asked = devices.slice(from, from + DEVICES_PER_QUESTION)
      for (const device of await messages.devicesWithPending(asked, { at }))
        byDevice.get(device)?.drainAgain()
    }
  }

  /** Removes attachments whose time is over, and bytes that a server left that was killed. */
  async sweepBlobs(): Promise<void> {
    const { blobs, now, log } = this.#options
    const at = new Date(now())
    let removed = 0
    for (let more = BLOBS_AT_ONCE; more === BLOBS_AT_ONCE && !this.#isStopped; removed += more) {
      more = await blobs.removeExpired({ at, limit: BLOBS_AT_ONCE })
    }
    if (removed > 0) log.info({ removed }, 'removed attachments whose time was over')
    this.#lookedAt = await blobs.removeOrphans({ after: this.#lookedAt, limit: BLOBS_LOOKED_AT })
  }

  #every(intervalMs: number, work: () => void | Promise<void>): void {
    const slot = this.#cancels.length
    const next = () => {
      if (!this.#isStopped) this.#cancels[slot] = this.#options.clock.after(intervalMs, run)
    }
    const run = () => {
      Promise.resolve()
        .then(work)
        .catch(error => this.#options.log.warn(errorFields(error), 'a round was not finished'))
        .finally(next)
    }
    next()
  }
}
