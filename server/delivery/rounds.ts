import type { Limits } from '../config/limits.ts'
import type { Clock } from '../port/clock.ts'
import { errorFields, type Log } from '../port/log.ts'
import type { MessageStore } from '../port/store.ts'
import type { Hub } from './hub.ts'

export interface RoundsOptions {
  hub: Hub
  messages: MessageStore
  clock: Clock
  log: Log
  limits: Limits
  /** How often connected devices are looked up for messages that races left behind. Default 30,000. */
  sweepMs?: number
}

const DEVICES_PER_QUESTION = 500

/** What is done from time to time: pings, and the slow sweep. */
export class Rounds {
  readonly #options: RoundsOptions
  readonly #cancels: (() => void)[] = []
  #isStopped = false

  constructor(options: RoundsOptions) {
    this.#options = options
  }

  start(): void {
    const { limits, sweepMs = 30_000 } = this.#options
    this.#every(limits.pingIntervalMs / 4, () => this.ping())
    this.#every(sweepMs, () => this.sweep())
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
    const { hub, messages } = this.#options
    const byDevice = new Map(hub.connections().map(connection => [connection.caller.deviceId, connection]))
    const devices = [...byDevice.keys()]
    await messages.removeSettled()
    for (let from = 0; from < devices.length; from += DEVICES_PER_QUESTION) {
      const asked = devices.slice(from, from + DEVICES_PER_QUESTION)
      for (const device of await messages.devicesWithPending(asked)) byDevice.get(device)?.drainAgain()
    }
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
