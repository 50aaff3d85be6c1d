import type { Doc } from '../bson/codec.ts'
import { equalValues } from '../bson/compare.ts'
import { isDocument, toNumber, truthy } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import type { Collection, IndexInfo } from '../storage/catalog.ts'
import { indexPrefix } from '../storage/store.ts'
import { type Condition, descending, filterConditions, type Interval, intersect, keyRange } from './bounds.ts'
import { isOperatorDocument } from './matcher.ts'

export type SortSpec = readonly (readonly [path: string, direction: 1 | -1])[]

export interface IndexScan {
  kind: 'index'
  index: IndexInfo
  /** In key order. */
  ranges: { start: Buffer; end: Buffer }[]
  reverse: boolean
  /** How many leading fields are bounded. */
  bounded: number
  providesSort: boolean
  /** Each range holds the one key of a unique index. */
  isPointLookup: boolean
}
export interface CollectionScan {
  kind: 'collection'
  reverse: boolean
  providesSort: boolean
}
export interface UnionScan {
  kind: 'union'
  parts: IndexScan[]
  providesSort: false
}
export interface EmptyScan {
  kind: 'empty'
  providesSort: true
}
/** How documents are found. The whole filter is applied to each found document in any case. */
export type Plan = IndexScan | CollectionScan | UnionScan | EmptyScan

const MAX_RANGES = 20000

/** @throws MongoError 2 for a direction that is not 1 or -1 */
export function parseSort(sort: unknown): SortSpec {
  if (sort === undefined || sort === null) return []
  if (!isDocument(sort)) throw new MongoError(14, 'Expected sort to be an object')
  return Object.entries(sort).map(([path, direction]) => {
    const n = toNumber(direction)
    if (n !== 1 && n !== -1) throw new MongoError(2, 'bad sort specification: a direction is 1 or -1')
    return [path, n] as const
  })
}

/** Does every document that matches `filter` lie in the partial index? */
function isImplied(partial: Doc, filter: Doc): boolean {
  const clauses = [filter, ...(Array.isArray(filter.$and) ? (filter.$and as Doc[]) : [])]
  return Object.entries(partial).every(([path, wanted]) => {
    if (path === '$and' && Array.isArray(wanted)) return wanted.every(part => isImplied(part as Doc, filter))
    return clauses.some(clause => {
      if (!isDocument(clause) || !Object.hasOwn(clause, path)) return false
      const given = clause[path]
      if (equalValues(given, wanted)) return true
      if (isOperatorDocument(wanted) && Object.keys(wanted).length === 1 && truthy(wanted.$exists)) {
        if (isOperatorDocument(given)) {
          return ['$gt', '$gte', '$lt', '$lte', '$eq'].some(
            name => Object.hasOwn(given, name) && given[name] !== null,
          )
        }
        return given !== null && given !== undefined
      }
      return isOperatorDocument(given) && Object.hasOwn(given, '$eq') && equalValues(given.$eq, wanted)
    })
  })
}

function fieldIntervals(
  index: IndexInfo,
  at: number,
  conditions: readonly Condition[],
): Interval[] | undefined {
  const path = index.fields[at]?.[0]
  const own = conditions.filter(condition => condition.path === path)
  if (own.length === 0) return undefined
  const isMultikey = (index.multikey & (1 << at)) !== 0
  if (isMultikey) {
    // Different elements may meet different conditions: only one of them can bound.
    const best = own.slice().sort((a, b) => rank(a.intervals) - rank(b.intervals))[0]
    return best?.intervals
  }
  return own.map(condition => condition.intervals).reduce(intersect)
}

function rank(intervals: readonly Interval[]): number {
  return intervals.every(interval => interval.isPoint) ? intervals.length : 1_000_000
}

interface Candidate {
  scan: IndexScan
  score: number
}

function planIndex(
  index: IndexInfo,
  query: { filter: Doc; conditions: readonly Condition[]; sort: SortSpec; isHinted: boolean },
): Candidate | 'empty' | undefined {
  if (index.isBuilding) return undefined
  if (index.partial !== undefined && !isImplied(index.partial.filter, query.filter) && !query.isHinted)
    return undefined
  let prefixes: Buffer[] = [indexPrefix(index.id)]
  let last: Interval[] | undefined
  let bounded = 0
  let points = 0
  let singles = 0
  for (let at = 0; at < index.fields.length; at++) {
    const found = fieldIntervals(index, at, query.conditions)
    if (found === undefined) break
    if (found.length === 0) return 'empty'
    const intervals = index.fields[at]?.[1] === -1 ? descending(found) : found
    if (prefixes.length * intervals.length > MAX_RANGES) break
    bounded++
    if (!intervals.every(interval => interval.isPoint)) {
      last = intervals
      break
    }
    points++
    if (singles === at && intervals.length === 1) singles++
    prefixes = prefixes.flatMap(prefix =>
      intervals.map(interval => Buffer.concat([prefix, interval.from.bytes])),
    )
  }
  const leading = index.fields[0]?.[0]
  if (index.sparse && !query.isHinted) {
    if (!query.conditions.some(({ path, admitsMissing }) => path === leading && !admitsMissing))
      return undefined
  }
  const order = sortDirection(index, { sort: query.sort, singles, bounded, points })
  const helpsSort = order !== undefined && query.sort.length > 0
  if (bounded === 0 && !helpsSort && !query.isHinted) return undefined
  const ranges = prefixes.flatMap(prefix =>
    last === undefined ? [keyRange(prefix, undefined)] : last.map(interval => keyRange(prefix, interval)),
  )
  const isFull = index.unique && points === index.fields.length && !index.isCut
  const score =
    (isFull ? 1000 : 0) +
    points * 20 +
    (bounded > points ? 10 : 0) +
    (helpsSort ? 6 : 0) -
    (ranges.length > 1 ? 1 : 0)
  return {
    scan: {
      kind: 'index',
      index,
      ranges,
      reverse: order === -1,
      bounded,
      providesSort: order !== undefined,
      isPointLookup: isFull,
    },
    score,
  }
}

/** 1 or -1 when walking the index that way gives the wanted order, undefined when it does not. */
function sortDirection(
  index: IndexInfo,
  plan: { sort: SortSpec; singles: number; bounded: number; points: number },
): 1 | -1 | undefined {
  if (plan.sort.length === 0) return 1
  if (index.isCut) return undefined
  const fixed = new Set(
    index.fields
      .slice(0, plan.singles)
      .filter((_, i) => (index.multikey & (1 << i)) === 0)
      .map(([path]) => path),
  )
  const wanted = plan.sort.filter(([path]) => !fixed.has(path))
  let direction: 1 | -1 | undefined
  let at = plan.singles
  for (const [path, way] of wanted) {
    const field = index.fields[at]
    if (field === undefined || field[0] !== path) return undefined
    // Bounds on an array's field hide elements that decide the order.
    if ((index.multikey & (1 << at)) !== 0 && at < plan.bounded) return undefined
    const turn: 1 | -1 = field[1] === way ? 1 : -1
    if (direction !== undefined && direction !== turn) return undefined
    direction = turn
    at++
  }
  // Behind a field with several points the order starts anew at each point.
  if (wanted.length > 0 && plan.points > plan.singles + wanted.length) return undefined
  return direction ?? 1
}

function hinted(coll: Collection, hint: unknown): IndexInfo {
  const index = coll.indexes.find(
    ({ name, spec }) => name === hint || (isDocument(hint) && sameKeys(spec.key as Doc, hint)),
  )
  if (index === undefined) {
    throw new MongoError(2, 'error processing query: planner returned error: bad hint')
  }
  return index
}

function sameKeys(a: Doc, b: Doc): boolean {
  return equalValues(Object.entries(a), Object.entries(b))
}

/**
 * Chooses how to find the documents of a filter.
 * @throws MongoError 2 when the hint names no index
 */
export function plan(coll: Collection, query: { filter: Doc; sort?: SortSpec; hint?: unknown }): Plan {
  const { filter, hint } = query
  const sort = query.sort ?? []
  const natural = isDocument(hint) ? hint.$natural : undefined
  const sortNatural = sort.length === 1 && sort[0]?.[0] === '$natural' ? sort[0][1] : undefined
  if (natural !== undefined || sortNatural !== undefined) {
    const direction = sortNatural ?? toNumber(natural) ?? 1
    return {
      kind: 'collection',
      reverse: direction < 0,
      providesSort: sort.length === 0 || sortNatural !== undefined,
    }
  }
  const conditions = filterConditions(filter)
  const isHinted = hint !== undefined && hint !== null && hint !== ''
  const indexes = isHinted ? [hinted(coll, hint)] : coll.indexes
  let best: Candidate | undefined
  for (const index of indexes) {
    const candidate = planIndex(index, { filter, conditions, sort, isHinted })
    if (candidate === 'empty') return { kind: 'empty', providesSort: true }
    if (candidate !== undefined && (best === undefined || candidate.score > best.score)) best = candidate
  }
  if (best !== undefined && (best.scan.bounded > 0 || isHinted)) return best.scan
  const union = planUnion(coll, filter, conditions)
  if (union !== undefined) return union
  return best?.scan ?? { kind: 'collection', reverse: false, providesSort: sort.length === 0 }
}

function planUnion(coll: Collection, filter: Doc, _conditions: readonly Condition[]): UnionScan | undefined {
  if (!Array.isArray(filter.$or)) return undefined
  const parts: IndexScan[] = []
  for (const clause of filter.$or) {
    if (!isDocument(clause)) return undefined
    const { $or: _, ...rest } = filter
    const part = plan(coll, {
      filter: { ...rest, $and: [...(Array.isArray(rest.$and) ? rest.$and : []), clause] },
    })
    if (part.kind === 'empty') continue
    if (part.kind !== 'index' || part.bounded === 0) return undefined
    parts.push(part)
  }
  return { kind: 'union', parts, providesSort: false }
}
