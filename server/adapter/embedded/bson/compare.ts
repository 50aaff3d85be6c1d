import type { Code, ObjectId, Timestamp } from 'bson'
import { encodeValue } from './key.ts'
import { binaryParts, KIND, kindOf, numberType, regexParts, tagOf, toNumber } from './value.ts'

function sign<T>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareNumbers(a: unknown, b: unknown): number {
  const x = toNumber(a) as number
  const y = toNumber(b) as number
  if (Number.isNaN(x) || Number.isNaN(y)) return sign(Number.isNaN(x) ? 0 : 1, Number.isNaN(y) ? 0 : 1)
  if (x !== y) return sign(x, y)
  if (Number.isSafeInteger(x) && !isDecimal(a) && !isDecimal(b)) return 0
  return Buffer.compare(encodeValue(a), encodeValue(b))
}

function isDecimal(value: unknown): boolean {
  return typeof value === 'object' && value !== null && tagOf(value) === 'Decimal128'
}

/** UTF-8 byte order: equal to code point order, which UTF-16 order is not for surrogates. */
function compareText(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    const xHigh = x >= 0xd800 && x <= 0xdfff
    const yHigh = y >= 0xd800 && y <= 0xdfff
    if (xHigh !== yHigh) return xHigh ? 1 : -1
    return x < y ? -1 : 1
  }
  return sign(a.length, b.length)
}

function compareObjects(a: Record<string, unknown>, b: Record<string, unknown>): number {
  const left = Object.entries(a)
  const right = Object.entries(b)
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [name, value] = left[i] as [string, unknown]
    const [otherName, other] = right[i] as [string, unknown]
    const order =
      sign(kindOf(value), kindOf(other)) || compareText(name, otherName) || compareValues(value, other)
    if (order !== 0) return order
  }
  return sign(left.length, right.length)
}

/** MongoDB's order of two values, -1, 0 or 1; a missing value equals null. */
export function compareValues(a: unknown, b: unknown): number {
  const kind = kindOf(a)
  const order = sign(kind, kindOf(b))
  if (order !== 0) return order
  switch (kind) {
    case KIND.number:
      return compareNumbers(a, b)
    case KIND.string:
      return compareText(String(a), String(b))
    case KIND.object:
      return compareObjects(a as Record<string, unknown>, b as Record<string, unknown>)
    case KIND.array: {
      const left = a as unknown[]
      const right = b as unknown[]
      for (let i = 0; i < left.length && i < right.length; i++) {
        const item = compareValues(left[i], right[i])
        if (item !== 0) return item
      }
      return sign(left.length, right.length)
    }
    case KIND.binary: {
      const left = binaryParts(a)
      const right = binaryParts(b)
      return (
        sign(left.bytes.length, right.bytes.length) ||
        sign(left.subtype, right.subtype) ||
        Buffer.compare(left.bytes, right.bytes)
      )
    }
    case KIND.objectId:
      return Buffer.compare((a as ObjectId).id, (b as ObjectId).id)
    case KIND.boolean:
      return sign(Number(a), Number(b))
    case KIND.date:
      return sign((a as Date).getTime(), (b as Date).getTime())
    case KIND.timestamp:
      return (
        sign((a as Timestamp).high >>> 0, (b as Timestamp).high >>> 0) ||
        sign((a as Timestamp).low >>> 0, (b as Timestamp).low >>> 0)
      )
    case KIND.regex: {
      const left = regexParts(a)
      const right = regexParts(b)
      return (
        compareText(left?.pattern ?? '', right?.pattern ?? '') ||
        compareText(left?.options ?? '', right?.options ?? '')
      )
    }
    case KIND.code:
    case KIND.codeWithScope:
      return compareText(String((a as Code).code), String((b as Code).code))
    default:
      return 0
  }
}

/** Equal as query operators see it: 1, 1.0 and NumberLong(1) are the same. */
export function equalValues(a: unknown, b: unknown): boolean {
  return compareValues(a, b) === 0
}

/** Equal to the last bit, types and field order included: what makes an update a no-op. */
export function identicalValues(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b
  const kind = kindOf(a)
  if (kind !== kindOf(b)) return false
  if (kind === KIND.number) {
    const type = numberType(a)
    if (type !== numberType(b)) return false
    if (type === 'long') return String(a) === String(b)
    if (type === 'decimal') return String(a) === String(b)
    return Object.is(toNumber(a), toNumber(b))
  }
  if (kind === KIND.array) {
    const left = a as unknown[]
    const right = b as unknown[]
    return left.length === right.length && left.every((item, i) => identicalValues(item, right[i]))
  }
  if (kind === KIND.object) {
    const left = Object.entries(a as object)
    const right = Object.entries(b as object)
    return (
      left.length === right.length &&
      left.every(([name, value], i) => {
        const other = right[i]
        return other !== undefined && other[0] === name && identicalValues(value, other[1])
      })
    )
  }
  return compareValues(a, b) === 0
}
