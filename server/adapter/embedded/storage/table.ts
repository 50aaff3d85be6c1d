import type { Database } from 'lmdb'

export interface Entry {
  key: Buffer
  value: Buffer
}

export interface RangeOptions {
  /** First key, inclusive. */
  start: Buffer
  /** Behind the last key, exclusive. */
  end: Buffer
  reverse?: boolean
  limit?: number
}

/**
 * One ordered table of the store: bytes to bytes. Reads see what is committed; inside `Engine.write` they see what the
 * transaction has written. Writes are for inside `Engine.write` only: there they are done at once.
 */
export class Table {
  readonly #db: Database<Buffer, Buffer>

  constructor(db: Database<Buffer, Buffer>) {
    this.#db = db
  }

  /** The value, as a copy of its own. */
  get(key: Buffer): Buffer | undefined {
    return this.#db.get(key)
  }

  put(key: Buffer, value: Uint8Array): void {
    void this.#db.put(key, value as Buffer)
  }

  remove(key: Buffer): void {
    void this.#db.remove(key)
  }

  /** Reads one stretch into memory, in key order or against it. */
  range({ start, end, reverse = false, limit }: RangeOptions): Entry[] {
    if (Buffer.compare(start, end) >= 0) return []
    const common = limit === undefined ? {} : { limit }
    const found = reverse
      ? this.#db.getRange({
          start: end,
          end: start,
          reverse: true,
          inclusiveEnd: true,
          exclusiveStart: true,
          ...common,
        })
      : this.#db.getRange({ start, end, ...common })
    const out: Entry[] = []
    for (const { key, value } of found) out.push({ key, value })
    return out
  }
}

/** The smallest key behind every key that begins with `prefix`. */
export function afterPrefix(prefix: Uint8Array): Buffer {
  const out = Buffer.from(prefix)
  for (let i = out.length - 1; i >= 0; i--) {
    if (out[i] !== 0xff) {
      out[i] = (out[i] as number) + 1
      return out.subarray(0, i + 1)
    }
  }
  throw new RangeError('Cannot bound a prefix: it has only FF bytes')
}
