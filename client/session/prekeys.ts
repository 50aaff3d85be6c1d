import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import { isPrekeySpent, isRotationDue, prekeysToMake } from '../core/prekey-plan.ts'
import type { Clock } from '../net/clock.ts'
import type { Connection } from '../net/connection.ts'
import type { Cipher } from './cipher.ts'
import { Mutex } from './mutex.ts'
import type { PrekeyRecord } from './records.ts'
import type { State, Tx } from './state.ts'

export interface PrekeysOptions {
  state: State
  cipher: Cipher
  clock: Clock
  connection: Pick<Connection, 'request'>
  report: (error: unknown) => void
}

/** The device looks after its signed prekey so often while it stays online. */
const CHECK_MS = 6 * 60 * 60 * 1000
const RETRY_MS = 60 * 1000

/**
 * Keeps the stock of prekeys on the server filled, and the signed one young. A private part is on the disk before its
 * public part leaves the machine; one that a lost answer left in doubt is uploaded again.
 */
export class Prekeys {
  readonly #options: PrekeysOptions
  readonly #mutex = new Mutex()
  #isOnline = false
  /** The server's clock less this machine's: by the server's it is judged whether a prekey is good. */
  #skewMs = 0
  #left = Number.POSITIVE_INFINITY
  #cancel: () => void = () => undefined

  constructor(options: PrekeysOptions) {
    this.#options = options
  }

  /** @param welcome `now`: the server's time, ms */
  onOnline({ now, prekeysLeft }: { now: number; prekeysLeft: number }): void {
    this.#isOnline = true
    this.#skewMs = now - this.#options.clock.now()
    this.onLeft(prekeysLeft)
  }

  onOffline(): void {
    this.#isOnline = false
    this.#cancel()
  }

  /** The server says how many one-time prekeys are left. */
  onLeft(left: number): void {
    this.#left = left
    void this.#mutex.run(() => this.#tend())
  }

  async #tend(): Promise<void> {
    if (!this.#isOnline) return
    let nextMs = CHECK_MS
    try {
      await this.#fill()
    } catch (error) {
      nextMs = RETRY_MS
      if (!(error instanceof FastChatError)) this.#options.report(error)
    }
    this.#cancel()
    if (!this.#isOnline) return
    this.#cancel = this.#options.clock.after(nextMs, () => void this.#mutex.run(() => this.#tend()))
  }

  async #fill(): Promise<void> {
    const { state, cipher, clock, connection } = this.#options
    const now = clock.now() + this.#skewMs
    const records = this.#all()
    const inDoubt = records.filter(({ upload }) => upload !== undefined)
    const doubtful = inDoubt.filter(({ use }) => use === 'one-time').length
    const newest = Math.max(0, ...records.filter(({ use }) => use === 'signed').map(found => found.createdAt))
    const count = Math.max(0, prekeysToMake(this.#left) - doubtful)
    const withSigned = isRotationDue(newest, now)
    const fresh = count > 0 || withSigned ? await cipher.makePrekeys({ count, withSigned, now }) : []
    state.commit(tx => {
      for (const record of fresh) tx.tables.prekeys.put([record.id], record)
      deleteSpent(tx, records)
    })
    const uploads = [...inDoubt, ...fresh]
    if (uploads.length === 0) return
    const signed = uploads
      .filter(({ use }) => use === 'signed')
      .sort((a, b) => b.createdAt - a.createdAt)
      .at(0)
    const oneTime = uploads.flatMap(({ use, upload }) => (use === 'one-time' && upload ? [upload] : []))
    try {
      const { left } = await connection.request((api, token) =>
        api.uploadPrekeys({
          token,
          oneTimePrekeys: oneTime.slice(0, limits.maxPrekeysPerUpload),
          ...(signed?.upload ? { signedPrekey: signed.upload } : {}),
        }),
      )
      this.#left = left
    } catch (error) {
      if (!(error instanceof FastChatError) || error.shouldRetry()) throw error
      // The server does not want these, now or later; the next ones will be others.
      state.commit(tx => {
        for (const record of uploads) confirm(tx, record)
      })
      throw error
    }
    state.commit(tx => {
      for (const record of uploads) confirm(tx, record)
      if (signed) retireOthers(tx, { records: this.#all(), current: signed })
    })
  }

  #all(): PrekeyRecord[] {
    return Array.from(this.#options.state.tables.prekeys.range(), ({ value }) => value)
  }
}

function deleteSpent(tx: Tx, records: readonly PrekeyRecord[]): void {
  for (const { id, retiredAt } of records) {
    if (isPrekeySpent(retiredAt, tx.now)) tx.tables.prekeys.delete([id])
  }
}

/** A prekey that was used meanwhile stays deleted. */
function confirm(tx: Tx, { id }: PrekeyRecord): void {
  const record = tx.tables.prekeys.get([id])
  if (!record) return
  const { upload: _, ...rest } = record
  tx.tables.prekeys.put([id], rest)
}

function retireOthers(
  tx: Tx,
  { records, current }: { records: readonly PrekeyRecord[]; current: PrekeyRecord },
): void {
  for (const { id, use } of records) {
    const record = use === 'signed' && id !== current.id ? tx.tables.prekeys.get([id]) : undefined
    if (record && record.retiredAt === undefined)
      tx.tables.prekeys.put([id], { ...record, retiredAt: tx.now })
  }
}
