import { compileCondition } from '../aggregate/expression.ts'
import type { Doc } from '../bson/codec.ts'
import { compareValues, equalValues } from '../bson/compare.ts'
import { valueId } from '../bson/key.ts'
import {
  getOwn,
  isDocument,
  KIND,
  kindOf,
  regexParts,
  TYPE_NUMBERS,
  toInteger,
  toNumber,
  truthy,
  typeName,
} from '../bson/value.ts'
import { MongoError, notImplemented } from '../errors.ts'
import { bitTest } from './bits.ts'
import { visitPath } from './path.ts'
import { compileRegex } from './regex.ts'
import { compileSchema } from './schema.ts'

// Long because one operator after the other, each a few lines; apart they would need each other.

/** What the match found on its way. */
export interface MatchState {
  /** Position in the array that matched: what `$` stands for in an update. */
  index?: number | undefined
}
/** Does the document match? A compiled filter never changes the document. */
export type Matcher = (doc: Doc, state?: MatchState) => boolean
type Test = (value: unknown) => boolean

const MIN_SET_SIZE = 4

function bad(message: string): MongoError {
  return new MongoError(2, message)
}

/**
 * Compiles a query filter.
 * @throws MongoError 2 for unknown operators and bad operands, 9 for what cannot be parsed
 */
export function compileFilter(filter: unknown): Matcher {
  if (filter === undefined) return () => true
  if (!isDocument(filter)) throw new MongoError(14, 'Expected a filter document')
  const parts: Matcher[] = []
  for (const [name, operand] of Object.entries(filter)) {
    parts.push(name.startsWith('$') ? compileLogical(name, operand) : compileField(name, operand))
  }
  return all(parts)
}

function all(parts: readonly Matcher[]): Matcher {
  const [first, second] = parts
  if (first === undefined) return () => true
  if (second === undefined) return first
  return (doc, state) => parts.every(part => part(doc, state))
}

function clauses(name: string, operand: unknown): Matcher[] {
  if (!Array.isArray(operand) || operand.length === 0) throw bad(`${name} must be a nonempty array`)
  return operand.map(clause => {
    if (!isDocument(clause)) throw bad('$or/$and/$nor entries need to be full objects')
    return compileFilter(clause)
  })
}

function compileLogical(name: string, operand: unknown): Matcher {
  switch (name) {
    case '$and':
      return all(clauses(name, operand))
    case '$or': {
      const parts = clauses(name, operand)
      return (doc, state) => parts.some(part => part(doc, state))
    }
    case '$nor': {
      const parts = clauses(name, operand)
      return doc => !parts.some(part => part(doc))
    }
    case '$comment':
      return () => true
    case '$expr':
      return compileCondition(operand)
    case '$jsonSchema':
      return compileSchema(operand)
    case '$alwaysTrue':
      return () => true
    case '$alwaysFalse':
      return () => false
    case '$where':
    case '$text':
      throw notImplemented(name)
    default:
      throw bad(`unknown top level operator: ${name}`)
  }
}

/** Is it `{ $op: ... }` rather than a value to compare with? */
export function isOperatorDocument(value: unknown): value is Doc {
  if (!isDocument(value)) return false
  const first = Object.keys(value)[0]
  return first?.startsWith('$') === true && !['$ref', '$id', '$db'].includes(first)
}

/** Matches when any value at the path (or any element of an array there) passes. */
function anyValue(path: string, test: Test, options: { expand: boolean } = { expand: true }): Matcher {
  return (doc, state) =>
    visitPath(doc, path, (value, index) => {
      if (options.expand && Array.isArray(value)) {
        for (let i = 0; i < value.length; i++) {
          if (test(value[i])) {
            if (state) state.index = index ?? i
            return true
          }
        }
      }
      if (!test(value)) return false
      if (state && index !== undefined) state.index = index
      return true
    })
}

function not(part: Matcher): Matcher {
  return doc => !part(doc)
}

function compileField(path: string, operand: unknown): Matcher {
  if (!isOperatorDocument(operand)) {
    const regex = regexParts(operand)
    if (regex) return anyValue(path, regexTest(operand))
    return anyValue(path, equalityTest(operand))
  }
  const parts: Matcher[] = []
  for (const [name, value] of Object.entries(operand)) {
    if (name === '$options') {
      if (!Object.hasOwn(operand, '$regex')) throw bad('$options needs a $regex')
      continue
    }
    parts.push(compileOperator({ path, name, value, all: operand }))
  }
  return all(parts)
}

function equalityTest(operand: unknown): Test {
  const kind = kindOf(operand)
  if (kind === KIND.null) return value => value === undefined || value === null
  if (kind === KIND.string) return value => value === operand
  return value => value !== undefined && equalValues(value, operand)
}

function regexTest(operand: unknown, options?: string): Test {
  const parts = regexParts(operand)
  const pattern = parts?.pattern ?? String(operand)
  const flags = options ?? parts?.options ?? ''
  const regex = compileRegex(pattern, flags)
  return value => {
    if (typeof value === 'string') return regex.test(value)
    const other = regexParts(value)
    return other !== undefined && other.pattern === pattern && other.options === flags
  }
}

function rangeTest(name: string, operand: unknown): Test {
  const kind = kindOf(operand)
  const accept = (order: number): boolean =>
    name === '$gt' ? order > 0 : name === '$gte' ? order >= 0 : name === '$lt' ? order < 0 : order <= 0
  if (kind === KIND.minKey || kind === KIND.maxKey) return value => accept(compareValues(value, operand))
  const operandIsNaN = kind === KIND.number && Number.isNaN(toNumber(operand))
  return value => {
    if (kindOf(value) !== kind) return false
    if (kind === KIND.number && Number.isNaN(toNumber(value)) !== operandIsNaN) return false
    return accept(compareValues(value, operand))
  }
}

function inTest(operand: unknown): Test {
  if (!Array.isArray(operand)) throw bad('$in needs an array')
  const regexes: Test[] = []
  const values: unknown[] = []
  for (const item of operand) {
    if (regexParts(item)) regexes.push(regexTest(item))
    else if (isOperatorDocument(item)) throw bad('cannot nest $ under $in')
    else values.push(item)
  }
  const acceptsNull = values.some(value => value === null || value === undefined)
  if (values.length < MIN_SET_SIZE) {
    const tests = values.map(equalityTest)
    return value => tests.some(test => test(value)) || regexes.some(test => test(value))
  }
  const ids = new Set(values.map(valueId))
  return value =>
    (value === undefined ? acceptsNull : ids.has(valueId(value))) || regexes.some(test => test(value))
}

function typeTest(operand: unknown): Test {
  const wanted = new Set<string>()
  for (const item of Array.isArray(operand) ? operand : [operand]) {
    if (typeof item === 'string') {
      if (item !== 'number' && !Object.values(TYPE_NUMBERS).includes(item))
        throw bad(`Unknown type name alias: ${item}`)
      wanted.add(item)
    } else {
      const name = TYPE_NUMBERS[toInteger(item) ?? Number.NaN]
      if (name === undefined) throw bad(`Invalid numerical type code: ${String(item)}`)
      wanted.add(name)
    }
  }
  if (wanted.has('number')) for (const name of ['int', 'long', 'double', 'decimal']) wanted.add(name)
  return value => value !== undefined && wanted.has(typeName(value))
}

function compileOperator(op: { path: string; name: string; value: unknown; all: Doc }): Matcher {
  const { path, name, value } = op
  switch (name) {
    case '$eq':
      return anyValue(path, equalityTest(value))
    case '$ne':
      if (regexParts(value)) throw bad("Can't have regex as arg to $ne.")
      return not(anyValue(path, equalityTest(value)))
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte': {
      if (regexParts(value)) throw bad(`Can't have RegEx as arg to predicate over field '${path}'.`)
      const test = rangeTest(name, value)
      // null is in the range [null, null], and so is what is missing.
      if (kindOf(value) === KIND.null)
        return name.endsWith('e') ? anyValue(path, equalityTest(null)) : () => false
      return anyValue(path, test)
    }
    case '$in':
      return anyValue(path, inTest(value))
    case '$nin':
      return not(anyValue(path, inTest(value)))
    case '$exists': {
      const exists: Matcher = doc => visitPath(doc, path, found => found !== undefined)
      return truthy(value) ? exists : not(exists)
    }
    case '$type':
      return anyValue(path, typeTest(value))
    case '$regex': {
      const options = op.all.$options
      if (typeof value !== 'string' && !regexParts(value)) throw bad('$regex has to be a string')
      return anyValue(path, regexTest(value, typeof options === 'string' ? options : undefined))
    }
    case '$not': {
      if (regexParts(value)) return not(anyValue(path, regexTest(value)))
      if (!isOperatorDocument(value)) throw bad('$not needs a regex or a document')
      return not(compileField(path, value))
    }
    case '$size': {
      const size = toInteger(value)
      if (size === undefined || size < 0) throw bad('$size must be a whole number')
      return anyValue(path, found => Array.isArray(found) && found.length === size, { expand: false })
    }
    case '$all':
      return compileAll(path, value)
    case '$elemMatch':
      return compileElemMatch(path, value)
    case '$mod': {
      if (!Array.isArray(value) || value.length !== 2) throw bad('malformed mod, needs to be an array of two')
      const divisor = Math.trunc(toNumber(value[0]) ?? 0)
      const remainder = Math.trunc(toNumber(value[1]) ?? 0)
      if (divisor === 0) throw bad('divisor cannot be 0')
      return anyValue(path, found => {
        const n = toNumber(found)
        return n !== undefined && Number.isFinite(n) && Math.trunc(n) % divisor === remainder
      })
    }
    case '$bitsAllSet':
    case '$bitsAnySet':
    case '$bitsAllClear':
    case '$bitsAnyClear':
      return anyValue(path, bitTest(name, value))
    case '$comment':
      return () => true
    default:
      throw bad(`unknown operator: ${name}`)
  }
}

function compileAll(path: string, operand: unknown): Matcher {
  if (!Array.isArray(operand)) throw bad('$all needs an array')
  if (operand.length === 0) return () => false
  return all(
    operand.map(item => {
      if (isDocument(item) && Object.hasOwn(item, '$elemMatch'))
        return compileElemMatch(path, getOwn(item, '$elemMatch'))
      return anyValue(path, regexParts(item) ? regexTest(item) : equalityTest(item))
    }),
  )
}

function compileElemMatch(path: string, operand: unknown): Matcher {
  if (!isDocument(operand)) throw bad('$elemMatch needs an Object')
  const first = Object.keys(operand)[0]
  const isValue =
    first?.startsWith('$') === true && !['$and', '$or', '$nor', '$expr', '$jsonSchema'].includes(first)
  const valueTest = isValue ? compileValueTest(operand) : () => false
  const test: Matcher = isValue ? () => false : compileFilter(operand)
  return (doc, state) =>
    visitPath(doc, path, (value, index) => {
      if (!Array.isArray(value)) return false
      const found = value.findIndex(item =>
        isValue ? valueTest({ v: item }) : isObjectLike(item) && test(item as Doc),
      )
      if (found < 0) return false
      if (state) state.index = index ?? found
      return true
    })
}

function isObjectLike(item: unknown): boolean {
  return isDocument(item) || Array.isArray(item)
}

/** Operators on a bare value, such as `{ $gt: 3 }` in `$elemMatch` or `$pull`. */
export function compileValueTest(operators: Doc): (holder: { v: unknown }) => boolean {
  const matcher = compileField('v', operators)
  return holder => matcher(holder)
}
