import { join } from 'node:path'
import { FastChatError } from '../../schema/errors.ts'
import { asDiskFull } from './disk-full.ts'
import { afterPrefix, checkTableName, decodeKey, encodeKey } from './key-encoding.ts'
import { type LmdbFile, openLmdbFile } from './lmdb-file.ts'
import { createSealing, type Sealing } from './sealing.ts'
import type { RangeOptions, Store, StoreKey, Table } from './store.ts'

const FORMAT = 1
/** Entries that a range reads ahead, so that a loop may write to the table it walks through. */
const RANGE_BATCH = 64

/**
 * Opens the sealed store of one account: `data.mdb` in its folder, made when it is not there.
 *
 * One LMDB database; a key is the table's name, NUL, and the tuple.
 *
 * @param folder the account's folder, which is 0700; the store's files are 0600
 * @param storageKey 32 bytes; it is not kept
 * @throws FastChatError `home_damaged` when the key is another one than the store was made with, or the file is no store;
 *   `disk_full`.
 */
export function openStore({ folder, storageKey }: { folder: string; storageKey: Uint8Array }): Store {
  const sealing = createSealing(storageKey)
  const db = openLmdbFile(join(folder, 'data.mdb'))
  const store = new LmdbStore(db, sealing)
  try {
    const about = store.table<{ format: number }>('about')
    const format = about.get([])?.format
    if (format === undefined) {
      store.transaction(() => about.put([], { format: FORMAT }))
    } else if (format !== FORMAT) {
      throw new FastChatError('home_damaged', 'Cannot open store: a newer FastChat has written it')
    }
  } catch (error) {
    void db.close()
    throw error
  }
  return store
}

class LmdbStore implements Store {
  readonly #db: LmdbFile
  readonly #sealing: Sealing
  #depth = 0
  /** What LMDB said to a write: the transaction cannot commit after it, even when `work` caught the error. */
  #failure: FastChatError | undefined

  constructor(db: LmdbFile, sealing: Sealing) {
    this.#db = db
    this.#sealing = sealing
  }

  table<T>(name: string, { secretKeys = false }: { secretKeys?: boolean } = {}): Table<T> {
    checkTableName(name)
    return new LmdbTable<T>({
      name,
      secretKeys,
      db: this.#db,
      sealing: this.#sealing,
      write: action => this.#write(action),
    })
  }

  transaction<T>(work: () => T): T {
    if (this.#depth === 0) this.#failure = undefined
    this.#depth++
    try {
      return this.#db.transactionSync(() => {
        const result = work()
        if (result instanceof Promise) {
          throw new TypeError('Cannot commit transaction: its work must be synchronous')
        }
        if (this.#failure) throw this.#failure
        return result
      })
    } catch (error) {
      throw this.#failure ?? asDiskFull(error, 'write data') ?? error
    } finally {
      this.#depth--
    }
  }

  #write(action: () => void): void {
    if (this.#depth === 0) throw new TypeError('Cannot write: no transaction is open')
    try {
      action()
    } catch (error) {
      this.#failure = asDiskFull(error, 'write data')
      throw this.#failure ?? error
    }
  }

  async close(): Promise<void> {
    await this.#db.close()
  }
}

interface TableParts {
  name: string
  secretKeys: boolean
  db: LmdbFile
  sealing: Sealing
  write: (action: () => void) => void
}

class LmdbTable<T> implements Table<T> {
  readonly #name: string
  readonly #secretKeys: boolean
  readonly #db: LmdbFile
  readonly #sealing: Sealing
  readonly #write: (action: () => void) => void
  readonly #prefix: Buffer

  constructor({ name, secretKeys, db, sealing, write }: TableParts) {
    this.#name = name
    this.#secretKeys = secretKeys
    this.#db = db
    this.#sealing = sealing
    this.#write = write
    this.#prefix = Buffer.from(`${name}\0`, 'utf8')
  }

  get(key: StoreKey): T | undefined {
    const stored = this.#storedKey(key)
    const sealed = this.#db.get(this.#path(stored))
    return sealed === undefined ? undefined : this.#open(stored, sealed).value
  }

  put(key: StoreKey, value: T): void {
    const stored = this.#storedKey(key)
    // A hashed key cannot be read back: it lies inside the value.
    const sealed = this.#sealing.seal(this.#secretKeys ? { key, value } : value, this.#place(stored))
    this.#write(() => this.#db.putSync(this.#path(stored), sealed))
  }

  delete(key: StoreKey): void {
    this.#write(() => this.#db.removeSync(this.#path(this.#storedKey(key))))
  }

  *range(options: RangeOptions = {}): Generator<{ key: StoreKey; value: T }> {
    const { prefix, after, before, reverse = false, limit = Number.POSITIVE_INFINITY } = options
    if (this.#secretKeys && (prefix || after || before)) {
      throw new TypeError(`Cannot read range of table "${this.#name}": its keys have no order`)
    }
    const low = this.#path(encodeKey(prefix ?? []))
    const bounds = { low, lowExclusive: false, high: afterPrefix(low) ?? low }
    if (after) raise(bounds, this.#path(encodeKey(after)))
    if (before) lower(bounds, this.#path(encodeKey(before)))
    let left = limit
    while (left > 0) {
      const batch = this.#readBatch({ bounds, reverse, limit: Math.min(left, RANGE_BATCH) })
      for (const { path, sealed } of batch) {
        yield this.#open(path.subarray(this.#prefix.length), sealed)
      }
      const last = batch.at(-1)
      if (!last || batch.length < Math.min(left, RANGE_BATCH)) return
      left -= batch.length
      if (reverse) lower(bounds, last.path)
      else raise(bounds, last.path)
    }
  }

  /** Entries from `low` to `high`; `high` is never one of them. */
  #readBatch({ bounds, reverse, limit }: { bounds: Bounds; reverse: boolean; limit: number }): Entry[] {
    const { low, lowExclusive, high } = bounds
    if (low.compare(high) >= 0) return []
    const range = reverse
      ? { start: high, end: low, reverse: true, exclusiveStart: true, inclusiveEnd: !lowExclusive, limit }
      : { start: low, end: high, exclusiveStart: lowExclusive, limit }
    return Array.from(this.#db.getRange(range), ({ key, value }) => ({
      path: Buffer.from(key),
      sealed: value,
    }))
  }

  #open(stored: Uint8Array, sealed: Uint8Array): { key: StoreKey; value: T } {
    const opened = this.#sealing.open(sealed, this.#place(stored))
    if (this.#secretKeys) return opened as { key: StoreKey; value: T }
    return { key: decodeKey(stored), value: opened as T }
  }

  #storedKey(key: StoreKey): Buffer {
    const encoded = encodeKey(key)
    return this.#secretKeys ? this.#sealing.hashKey({ table: this.#name, key: encoded }) : encoded
  }

  #place(stored: Uint8Array): { table: string; key: Uint8Array } {
    return { table: this.#name, key: stored }
  }

  #path(stored: Uint8Array): Buffer {
    return Buffer.concat([this.#prefix, stored])
  }
}

interface Entry {
  path: Buffer
  sealed: Uint8Array
}

interface Bounds {
  low: Buffer
  lowExclusive: boolean
  high: Buffer
}

function raise(bounds: Bounds, to: Buffer): void {
  if (to.compare(bounds.low) < 0) return
  bounds.low = to
  bounds.lowExclusive = true
}

function lower(bounds: Bounds, to: Buffer): void {
  if (to.compare(bounds.high) < 0) bounds.high = to
}
