import { encodeValue, invert } from '../bson/key.ts'
import { KIND } from '../bson/value.ts'
import { leafValues } from '../query/path.ts'
import type { Collection, IndexInfo } from './catalog.ts'
import { indexPrefix, type Store } from './store.ts'
import { afterPrefix } from './table.ts'

/** Documents that one transaction removes at most. */
const SLICE = 500

/** Keys of an index whose date is at or before `limit`, as a range. */
function dueRange(index: IndexInfo, limit: Date): { start: Buffer; end: Buffer } {
  const prefix = indexPrefix(index.id)
  const type = Buffer.from([KIND.date])
  const last = encodeValue(limit)
  if (index.fields[0]?.[1] === -1) {
    return {
      start: Buffer.concat([prefix, invert(last)]),
      end: afterPrefix(Buffer.concat([prefix, invert(type)])),
    }
  }
  return { start: Buffer.concat([prefix, type]), end: afterPrefix(Buffer.concat([prefix, last])) }
}

/** Of several dates in an array the earliest counts. */
function isDue(doc: Record<string, unknown>, index: IndexInfo, limit: Date): boolean {
  const dates = leafValues(doc, index.fields[0]?.[0] ?? '').filter(value => value instanceof Date)
  return dates.some(date => (date as Date).getTime() <= limit.getTime())
}

function expireSlice(store: Store, coll: Collection, due: { index: IndexInfo; limit: Date }): boolean {
  const { index, limit } = due
  const entries = store.engine.index.range({ ...dueRange(index, limit), limit: SLICE })
  for (const { value } of entries) {
    const rid = value.readUIntBE(0, 6)
    const rec = store.read(coll, rid)
    if (rec !== undefined && isDue(rec.doc, index, limit)) store.delete(coll, rid, rec)
  }
  return entries.length < SLICE
}

/** Deletes what the TTL indexes say is over, like any other deletion: with its delete events. */
export async function expireDocuments(
  store: Store,
  options: { nowMs: number; signal: AbortSignal },
): Promise<void> {
  const { nowMs, signal } = options
  for (const { db, name } of store.catalog.all()) {
    for (const { id } of store.catalog.get(db, name)?.indexes ?? []) {
      const find = (): { coll: Collection; index: IndexInfo; limit: Date } | undefined => {
        const coll = store.catalog.get(db, name)
        const index = coll?.indexes.find(own => own.id === id)
        if (coll === undefined || index?.expireAfterSeconds === undefined || index.isBuilding)
          return undefined
        return { coll, index, limit: new Date(nowMs - index.expireAfterSeconds * 1000) }
      }
      const due = find()
      if (due === undefined) continue
      // A look first: an idle database must not write.
      if (store.engine.index.range({ ...dueRange(due.index, due.limit), limit: 1 }).length === 0) continue
      for (let isOver = false; !isOver && !signal.aborted; ) {
        isOver = await store.write(() => {
          const now = find()
          return now === undefined || expireSlice(store, now.coll, now)
        })
      }
    }
  }
}
