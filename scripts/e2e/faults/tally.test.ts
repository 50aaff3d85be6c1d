import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isClean, type Mark, markOf, sum, tally, textOf } from './tally.ts'

const test = suite('tally')

const marks = (stream: string, ...numbers: number[]): Mark[] => numbers.map(n => ({ stream, n }))

test('`tally()` finds nothing wrong when streams are whole, however they are mixed', () => {
  const got = [...marks('a', 1), ...marks('b', 1, 2), ...marks('a', 2, 3), ...marks('other', 9)]
  const counts = tally(new Map(Object.entries({ a: 3, b: 2 })), got)
  assert.equal(counts, { expected: 5, lost: 0, duplicated: 0, disordered: 0 })
  assert.ok(isClean(counts))
})

test('`tally()` counts what is lost, what came twice and what came too late, each by itself', () => {
  const written = new Map([['a', 5]])
  assert.equal(tally(written, marks('a', 1, 2, 4, 5)), { expected: 5, lost: 1, duplicated: 0, disordered: 0 })
  assert.equal(tally(written, []), { expected: 5, lost: 5, duplicated: 0, disordered: 0 })
  assert.is(tally(written, marks('a', 1, 2, 2, 3, 4, 5, 1)).duplicated, 2)
  assert.equal(tally(written, marks('a', 1, 3, 2, 4, 5)), {
    ...{ expected: 5, lost: 0, duplicated: 0, disordered: 1 },
  })
})

test('`sum()` adds up, and one bad device is enough for `isClean()` to say no', () => {
  const written = new Map([['a', 2]])
  const total = sum([tally(written, marks('a', 1, 2)), tally(written, marks('a', 2, 1))])
  assert.equal(total, { expected: 4, lost: 0, duplicated: 0, disordered: 1 })
  assert.not(isClean(total))
})

test('`markOf()` reads what `textOf()` wrote, and nothing else', () => {
  const mark = { stream: 'burst 1 alice/1 > bob', n: 17 }
  assert.equal(markOf(textOf(mark)), mark)
  assert.is(markOf('hello'), undefined)
})

test.run()
