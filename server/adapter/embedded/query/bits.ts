import { Long } from 'bson'
import { binaryParts, KIND, kindOf, toInteger } from '../bson/value.ts'
import { MongoError } from '../errors.ts'

/** The set bits of a number or binary, as a function of the position. */
function bitReader(value: unknown): ((bit: number) => boolean) | undefined {
  if (kindOf(value) === KIND.binary) {
    const { bytes } = binaryParts(value)
    return bit => (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1
  }
  const n = toInteger(value)
  if (n === undefined) return undefined
  const big = value instanceof Long ? value.toBigInt() : BigInt(n)
  return bit => ((big >> BigInt(Math.min(bit, 63))) & 1n) === 1n
}

/** @throws MongoError 2 for an operand that is no mask */
export function bitTest(name: string, operand: unknown): (value: unknown) => boolean {
  let positions: number[]
  if (Array.isArray(operand)) {
    positions = operand.map(item => {
      const bit = toInteger(item)
      if (bit === undefined || bit < 0) throw new MongoError(2, `${name} takes positions of bits`)
      return bit
    })
  } else {
    const mask = bitReader(operand)
    const length = kindOf(operand) === KIND.binary ? binaryParts(operand).bytes.length * 8 : 64
    if (mask === undefined) throw new MongoError(2, `${name} takes an array, a number or a binary`)
    positions = Array.from({ length }, (_, bit) => bit).filter(mask)
  }
  const every = name.startsWith('$bitsAll')
  const wanted = name.endsWith('Set')
  return value => {
    const bits = bitReader(value)
    if (bits === undefined) return false
    return every ? positions.every(bit => bits(bit) === wanted) : positions.some(bit => bits(bit) === wanted)
  }
}
