import { FastChatError } from '../../schema/errors.ts'
import type { MessageItem } from '../chat.ts'
import type { Clock } from '../net/clock.ts'
import { vanishMessage } from './forget.ts'
import type { State, Tx } from './state.ts'
import { findMessage, putMessage } from './timeline.ts'

export interface ExpiryOptions {
  state: State
  clock: Clock
  report: (error: unknown) => void
}

/** Messages that are taken away as one. */
const CHUNK = 200
/** A timer of a machine runs at most some weeks: it is looked again after this. */
const MAX_WAIT_MS = 24 * 60 * 60 * 1000
/** After the disk was full. */
const RETRY_MS = 60_000

/** From now on it is known when a message disappears. */
export function expireAt(tx: Tx, item: MessageItem, at: number): void {
  if (item.expiresAt !== undefined) return
  tx.tables.expiring.put([at, tx.nextSerial()], { id: item.id })
  putMessage(tx, { ...item, expiresAt: at })
}

/** Takes messages away when their time is over; what was over while no session ran, at the start. */
export class Expiry {
  readonly #options: ExpiryOptions
  readonly #unsubscribe: () => void
  #dueAt = Number.POSITIVE_INFINITY
  #cancel: () => void = () => undefined

  constructor(options: ExpiryOptions) {
    this.#options = options
    this.#unsubscribe = options.state.subscribe(event => {
      if (event.type !== 'item' || event.item.kind !== 'message') return
      const { expiresAt } = event.item
      if (expiresAt !== undefined && expiresAt < this.#dueAt) this.#wakeAt(expiresAt)
    })
  }

  start(): void {
    try {
      this.#round()
    } catch (error) {
      // It is tried again: meanwhile the messages stay, which is what a full disk means.
      this.#wakeAt(this.#options.clock.now() + RETRY_MS)
      if (!(error instanceof FastChatError)) this.#options.report(error)
    }
  }

  stop(): void {
    this.#unsubscribe()
    this.#cancel()
  }

  #round(): void {
    const { state, clock } = this.#options
    const now = clock.now()
    for (;;) {
      const first = [...state.tables.expiring.range({ limit: CHUNK })]
      const due = first.filter(({ key: [at] }) => Number(at) <= now)
      if (due.length > 0) {
        state.commit(tx => {
          for (const { key, value } of due) {
            tx.tables.expiring.delete(key)
            const item = findMessage(tx.tables, value.id)
            if (item) vanishMessage(tx, item)
          }
        })
      }
      const next = first[due.length]
      if (due.length === CHUNK) continue
      this.#wakeAt(next ? Number(next.key[0]) : undefined)
      return
    }
  }

  #wakeAt(at: number | undefined): void {
    const { clock } = this.#options
    this.#cancel()
    this.#dueAt = at ?? Number.POSITIVE_INFINITY
    if (at === undefined) return
    const delayMs = Math.min(Math.max(0, at - clock.now()), MAX_WAIT_MS)
    this.#cancel = clock.after(delayMs, () => this.start())
  }
}
