import type { Doc } from '../bson/codec.ts'
import { compareValues, equalValues } from '../bson/compare.ts'
import { cloneValue, isDocument, regexParts, toInteger } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileFilter, compileValueTest, isOperatorDocument } from '../query/matcher.ts'
import { parseSort } from '../query/planner.ts'
import { sortKey } from '../query/sort.ts'

/** A new array, or undefined when nothing changes. `appendedFrom` is set when only elements were added at the end. */
export interface ArrayChange {
  value: unknown[]
  appendedFrom?: number
}

function needArray(current: unknown, name: string, path: string): unknown[] {
  if (!Array.isArray(current)) {
    throw new MongoError(
      2,
      `The field '${path}' must be an array but is of another type: cannot apply ${name}`,
    )
  }
  return current
}

export function push(current: unknown, operand: unknown, path: string): ArrayChange | undefined {
  const before = current === undefined ? [] : needArray(current, '$push', path)
  const modifiers = isDocument(operand) && Object.hasOwn(operand, '$each') ? operand : undefined
  const added: unknown = modifiers === undefined ? [operand] : modifiers.$each
  if (!Array.isArray(added)) throw new MongoError(2, 'The argument to $each in $push must be an array')
  let next = before.slice()
  const position = modifiers?.$position === undefined ? undefined : toInteger(modifiers.$position)
  if (modifiers !== undefined) {
    const unknown = Object.keys(modifiers).find(
      name => !['$each', '$slice', '$sort', '$position'].includes(name),
    )
    if (unknown !== undefined) throw new MongoError(2, `Unrecognized clause in $push: ${unknown}`)
  }
  const items = cloneValue(added) as unknown[]
  if (position === undefined || position >= next.length) next.push(...items)
  else next.splice(position < 0 ? Math.max(0, next.length + position) : position, 0, ...items)
  const isAppend = position === undefined || position >= before.length
  let rearranged = false
  if (modifiers !== undefined && Object.hasOwn(modifiers, '$sort')) {
    rearranged = true
    next = sortArray(next, modifiers.$sort)
  }
  if (modifiers !== undefined && Object.hasOwn(modifiers, '$slice')) {
    const slice = toInteger(modifiers.$slice)
    if (slice === undefined) throw new MongoError(2, 'The value for $slice must be an integer')
    const cut = slice >= 0 ? next.slice(0, slice) : next.slice(slice)
    if (cut.length !== next.length) rearranged = true
    next = cut
  }
  if (current !== undefined && items.length === 0 && !rearranged) return undefined
  return isAppend && !rearranged && before.length > 0
    ? { value: next, appendedFrom: before.length }
    : { value: next }
}

function sortArray(items: unknown[], spec: unknown): unknown[] {
  if (!isDocument(spec)) {
    const direction = toInteger(spec)
    if (direction !== 1 && direction !== -1)
      throw new MongoError(2, 'The $sort element value must be either 1 or -1')
    return items.sort((a, b) => compareValues(a, b) * direction)
  }
  const sort = parseSort(spec)
  return items
    .map(item => ({ item, key: sortKey(item, sort) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ item }) => item)
}

export function addToSet(current: unknown, operand: unknown, path: string): ArrayChange | undefined {
  const before = current === undefined ? [] : needArray(current, '$addToSet', path)
  const hasEach = isDocument(operand) && Object.hasOwn(operand, '$each')
  const added: unknown = hasEach ? (operand as Doc).$each : [operand]
  if (!Array.isArray(added)) throw new MongoError(14, 'The argument to $each in $addToSet must be an array')
  const next = before.slice()
  for (const item of added) if (!next.some(other => equalValues(other, item))) next.push(cloneValue(item))
  return next.length === before.length && current !== undefined ? undefined : { value: next }
}

export function pull(current: unknown, operand: unknown, path: string): ArrayChange | undefined {
  if (current === undefined) return undefined
  const before = needArray(current, '$pull', path)
  const isGone = pullTest(operand)
  const next = before.filter(item => !isGone(item))
  return next.length === before.length ? undefined : { value: next }
}

function pullTest(operand: unknown): (item: unknown) => boolean {
  if (isOperatorDocument(operand)) {
    const test = compileValueTest(operand)
    return item => test({ v: item })
  }
  if (isDocument(operand)) {
    const matches = compileFilter(operand)
    return item => isDocument(item) && matches(item)
  }
  if (regexParts(operand)) {
    const test = compileValueTest({ $in: [operand] })
    return item => test({ v: item })
  }
  return item => equalValues(item, operand)
}

export function pullAll(current: unknown, operand: unknown, path: string): ArrayChange | undefined {
  if (!Array.isArray(operand)) throw new MongoError(2, '$pullAll requires an array argument')
  if (current === undefined) return undefined
  const before = needArray(current, '$pullAll', path)
  const next = before.filter(item => !operand.some(other => equalValues(item, other)))
  return next.length === before.length ? undefined : { value: next }
}

export function pop(current: unknown, operand: unknown, path: string): ArrayChange | undefined {
  const end = toInteger(operand)
  if (end !== 1 && end !== -1) throw new MongoError(9, '$pop expects 1 or -1')
  if (current === undefined) return undefined
  if (!Array.isArray(current))
    throw new MongoError(14, `Path '${path}' contains an element of non-array type`)
  if (current.length === 0) return undefined
  return { value: end === 1 ? current.slice(0, -1) : current.slice(1) }
}
