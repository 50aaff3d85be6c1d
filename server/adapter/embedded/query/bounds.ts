import type { Doc } from '../bson/codec.ts'
import { CUT_PREFIX_BYTES, EMPTY_ARRAY_KEY, encodeValue, invert } from '../bson/key.ts'
import { isDocument, KIND, kindOf, regexParts, toNumber } from '../bson/value.ts'
import { afterPrefix } from '../storage/table.ts'
import { isOperatorDocument } from './matcher.ts'
import { literalPrefix } from './regex.ts'

/** A place between keys: before, or behind, all keys that begin with `bytes`. */
export interface Edge {
  bytes: Buffer
  isAfter: boolean
}
/** Keys from `from` to `to`. A point holds exactly the keys of one value. */
export interface Interval {
  from: Edge
  to: Edge
  isPoint: boolean
}
/** What a filter says of one path: a condition that a document in the result must meet. */
export interface Condition {
  path: string
  intervals: Interval[]
  /** A document that lacks the field may meet it. */
  admitsMissing: boolean
}

function point(bytes: Buffer): Interval {
  return { from: { bytes, isAfter: false }, to: { bytes, isAfter: true }, isPoint: true }
}

function edgeBytes(edge: Edge): Buffer {
  return edge.isAfter ? afterPrefix(edge.bytes) : edge.bytes
}

function compareEdges(a: Edge, b: Edge): number {
  return Buffer.compare(edgeBytes(a), edgeBytes(b))
}

const NULLS: Interval = {
  from: { bytes: Buffer.from([KIND.undefined]), isAfter: false },
  to: { bytes: Buffer.from([KIND.null]), isAfter: true },
  isPoint: false,
}

/** Sorted, without duplicates and overlaps. */
export function normalise(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.slice().sort((a, b) => compareEdges(a.from, b.from))
  const out: Interval[] = []
  for (const next of sorted) {
    const last = out[out.length - 1]
    if (last !== undefined && compareEdges(next.from, last.to) < 0) {
      if (compareEdges(next.to, last.to) > 0)
        out[out.length - 1] = { from: last.from, to: next.to, isPoint: false }
    } else out.push(next)
  }
  return out
}

/** What lies in both lists. */
export function intersect(left: readonly Interval[], right: readonly Interval[]): Interval[] {
  const out: Interval[] = []
  for (const a of left) {
    for (const b of right) {
      const from = compareEdges(a.from, b.from) >= 0 ? a.from : b.from
      const to = compareEdges(a.to, b.to) <= 0 ? a.to : b.to
      if (compareEdges(from, to) < 0) out.push({ from, to, isPoint: a.isPoint || b.isPoint })
    }
  }
  return normalise(out)
}

function equality(value: unknown): Interval[] | undefined {
  if (regexParts(value)) return undefined
  if (value === null || value === undefined) return [NULLS]
  if (!Array.isArray(value)) return [point(encodeValue(value))]
  // An array is found through its first element, or as an element of an outer array.
  const whole = point(encodeValue(value))
  if (value.length === 0) return normalise([whole, point(EMPTY_ARRAY_KEY)])
  const first = value[0] === null || value[0] === undefined ? NULLS : point(encodeValue(value[0]))
  return normalise([whole, first])
}

function range(name: string, value: unknown): Interval[] | undefined {
  const kind = kindOf(value)
  if (kind === KIND.minKey || kind === KIND.maxKey || kind === KIND.array || regexParts(value))
    return undefined
  if (kind === KIND.null) return name.endsWith('e') ? [NULLS] : []
  if (kind === KIND.number && Number.isNaN(toNumber(value)))
    return name.endsWith('e') ? [point(encodeValue(value))] : []
  const bytes = encodeValue(value)
  const type = Buffer.from([kind])
  switch (name) {
    case '$gt':
      return [{ from: { bytes, isAfter: true }, to: { bytes: type, isAfter: true }, isPoint: false }]
    case '$gte':
      return [{ from: { bytes, isAfter: false }, to: { bytes: type, isAfter: true }, isPoint: false }]
    case '$lt':
      return [{ from: { bytes: type, isAfter: false }, to: { bytes, isAfter: false }, isPoint: false }]
    default:
      return [{ from: { bytes: type, isAfter: false }, to: { bytes, isAfter: true }, isPoint: false }]
  }
}

function regexRange(pattern: string, options: string): Interval[] | undefined {
  const prefix = literalPrefix(pattern, options)
  if (prefix === '' || prefix.includes('\0')) return undefined
  const bytes = Buffer.concat([Buffer.from([KIND.string]), Buffer.from(prefix)])
  return [
    { from: { bytes, isAfter: false }, to: { bytes, isAfter: true }, isPoint: false },
    {
      from: { bytes: Buffer.from([KIND.regex]), isAfter: false },
      to: { bytes: Buffer.from([KIND.regex]), isAfter: true },
      isPoint: false,
    },
  ]
}

function operatorIntervals(name: string, value: unknown, all: Doc): Interval[] | undefined {
  switch (name) {
    case '$eq':
      return equality(value)
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return range(name, value)
    case '$in': {
      if (!Array.isArray(value)) return undefined
      const out: Interval[] = []
      for (const item of value) {
        const regex = regexParts(item)
        const intervals = regex ? regexRange(regex.pattern, regex.options) : equality(item)
        if (intervals === undefined) return undefined
        out.push(...intervals)
      }
      return normalise(out)
    }
    case '$regex': {
      const regex = regexParts(value) ?? { pattern: String(value), options: '' }
      return regexRange(regex.pattern, typeof all.$options === 'string' ? all.$options : regex.options)
    }
    case '$all':
      if (!Array.isArray(value) || value.length === 0 || isOperatorDocument(value[0])) return undefined
      return equality(value[0])
    default:
      return undefined
  }
}

function admitsNull(intervals: readonly Interval[]): boolean {
  return intervals.some(({ from }) => (from.bytes[0] ?? 0) <= KIND.null)
}

function add(out: Condition[], path: string, intervals: Interval[] | undefined): void {
  if (intervals !== undefined) out.push({ path, intervals, admitsMissing: admitsNull(intervals) })
}

/** All conditions that every matching document meets, as intervals of index keys. */
export function filterConditions(filter: Doc, prefix = ''): Condition[] {
  const out: Condition[] = []
  for (const [name, operand] of Object.entries(filter)) {
    if (name === '$and' && Array.isArray(operand)) {
      for (const clause of operand) if (isDocument(clause)) out.push(...filterConditions(clause, prefix))
    } else if (name.startsWith('$')) {
      // Others bound nothing here; $or is planned clause by clause.
    } else if (!isOperatorDocument(operand)) {
      const regex = regexParts(operand)
      add(out, prefix + name, regex ? regexRange(regex.pattern, regex.options) : equality(operand))
    } else {
      for (const [operator, value] of Object.entries(operand)) {
        if (operator === '$elemMatch' && isDocument(value) && !isOperatorDocument(value)) {
          out.push(...filterConditions(value, `${prefix}${name}.`))
        } else add(out, prefix + name, operatorIntervals(operator, value, operand))
      }
    }
  }
  return out
}

/** Turns intervals of an ascending component into those of a descending one, still in key order. */
export function descending(intervals: readonly Interval[]): Interval[] {
  const flip = ({ bytes, isAfter }: Edge): Edge => ({ bytes: invert(bytes), isAfter: !isAfter })
  return intervals.map(({ from, to, isPoint }) => ({ from: flip(to), to: flip(from), isPoint })).reverse()
}

/** An interval behind fixed leading components, as first key (inclusive) and last key (exclusive). */
export function keyRange(prefix: Buffer, interval: Interval | undefined): { start: Buffer; end: Buffer } {
  const edge = ({ bytes, isAfter }: Edge, isEnd: boolean): Buffer => {
    const whole = Buffer.concat([prefix, bytes])
    // Four bytes of index number lead; a cut key is in order only so far.
    if (whole.length > CUT_PREFIX_BYTES + 4) {
      return edgeBytes({ bytes: whole.subarray(0, CUT_PREFIX_BYTES + 4), isAfter: isEnd })
    }
    return edgeBytes({ bytes: whole, isAfter })
  }
  if (interval === undefined) {
    return {
      start: edge({ bytes: Buffer.alloc(0), isAfter: false }, false),
      end: edge({ bytes: Buffer.alloc(0), isAfter: true }, true),
    }
  }
  return { start: edge(interval.from, false), end: edge(interval.to, true) }
}
