import type { Doc } from '../bson/codec.ts'
import { compareValues, equalValues } from '../bson/compare.ts'
import { getOwn, isDocument, toInteger, toNumber, truthy, typeName } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileRegex } from './regex.ts'

type Test = (value: unknown) => boolean

const JSON_TYPES: Readonly<Record<string, readonly string[]>> = {
  object: ['object'],
  array: ['array'],
  number: ['int', 'long', 'double', 'decimal'],
  boolean: ['bool'],
  string: ['string'],
  null: ['null'],
}
const ANNOTATIONS = new Set(['title', 'description', '$schema', 'id', '$comment'])

function parseError(message: string): MongoError {
  return new MongoError(9, message)
}

/** @throws MongoError 9 for keywords that MongoDB does not know and operands of the wrong type */
export function compileSchema(schema: unknown): (doc: Doc) => boolean {
  return compile(schema)
}

function list(value: unknown, keyword: string): unknown[] {
  if (!Array.isArray(value) || value.length === 0)
    throw parseError(`$jsonSchema keyword '${keyword}' must be a nonempty array`)
  return value
}

function numberOf(value: unknown, keyword: string): number {
  const n = toNumber(value)
  if (n === undefined) throw parseError(`$jsonSchema keyword '${keyword}' must be a number`)
  return n
}

function sizeOf(value: unknown, keyword: string): number {
  const n = toInteger(value)
  if (n === undefined || n < 0) throw parseError(`$jsonSchema keyword '${keyword}' must be a whole number`)
  return n
}

function isNumeric(value: unknown): boolean {
  return toNumber(value) !== undefined
}

/** Length in code points, as MongoDB counts. */
function textLength(value: string): number {
  let n = 0
  for (const _ of value) n++
  return n
}

function compile(schema: unknown): Test {
  if (!isDocument(schema)) throw parseError('$jsonSchema must be an object')
  const tests: Test[] = []
  for (const [keyword, operand] of Object.entries(schema)) {
    const test = compileKeyword(keyword, operand, schema)
    if (test !== undefined) tests.push(test)
  }
  return value => tests.every(test => test(value))
}

function compileKeyword(keyword: string, operand: unknown, schema: Doc): Test | undefined {
  switch (keyword) {
    case 'bsonType': {
      const names = (Array.isArray(operand) ? operand : [operand]).map(String)
      const wanted = new Set(
        names.flatMap(name => (name === 'number' ? ['int', 'long', 'double', 'decimal'] : [name])),
      )
      return value => value !== undefined && wanted.has(typeName(value))
    }
    case 'type': {
      const names = (Array.isArray(operand) ? operand : [operand]).map(String)
      const wanted = new Set(
        names.flatMap(name => {
          const types = JSON_TYPES[name]
          if (types === undefined) throw parseError(`Unknown type name alias: ${name}`)
          return types
        }),
      )
      return value => value !== undefined && wanted.has(typeName(value))
    }
    case 'enum': {
      const values = list(operand, keyword)
      return value => values.some(item => equalValues(item, value))
    }
    case 'allOf': {
      const tests = list(operand, keyword).map(compile)
      return value => tests.every(test => test(value))
    }
    case 'anyOf': {
      const tests = list(operand, keyword).map(compile)
      return value => tests.some(test => test(value))
    }
    case 'oneOf': {
      const tests = list(operand, keyword).map(compile)
      return value => tests.filter(test => test(value)).length === 1
    }
    case 'not': {
      const test = compile(operand)
      return value => !test(value)
    }
    case 'minimum':
    case 'maximum': {
      numberOf(operand, keyword)
      const flag = keyword === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum'
      const exclusive = truthy(schema[flag])
      const direction = keyword === 'minimum' ? 1 : -1
      return value => {
        if (!isNumeric(value)) return true
        const order = compareValues(value, operand) * direction
        return exclusive ? order > 0 : order >= 0
      }
    }
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      if (typeof operand !== 'boolean') throw parseError(`$jsonSchema keyword '${keyword}' must be a boolean`)
      return undefined
    case 'multipleOf': {
      const divisor = numberOf(operand, keyword)
      if (divisor <= 0) throw parseError(`$jsonSchema keyword 'multipleOf' must have a positive value`)
      return value => !isNumeric(value) || (toNumber(value) as number) % divisor === 0
    }
    case 'minLength':
    case 'maxLength': {
      const size = sizeOf(operand, keyword)
      return value =>
        typeof value !== 'string' ||
        (keyword === 'minLength' ? textLength(value) >= size : textLength(value) <= size)
    }
    case 'pattern': {
      if (typeof operand !== 'string') throw parseError("$jsonSchema keyword 'pattern' must be a string")
      const regex = compileRegex(operand, '')
      return value => typeof value !== 'string' || regex.test(value)
    }
    case 'required': {
      const names = list(operand, keyword).map(String)
      return value => !isDocument(value) || names.every(name => Object.hasOwn(value, name))
    }
    case 'minProperties':
    case 'maxProperties': {
      const size = sizeOf(operand, keyword)
      return value => {
        if (!isDocument(value)) return true
        const count = Object.keys(value).length
        return keyword === 'minProperties' ? count >= size : count <= size
      }
    }
    case 'properties': {
      if (!isDocument(operand)) throw parseError("$jsonSchema keyword 'properties' must be an object")
      const tests = Object.entries(operand).map(([name, sub]) => [name, compile(sub)] as const)
      return value =>
        !isDocument(value) ||
        tests.every(([name, test]) => !Object.hasOwn(value, name) || test(getOwn(value, name)))
    }
    case 'patternProperties': {
      const tests = patternTests(operand)
      return value =>
        !isDocument(value) ||
        Object.entries(value).every(([name, field]) =>
          tests.every(([regex, test]) => !regex.test(name) || test(field)),
        )
    }
    case 'additionalProperties':
      return compileAdditional(operand, schema)
    case 'dependencies':
      return compileDependencies(operand)
    case 'items':
      return compileItems(operand, schema)
    case 'additionalItems':
      return undefined
    case 'minItems':
    case 'maxItems': {
      const size = sizeOf(operand, keyword)
      return value =>
        !Array.isArray(value) || (keyword === 'minItems' ? value.length >= size : value.length <= size)
    }
    case 'uniqueItems':
      if (!truthy(operand)) return undefined
      return value => {
        if (!Array.isArray(value)) return true
        const sorted = value.slice().sort(compareValues)
        return sorted.every((item, i) => i === 0 || !equalValues(sorted[i - 1], item))
      }
    default:
      if (ANNOTATIONS.has(keyword)) return undefined
      throw parseError(`Unknown $jsonSchema keyword: ${keyword}`)
  }
}

function patternTests(operand: unknown): (readonly [RegExp, Test])[] {
  if (!isDocument(operand)) throw parseError("$jsonSchema keyword 'patternProperties' must be an object")
  return Object.entries(operand).map(([pattern, sub]) => [compileRegex(pattern, ''), compile(sub)] as const)
}

function compileAdditional(operand: unknown, schema: Doc): Test | undefined {
  if (operand === true) return undefined
  const named = new Set(isDocument(schema.properties) ? Object.keys(schema.properties) : [])
  const patterns = schema.patternProperties === undefined ? [] : patternTests(schema.patternProperties)
  const test = operand === false ? () => false : compile(operand)
  return value =>
    !isDocument(value) ||
    Object.entries(value).every(
      ([name, field]) => named.has(name) || patterns.some(([regex]) => regex.test(name)) || test(field),
    )
}

function compileDependencies(operand: unknown): Test {
  if (!isDocument(operand)) throw parseError("$jsonSchema keyword 'dependencies' must be an object")
  const tests = Object.entries(operand).map(([name, needs]) => {
    if (!Array.isArray(needs)) return [name, compile(needs)] as const
    const names = needs.map(String)
    return [
      name,
      (value: unknown) => isDocument(value) && names.every(other => Object.hasOwn(value, other)),
    ] as const
  })
  return value =>
    !isDocument(value) || tests.every(([name, test]) => !Object.hasOwn(value, name) || test(value))
}

function compileItems(operand: unknown, schema: Doc): Test {
  if (!Array.isArray(operand)) {
    const test = compile(operand)
    return value => !Array.isArray(value) || value.every(test)
  }
  const tests = operand.map(compile)
  const rest = schema.additionalItems
  const additional: Test =
    rest === undefined || rest === true ? () => true : rest === false ? () => false : compile(rest)
  return value => !Array.isArray(value) || value.every((item, i) => (tests[i] ?? additional)(item))
}
