import { Decimal128, Double, Int32, Long } from 'bson'
import { numberType, toNumber } from '../bson/value.ts'
import { MongoError } from '../errors.ts'

const INT_MIN = -(2n ** 31n)
const INT_MAX = 2n ** 31n - 1n
const LONG_MIN = -(2n ** 63n)
const LONG_MAX = 2n ** 63n - 1n

function toBig(value: unknown): bigint {
  if (typeof value === 'bigint') return value
  if (value instanceof Long) return value.toBigInt()
  return BigInt(toNumber(value) ?? 0)
}

/**
 * `$inc` and `$mul` keep the widest of the two types; an int that overflows becomes a long.
 * @throws MongoError 14 when an operand is no number, 2 when a long overflows
 */
export function combineNumbers(name: '$inc' | '$mul', current: unknown, operand: unknown): unknown {
  const left = numberType(current)
  const right = numberType(operand)
  if (right === undefined)
    throw new MongoError(14, `Cannot ${name === '$inc' ? 'increment' : 'multiply'} with non-numeric argument`)
  if (left === undefined) throw new MongoError(14, `Cannot apply ${name} to a value of non-numeric type`)
  if (left === 'decimal' || right === 'decimal') {
    // Decimal arithmetic is done in doubles: the type stays, digits beyond a double are lost.
    const a = toNumber(current) ?? 0
    const b = toNumber(operand) ?? 0
    return Decimal128.fromString(String(name === '$inc' ? a + b : a * b))
  }
  if (left === 'double' || right === 'double') {
    const a = toNumber(current) ?? 0
    const b = toNumber(operand) ?? 0
    return new Double(name === '$inc' ? a + b : a * b)
  }
  const result = name === '$inc' ? toBig(current) + toBig(operand) : toBig(current) * toBig(operand)
  if (left === 'int' && right === 'int' && result >= INT_MIN && result <= INT_MAX)
    return new Int32(Number(result))
  if (result < LONG_MIN || result > LONG_MAX)
    throw new MongoError(2, `Failed to apply ${name}: the result does not fit a long`)
  return Long.fromBigInt(result)
}

/** `$bit`. @throws MongoError 2 for values that are no whole numbers */
export function combineBits(name: string, current: unknown, operand: unknown): unknown {
  const right = numberType(operand)
  const left = current === undefined ? 'int' : numberType(current)
  if ((left !== 'int' && left !== 'long') || (right !== 'int' && right !== 'long')) {
    throw new MongoError(2, 'Cannot apply $bit to a value of non-integral type')
  }
  const a = toBig(current ?? 0)
  const b = toBig(operand)
  const result = name === 'and' ? a & b : name === 'or' ? a | b : a ^ b
  return left === 'int' && right === 'int'
    ? new Int32(Number(BigInt.asIntN(32, result)))
    : Long.fromBigInt(BigInt.asIntN(64, result))
}
