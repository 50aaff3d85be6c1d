import type { ChainId } from '../../schema/ids.ts'
import { gapDueAt } from '../core/hold-back.ts'
import type { SealedFrame, WaitingRecord } from './records.ts'
import type { State, Tx } from './state.ts'

/** How long a predecessor may be missing, while online and drained, before its successors are shown with a gap. */
export const gapTimeoutMs = 5_000
/** What nobody announced is not kept without end: beyond this the oldest gives way. */
export const maxWaiting = 2_000

/**
 * Messages that came before the chain or the message they need. They are on the disk (so they are acked), and in memory
 * by their chains. Used by the receiver only, one batch at a time.
 */
export class Waiting {
  readonly #state: State
  #records = new Map<number, WaitingRecord>()

  constructor(state: State) {
    this.#state = state
    this.reload()
  }

  /** Forgets what a transaction that failed would have changed. */
  reload(): void {
    this.#records = new Map(
      Array.from(this.#state.tables.waiting.range(), ({ value }) => [value.serial, value]),
    )
  }

  /** What waits for a chain, by number. */
  of(chain: ChainId): WaitingRecord[] {
    return [...this.#records.values()].filter(record => record.chain === chain).sort((a, b) => a.n - b.n)
  }

  /** @returns the record that had to give way, if any */
  add(tx: Tx, waiting: { frame: SealedFrame; chain: ChainId; n: number }): WaitingRecord | undefined {
    const record = { ...waiting, serial: tx.nextSerial(), at: tx.now }
    tx.tables.waiting.put([record.serial], record)
    this.#records.set(record.serial, record)
    if (this.#records.size <= maxWaiting) return undefined
    const [oldest] = this.#records.values()
    if (oldest) this.remove(tx, oldest)
    return oldest
  }

  remove(tx: Tx, { serial }: WaitingRecord): void {
    tx.tables.waiting.delete([serial])
    this.#records.delete(serial)
  }

  markNoticed(tx: Tx, record: WaitingRecord): void {
    const noticed = { ...record, noticed: true }
    tx.tables.waiting.put([record.serial], noticed)
    this.#records.set(record.serial, noticed)
  }

  /** The chains of which something has waited long enough at `now`. */
  dueChains({ drainedAt, now }: { drainedAt: number | undefined; now: number }): ChainId[] {
    const due = this.#open().filter(record => {
      const at = gapDueAt(record, { drainedAt, timeoutMs: gapTimeoutMs })
      return at !== undefined && at <= now
    })
    return [...new Set(due.map(({ chain }) => chain))]
  }

  /** When the next one will have waited long enough; undefined when there is none, or nothing is drained. */
  nextDueAt(drainedAt: number | undefined): number | undefined {
    const times = this.#open().flatMap(
      record => gapDueAt(record, { drainedAt, timeoutMs: gapTimeoutMs }) ?? [],
    )
    return times.length > 0 ? Math.min(...times) : undefined
  }

  all(): WaitingRecord[] {
    return [...this.#records.values()]
  }

  #open(): WaitingRecord[] {
    return [...this.#records.values()].filter(({ noticed }) => !noticed)
  }
}
