import type { Rec } from '../bson/codec.ts'
import { Rec as Record } from '../bson/codec.ts'
import { valueId } from '../bson/key.ts'
import type { Collection } from '../storage/catalog.ts'
import { docKey, type Store } from '../storage/store.ts'
import type { Matcher } from './matcher.ts'
import type { IndexScan, Plan } from './planner.ts'

/** A found document and its place. */
export interface Row {
  rid: number
  rec: Rec
}
/** Rows as they are found; null is a moment to let others run, not an end. */
export type Rows = Generator<Row | null, void, undefined>

/** What a scan has looked at, for `explain`. */
export interface ScanStats {
  keysExamined: number
  docsExamined: number
}

const FIRST_CHUNK = 16
const MAX_CHUNK = 512
const RID_BYTES = 6

/**
 * Finds the documents of a plan that pass the filter, in the plan's order. Holds no cursor of the store between two
 * rows: it reads stretches and seeks again behind the last key, so a slow reader hinders nobody.
 */
export function* scan(
  store: Store,
  coll: Collection,
  options: { plan: Plan; matches: Matcher; stats?: ScanStats },
): Rows {
  const { plan, matches } = options
  const stats = options.stats ?? { keysExamined: 0, docsExamined: 0 }
  switch (plan.kind) {
    case 'empty':
      return
    case 'collection':
      yield* scanCollection(store, coll, { reverse: plan.reverse, matches, stats })
      return
    case 'index':
      yield* scanIndex(store, coll, {
        plan,
        matches,
        stats,
        seen: plan.index.multikey === 0 ? undefined : new Set(),
      })
      return
    case 'union': {
      const seen = new Set<number>()
      for (const part of plan.parts) yield* scanIndex(store, coll, { plan: part, matches, stats, seen })
      return
    }
    default:
      throw new TypeError(`Cannot scan: unknown plan ${valueId(plan satisfies never)}`)
  }
}

function* scanCollection(
  store: Store,
  coll: Collection,
  options: { reverse: boolean; matches: Matcher; stats: ScanStats },
): Rows {
  const { reverse, matches, stats } = options
  let start = docKey(coll.id, 0)
  let end = docKey(coll.id + 1, 0)
  let limit = FIRST_CHUNK
  for (;;) {
    const entries = store.engine.docs.range({ start, end, reverse, limit })
    for (const { key, value } of entries) {
      stats.docsExamined++
      const rec = new Record(value)
      if (matches(rec.doc)) yield { rid: key.readUIntBE(4, RID_BYTES), rec }
    }
    const last = entries[entries.length - 1]
    if (last === undefined || entries.length < limit) return
    if (reverse) end = last.key
    else start = Buffer.concat([last.key, Buffer.from([0])])
    limit = Math.min(limit * 4, MAX_CHUNK)
    yield null
  }
}

function* scanIndex(
  store: Store,
  coll: Collection,
  options: { plan: IndexScan; matches: Matcher; stats: ScanStats; seen: Set<number> | undefined },
): Rows {
  const { plan, matches, stats, seen } = options
  const table = store.engine.index
  const ranges = plan.reverse ? plan.ranges.slice().reverse() : plan.ranges
  let since = 0
  const take = (ridBytes: Uint8Array): Row | undefined => {
    const rid = Buffer.from(ridBytes.buffer, ridBytes.byteOffset, RID_BYTES).readUIntBE(0, RID_BYTES)
    stats.keysExamined++
    if (seen !== undefined) {
      if (seen.has(rid)) return undefined
      seen.add(rid)
    }
    const rec = store.read(coll, rid)
    if (rec === undefined) return undefined
    stats.docsExamined++
    return matches(rec.doc) ? { rid, rec } : undefined
  }
  for (const range of ranges) {
    if (since++ >= MAX_CHUNK) {
      since = 0
      yield null
    }
    if (plan.isPointLookup) {
      const found = table.get(range.start)
      const row = found === undefined ? undefined : take(found)
      if (row !== undefined) yield row
      continue
    }
    let { start, end } = range
    let limit = FIRST_CHUNK
    for (;;) {
      const entries = table.range({ start, end, reverse: plan.reverse, limit })
      for (const { value } of entries) {
        const row = take(value)
        if (row !== undefined) yield row
      }
      const last = entries[entries.length - 1]
      if (last === undefined || entries.length < limit) break
      if (plan.reverse) end = last.key
      else start = Buffer.concat([last.key, Buffer.from([0])])
      limit = Math.min(limit * 4, MAX_CHUNK)
      yield null
    }
  }
}
