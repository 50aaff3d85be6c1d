import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createTestClock } from '../net/test-clock.fixture.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { EarlyChanges } from './early-changes.ts'
import { chainKeepMs, prune, seenKeepMs, startHousekeeping } from './housekeeping.ts'
import { State } from './state.ts'

const test = suite('housekeeping')

function createState() {
  const clock = createTestClock()
  const defects: unknown[] = []
  const state = new State({
    store: createMemoryStore(),
    clock,
    randomBytes: length => new Uint8Array(length),
    report: error => defects.push(error),
  })
  return { state, clock, defects, early: new EarlyChanges(state) }
}

test('`prune()` forgets ids after `seenKeepMs`, and nothing earlier', () => {
  const { state, clock, early } = createState()
  const now = clock.now()
  state.commit(tx => {
    const { tables } = tx
    tables.seen.put(['old'], { id: 'old', at: now - seenKeepMs - 1 })
    tables.seen.put(['young'], { id: 'young', at: now - seenKeepMs })
    tables.earlyReceipts.put(['old'], {
      id: 'old',
      by: { bob: 'delivered' },
      at: now - seenKeepMs - 1,
    })
  })
  assert.ok(prune({ state, early }, now))
  assert.equal(
    [...state.tables.seen.range()].map(({ value }) => value.id),
    ['young'],
  )
  assert.equal([...state.tables.earlyReceipts.range()], [])
  assert.ok(chainKeepMs > seenKeepMs)
})

test('`startHousekeeping()` goes on in parts until nothing is too old, then daily, until it is stopped', () => {
  const { state, clock, defects, early } = createState()
  const now = clock.now()
  state.commit(({ tables }) => {
    for (let n = 0; n < 1_200; n++) tables.seen.put([`${n}`], { id: `${n}`, at: now - seenKeepMs })
  })
  const { stop } = startHousekeeping({ state, early, clock, report: error => defects.push(error) })
  const left = () => [...state.tables.seen.range()].length
  clock.advance(60_000)
  assert.ok(left() > 0 && left() < 1_200)
  clock.advance(5_000)
  assert.is(left(), 0)
  stop()
  assert.is(clock.waiting, 0)
  assert.equal(defects, [])
})

test.run()
