import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { qrModules } from './qr.ts'

const test = suite('QR codes')

test('`qrModules()` makes a square with a light margin and finders in three corners', () => {
  const modules = qrModules(Uint8Array.from({ length: 66 }, (_, index) => index))
  const size = modules.length
  assert.ok(modules.every(row => row.length === size))
  // 4 times the version, and 17, and the margin on both sides.
  assert.is((size - 4 - 17) % 4, 0)
  const at = (x: number, y: number) => modules[y]?.[x]
  for (let index = 0; index < size; index++) {
    for (const edge of [0, 1, size - 2, size - 1]) assert.is(at(index, edge) || at(edge, index), false)
  }
  for (const [x, y] of [
    [2, 2],
    [size - 9, 2],
    [2, size - 9],
  ] as const) {
    const middle = Array.from({ length: 7 }, (_, index) => at(x + index, y + 3))
    assert.equal(middle, [true, false, true, true, true, false, true])
  }
})

test('`qrModules()` tells different bytes apart', () => {
  const [one, other] = [[1], [2]].map(bytes => JSON.stringify(qrModules(Uint8Array.from(bytes))))
  assert.is.not(one, other)
})

test.run()
