import { Binary } from 'bson'
import { type Doc, decode, encode } from '../bson/codec.ts'
import { isDocument, Long, toNumber } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import type { Store } from '../storage/store.ts'
import { afterPrefix } from '../storage/table.ts'

const PREFIX = Buffer.from('S')
/** A client that is silent this long does not retry any more. */
const KEEP_MS = 60 * 60 * 1000

/** The number of a retryable write, and whose it is. */
export interface RetryId {
  key: Buffer
  txnNumber: number
}

export function retryId(body: Doc): RetryId | undefined {
  const txnNumber = toNumber(body.txnNumber)
  const lsid: unknown = isDocument(body.lsid) ? body.lsid.id : undefined
  if (txnNumber === undefined || !(lsid instanceof Binary)) return undefined
  return { key: Buffer.concat([PREFIX, lsid.buffer.subarray(0, lsid.position)]), txnNumber }
}

/**
 * What an earlier try of the same write has done, if there was one.
 * @throws MongoError 225 when the session has gone on to a later write
 */
export function earlierState(store: Store, id: RetryId | undefined): Doc | undefined {
  if (id === undefined) return undefined
  const bytes = store.engine.meta.get(id.key)
  if (bytes === undefined) return undefined
  const record = decode(bytes)
  const stored = toNumber(record.txn) ?? 0
  if (stored > id.txnNumber) {
    throw new MongoError(
      225,
      `Retryable write with txnNumber ${id.txnNumber} is prohibited because a later one has begun`,
    )
  }
  return stored === id.txnNumber ? (record.state as Doc) : undefined
}

/** Remembers in the same transaction what the write has done: a retry gets the same answer. */
export function rememberState(store: Store, id: RetryId | undefined, state: Doc): void {
  if (id === undefined) return
  store.engine.meta.put(id.key, encode({ txn: Long.fromNumber(id.txnNumber), at: new Date(), state }))
}

/** Forgets sessions that have been silent for an hour. */
export async function sweepRetries(store: Store, nowMs: number): Promise<void> {
  let start = PREFIX
  for (;;) {
    const entries = store.engine.meta.range({ start, end: afterPrefix(PREFIX), limit: 256 })
    const last = entries[entries.length - 1]
    if (last === undefined) return
    const old = entries
      .filter(({ value }) => nowMs - (decode(value).at as Date).getTime() > KEEP_MS)
      .map(({ key }) => key)
    if (old.length > 0) {
      await store.write(() => {
        for (const key of old) {
          const value = store.engine.meta.get(key)
          if (value !== undefined && nowMs - (decode(value).at as Date).getTime() > KEEP_MS)
            store.engine.meta.remove(key)
        }
      })
    }
    start = Buffer.concat([last.key, Buffer.from([0])])
    await new Promise<void>(resolve => setImmediate(resolve))
  }
}
