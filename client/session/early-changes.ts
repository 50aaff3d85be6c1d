import type { MessageId, UserId } from '../../schema/ids.ts'
import type { EarlyChange } from './records.ts'
import type { State, Tx } from './state.ts'

/** Changes whose messages are not here are not kept without end: beyond this, or beyond `maxEarlyBytes`, the oldest give way. */
export const maxEarlyChanges = 1_000
/** Their texts, together, bytes of UTF-8. */
export const maxEarlyBytes = 4 * 1024 * 1024

type Entry = Pick<EarlyChange, 'serial' | 'from' | 'receivedAt'> & { target: MessageId; bytes: number }

/**
 * Changes that came before the messages they are for: those wait on another device's chain, or are of a time when this
 * device was not there. In memory is only which there are.
 */
export class EarlyChanges {
  readonly #state: State
  #entries = new Map<number, Entry>()
  #bytes = 0

  constructor(state: State) {
    this.#state = state
    this.#load()
  }

  add(tx: Tx, change: Omit<EarlyChange, 'serial' | 'receivedAt'>): void {
    const record = { ...change, serial: tx.nextSerial(), receivedAt: tx.now }
    tx.onFailure(() => this.#load())
    tx.tables.earlyChanges.put([record.serial], record)
    this.#note(record)
    while (this.#entries.size > maxEarlyChanges || this.#bytes > maxEarlyBytes) {
      const oldest = this.#oldestOfLoudest()
      if (!oldest) break
      this.#remove(tx, oldest)
    }
  }

  /** Takes out what waits for a message, in the order in which it came. */
  take(tx: Tx, target: MessageId): EarlyChange[] {
    const entries = [...this.#entries.values()].filter(entry => entry.target === target)
    if (entries.length === 0) return []
    tx.onFailure(() => this.#load())
    return entries.flatMap(entry => {
      const record = tx.tables.earlyChanges.get([entry.serial])
      this.#remove(tx, entry)
      return record ?? []
    })
  }

  hasBefore(time: number): boolean {
    return [...this.#entries.values()].some(({ receivedAt }) => receivedAt < time)
  }

  /** Forgets what came before a time, at most `count`. @returns how many */
  prune(tx: Tx, { before, count }: { before: number; count: number }): number {
    const old = [...this.#entries.values()].filter(({ receivedAt }) => receivedAt < before).slice(0, count)
    if (old.length > 0) tx.onFailure(() => this.#load())
    for (const entry of old) this.#remove(tx, entry)
    return old.length
  }

  #load(): void {
    this.#entries = new Map()
    this.#bytes = 0
    for (const { value } of this.#state.tables.earlyChanges.range()) this.#note(value)
  }

  #note(record: EarlyChange): void {
    const { serial, from, receivedAt, content } = record
    const bytes = content.type === 'edit' ? Buffer.byteLength(content.text) : 0
    this.#entries.set(serial, { serial, from, receivedAt, target: content.id, bytes })
    this.#bytes += bytes
  }

  #remove(tx: Tx, { serial, bytes }: Entry): void {
    tx.tables.earlyChanges.delete([serial])
    if (this.#entries.delete(serial)) this.#bytes -= bytes
  }

  /** Of whoever has most waiting, so that one person's noise never costs what somebody else said. */
  #oldestOfLoudest(): Entry | undefined {
    const loads = new Map<UserId, number>()
    for (const { from, bytes } of this.#entries.values()) {
      const load = 1 / maxEarlyChanges + bytes / maxEarlyBytes
      loads.set(from, (loads.get(from) ?? 0) + load)
    }
    const [loudest] = [...loads].sort(([, one], [, other]) => other - one)
    return [...this.#entries.values()].find(({ from }) => from === loudest?.[0])
  }
}
