import { limits } from '../../schema/limits.ts'
import type { Clock } from '../net/clock.ts'
import type { Courier } from './courier.ts'
import type { ReceiptDue } from './records.ts'
import type { State, Tx } from './state.ts'

export interface ReceiptsOptions {
  state: State
  courier: Pick<Courier, 'enqueue'>
  clock: Clock
  report: (error: unknown) => void
}

/** Receipts of one moment go together. */
const GATHER_MS = 50
/** Those of what was said in a group are for many, each of whom needs a chain: more of them go together. */
const GATHER_IN_GROUP_MS = 1_000

/** Tells senders that their messages are on this device's disk, and have been read. What is due is on the disk too, so none is forgotten. */
export class Receipts {
  readonly #options: ReceiptsOptions
  #isOnline = false
  #cancel: (() => void) | undefined
  #dueAt = Number.POSITIVE_INFINITY

  constructor(options: ReceiptsOptions) {
    this.#options = options
  }

  /** Part of the transaction that stores the message, or marks it as read: then it takes the place of what is still due. */
  add(tx: Tx, due: ReceiptDue, { isGroup }: { isGroup: boolean }): void {
    tx.tables.receiptsDue.put([due.to, due.id], due)
    tx.after(() => this.#schedule(isGroup ? GATHER_IN_GROUP_MS : GATHER_MS))
  }

  onOnline(): void {
    this.#isOnline = true
    this.#schedule(GATHER_MS)
  }

  /** While offline they are gathered: one receipt for many messages then. */
  onOffline(): void {
    this.#isOnline = false
    this.stop()
  }

  /** Puts what is due into the outbox. */
  flush(): void {
    this.stop()
    const { state, courier } = this.#options
    const groups = new Map<string, ReceiptDue[]>()
    for (const { value } of state.tables.receiptsDue.range()) {
      const key = `${value.state} ${value.to}`
      groups.set(key, [...(groups.get(key) ?? []), value])
    }
    if (groups.size === 0) return
    state.commit(tx => {
      for (const [first, ...more] of groups.values()) {
        if (!first) continue
        const { to, state: receipt } = first
        const all = [first, ...more].map(({ id }) => id)
        const person = tx.tables.people.get([to])
        for (const id of all) tx.tables.receiptsDue.delete([to, id])
        // Who wrote is known: a message is stored after its chain.
        if (!person) continue
        for (let at = 0; at < all.length; at += limits.maxReceiptIds) {
          courier.enqueue(tx, {
            id: tx.nextId(),
            conversation: person.conversation,
            to: { user: to },
            sentAt: tx.now,
            content: { type: 'receipt', state: receipt, ids: all.slice(at, at + limits.maxReceiptIds) },
          })
        }
      }
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#dueAt = Number.POSITIVE_INFINITY
  }

  #schedule(delayMs: number): void {
    const { clock } = this.#options
    const dueAt = clock.now() + delayMs
    if (!this.#isOnline || this.#dueAt <= dueAt) return
    this.#cancel?.()
    this.#dueAt = dueAt
    this.#cancel = clock.after(delayMs, () => {
      try {
        this.flush()
      } catch (error) {
        this.#options.report(error)
      }
    })
  }
}
