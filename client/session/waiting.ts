import type { ChainId, UserId } from '../../schema/ids.ts'
import { gapDueAt } from '../core/hold-back.ts'
import type { SealedFrame, WaitingRecord } from './records.ts'
import type { State, Tx } from './state.ts'

/** How long a predecessor may be missing, while online and drained, before its successors are shown with a gap. */
export const gapTimeoutMs = 30_000
/** What nobody announced is not kept without end: beyond this, or beyond `maxWaitingChars`, the oldest gives way. */
export const maxWaiting = 2_000
/** The bodies of all that waits, characters: it is in memory. */
export const maxWaitingChars = 32 * 1024 * 1024

/**
 * Messages that came before the chain or the message they need. They are on the disk (so they are acked), and in memory
 * by their chains. Used by the receiver only, one batch at a time.
 */
export class Waiting {
  readonly #state: State
  #records = new Map<number, WaitingRecord>()
  #chars = 0

  constructor(state: State) {
    this.#state = state
    this.reload()
  }

  /** Forgets what a transaction that failed would have changed. */
  reload(): void {
    this.#records = new Map(
      Array.from(this.#state.tables.waiting.range(), ({ value }) => [value.serial, value]),
    )
    this.#chars = this.all().reduce((sum, { frame }) => sum + frame.body.length, 0)
  }

  /** What waits for a chain, by number. */
  of(chain: ChainId): WaitingRecord[] {
    return [...this.#records.values()].filter(record => record.chain === chain).sort((a, b) => a.n - b.n)
  }

  /**
   * @returns the records that had to give way: of whoever has most waiting, so that a stranger's noise never costs what
   *   somebody else wrote
   */
  add(tx: Tx, waiting: { frame: SealedFrame; chain: ChainId; n: number }): WaitingRecord[] {
    const record = { ...waiting, serial: tx.nextSerial(), at: tx.now }
    tx.tables.waiting.put([record.serial], record)
    this.#records.set(record.serial, record)
    this.#chars += record.frame.body.length
    const evicted: WaitingRecord[] = []
    while (this.#records.size > maxWaiting || this.#chars > maxWaitingChars) {
      const oldest = this.#oldestOfLoudest()
      if (!oldest) break
      this.remove(tx, oldest)
      evicted.push(oldest)
    }
    return evicted
  }

  remove(tx: Tx, { serial, frame }: WaitingRecord): void {
    tx.tables.waiting.delete([serial])
    if (this.#records.delete(serial)) this.#chars -= frame.body.length
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

  #oldestOfLoudest(): WaitingRecord | undefined {
    const loads = new Map<UserId, number>()
    for (const { frame } of this.#records.values()) {
      const load = 1 / maxWaiting + frame.body.length / maxWaitingChars
      loads.set(frame.from, (loads.get(frame.from) ?? 0) + load)
    }
    const [loudest] = [...loads].sort(([, one], [, other]) => other - one)
    return this.all().find(({ frame }) => frame.from === loudest?.[0])
  }

  #open(): WaitingRecord[] {
    return [...this.#records.values()].filter(({ noticed }) => !noticed)
  }
}
