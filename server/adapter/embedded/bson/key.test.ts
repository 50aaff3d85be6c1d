import {
  Binary,
  BSONRegExp,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareValues, identicalValues } from './compare.ts'
import { encodeValue, invert, joinKey, MAX_KEY_BYTES } from './key.ts'

const test = suite('bson/key')

const number = fc.oneof(
  fc.double({ noNaN: false }).map(n => new Double(n)),
  fc.integer().map(n => new Int32(n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(n => Long.fromBigInt(n)),
  fc.bigInt({ min: 2n ** 53n - 4n, max: 2n ** 53n + 4n }).map(n => Long.fromBigInt(n)),
  fc.constantFrom(0, -0, 1, -1).map(n => new Double(n)),
)
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('', '\0', 'a', 'a\0', 'a\0b', 'ab', '\u{1F600}', '\uFFFD'),
)
const scalar = fc.oneof(
  number,
  text,
  fc.boolean(),
  fc.constant(null),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 5 }).map(bytes => new Binary(bytes, 0)),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map(bytes => new ObjectId(bytes)),
  fc.tuple(fc.nat(), fc.nat()).map(([t, i]) => new Timestamp({ t, i })),
  fc.constant(new MinKey()),
  fc.constant(new MaxKey()),
  fc.constantFrom('^a', 'b').map(pattern => new BSONRegExp(pattern, 'i')),
)
const value = fc.letrec(tie => ({
  any: fc.oneof({ maxDepth: 3, withCrossShrink: true }, scalar, tie('array'), tie('object')),
  array: fc.array(tie('any'), { maxLength: 3 }),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'ab', ''), tie('any'), { maxKeys: 3 }),
})).any

test('`encodeValue()` orders as MongoDB does when values are compared byte by byte', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      assert.is(Math.sign(Buffer.compare(encodeValue(a), encodeValue(b))), Math.sign(compareValues(a, b)))
    }),
    { numRuns: 3000 },
  )
})

test('`encodeValue()` never begins with another encoding when the values differ', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      const left = encodeValue(a)
      const right = encodeValue(b)
      if (left.equals(right)) return
      assert.not.ok(right.subarray(0, left.length).equals(left))
    }),
    { numRuns: 2000 },
  )
})

test('`invert()` turns the order round when fields follow each other', () => {
  fc.assert(
    fc.property(value, value, scalar, scalar, (a, b, x, y) => {
      const left = joinKey([invert(encodeValue(a)), encodeValue(x)]).key
      const right = joinKey([invert(encodeValue(b)), encodeValue(y)]).key
      const expected = compareValues(b, a) || compareValues(x, y)
      assert.is(Math.sign(Buffer.compare(left, right)), Math.sign(expected))
    }),
    { numRuns: 2000 },
  )
})

test('`encodeValue()` puts the types in the order of the manual', () => {
  const ordered = [
    new MinKey(),
    null,
    -5,
    Long.fromNumber(3),
    'a',
    { a: 1 },
    [1],
    new Binary(new Uint8Array(2), 0),
    new ObjectId(),
    false,
    true,
    new Date(0),
    new Timestamp({ t: 1, i: 1 }),
    new BSONRegExp('a', ''),
    new MaxKey(),
  ]
  for (let i = 1; i < ordered.length; i++) {
    assert.is(Buffer.compare(encodeValue(ordered[i - 1]), encodeValue(ordered[i])), -1, `at ${i}`)
  }
})

test('`encodeValue()` gives one key to equal numbers of different types', () => {
  for (const same of [new Int32(5), Long.fromNumber(5), new Double(5), 5, Decimal128.fromString('5.0')]) {
    assert.ok(encodeValue(same).equals(encodeValue(5)))
  }
  assert.not.ok(encodeValue(Decimal128.fromString('0.1')).equals(encodeValue(new Double(0.1))))
  assert.is(compareValues(Decimal128.fromString('0.1'), new Double(0.1)), -1)
})

test('`identicalValues()` tells types apart when the values are equal', () => {
  assert.is(identicalValues(new Int32(1), new Double(1)), false)
  assert.is(identicalValues(new Int32(1), 1), true)
  assert.is(identicalValues({ a: 1, b: 2 }, { b: 2, a: 1 }), false)
})

test('`joinKey()` keeps long keys apart when their beginnings are the same', () => {
  const long = 'x'.repeat(MAX_KEY_BYTES * 2)
  const a = joinKey([encodeValue(`${long}a`)])
  const b = joinKey([encodeValue(`${long}b`)])
  assert.ok(a.isCut && b.isCut)
  assert.ok(a.key.length <= MAX_KEY_BYTES)
  assert.not.ok(a.key.equals(b.key))
})

test.run()
