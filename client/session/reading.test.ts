import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import { createTestClock } from '../net/test-clock.fixture.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { codeOf, group, itemOf, itemsOf, say, summaryOf } from './changes.fixture.ts'
import type { Groups } from './groups.ts'
import { Reading } from './reading.ts'
import type { ReceiptDue } from './records.ts'
import { State } from './state.ts'
import { type TestDevice, withWorld } from './test-world.fixture.ts'
import { appendMessage } from './timeline.ts'

const test = suite('session, what was read')

async function readAll(device: TestDevice, other: string): Promise<void> {
  const conversation = (await summaryOf(device, other))?.id ?? ''
  const upToSeq = (await itemsOf(device, other)).at(-1)?.seq ?? 0
  await device.chat.markRead({ conversation, upToSeq })
}

const stateOf = async (device: TestDevice, id: string) => (await itemOf(device, id))?.state

test('`markRead()` tells the sender, once', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const one = await say(world, { from: alice, to: 'bob', text: 'one', at: [bob] })
    const two = await say(world, { from: alice, to: 'bob', text: 'two', at: [bob] })
    await world.until('it to arrive', async () => (await stateOf(alice, two)) === 'delivered')
    assert.is(await stateOf(alice, one), 'delivered')
    await readAll(bob, 'alice')
    await world.until('alice to know', async () => (await stateOf(alice, two)) === 'read')
    assert.is(await stateOf(alice, one), 'read')
    await world.settle()
    const before = world.server.sent(bob.deviceId).length
    await readAll(bob, 'alice')
    world.clock.advance(2_000)
    await world.settle()
    assert.is(world.server.sent(bob.deviceId).length, before)
  }))

test('what is read at once is told to be read, and not first to be delivered', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    bob.chat.subscribe(event => {
      if (event.type !== 'item' || event.item.kind !== 'message' || event.item.mine) return
      const { conversation, seq: upToSeq } = event.item
      void bob.chat.markRead({ conversation, upToSeq })
    })
    const before = world.server.sent(bob.deviceId).length
    const id = await say(world, { from: alice, to: 'bob', text: 'seen', at: [bob] })
    await world.until('alice to know', async () => (await stateOf(alice, id)) === 'read')
    await world.settle()
    assert.is(world.server.sent(bob.deviceId).length, before + 1)
  }))

test('nobody learns what was read when the person does not want it, nor before a request is accepted', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const carol = await world.device('carol')
    await bob.chat.setSettings({ sendsReadReceipts: false })
    assert.equal(bob.events.at(-1), {
      type: 'settings',
      settings: { sendsReadReceipts: false, sendsTyping: true, showsPresence: true, notifies: 'desktop' },
    })
    const id = await say(world, { from: alice, to: 'bob', text: 'private', at: [bob] })
    await readAll(bob, 'alice')
    await bob.restart()
    assert.equal((await bob.chat.snapshot()).settings, {
      sendsReadReceipts: false,
      sendsTyping: true,
      showsPresence: true,
      notifies: 'desktop',
    })
    await bob.chat.setSettings({ sendsReadReceipts: true })
    const asked = await say(world, { from: carol, to: 'bob', text: 'hello', at: [bob] })
    await readAll(bob, 'carol')
    const told = await say(world, { from: alice, to: 'bob', text: 'public', at: [bob] })
    await readAll(bob, 'alice')
    await world.until('alice to know of this one', async () => (await stateOf(alice, told)) === 'read')
    await world.settle()
    assert.is(await stateOf(alice, id), 'delivered')
    assert.is(await stateOf(carol, asked), 'delivered')
    assert.is((await summaryOf(bob, 'carol'))?.unread, 0)
  }))

test('what was read on another device is unread no more, but `unread()` has it until it is seen here', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const second = await world.device('bob', { of: bob })
    await world.until('alice to be told', async () => (await alice.lines('bob')).includes('(device-added)'))
    const one = await say(world, { from: alice, to: 'bob', text: 'one', at: [bob, second] })
    const two = await say(world, { from: alice, to: 'bob', text: 'two', at: [bob, second] })
    const idsAt = async (device: TestDevice) => (await device.chat.unread({ limit: 10 })).map(({ id }) => id)
    await readAll(bob, 'alice')
    assert.equal(await idsAt(bob), [])
    await world.until('it to be told', async () => (await summaryOf(second, 'alice'))?.unread === 0)
    assert.equal(await idsAt(second), [one, two])
    await second.restart()
    assert.equal(await idsAt(second), [one, two])
    const three = await say(world, { from: alice, to: 'bob', text: 'three', at: [bob, second] })
    assert.is((await summaryOf(second, 'alice'))?.unread, 1)
    await readAll(second, 'alice')
    assert.equal(await idsAt(second), [])
    assert.is((await summaryOf(second, 'alice'))?.unread, 0)
    await world.until('bob to be told', async () => (await summaryOf(bob, 'alice'))?.unread === 0)
    assert.equal(await idsAt(bob), [three])
  }))

test('`mute()` is kept, said, and taken back', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    await say(world, { from: alice, to: 'bob', text: 'x', at: [bob] })
    const conversation = (await summaryOf(bob, 'alice'))?.id ?? ''
    await bob.chat.mute({ conversation, isMuted: true })
    await bob.restart()
    assert.is((await summaryOf(bob, 'alice'))?.isMuted, true)
    await bob.chat.mute({ conversation, isMuted: false })
    assert.is((await summaryOf(bob, 'alice'))?.isMuted, undefined)
    assert.is(await codeOf(bob.chat.mute({ conversation: 'A'.repeat(43), isMuted: true })), 'not_found')
  }))

test('`mute()` for a time ends by itself, also when nobody was there', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    await say(world, { from: alice, to: 'bob', text: 'x', at: [bob] })
    const conversation = (await summaryOf(bob, 'alice'))?.id ?? ''
    const hour = 3_600_000
    await bob.chat.mute({ conversation, isMuted: true, forMs: hour })
    const { mutedUntil = 0 } = (await summaryOf(bob, 'alice')) ?? {}
    assert.is(mutedUntil, world.clock.now() + hour)
    world.clock.advance(hour - 1)
    assert.is((await summaryOf(bob, 'alice'))?.isMuted, true)
    world.clock.advance(1)
    await world.until('bob to be told again', async () => !(await summaryOf(bob, 'alice'))?.isMuted)
    assert.is((await summaryOf(bob, 'alice'))?.mutedUntil, undefined)

    await bob.chat.mute({ conversation, isMuted: true, forMs: hour })
    await bob.chat.mute({ conversation, isMuted: true })
    world.clock.advance(2 * hour)
    assert.is((await summaryOf(bob, 'alice'))?.isMuted, true)

    await bob.chat.mute({ conversation, isMuted: true, forMs: hour })
    await bob.chat.close()
    world.clock.advance(hour)
    await bob.restart()
    assert.is((await summaryOf(bob, 'alice'))?.isMuted, undefined)
    for (const forMs of [0, 1.5, -1, limits.maxMuteMs + 1]) {
      assert.is(await codeOf(bob.chat.mute({ conversation, isMuted: true, forMs })), 'usage', String(forMs))
    }
  }))

test('who is named in a group is told how often, until it was read, here or on another device', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    const at = [bob, carol]
    await say(world, { from: alice, to: '#ops', text: 'everybody, look', at })
    await say(world, { from: alice, to: '#ops', text: 'ask @bob, or @Bob.', at })
    const taken = await say(world, { from: alice, to: '#ops', text: '@bob?', at })
    const theirs = await summaryOf(bob, 'ops')
    assert.equal([theirs?.unread, theirs?.mentions], [3, 2])
    assert.equal(
      [(await summaryOf(carol, 'ops'))?.unread, (await summaryOf(carol, 'ops'))?.mentions],
      [3, undefined],
    )
    await alice.chat.deleteMessage({ id: taken })
    await bob.restart()
    assert.ok((await summaryOf(bob, 'ops'))?.mentions)
    await readAll(bob, 'ops')
    assert.is((await summaryOf(bob, 'ops'))?.mentions, undefined)
    // One's own naming of oneself, and a conversation of two, count for nothing.
    await bob.chat.send({ to: '#ops', text: 'I am @bob' })
    await say(world, { from: alice, to: 'bob', text: 'hi @bob', at: [bob] })
    assert.is((await summaryOf(bob, 'ops'))?.mentions, undefined)
    assert.is((await summaryOf(bob, 'alice'))?.mentions, undefined)
  }))

test('a group counts who has read, and no conversation appears for the receipts', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    const id = await say(world, { from: bob, to: '#ops', text: 'read this', at: [alice, carol] })
    await readAll(carol, 'ops')
    await world.until('one to have read', async () => (await itemOf(bob, id))?.receipts?.read === 1)
    assert.is.not(await stateOf(bob, id), 'read')
    await readAll(alice, 'ops')
    await world.until('all to have read', async () => (await stateOf(bob, id)) === 'read')
    assert.equal((await itemOf(bob, id))?.receipts, { delivered: 2, read: 2, of: 2 })
    assert.is(await summaryOf(bob, 'carol'), undefined)
    assert.is(await summaryOf(carol, 'bob'), undefined)
  }))

test('somebody who is blocked learns of nothing that was read in a group', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    const theirs = await say(world, { from: carol, to: '#ops', text: 'unread yet', at: [alice, bob] })
    const ours = await say(world, { from: bob, to: '#ops', text: 'this too', at: [alice, carol] })
    await alice.chat.block({ user: 'carol', isBlocked: true })
    await readAll(alice, 'ops')
    await world.until('bob to know', async () => (await itemOf(bob, ours))?.receipts?.read === 1)
    await world.settle()
    assert.is((await itemOf(carol, theirs))?.receipts?.read, 0)
  }))

test('in a group of more than `maxReceiptMembers` nobody is told', () => {
  const clock = createTestClock()
  const state = new State({
    store: createMemoryStore(),
    clock,
    randomBytes: length => new Uint8Array(length),
    report: error => {
      throw error
    },
  })
  let members = limits.maxReceiptMembers
  const groups = {
    get: () => ({
      conversation: 'ops',
      state: { members: Object.fromEntries(Array.from({ length: members }, (_, n) => [`m${n}`, {}])) },
    }),
  } as unknown as Groups
  const due: ReceiptDue[] = []
  const reading = new Reading({
    state,
    clock,
    groups,
    receipts: { add: (_tx, receipt) => void due.push(receipt) },
    ownDevices: { tell: () => undefined },
    report: error => {
      throw error
    },
  })
  const receive = (id: string) => {
    const thread = { conversation: 'ops', kind: 'group', with: 'ops' } as const
    const content = { type: 'text', text: 'x' } as const
    state.commit(tx =>
      appendMessage(tx, { message: { id, from: 'm1', mine: false, sentAt: 1, content }, thread }),
    )
    reading.markRead({ conversation: 'ops', upToSeq: 100 })
  }
  receive('one')
  assert.is(due.length, 1)
  members++
  receive('two')
  assert.is(due.length, 1)
  reading.stop()
})

test.run()
