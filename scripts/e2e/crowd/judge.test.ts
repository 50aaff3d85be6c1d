import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { judge, type Written } from './judge.ts'

const test = suite('what members of a group must have')

const written: Written[] = [1, 2, 3, 4].map(n => ({ stream: 'a', n, at: { from: n * 10, to: n * 10 + 5 } }))
const mark = (n: number) => ({ stream: 'a', n })
const always = { join: { from: 0, to: 1 } }
const clean = { expected: 4, lost: 0, duplicated: 0, disordered: 0, leaked: 0 }

test('`judge()` counts what is lost, what came twice and what came out of order', () => {
  const verdict = (got: number[]) => judge(written, { stay: always, got: got.map(mark) })
  assert.equal(verdict([1, 2, 3, 4]), clean)
  assert.equal(verdict([1, 2, 4]), { ...clean, lost: 1 })
  assert.equal(verdict([1, 2, 2, 3, 4]), { ...clean, duplicated: 1 })
  assert.equal(verdict([1, 3, 2, 4]), { ...clean, disordered: 1 })
})

test('`judge()` counts what somebody has who was not in the group', () => {
  const stay = { join: { from: 16, to: 19 }, end: { from: 36, to: 39 } }
  const verdict = (got: number[]) => judge(written, { stay, got: got.map(mark) })
  assert.equal(verdict([2, 3]), { ...clean, expected: 2 })
  assert.equal(verdict([2]), { ...clean, expected: 2, lost: 1 })
  assert.equal(verdict([1, 2, 3]), { ...clean, expected: 2, leaked: 1 })
  assert.equal(verdict([2, 3, 4]), { ...clean, expected: 2, leaked: 1 })
})

test('`judge()` takes either for what was on its way while somebody came or went', () => {
  const stay = { join: { from: 12, to: 22 }, end: { from: 33, to: 36 } }
  for (const got of [[], [1], [1, 2, 3], [2]]) {
    assert.equal(judge(written, { stay, got: got.map(mark) }), { ...clean, expected: 0 })
  }
})

test.run()
