import type { MessageId } from '../../schema/ids.ts'
import type { ChatEvent } from '../chat.ts'
import { nextMessageId } from '../core/message-id.ts'
import type { Clock } from '../net/clock.ts'
import type { Store } from '../store/store.ts'
import { guard } from './guard.ts'
import { type Meta, openTables, type Tables } from './records.ts'

/** What a transaction may do besides writing to the tables. */
export interface Tx {
  readonly tables: Tables
  /** Ms since 1970; the same in all of the transaction. */
  readonly now: number
  /** Told to the listeners once all is on the disk. A later version of the same thing replaces an earlier one. */
  emit(event: ChatEvent): void
  /** Done once all is on the disk. */
  after(action: () => void): void
  /** Done when nothing was written after all: undoes what was changed in memory. The last one first. */
  onFailure(undo: () => void): void
  /** A number that was never given before. */
  nextSerial(): number
  /** An id greater than all before it, across restarts. */
  nextId(): MessageId
}

export interface StateOptions {
  store: Store
  clock: Clock
  randomBytes: (length: number) => Uint8Array
  /** Gets what a listener throws: it must not stop what the session is doing. */
  report: (error: unknown) => void
}

/** The data of a session: every change is one durable transaction, and is told only after it. */
export class State {
  readonly tables: Tables
  readonly #options: StateOptions
  readonly #listeners = new Set<(event: ChatEvent) => void>()

  readonly #store: Store
  #isClosed = false

  constructor(options: StateOptions) {
    this.#options = options
    this.#store = guard(options.store, () => this.#isClosed)
    this.tables = openTables(this.#store)
  }

  /** From here on the data cannot be read or written: what was under way ends with `unavailable`. */
  close(): void {
    this.#isClosed = true
  }

  /**
   * Runs `work` as one transaction.
   *
   * @throws FastChatError `disk_full`; what `work` throws: then nothing is written and nobody is told
   */
  commit<T>(work: (tx: Tx) => T): T {
    const { clock, randomBytes } = this.#options
    const tables = this.tables
    const now = clock.now()
    const events = new Map<string, ChatEvent>()
    const actions: (() => void)[] = []
    const undos: (() => void)[] = []
    const result = this.#run(undos, () =>
      work({
        tables,
        now,
        emit(event) {
          const key = keyOf(event)
          // At the end, so that a conversation is told after the lines that changed it.
          events.delete(key)
          events.set(key, event)
        },
        after: action => void actions.push(action),
        onFailure: undo => void undos.push(undo),
        nextSerial: () => {
          const serial = (this.#meta('lastSerial') ?? 0) + 1
          tables.meta.put(['lastSerial'], serial)
          return serial
        },
        nextId: () => {
          const id = nextMessageId(this.#meta('lastMessageId'), { nowMs: now, random: randomBytes(10) })
          tables.meta.put(['lastMessageId'], id)
          return id
        },
      }),
    )
    for (const action of actions) action()
    for (const event of events.values()) this.emit(event)
    return result
  }

  #run<T>(undos: readonly (() => void)[], work: () => T): T {
    try {
      return this.#store.transaction(work)
    } catch (error) {
      for (const undo of [...undos].reverse()) undo()
      throw error
    }
  }

  subscribe(listener: (event: ChatEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  emit(event: ChatEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event)
      } catch (error) {
        this.#options.report(error)
      }
    }
  }

  /** No further event is told. */
  silence(): void {
    this.#listeners.clear()
  }

  #meta<K extends keyof Meta>(name: K): Meta[K] | undefined {
    return this.tables.meta.get([name]) as Meta[K] | undefined
  }
}

function keyOf(event: ChatEvent): string {
  if (event.type === 'item') return `item ${event.item.id}`
  if (event.type === 'item-removed') return `item ${event.id}`
  if (event.type === 'conversation') return `conversation ${event.conversation.id}`
  if (event.type === 'history-changed') return `history ${event.conversation}`
  if (event.type === 'transfer') return `transfer ${event.transfer.message}`
  if (event.type === 'typing') return `typing ${event.conversation} ${event.user}`
  return event.type
}
