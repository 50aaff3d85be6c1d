import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import { summaryOf } from './changes.fixture.ts'
import { directChain, newId, untilTaken } from './modified-client.fixture.ts'
import { openTables } from './records.ts'
import { type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'
import { maxEarlyReceipts } from './timeline.ts'

/** Strangers, and people who are blocked. */
const test = suite('session, hostile strangers')

/** Longer than anybody waits for what is missing. */
const LONG_MS = 31_000

async function giveUp(world: TestWorld): Promise<void> {
  for (let n = 0; n < 2; n++) {
    await world.settle()
    world.clock.advance(LONG_MS)
  }
  await world.settle()
}

const earlyReceipts = ({ store }: TestDevice) => [...openTables(store).earlyReceipts.range()]

test('a stranger whose first message cannot be opened asks all the same', () =>
  withWorld(async world => {
    const bob = await world.device('bob')
    const mallory = await world.device('mallory')
    const closed = await directChain(world, { from: mallory, to: bob, isAnnounced: false })
    await closed.say({ type: 'text', text: 'nobody reads this' })
    await giveUp(world)
    const chain = await directChain(world, { from: mallory, to: bob })
    await untilTaken(world, { id: await chain.say({ type: 'text', text: 'hello' }), by: bob })
    assert.ok((await bob.lines('mallory')).includes('mallory: hello'))
    assert.is((await summaryOf(bob, 'mallory'))?.isRequest, true)
  }))

test('a stranger whose first message is missing asks all the same', () =>
  withWorld(async world => {
    const bob = await world.device('bob')
    const mallory = await world.device('mallory')
    const chain = await directChain(world, { from: mallory, to: bob })
    await chain.lose()
    await chain.say({ type: 'text', text: 'hello' })
    await giveUp(world)
    assert.equal(await bob.lines('mallory'), ['(gap 1)', 'mallory: hello'])
    assert.is((await summaryOf(bob, 'mallory'))?.isRequest, true)
  }))

test('nothing is told of what is missing of somebody who is blocked', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    await bob.chat.block({ user: 'alice', isBlocked: true })
    const before = await bob.lines('alice')
    const chain = await directChain(world, { from: alice, to: bob })
    await chain.lose()
    await chain.say({ type: 'text', text: 'after a gap' })
    await giveUp(world)
    assert.equal(await bob.lines('alice'), before)
  }))

test('a group of somebody who is blocked begins no conversation', () =>
  withWorld(async world => {
    const bob = await world.device('bob')
    const mallory = await world.device('mallory')
    await bob.chat.block({ user: 'mallory', isBlocked: true })
    await mallory.chat.createGroup({ group: 'of-mallory', title: 'Shout', members: ['bob'] })
    await mallory.chat.addMembers({ group: 'of-mallory', members: [(await world.device('trudy')).userId] })
    await world.until('bob to know it', () => openTables(bob.store).groups.get(['of-mallory']) !== undefined)
    await world.settle()
    assert.is(await summaryOf(bob, 'of-mallory'), undefined)
  }))

test('receipts of a stranger who asks, for messages that never were, are not kept', () =>
  withWorld(async world => {
    const bob = await world.device('bob')
    const mallory = await world.device('mallory')
    const chain = await directChain(world, { from: mallory, to: bob })
    await chain.say({ type: 'text', text: 'hello' })
    const id = await chain.say({ type: 'receipt', state: 'delivered', ids: [newId(world)] })
    await untilTaken(world, { id, by: bob })
    assert.equal(earlyReceipts(bob), [])
  }))

test('no more than `maxEarlyReceipts` are kept for messages that never were', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const chain = await directChain(world, { from: alice, to: bob })
    const length = limits.maxReceiptIds
    let id = ''
    for (let n = 0; n <= maxEarlyReceipts; n += length) {
      const ids = Array.from({ length }, () => newId(world))
      id = await chain.say({ type: 'receipt', state: 'delivered', ids })
    }
    await untilTaken(world, { id, by: bob })
    assert.is(earlyReceipts(bob).length, maxEarlyReceipts)
  }))

test.run()
