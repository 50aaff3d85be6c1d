import { Binary, BSONRegExp, type Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'bson'

/** Classes of BSON values in MongoDB's sort order; the number is also the first byte of an index key. */
export const KIND = {
  minKey: 0x05,
  undefined: 0x08,
  null: 0x0a,
  number: 0x10,
  string: 0x20,
  object: 0x30,
  array: 0x40,
  binary: 0x50,
  objectId: 0x60,
  boolean: 0x70,
  date: 0x80,
  timestamp: 0x90,
  regex: 0xa0,
  code: 0xb0,
  codeWithScope: 0xb8,
  maxKey: 0xf0,
} as const
export type Kind = (typeof KIND)[keyof typeof KIND]

const TAGGED: Readonly<Record<string, Kind>> = {
  Int32: KIND.number,
  Long: KIND.number,
  Double: KIND.number,
  Decimal128: KIND.number,
  BSONSymbol: KIND.string,
  Binary: KIND.binary,
  ObjectId: KIND.objectId,
  ObjectID: KIND.objectId,
  Timestamp: KIND.timestamp,
  BSONRegExp: KIND.regex,
  Code: KIND.code,
  MinKey: KIND.minKey,
  MaxKey: KIND.maxKey,
  DBRef: KIND.object,
}

/** The driver library's tag of a wrapped value, such as 'Long'; undefined for a plain object. */
export function tagOf(value: object): string | undefined {
  const tag: unknown = (value as { _bsontype?: unknown })._bsontype
  return typeof tag === 'string' && !Object.hasOwn(value, '_bsontype') ? tag : undefined
}

/** The class of a value; a missing value (`undefined`) counts as null. */
export function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case 'undefined':
      return KIND.null
    case 'string':
      return KIND.string
    case 'number':
    case 'bigint':
      return KIND.number
    case 'boolean':
      return KIND.boolean
    case 'object':
      break
    default:
      return KIND.null
  }
  if (value === null) return KIND.null
  if (Array.isArray(value)) return KIND.array
  if (value instanceof Date) return KIND.date
  if (value instanceof RegExp) return KIND.regex
  if (value instanceof Uint8Array) return KIND.binary
  const tag = tagOf(value as object)
  if (tag === undefined) return KIND.object
  if (tag === 'Code' && (value as { scope?: unknown }).scope) return KIND.codeWithScope
  return TAGGED[tag] ?? KIND.object
}

/** Is it an embedded document (not an array, date or wrapped value)? */
export function isDocument(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && kindOf(value) === KIND.object
}

/** A BSON number as a JavaScript number; undefined for what is not a number. Large longs lose precision. */
export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (value === null || typeof value !== 'object') return undefined
  switch (tagOf(value)) {
    case 'Int32':
      return (value as Int32).value
    case 'Double':
      return (value as Double).value
    case 'Long':
      return (value as Long).toNumber()
    case 'Decimal128':
      return Number((value as Decimal128).toString())
    default:
      return undefined
  }
}

/** The value as a whole number when it is one, else undefined. */
export function toInteger(value: unknown): number | undefined {
  const n = toNumber(value)
  return n !== undefined && Number.isInteger(n) ? n : undefined
}

/** MongoDB's truth of an option: numbers not zero, booleans; missing is false. */
export function truthy(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  const n = toNumber(value)
  if (n !== undefined) return n !== 0
  return value !== undefined && value !== null
}

/** Number type of a BSON value as stored: JavaScript integers are int32 when they fit, else double. */
export function numberType(value: unknown): 'int' | 'long' | 'double' | 'decimal' | undefined {
  if (typeof value === 'number') {
    return Number.isInteger(value) && value >= -2147483648 && value <= 2147483647 && !Object.is(value, -0)
      ? 'int'
      : 'double'
  }
  if (typeof value === 'bigint') return 'long'
  if (value === null || typeof value !== 'object') return undefined
  switch (tagOf(value)) {
    case 'Int32':
      return 'int'
    case 'Long':
      return 'long'
    case 'Double':
      return 'double'
    case 'Decimal128':
      return 'decimal'
    default:
      return undefined
  }
}

/** MongoDB's type name (`$type`, `bsonType`). */
export function typeName(value: unknown): string {
  const number = numberType(value)
  if (number !== undefined) return number
  switch (kindOf(value)) {
    case KIND.minKey:
      return 'minKey'
    case KIND.maxKey:
      return 'maxKey'
    case KIND.string:
      return typeof value === 'string' ? 'string' : 'symbol'
    case KIND.object:
      return 'object'
    case KIND.array:
      return 'array'
    case KIND.binary:
      return 'binData'
    case KIND.objectId:
      return 'objectId'
    case KIND.boolean:
      return 'bool'
    case KIND.date:
      return 'date'
    case KIND.timestamp:
      return 'timestamp'
    case KIND.regex:
      return 'regex'
    case KIND.code:
      return 'javascript'
    case KIND.codeWithScope:
      return 'javascriptWithScope'
    default:
      return value === undefined ? 'missing' : 'null'
  }
}

/** BSON type numbers, as `$type` takes them. */
export const TYPE_NUMBERS: Readonly<Record<number, string>> = {
  1: 'double',
  2: 'string',
  3: 'object',
  4: 'array',
  5: 'binData',
  6: 'undefined',
  7: 'objectId',
  8: 'bool',
  9: 'date',
  10: 'null',
  11: 'regex',
  12: 'dbPointer',
  13: 'javascript',
  14: 'symbol',
  15: 'javascriptWithScope',
  16: 'int',
  17: 'timestamp',
  18: 'long',
  19: 'decimal',
  [-1]: 'minKey',
  127: 'maxKey',
}

/** Own property, so that a field called `__proto__` or `constructor` is only ever data. */
export function getOwn(doc: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(doc, name) ? doc[name] : undefined
}

/** Sets a field as data, whatever its name. */
export function setOwn(doc: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(doc, name, { value, enumerable: true, configurable: true, writable: true })
  } else doc[name] = value
}

/** A copy that shares nothing mutable with the original (wrapped values are immutable). */
export function cloneValue<T>(value: T): T {
  if (Array.isArray(value)) return value.map(cloneValue) as T
  if (!isDocument(value) || tagOf(value) !== undefined) return value
  const copy: Record<string, unknown> = {}
  for (const name of Object.keys(value))
    setOwn(copy, name, cloneValue((value as Record<string, unknown>)[name]))
  return copy as T
}

/** Pattern and options of a regular expression in either of its two shapes. */
export function regexParts(value: unknown): { pattern: string; options: string } | undefined {
  if (value instanceof RegExp) {
    return { pattern: value.source, options: value.flags.replace(/[^imsx]/g, '') }
  }
  if (value instanceof BSONRegExp) return { pattern: value.pattern, options: value.options }
  return undefined
}

/** Bytes and subtype of a binary in either of its shapes. */
export function binaryParts(value: unknown): { bytes: Uint8Array; subtype: number } {
  if (value instanceof Binary)
    return { bytes: value.buffer.subarray(0, value.position), subtype: value.sub_type }
  return { bytes: value as Uint8Array, subtype: 0 }
}

export { Double, Int32, Long, ObjectId, Timestamp }
