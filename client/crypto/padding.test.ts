import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pad, padmeLength, unpad } from './padding.ts'

const test = suite('padding')
const lengths = fc.integer({ min: 0, max: 2 ** 24 })

test('`padmeLength()` gives the lengths of the paper', () => {
  assert.equal(
    [0, 1, 2, 7, 8, 9, 10, 100, 1000, 1025].map(padmeLength),
    [0, 1, 2, 7, 8, 10, 10, 104, 1024, 1088],
  )
})

test('`padmeLength()` never shortens, adds at most 12 %, and is its own fixed point', () => {
  fc.assert(
    fc.property(lengths, length => {
      const padded = padmeLength(length)
      assert.ok(padded >= length && padded <= length * 1.12 + 1)
      assert.is(padmeLength(padded), padded)
    }),
  )
})

test('`padmeLength()` keeps the order of lengths', () => {
  fc.assert(fc.property(lengths, lengths, (a, b) => a > b || padmeLength(a) <= padmeLength(b)))
})

test('`padmeLength()` tells few lengths apart: under 700 up to a mebibyte', () => {
  const seen = new Set<number>()
  for (let length = 1; length <= 2 ** 20; length++) seen.add(padmeLength(length))
  assert.ok(seen.size < 700, String(seen.size))
})

test('`unpad()` undoes `pad()` for whatever does not end in NUL', () => {
  const notNul = fc.uint8Array({ maxLength: 3000 }).filter(bytes => bytes.at(-1) !== 0)
  fc.assert(
    fc.property(notNul, bytes => {
      const padded = pad(bytes)
      assert.is(padded.length, padmeLength(bytes.length))
      assert.equal([...unpad(padded)], [...bytes])
    }),
  )
})

test.run()
