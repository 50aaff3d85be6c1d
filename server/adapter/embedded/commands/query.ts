import type { Doc, Rec } from '../bson/codec.ts'
import { isDocument } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileFilter, type Matcher, type MatchState } from '../query/matcher.ts'
import { type Plan, parseSort, plan, type SortSpec } from '../query/planner.ts'
import { compileProjection } from '../query/projection.ts'
import { type Row, type Rows, type ScanStats, scan } from '../query/scan.ts'
import { sortRows } from '../query/sort.ts'
import type { Collection } from '../storage/catalog.ts'
import type { Store } from '../storage/store.ts'

/** A query as a client states it. */
export interface QuerySpec {
  filter: Doc
  sort?: SortSpec
  skip?: number | undefined
  limit?: number | undefined
  hint?: unknown
}

/** A query that is ready to run. */
export interface PreparedQuery {
  plan: Plan
  matches: Matcher
  spec: QuerySpec
}

/** Checks and plans. @throws MongoError 2 and others for what cannot be understood */
export function prepareQuery(coll: Collection, spec: QuerySpec): PreparedQuery {
  const matches = compileFilter(spec.filter)
  const hint = spec.hint
  return { plan: plan(coll, { filter: spec.filter, sort: spec.sort ?? [], hint }), matches, spec }
}

/** The rows of a query in its order, skipped and limited. */
export function* runQuery(
  store: Store,
  coll: Collection,
  query: PreparedQuery & { stats?: ScanStats },
): Rows {
  const { spec } = query
  const found = scan(store, coll, query)
  const keep = spec.limit === undefined ? undefined : spec.limit + (spec.skip ?? 0)
  const needsSort = (spec.sort?.length ?? 0) > 0 && !query.plan.providesSort
  const rows: Iterable<Row | null> = needsSort
    ? sortRows(found, { spec: spec.sort ?? [], keep, recOf: row => row.rec })
    : found
  let skip = spec.skip ?? 0
  let left = spec.limit ?? Number.POSITIVE_INFINITY
  if (left <= 0) return
  for (const row of rows) {
    if (row === null) yield null
    else if (skip > 0) skip--
    else {
      yield row
      if (--left <= 0) return
    }
  }
}

/** The documents of a query, projected. */
export function* runFind(
  store: Store,
  coll: Collection,
  query: PreparedQuery & { projection: unknown; stats?: ScanStats },
): Generator<Rec | null, void, undefined> {
  const project = compileProjection(query.projection, { isFind: true })
  const positional = usesPosition(query.projection)
  for (const row of runQuery(store, coll, query)) {
    if (row === null) yield null
    else if (project === undefined) yield row.rec
    else {
      const state: MatchState = {}
      if (positional) query.matches(row.rec.doc, state)
      yield project(row.rec, state.index)
    }
  }
}

function usesPosition(projection: unknown): boolean {
  return isDocument(projection) && Object.keys(projection).some(name => name.endsWith('.$'))
}

/** The first row of a query, or undefined: for writes, inside their transaction. */
export function firstRow(store: Store, coll: Collection, query: PreparedQuery): Row | undefined {
  for (const row of runQuery(store, coll, { ...query, spec: { ...query.spec, limit: 1 } }))
    if (row !== null) return row
  return undefined
}

/** @throws MongoError 9 for a sort that is no object */
export function sortOf(value: unknown): SortSpec {
  if (value !== undefined && value !== null && !isDocument(value))
    throw new MongoError(14, 'Expected sort to be an object')
  return parseSort(value)
}
