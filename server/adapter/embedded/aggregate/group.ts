import type { Doc, Rec } from '../bson/codec.ts'
import { Rec as Record } from '../bson/codec.ts'
import { compareValues } from '../bson/compare.ts'
import { valueId } from '../bson/key.ts'
import { Double, Int32, isDocument, KIND, kindOf, Long, numberType, setOwn, toNumber } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { MAX_SORT_BYTES } from '../query/sort.ts'
import { combineNumbers } from '../update/arithmetic.ts'
import { compileExpression, type Expression } from './expression.ts'

/** One running aggregate of one group. */
interface Accumulator {
  add(value: unknown): void
  result(): unknown
}

const GROUP_OVERHEAD_BYTES = 200

function isPresent(value: unknown): boolean {
  return value !== undefined && kindOf(value) !== KIND.null
}

function sum(): Accumulator {
  let total: unknown = new Int32(0)
  return {
    add(value) {
      if (numberType(value) === undefined) return
      try {
        total = combineNumbers('$inc', total, value)
      } catch {
        total = new Double((toNumber(total) ?? 0) + (toNumber(value) ?? 0))
      }
    },
    result: () => total,
  }
}

function average(): Accumulator {
  let total = 0
  let count = 0
  return {
    add(value) {
      const n = toNumber(value)
      if (n === undefined) return
      total += n
      count++
    },
    result: () => (count === 0 ? null : new Double(total / count)),
  }
}

function extreme(direction: 1 | -1): Accumulator {
  let best: unknown
  return {
    add(value) {
      if (!isPresent(value)) return
      if (best === undefined || compareValues(value, best) * direction < 0) best = value
    },
    result: () => best ?? null,
  }
}

function edge(which: 'first' | 'last'): Accumulator {
  let held: unknown
  let any = false
  return {
    add(value) {
      if (which === 'first' && any) return
      any = true
      held = value
    },
    result: () => held ?? null,
  }
}

function list(isSet: boolean): Accumulator {
  const items: unknown[] = []
  const seen = new Set<string>()
  return {
    add(value) {
      if (value === undefined) return
      if (isSet) {
        const id = valueId(value)
        if (seen.has(id)) return
        seen.add(id)
      }
      items.push(value)
    },
    result: () => items,
  }
}

function deviation(isSample: boolean): Accumulator {
  let count = 0
  let mean = 0
  let squares = 0
  return {
    add(value) {
      const n = toNumber(value)
      if (n === undefined) return
      count++
      const delta = n - mean
      mean += delta / count
      squares += delta * (n - mean)
    },
    result() {
      if (count === 0 || (isSample && count < 2)) return null
      return new Double(Math.sqrt(squares / (isSample ? count - 1 : count)))
    },
  }
}

function mergeObjects(): Accumulator {
  const merged: Doc = {}
  return {
    add(value) {
      if (isDocument(value)) for (const [name, field] of Object.entries(value)) setOwn(merged, name, field)
    },
    result: () => merged,
  }
}

function counter(): Accumulator {
  let count = 0
  return {
    add() {
      count++
    },
    result: () => (count <= 0x7fffffff ? new Int32(count) : Long.fromNumber(count)),
  }
}

function makeAccumulator(name: string): () => Accumulator {
  switch (name) {
    case '$sum':
      return sum
    case '$avg':
      return average
    case '$min':
      return () => extreme(1)
    case '$max':
      return () => extreme(-1)
    case '$first':
      return () => edge('first')
    case '$last':
      return () => edge('last')
    case '$push':
      return () => list(false)
    case '$addToSet':
      return () => list(true)
    case '$stdDevPop':
      return () => deviation(false)
    case '$stdDevSamp':
      return () => deviation(true)
    case '$mergeObjects':
      return mergeObjects
    case '$count':
      return counter
    default:
      throw new MongoError(15952, `unknown group operator '${name}'`)
  }
}

/**
 * `$group`, holding only its groups.
 * @throws MongoError 15955, 15952, 40234 for a bad specification, 292 when the groups need more than 100 MB
 */
export function compileGroup(spec: unknown): (rows: Iterable<Rec | null>) => Iterable<Rec | null> {
  if (!isDocument(spec)) throw new MongoError(15947, "a group's fields must be specified in an object")
  if (!Object.hasOwn(spec, '_id')) throw new MongoError(15955, 'a group specification must include an _id')
  const id = compileExpression(spec._id)
  const fields: { name: string; compute: Expression; make: () => Accumulator; holds: boolean }[] = []
  for (const [name, operand] of Object.entries(spec)) {
    if (name === '_id') continue
    const [operator, expression] = isDocument(operand) ? (Object.entries(operand)[0] ?? []) : []
    if (operator === undefined)
      throw new MongoError(40234, `The field '${name}' must be an accumulator object`)
    const holds = ['$push', '$addToSet', '$mergeObjects'].includes(operator)
    fields.push({ name, compute: compileExpression(expression), make: makeAccumulator(operator), holds })
  }
  return function* group(rows) {
    const groups = new Map<string, { id: unknown; accumulators: Accumulator[] }>()
    let bytes = 0
    for (const rec of rows) {
      if (rec === null) {
        yield null
        continue
      }
      const value = id(rec) ?? null
      const key = valueId(value)
      let found = groups.get(key)
      if (found === undefined) {
        found = { id: value, accumulators: fields.map(field => field.make()) }
        groups.set(key, found)
        bytes += key.length + GROUP_OVERHEAD_BYTES
      }
      for (let i = 0; i < fields.length; i++) {
        const field = fields[i] as (typeof fields)[number]
        const item = field.compute(rec)
        if (field.holds && item !== undefined) bytes += valueId(item).length + 16
        found.accumulators[i]?.add(item)
      }
      if (bytes > MAX_SORT_BYTES) {
        throw new MongoError(292, 'Exceeded memory limit for $group, but did not allow external sort.')
      }
    }
    for (const { id: value, accumulators } of groups.values()) {
      const out: Doc = { _id: value }
      for (let i = 0; i < fields.length; i++) {
        setOwn(out, (fields[i] as (typeof fields)[number]).name, accumulators[i]?.result())
      }
      yield Record.of(out)
    }
  }
}
