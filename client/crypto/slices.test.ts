import { setImmediate } from 'node:timers/promises' // Not a sleep: one turn of the loop
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inSlices } from './slices.ts'

const test = suite('slices')

test('`inSlices()` keeps the order, and lets everything else go on in between', async () => {
  const items = Array.from({ length: 500 }, (_, index) => index)
  let isOver = false
  const done = inSlices(items, async item => item * 2).finally(() => {
    isOver = true
  })
  let turns = 0
  for (; !isOver; turns++) await setImmediate()
  assert.equal(
    await done,
    items.map(item => item * 2),
  )
  assert.ok(turns >= 50, `only ${turns} turns`)
})

test('`inSlices()` fails as the work does, and does nothing for nothing', async () => {
  assert.equal(await inSlices([], async () => assert.unreachable()), [])
  try {
    await inSlices([1], () => Promise.reject(new Error('no')))
    assert.unreachable()
  } catch (error) {
    assert.is((error as Error).message, 'no')
  }
})

test.run()
