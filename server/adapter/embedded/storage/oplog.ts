import { Timestamp } from 'bson'
import { encode } from '../bson/codec.ts'
import type { Engine } from './engine.ts'

/** What an oplog entry says has happened. */
export const OP = {
  insert: 1,
  update: 2,
  replace: 3,
  delete: 4,
  drop: 5,
  dropDatabase: 6,
  rename: 7,
} as const
export type Op = (typeof OP)[keyof typeof OP]

/** One change, in commit order. */
export interface OplogEntry {
  /** Seconds in the upper 32 bits, counter in the lower: unique, growing. */
  readonly ts: bigint
  readonly op: Op
  readonly db: string
  readonly coll: string
  /** Milliseconds of the wall clock. */
  readonly wallMs: number
  /** `{ _id }`; empty for what concerns no document. */
  readonly documentKey: Uint8Array
  /** The document (insert, replace), the updateDescription (update), `{ db, coll }` (rename), else empty. */
  readonly payload: Uint8Array
}

const EMPTY = encode({})
/** Operation, length of the names, wall clock, length of the key. */
const HEAD_BYTES = 15
const TRIMMED_KEY = Buffer.from('oplog-trimmed')
const SIZE_KEY = Buffer.from('oplog-size')
/** How many old entries one transaction removes at most. */
const TRIM_AT_ONCE = 512
const RECENT_MAX_BYTES = 16 * 1024 * 1024
/** What a remembered entry costs in memory beyond its bytes: objects and buffers. */
const RECENT_OVERHEAD_BYTES = 600
/** What an entry costs beyond its bytes, about. */
const ENTRY_OVERHEAD_BYTES = 64

export function tsKey(ts: bigint): Buffer {
  const key = Buffer.alloc(8)
  key.writeBigUInt64BE(ts)
  return key
}

/** The timestamp as BSON has it. */
export function tsValue(ts: bigint): Timestamp {
  return new Timestamp({ t: Number(ts >> 32n), i: Number(ts & 0xffffffffn) })
}

export function tsFromValue(value: Timestamp): bigint {
  return (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0)
}

function pack(entry: OplogEntry): Buffer {
  const names = Buffer.from(`${entry.db}\0${entry.coll}`)
  const keyAt = HEAD_BYTES + names.length
  // Memory of its own: see `ownBytes()`.
  const bytes = Buffer.allocUnsafeSlow(keyAt + entry.documentKey.length + entry.payload.length)
  bytes[0] = entry.op
  bytes.writeUInt16BE(names.length, 1)
  bytes.writeDoubleBE(entry.wallMs, 3)
  bytes.writeUInt32BE(entry.documentKey.length, 11)
  bytes.set(names, HEAD_BYTES)
  bytes.set(entry.documentKey, keyAt)
  bytes.set(entry.payload, keyAt + entry.documentKey.length)
  return bytes
}

/**
 * The entry with the bytes of its packed form. Its own may be a small view of a large buffer (what came from a socket, the
 * pool that Node cuts small buffers from), all of which an entry that is remembered would hold in memory.
 */
function ownBytes(entry: OplogEntry, packed: Buffer): OplogEntry {
  const payloadAt = packed.length - entry.payload.length
  return {
    ...entry,
    documentKey: packed.subarray(payloadAt - entry.documentKey.length, payloadAt),
    payload: packed.subarray(payloadAt),
  }
}

function unpack(ts: bigint, bytes: Buffer): OplogEntry {
  const namesLength = bytes.readUInt16BE(1)
  const keyLength = bytes.readUInt32BE(11)
  const [db = '', coll = ''] = bytes.toString('utf8', HEAD_BYTES, HEAD_BYTES + namesLength).split('\0')
  const keyAt = HEAD_BYTES + namesLength
  return {
    ts,
    op: bytes[0] as Op,
    db,
    coll,
    wallMs: bytes.readDoubleBE(3),
    documentKey: bytes.subarray(keyAt, keyAt + keyLength),
    payload: bytes.subarray(keyAt + keyLength),
  }
}

/** The capped log of all changes: what change streams read. */
export class Oplog {
  readonly #engine: Engine
  readonly #maxBytes: number
  #last = 0n
  #committed = 0n
  #bytes = 0
  #trimmedTo = 0n
  #isDirty = false
  #uncommitted: OplogEntry[] = []
  #recent: OplogEntry[] = []
  #recentBytes = 0
  #waiters = new Set<() => void>()

  constructor(engine: Engine, options: { maxBytes: number }) {
    this.#engine = engine
    this.#maxBytes = options.maxBytes
    this.reload()
  }

  reload(): void {
    const [last] = this.#engine.oplog.range({
      start: tsKey(0n),
      end: tsKey(~0n & 0xffffffffffffffffn),
      reverse: true,
      limit: 1,
    })
    const stored = last === undefined ? 0n : last.key.readBigUInt64BE(0)
    // Never back behind a timestamp that somebody may have seen.
    this.#committed = stored > this.#committed ? stored : this.#committed
    if (this.#committed === 0n) this.#committed = BigInt(Math.floor(Date.now() / 1000)) << 32n
    this.#last = this.#last > this.#committed ? this.#last : this.#committed
    const size = this.#engine.meta.get(SIZE_KEY)
    this.#bytes = size === undefined ? 0 : Buffer.from(size).readDoubleBE(0)
    const trimmed = this.#engine.meta.get(TRIMMED_KEY)
    this.#trimmedTo = trimmed === undefined ? 0n : Buffer.from(trimmed).readBigUInt64BE(0)
    this.#uncommitted = []
    this.#isDirty = false
  }

  /** The last change that is on disk. */
  get committed(): bigint {
    return this.#committed
  }

  /** The last change that the cap has removed: what stands before it cannot go on. Zero when none was. */
  get trimmedTo(): bigint {
    return this.#trimmedTo
  }

  /** Appends a change inside a write transaction. */
  append(change: { op: Op; db: string; coll: string; documentKey?: Uint8Array; payload?: Uint8Array }): void {
    const wallMs = Date.now()
    const floor = BigInt(Math.floor(wallMs / 1000)) << 32n
    this.#last = floor > this.#last ? floor + 1n : this.#last + 1n
    const entry: OplogEntry = {
      ts: this.#last,
      op: change.op,
      db: change.db,
      coll: change.coll,
      wallMs,
      documentKey: change.documentKey ?? EMPTY,
      payload: change.payload ?? EMPTY,
    }
    const bytes = pack(entry)
    this.#engine.oplog.put(tsKey(entry.ts), bytes)
    this.#bytes += bytes.length + ENTRY_OVERHEAD_BYTES
    this.#isDirty = true
    this.#uncommitted.push(ownBytes(entry, bytes))
  }

  /** Removes what is over the cap and writes the size: at the end of each transaction. */
  beforeCommit(): void {
    if (!this.#isDirty) return
    let trimmed = 0
    while (this.#bytes > this.#maxBytes && trimmed < Math.max(TRIM_AT_ONCE, this.#uncommitted.length * 2)) {
      const old = this.#engine.oplog.range({
        start: tsKey(0n),
        end: tsKey(this.#committed + 1n),
        limit: 64,
      })
      if (old.length === 0) break
      for (const { key, value } of old) {
        if (this.#bytes <= this.#maxBytes) break
        this.#engine.oplog.remove(key)
        this.#trimmedTo = key.readBigUInt64BE(0)
        this.#bytes -= value.length + ENTRY_OVERHEAD_BYTES
        trimmed++
      }
    }
    if (trimmed > 0) this.#engine.meta.put(TRIMMED_KEY, tsKey(this.#trimmedTo))
    const size = Buffer.alloc(8)
    size.writeDoubleBE(this.#bytes)
    this.#engine.meta.put(SIZE_KEY, size)
    this.#isDirty = false
  }

  /** Makes the transaction's changes visible to streams and wakes those that wait. */
  afterCommit(): void {
    if (this.#uncommitted.length === 0) return
    for (const entry of this.#uncommitted) {
      this.#recent.push(entry)
      this.#recentBytes += entry.payload.length + entry.documentKey.length + RECENT_OVERHEAD_BYTES
    }
    let drop = 0
    while (this.#recentBytes > RECENT_MAX_BYTES && drop < this.#recent.length - 1) {
      const gone = this.#recent[drop++] as OplogEntry
      this.#recentBytes -= gone.payload.length + gone.documentKey.length + RECENT_OVERHEAD_BYTES
    }
    if (drop > 0) this.#recent.splice(0, drop)
    this.#committed = this.#last
    this.#uncommitted = []
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const wake of waiters) wake()
  }

  /** The committed changes behind `after`, oldest first, at most `limit`. */
  read(after: bigint, limit: number): readonly OplogEntry[] {
    if (after >= this.#committed) return []
    const first = this.#recent[0]
    if (first !== undefined && after >= first.ts) {
      let low = 0
      let high = this.#recent.length
      while (low < high) {
        const middle = (low + high) >> 1
        if ((this.#recent[middle] as OplogEntry).ts <= after) low = middle + 1
        else high = middle
      }
      return this.#recent.slice(low, low + limit)
    }
    return this.#engine.oplog
      .range({
        start: tsKey(after + 1n),
        end: tsKey(this.#committed + 1n),
        limit,
      })
      .map(({ key, value }) => unpack(key.readBigUInt64BE(0), value))
  }

  /** Resolves when something has been committed behind `after`, or `signal` is aborted. */
  async changed(after: bigint, signal: AbortSignal): Promise<void> {
    if (this.#committed > after || signal.aborted) return
    await new Promise<void>(resolve => {
      const wake = (): void => {
        this.#waiters.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiters.add(wake)
      signal.addEventListener('abort', wake)
    })
  }
}
