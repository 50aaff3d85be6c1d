import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { MessageId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import type { DeliveryState } from '../chat.ts'
import { backoffMs } from './backoff.ts'
import { advance } from './delivery.ts'
import { gapDueAt, missingBefore, placeOf } from './hold-back.ts'
import { nextMessageId, timeOfId } from './message-id.ts'
import { afterRefusal } from './outbox.ts'
import { isPrekeySpent, isRotationDue, prekeysToMake } from './prekey-plan.ts'

const test = suite('core')
const bytes10 = fc.uint8Array({ minLength: 10, maxLength: 10 })

test('`nextMessageId()` makes valid UUIDv7s, each greater than the one before, whatever the clock does', () => {
  const calls = fc.array(fc.record({ nowMs: fc.nat({ max: 2 ** 47 }), random: bytes10 }), { minLength: 2 })
  fc.assert(
    fc.property(calls, all => {
      let last: string | undefined
      for (const call of all) {
        const id = nextMessageId(last, call)
        assert.ok(v.is(MessageId, id), id)
        assert.ok(last === undefined || id > last, `${last} then ${id}`)
        last = id
      }
    }),
  )
})

test('`nextMessageId()` carries the time, and takes the next millisecond when its counter runs over', () => {
  const random = new Uint8Array(10)
  assert.is(timeOfId(nextMessageId(undefined, { nowMs: 1_700_000_000_123, random })), 1_700_000_000_123)
  const full = '01890000-0000-7fff-bfff-ffffffffffff'
  const next = nextMessageId(full, { nowMs: 0, random })
  assert.is(timeOfId(next), timeOfId(full) + 1)
  assert.ok(next > full)
})

test('`backoffMs()` grows to its limit and never beyond, with half of it random', () => {
  const failures = fc.nat({ max: 10_000 })
  const random = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(failures, random, (count, chance) => {
      const ms = backoffMs(count, { baseMs: 500, maxMs: 30_000, random: chance })
      const ceiling = Math.min(30_000, 500 * 2 ** Math.min(count, 30))
      assert.ok(ms >= ceiling / 2 && ms <= ceiling)
    }),
  )
})

test('`advance()` never goes back, and ends the same in whatever order news come', () => {
  const state = fc.constantFrom<DeliveryState>('queued', 'stored', 'delivered', 'failed')
  fc.assert(
    fc.property(fc.shuffledSubarray(['queued', 'stored', 'delivered'] as const), news => {
      const end = news.reduce<DeliveryState>(advance, 'queued')
      assert.is(end, [...news].sort().reduce<DeliveryState>(advance, 'queued'))
    }),
  )
  fc.assert(fc.property(state, news => assert.is(advance('delivered', news), 'delivered')))
})

test('`placeOf()` opens every message of a chain once, in order, whatever the order in which they come', () => {
  const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 })
  fc.assert(
    fc.property(order, fc.array(fc.nat({ max: 7 })), (first, copies) => {
      let next = 0
      const held = new Set<number>()
      const opened: number[] = []
      for (const n of [...first, ...copies]) {
        const place = placeOf(n, { next, skipped: [] })
        if (place === 'hold') held.add(n)
        if (place === 'open') held.add(n)
        while (held.delete(next)) opened.push(next++)
        if (opened.includes(n)) assert.is(placeOf(n, { next, skipped: [] }), 'used')
      }
      assert.equal(opened, [0, 1, 2, 3, 4, 5, 6, 7])
    }),
  )
  assert.is(placeOf(3, { next: 5, skipped: [3] }), 'late')
  assert.is(placeOf(2, { next: 5, skipped: [3] }), 'used')
})

test('`gapDueAt()` waits from whichever is later, the message or the end of the drain', () => {
  assert.is(gapDueAt({ at: 100 }, { drainedAt: undefined, timeoutMs: 50 }), undefined)
  assert.is(gapDueAt({ at: 100 }, { drainedAt: 20, timeoutMs: 50 }), 150)
  assert.is(gapDueAt({ at: 100 }, { drainedAt: 300, timeoutMs: 50 }), 350)
})

test('`missingBefore()` leaves out what was told of already', () => {
  assert.is(missingBefore(5, { next: 2, told: [] }), 3)
  assert.is(missingBefore(5, { next: 2, told: [1, 3, 9] }), 2)
})

test('`afterRefusal()` goes by the table of errors, and by the server for codes that are new', () => {
  assert.is(afterRefusal({ code: 'stale_audience', retry: false }), 'reseal')
  assert.is(afterRefusal({ code: 'unavailable', retry: false }), 'retry')
  assert.is(afterRefusal({ code: 'id_taken', retry: true }), 'fail')
  assert.is(afterRefusal({ code: 'something_new', retry: true }), 'retry')
  assert.is(afterRefusal({ code: 'constructor', retry: false }), 'fail')
})

test('`prekeysToMake()` fills the stock only when it is low', () => {
  assert.is(prekeysToMake(limits.prekeyLowWater), 0)
  assert.is(prekeysToMake(limits.prekeyLowWater - 1), limits.prekeyStock - limits.prekeyLowWater + 1)
  assert.is(prekeysToMake(0), limits.prekeyStock)
})

test('a signed prekey is replaced after a week, its private part kept for thirty days after that', () => {
  assert.not.ok(isRotationDue(0, limits.signedPrekeyRotateMs - 1))
  assert.ok(isRotationDue(0, limits.signedPrekeyRotateMs))
  assert.not.ok(isPrekeySpent(undefined, Number.MAX_SAFE_INTEGER))
  assert.not.ok(isPrekeySpent(10, 9 + limits.signedPrekeyKeepMs))
  assert.ok(isPrekeySpent(10, 10 + limits.signedPrekeyKeepMs))
})

test.run()
