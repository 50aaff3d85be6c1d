import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import { checkNotSpent, isChainSpent, startChain, step, takeKey } from './chain.ts'
import { NOW } from './people.fixture.ts'
import { directRoster } from './roster.ts'
import type { ReceiverChain, SenderChain } from './types.ts'

const test = suite('chain')
const key = (letter: string) => letter.repeat(43)
const roster = directRoster({ user: 'alice', key: key('A') }, { user: 'bob', key: key('B') })
const audience = key('D')
const isDecryptError = (error: { code: string }) => error.code === 'cannot_decrypt'

const start = (): SenderChain =>
  startChain({ roster, to: { user: 'bob', key: key('B') }, audience, now: NOW })
function receiverOf({ chain, ck, conv, epoch, roster }: SenderChain): ReceiverChain {
  const deviceKey = { kty: 'OKP', crv: 'Ed25519', x: key('E') } as const
  return { chain, ck, n: 0, skipped: {}, conv, epoch, roster, user: 'alice', device: 'device', deviceKey }
}
/** The first keys of a chain, as the sender steps through them. */
function keysOf(chain: SenderChain, count: number): string[] {
  let { ck } = chain
  return Array.from({ length: count }, () => {
    const { messageKey, next } = step(ck)
    ck = next
    return messageKey
  })
}

test('`startChain()` makes a chain of its own each time', () => {
  const [one, other] = [start(), start()]
  assert.is.not(one.chain, other.chain)
  assert.is.not(one.ck, other.ck)
  assert.is(one.n, 0)
})

test('`step()` gives a message key and a chain key that differ, and neither gives the other back', () => {
  const keys = keysOf(start(), 50)
  assert.is(new Set(keys).size, 50)
  const { messageKey, next } = step(start().ck)
  assert.is.not(messageKey, next)
})

test('`isChainSpent()` says so by count, age, a clock set back, audience and roster', () => {
  const chain = start()
  const use = { audience, roster, now: NOW }
  assert.not.ok(isChainSpent(chain, use))
  assert.not.ok(isChainSpent({ ...chain, n: limits.maxChainMessages - 1 }, use))
  assert.ok(isChainSpent({ ...chain, n: limits.maxChainMessages }, use))
  assert.not.ok(isChainSpent(chain, { ...use, now: NOW + limits.maxChainAgeMs - 1 }))
  assert.ok(isChainSpent(chain, { ...use, now: NOW + limits.maxChainAgeMs }))
  assert.ok(isChainSpent(chain, { ...use, now: NOW - limits.clockToleranceMs - 1 }))
  assert.ok(isChainSpent(chain, { ...use, audience: key('X') }))
  for (const changed of [{ epoch: 1 }, { hash: key('X') }, { conv: key('X') }]) {
    assert.ok(isChainSpent(chain, { ...use, roster: { ...roster, ...changed } }))
  }
})

test('`checkNotSpent()` throws at the end of a chain', () => {
  checkNotSpent(start())
  assert.throws(() => checkNotSpent({ ...start(), n: limits.maxChainMessages }), /used up/)
})

test('`takeKey()` gives the sender’s keys in any order, each once, and leaves nothing behind', () => {
  const orders = fc.integer({ min: 1, max: 40 }).chain(count => {
    const numbers = Array.from({ length: count }, (_, n) => n)
    return fc.shuffledSubarray(numbers, { minLength: count })
  })
  fc.assert(
    fc.property(orders, order => {
      const sender = start()
      const keys = keysOf(sender, order.length)
      let chain = receiverOf(sender)
      for (const n of order) {
        const taken = takeKey(chain, n)
        assert.is(taken.messageKey, keys[n])
        chain = taken.chain
        assert.throws(() => takeKey(chain, n), isDecryptError)
      }
      assert.equal(chain.skipped, {})
      assert.is(chain.n, order.length)
    }),
  )
})

test('`takeKey()` changes nothing in the chain that it is given', () => {
  const chain = receiverOf(start())
  const before = structuredClone(chain)
  const { chain: later } = takeKey(chain, 7)
  assert.equal(chain, before)
  const beforeTaking = structuredClone(later)
  takeKey(later, 3)
  assert.equal(later, beforeTaking)
})

test('`takeKey()` jumps as far as `maxSkippedKeys` and not one further', () => {
  const chain = receiverOf(start())
  const { chain: full } = takeKey(chain, limits.maxSkippedKeys)
  assert.is(Object.keys(full.skipped).length, limits.maxSkippedKeys)
  assert.throws(() => takeKey(chain, limits.maxSkippedKeys + 1), isDecryptError)
})

test('`takeKey()` never keeps more than `maxSkippedKeys`, however small the jumps; a late one makes room', () => {
  const { chain: full } = takeKey(receiverOf(start()), limits.maxSkippedKeys)
  const next = limits.maxSkippedKeys + 1
  assert.ok(takeKey(full, next))
  assert.throws(() => takeKey(full, next + 1), isDecryptError)
  assert.ok(takeKey(takeKey(full, 5).chain, next + 1))
})

test('`takeKey()` refuses numbers before the chain that were never skipped', () => {
  const { chain } = takeKey(receiverOf(start()), 0)
  for (const n of [0, -1]) assert.throws(() => takeKey(chain, n), isDecryptError)
})

test('a receiver cannot go back: its state does not hold an earlier key', () => {
  const sender = start()
  const keys = keysOf(sender, 6)
  let chain = receiverOf(sender)
  for (const n of [0, 1, 2, 3, 5]) chain = takeKey(chain, n).chain
  const state = JSON.stringify(chain)
  assert.ok(state.includes(keys[4] ?? '?'))
  for (const n of [0, 1, 2, 3, 5]) assert.not.ok(state.includes(keys[n] ?? '?'))
  assert.not.ok(state.includes(sender.ck))
})

test.run()
