import { Timestamp } from 'bson'
import type { Doc } from '../bson/codec.ts'
import { compareValues, identicalValues } from '../bson/compare.ts'
import { cloneValue, getOwn, isDocument, setOwn, tagOf } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import type { Matcher } from '../query/matcher.ts'
import { isOperatorDocument } from '../query/matcher.ts'
import { combineBits, combineNumbers } from './arithmetic.ts'
import { type ArrayChange, addToSet, pop, pull, pullAll, push } from './arrays.ts'
import { compilePipelineUpdate } from './pipeline.ts'
import { assignAt, compileArrayFilters, concretePaths, existsAt, removeAt, valueAt } from './target.ts'

// Long because one operator after the other, each a few lines; apart they would need each other.

/** What an update makes of one document. */
export interface Changed {
  after: Doc
  /** For the change event; undefined when the whole document was replaced. */
  description: Doc | undefined
  isNoop: boolean
}
export interface ApplyOptions {
  matchedIndex?: number | undefined
  /** The document is being made by an upsert. */
  isInsert?: boolean
}
export type Update = (before: Doc, options: ApplyOptions) => Changed

interface Step {
  operator: string
  path: readonly string[]
  operand: unknown
}

const OPERATORS = new Set([
  '$set',
  '$unset',
  '$inc',
  '$mul',
  '$min',
  '$max',
  '$rename',
  '$setOnInsert',
  '$currentDate',
  '$push',
  '$addToSet',
  '$pull',
  '$pullAll',
  '$pop',
  '$bit',
])

function splitPath(path: string): string[] {
  if (path === '') throw new MongoError(56, 'An empty update path is not valid.')
  const parts = path.split('.')
  if (parts.includes('')) throw new MongoError(56, `The update path '${path}' contains an empty field name`)
  if (parts[0]?.startsWith('$'))
    throw new MongoError(52, `The dollar ($) prefixed field '${path}' is not valid for storage.`)
  return parts
}

function parseSteps(update: Doc): Step[] {
  const steps: Step[] = []
  for (const [operator, fields] of Object.entries(update)) {
    if (!OPERATORS.has(operator)) {
      throw new MongoError(
        9,
        `Unknown modifier: ${operator}. Expected a valid update modifier or pipeline-style update`,
      )
    }
    if (!isDocument(fields))
      throw new MongoError(9, `Modifiers operate on fields but found another type for ${operator}`)
    for (const [path, operand] of Object.entries(fields)) {
      const parts = splitPath(path)
      if (operator === '$rename') {
        if (typeof operand !== 'string') throw new MongoError(2, 'The to field for $rename must be a string')
        if (operand === path) throw new MongoError(2, 'The source and target field for $rename must differ')
        steps.push({ operator, path: parts, operand: splitPath(operand) })
      } else steps.push({ operator, path: parts, operand })
    }
  }
  checkConflicts(steps)
  // MongoDB applies them by path, whatever the order in which they were given.
  return steps.sort((a, b) => comparePaths(a.path, b.path))
}

function comparePaths(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const left = a[i] as string
    const right = b[i] as string
    if (left === right) continue
    if (/^\d+$/.test(left) && /^\d+$/.test(right)) return Number(left) - Number(right)
    return left < right ? -1 : 1
  }
  return a.length - b.length
}

function checkConflicts(steps: readonly Step[]): void {
  const paths = steps
    .flatMap(step => (step.operator === '$rename' ? [step.path, step.operand as string[]] : [step.path]))
    .map(path => `${path.join('.')}.`)
    .sort()
  for (let i = 1; i < paths.length; i++) {
    if (paths[i]?.startsWith(paths[i - 1] as string)) {
      const name = (paths[i] as string).slice(0, -1)
      throw new MongoError(
        40,
        `Updating the path '${name}' would create a conflict at '${(paths[i - 1] as string).slice(0, -1)}'`,
      )
    }
  }
}

/**
 * Compiles the `u` of an update command: operators, a replacement, or a pipeline.
 * @throws MongoError 9 for unknown operators, 40 for paths that collide
 */
export function compileUpdate(
  update: unknown,
  options: { arrayFilters?: unknown } = {},
): { apply: Update; isReplacement: boolean } {
  if (Array.isArray(update)) return { apply: compilePipelineUpdate(update), isReplacement: false }
  if (!isDocument(update)) throw new MongoError(9, 'Update argument must be either an object or an array')
  if (!Object.keys(update)[0]?.startsWith('$')) {
    if (options.arrayFilters !== undefined)
      throw new MongoError(9, 'Cannot use array filters with a replacement-style update')
    const dollar = Object.keys(update).find(name => name.startsWith('$'))
    if (dollar !== undefined)
      throw new MongoError(52, `The dollar ($) prefixed field '${dollar}' is not allowed in a replacement`)
    return { apply: before => replace(before, update), isReplacement: true }
  }
  const steps = parseSteps(update)
  const filters = compileArrayFilters(options.arrayFilters)
  checkFiltersUsed(steps, filters)
  return { apply: (before, apply) => applySteps(before, steps, { ...apply, filters }), isReplacement: false }
}

function checkFiltersUsed(steps: readonly Step[], filters: ReadonlyMap<string, Matcher>): void {
  for (const name of filters.keys()) {
    if (!steps.some(step => step.path.includes(`$[${name}]`))) {
      throw new MongoError(9, `The array filter for identifier '${name}' was not used in the update`)
    }
  }
}

function replace(before: Doc, replacement: Doc): Changed {
  const { _id, ...rest } = replacement
  if (_id !== undefined && before._id !== undefined && compareValues(_id, before._id) !== 0) {
    throw new MongoError(
      66,
      "After applying the update, the (immutable) field '_id' was found to have been altered",
    )
  }
  const id = before._id ?? _id
  const after: Doc = id === undefined ? { ...rest } : { _id: id, ...rest }
  return { after, description: undefined, isNoop: identicalValues(before, after) }
}

function applySteps(
  before: Doc,
  steps: readonly Step[],
  options: ApplyOptions & { filters: ReadonlyMap<string, Matcher> },
): Changed {
  const after = cloneValue(before)
  const updatedFields: Doc = {}
  const removedFields: string[] = []
  const log = {
    set: (path: readonly string[], value: unknown) => setOwn(updatedFields, path.join('.'), value),
    unset: (path: readonly string[]) => removedFields.push(path.join('.')),
  }
  const context = { matchedIndex: options.matchedIndex, filters: options.filters }
  for (const step of steps) {
    if (step.operator === '$setOnInsert' && options.isInsert !== true) continue
    for (const path of concretePaths(after, step.path, context)) applyStep(after, step, { path, log })
  }
  if (Object.hasOwn(before, '_id') && !identicalIds(before._id, after._id)) {
    throw new MongoError(66, "Performing an update on the path '_id' would modify the immutable field '_id'")
  }
  return {
    after,
    description: { updatedFields, removedFields },
    isNoop: Object.keys(updatedFields).length === 0 && removedFields.length === 0,
  }
}

function identicalIds(a: unknown, b: unknown): boolean {
  return b !== undefined && compareValues(a, b) === 0
}

interface Log {
  set(path: readonly string[], value: unknown): void
  unset(path: readonly string[]): void
}

function assign(doc: Doc, value: unknown, at: { path: readonly string[]; log: Log }): void {
  if (existsAt(doc, at.path) && identicalValues(valueAt(doc, at.path), value)) return
  const copy = cloneValue(value)
  assignAt(doc, at.path, copy)
  at.log.set(at.path, copy)
}

function assignArray(
  doc: Doc,
  change: ArrayChange | undefined,
  at: { path: readonly string[]; log: Log },
): void {
  if (change === undefined) return
  assignAt(doc, at.path, change.value)
  if (change.appendedFrom === undefined) at.log.set(at.path, change.value)
  else {
    for (let i = change.appendedFrom; i < change.value.length; i++)
      at.log.set([...at.path, String(i)], change.value[i])
  }
}

function applyStep(doc: Doc, step: Step, at: { path: readonly string[]; log: Log }): void {
  const { path } = at
  const { operator, operand } = step
  const current = valueAt(doc, path)
  const name = path.join('.')
  switch (operator) {
    case '$set':
    case '$setOnInsert':
      assign(doc, operand, at)
      return
    case '$unset':
      if (removeAt(doc, path)) {
        const inArray = Array.isArray(valueAt(doc, path.slice(0, -1)))
        if (inArray) at.log.set(path, null)
        else at.log.unset(path)
      }
      return
    case '$inc':
    case '$mul': {
      const base = existsAt(doc, path) ? current : operator === '$inc' ? undefined : zeroLike(operand)
      assign(
        doc,
        base === undefined
          ? combineNumbers('$inc', zeroLike(operand), operand)
          : combineNumbers(operator, base, operand),
        at,
      )
      return
    }
    case '$min':
    case '$max': {
      const order = existsAt(doc, path)
        ? compareValues(operand, current) * (operator === '$min' ? 1 : -1)
        : -1
      if (order < 0) assign(doc, operand, at)
      return
    }
    case '$currentDate':
      assign(doc, currentDate(operand), at)
      return
    case '$rename':
      rename(doc, operand as string[], at)
      return
    case '$push':
      assignArray(doc, push(current, operand, name), at)
      return
    case '$addToSet':
      assignArray(doc, addToSet(current, operand, name), at)
      return
    case '$pull':
      assignArray(doc, pull(current, operand, name), at)
      return
    case '$pullAll':
      assignArray(doc, pullAll(current, operand, name), at)
      return
    case '$pop':
      assignArray(doc, pop(current, operand, name), at)
      return
    case '$bit': {
      if (!isDocument(operand)) throw new MongoError(2, 'The $bit modifier takes an object')
      let value = current
      for (const [bits, mask] of Object.entries(operand)) {
        if (!['and', 'or', 'xor'].includes(bits))
          throw new MongoError(2, `The $bit modifier knows no '${bits}'`)
        value = combineBits(bits, value, mask)
      }
      assign(doc, value, at)
      return
    }
    default:
      throw new MongoError(9, `Unknown modifier: ${operator}`)
  }
}

function zeroLike(operand: unknown): unknown {
  return combineNumbers('$mul', operand, 0)
}

function currentDate(operand: unknown): unknown {
  const type = isDocument(operand) ? operand.$type : operand === false ? undefined : 'date'
  if (type === 'date') return new Date()
  if (type === 'timestamp') return new Timestamp({ t: Math.floor(Date.now() / 1000), i: 1 })
  throw new MongoError(2, "The '$type' string field is required to be 'date' or 'timestamp'")
}

function rename(doc: Doc, to: string[], at: { path: readonly string[]; log: Log }): void {
  if (!existsAt(doc, at.path)) return
  for (const path of [at.path, to]) {
    for (let i = 1; i < path.length; i++) {
      if (Array.isArray(valueAt(doc, path.slice(0, i)))) {
        throw new MongoError(2, 'The source and target field of $rename cannot be array elements')
      }
    }
  }
  const value = valueAt(doc, at.path)
  removeAt(doc, at.path)
  at.log.unset(at.path)
  assignAt(doc, to, value)
  at.log.set(to, value)
}

/** The document that an upsert starts from: what the filter says by equality. */
export function upsertSeed(filter: Doc, isReplacement: boolean): Doc {
  const seed: Doc = {}
  const visit = (clause: Doc): void => {
    for (const [name, operand] of Object.entries(clause)) {
      if (name === '$and' && Array.isArray(operand)) {
        for (const part of operand) if (isDocument(part)) visit(part)
      } else if (name === '$or' && Array.isArray(operand) && operand.length === 1 && isDocument(operand[0])) {
        visit(operand[0])
      } else if (!name.startsWith('$')) take(name, operand)
    }
  }
  const take = (path: string, operand: unknown): void => {
    if (isReplacement && path !== '_id') return
    let value = operand
    if (isOperatorDocument(operand)) {
      if (Object.hasOwn(operand, '$eq')) value = getOwn(operand, '$eq')
      else if (Array.isArray(operand.$in) && operand.$in.length === 1) value = operand.$in[0]
      else if (Array.isArray(operand.$all) && operand.$all.length === 1) value = operand.$all[0]
      else return
    }
    if (
      value instanceof RegExp ||
      (isDocument(value) === false &&
        typeof value === 'object' &&
        value !== null &&
        tagOf(value) === 'BSONRegExp')
    )
      return
    assignAt(seed, path.split('.'), cloneValue(value))
  }
  visit(filter)
  return seed
}
