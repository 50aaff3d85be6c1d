import type { Cursors } from './commands/cursors.ts'
import { dropIndex, sweepGarbage } from './commands/index-builds.ts'
import { sweepRetries } from './commands/retry.ts'
import type { Store } from './storage/store.ts'
import { expireDocuments } from './storage/ttl.ts'

/** How often what is due is looked for. TTL indexes promise a minute; this is far within. */
export const DEFAULT_SWEEP_MS = 2000
const RETRY_SWEEP_EVERY = 150

/** The work that goes on beside the clients: TTL, dropped data, old sessions, idle cursors. */
export class Maintenance {
  readonly #store: Store
  readonly #cursors: Cursors
  readonly #sweepMs: number
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #rounds = 0
  readonly #stopping = new AbortController()

  constructor(store: Store, options: { cursors: Cursors; sweepMs?: number }) {
    this.#store = store
    this.#cursors = options.cursors
    this.#sweepMs = options.sweepMs ?? DEFAULT_SWEEP_MS
  }

  /** Clears what a crash left half done, then begins its rounds. */
  async start(): Promise<void> {
    await this.#dropUnfinishedIndexes()
    this.#schedule()
  }

  async #dropUnfinishedIndexes(): Promise<void> {
    const unfinished = this.#store.catalog.all().filter(coll => coll.indexes.some(index => index.isBuilding))
    if (unfinished.length === 0) return
    await this.#store.write(() => {
      for (const { db, name } of unfinished) {
        const coll = this.#store.catalog.get(db, name)
        for (const index of coll?.indexes.filter(own => own.isBuilding) ?? []) {
          if (coll !== undefined) dropIndex(this.#store, coll, index)
        }
      }
    })
  }

  #schedule(): void {
    if (this.#stopping.signal.aborted) return
    this.#timer = setTimeout(() => {
      this.#running = this.#round()
        // A full disk ends a round, not the server: the next one tries again.
        .catch(() => {})
        .then(() => {
          this.#running = undefined
          this.#schedule()
        })
    }, this.#sweepMs)
    this.#timer.unref()
  }

  async #round(): Promise<void> {
    this.#cursors.sweep()
    const { signal } = this.#stopping
    await expireDocuments(this.#store, { nowMs: Date.now(), signal })
    await sweepGarbage(this.#store, signal)
    if (this.#rounds++ % RETRY_SWEEP_EVERY === 0 && !signal.aborted)
      await sweepRetries(this.#store, Date.now())
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await this.#running
  }
}
