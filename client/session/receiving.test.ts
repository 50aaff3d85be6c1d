import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import type { MessageFrame } from '../../schema/frames.ts'
import { statesOf, type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'
import { gapTimeoutMs } from './waiting.ts'

const test = suite('session, receiving')

async function sendAll(alice: TestDevice, texts: readonly string[]): Promise<void> {
  for (const text of texts) await alice.chat.send({ to: 'bob', text })
}

/** Bob's lines after the first two, once there are as many. */
async function newLines(
  world: TestWorld,
  { bob, count }: { bob: TestDevice; count: number },
): Promise<string[]> {
  await world.until(`${count} new lines`, async () => (await bob.lines('alice')).length >= count + 2)
  return (await bob.lines('alice')).slice(2)
}

test('a message that is brought again is acked and dropped', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    world.server.onDeliver = frame => [frame, frame]
    const { id } = await alice.chat.send({ to: 'bob', text: 'twice' })
    assert.equal(await newLines(world, { bob, count: 1 }), ['alice: twice'])
    await world.until(
      'both to be acked',
      () => world.server.acked(bob.deviceId).filter(one => one === id).length === 2,
    )
    await world.settle()
    assert.is((await bob.lines('alice')).length, 3)
  }))

test('a message whose ack was lost is brought again and acked again, not shown again', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const kept: MessageFrame[] = []
    world.server.onDeliver = (frame, to) => {
      if (to.deviceId === bob.deviceId) kept.push(frame)
      return [frame]
    }
    await alice.chat.send({ to: 'bob', text: 'once' })
    await newLines(world, { bob, count: 1 })
    await bob.restart()
    await world.until('bob to be back', () => world.server.isOnline(bob.deviceId))
    await world.settle()
    for (const frame of kept) world.server.push(bob.deviceId, frame)
    await world.settle()
    assert.equal((await bob.lines('alice')).slice(2), ['alice: once'])
    for (const { id } of kept)
      assert.ok(world.server.acked(bob.deviceId).filter(one => one === id).length >= 2)
  }))

test('messages of a chain that come out of order are shown in order', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const batch: MessageFrame[] = []
    world.server.onDeliver = (frame, to) => {
      if (to.deviceId !== bob.deviceId || frame.kind === 'chain') return [frame]
      batch.push(frame)
      return batch.length < 5 ? [] : batch.splice(0).reverse()
    }
    await sendAll(alice, ['1', '2', '3', '4', '5'])
    assert.equal(
      await newLines(world, { bob, count: 5 }),
      ['1', '2', '3', '4', '5'].map(n => `alice: ${n}`),
    )
  }))

test('a missing message is waited for, then shown as a gap; when it comes later it is shown at the end', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const late: MessageFrame[] = []
    world.server.onDeliver = (frame, to) => {
      if (to.deviceId !== bob.deviceId || late.length > 0) return [frame]
      late.push(frame)
      return []
    }
    await sendAll(alice, ['lost', 'after', 'and more'])
    await world.until('alice to have sent them', async () => (await alice.chat.snapshot()).queued === 0)
    await world.settle()
    assert.is((await bob.lines('alice')).length, 2)
    world.clock.advance(gapTimeoutMs - 1_000)
    await world.settle()
    assert.is((await bob.lines('alice')).length, 2)
    assert.equal(await newLines(world, { bob, count: 3 }), ['(gap 1)', 'alice: after', 'alice: and more'])
    for (const frame of late) world.server.push(bob.deviceId, frame)
    assert.is((await newLines(world, { bob, count: 4 }))[3], 'alice: lost')
    for (const frame of late) world.server.push(bob.deviceId, frame)
    await world.settle()
    assert.is((await bob.lines('alice')).length, 6)
    await world.until('alice to know', async () =>
      (await statesOf(alice, 'bob')).every(state => state === 'delivered'),
    )
  }))

test('messages of an unknown chain wait, also over a restart, and are released when it comes', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    world.clock.advance(25 * 60 * 60 * 1000)
    const late: MessageFrame[] = []
    world.server.onDeliver = (frame, to) => {
      if (to.deviceId !== bob.deviceId || frame.kind !== 'chain') return [frame]
      late.push(frame)
      return []
    }
    const sent = await alice.chat.send({ to: 'bob', text: 'one' })
    await alice.chat.send({ to: 'bob', text: 'two' })
    await world.until('bob to ack it', () => world.server.acked(bob.deviceId).includes(sent.id))
    await world.settle()
    await bob.restart()
    await world.until('the gap to be told', async () => (await bob.lines('alice')).includes('(gap 2)'))
    await world.settle()
    assert.is((await bob.lines('alice')).length, 3)
    for (const frame of late) world.server.push(bob.deviceId, frame)
    assert.equal(await newLines(world, { bob, count: 3 }), ['(gap 2)', 'alice: one', 'alice: two'])
  }))

test('a damaged message is told of once, and holds up nothing', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    let damaged: string | undefined
    world.server.onDeliver = (frame, to) => {
      if (to.deviceId !== bob.deviceId || frame.kind === 'chain') return [frame]
      damaged ??= frame.id
      if (frame.id !== damaged) return [frame]
      const [header, key, iv, text = '', tag] = frame.body.split('.')
      return [{ ...frame, body: [header, key, iv, `${text.slice(0, -4)}AAAA`, tag].join('.') }]
    }
    await sendAll(alice, ['damaged', 'fine', 'fine too'])
    assert.equal(await newLines(world, { bob, count: 3 }), ['(gap 1)', 'alice: fine', 'alice: fine too'])
    assert.ok(world.server.acked(bob.deviceId).includes(damaged ?? ''))
    assert.equal(bob.defects, [])
  }))

test('a message that names another sender than its chain’s is not shown as theirs', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const mallory = await world.device('mallory')
    await mallory.chat.send({ to: 'bob', text: 'hello' })
    await world.until('bob to know mallory', async () => (await bob.lines('mallory')).length === 1)
    world.server.onDeliver = (frame, to) =>
      to.deviceId === bob.deviceId ? [{ ...frame, from: 'mallory', device: mallory.deviceId }] : [frame]
    await alice.chat.send({ to: 'bob', text: 'I am alice' })
    await world.until('it to be acked', () => world.server.acked(bob.deviceId).length > 4)
    await world.settle()
    assert.equal(await bob.lines('mallory'), ['mallory: hello'])
    assert.not.ok((await bob.lines('alice')).includes('alice: I am alice'))
  }))

test('nothing is acked while the disk is full, and nothing is lost once there is room', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    let isFull = true
    const { transaction } = bob.store
    bob.store.transaction = work => {
      if (isFull) throw new FastChatError('disk_full', 'Cannot write data: the disk is full')
      return transaction(work)
    }
    await bob.restart()
    await world.until('bob to be back', () => world.server.isOnline(bob.deviceId))
    const before = world.server.acked(bob.deviceId).length
    await sendAll(alice, ['a', 'b', 'c'])
    await world.until('alice to have sent them', async () => (await alice.chat.snapshot()).queued === 0)
    await world.settle()
    assert.is(world.server.acked(bob.deviceId).length, before)
    isFull = false
    world.clock.advance(60_000)
    assert.equal(await newLines(world, { bob, count: 3 }), ['alice: a', 'alice: b', 'alice: c'])
    await world.until('all to be acked', () => world.server.undelivered.size === 0)
  }))

test('`drained` comes after all that waited is on the disk, at every connection', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    await bob.chat.close()
    await sendAll(
      alice,
      Array.from({ length: 80 }, (_, n) => `${n}`),
    )
    await world.until('all to be stored', async () => (await alice.chat.snapshot()).queued === 0)
    bob.events.length = 0
    await bob.restart()
    assert.is((await bob.chat.snapshot()).drained, false)
    await world.until('bob to be drained', () => bob.events.some(({ type }) => type === 'drained'))
    assert.is((await bob.lines('alice')).length, 82)
    assert.ok((await bob.chat.snapshot()).drained)
    assert.is(bob.events.filter(event => event.type === 'item').length, 80)
    const firstDrained = bob.events.findIndex(({ type }) => type === 'drained')
    assert.ok(bob.events.findLastIndex(event => event.type === 'item') < firstDrained)
    world.server.drop(bob.deviceId)
    await world.settle()
    assert.is((await bob.chat.snapshot()).drained, false)
    await world.until('bob to be drained again', async () => (await bob.chat.snapshot()).drained)
  }))

test('a receipt that overtakes `stored` is not taken back by it', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    world.server.tellsStored = false
    const { id } = await alice.chat.send({ to: 'bob', text: 'fast' })
    world.server.tellsStored = true
    await newLines(world, { bob, count: 1 })
    await world.until('alice to know', async () => (await alice.chat.message({ id }))?.state === 'delivered')
    world.server.push(alice.deviceId, { t: 'stored', ids: [id] })
    assert.is((await alice.chat.message({ id }))?.state, 'delivered')
    assert.is((await alice.chat.snapshot()).queued, 0)
  }))

test('an announcement that is brought again under another id does not begin its chain anew', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const device = world.server.devices.get(bob.deviceId)
    if (device) device.oneTime.length = 0
    world.clock.advance(25 * 60 * 60 * 1000)
    const announcements: MessageFrame[] = []
    world.server.onDeliver = (frame, to) => {
      if (to.deviceId === bob.deviceId && frame.kind === 'chain') announcements.push(frame)
      return [frame]
    }
    await alice.chat.send({ to: 'bob', text: 'one' })
    await newLines(world, { bob, count: 1 })
    assert.is(announcements.length, 1)
    const id = '01890000-0000-7000-8000-000000000001'
    for (const frame of announcements) world.server.push(bob.deviceId, { ...frame, id })
    await world.until('it to be acked', () => world.server.acked(bob.deviceId).includes(id))
    await alice.chat.send({ to: 'bob', text: 'two' })
    assert.equal(await newLines(world, { bob, count: 2 }), ['alice: one', 'alice: two'])
  }))

test('a receipt that overtakes the message on one’s other device is kept for it', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const second = await world.device('alice', { of: alice })
    await world.until('bob to be told', async () => (await bob.lines('alice')).includes('(device-added)'))
    const late: MessageFrame[] = []
    world.server.onDeliver = (frame, to) => {
      if (to.deviceId !== second.deviceId || frame.from !== 'alice') return [frame]
      late.push(frame)
      return []
    }
    const { id } = await alice.chat.send({ to: 'bob', text: 'hello' })
    await world.until(
      'the first to know',
      async () => (await alice.chat.message({ id }))?.state === 'delivered',
    )
    await world.settle()
    for (const frame of late) world.server.push(second.deviceId, frame)
    await world.until('the second to have it', async () => (await second.chat.message({ id })) !== null)
    assert.is((await second.chat.message({ id }))?.state, 'delivered')
  }))

test('a message that is sealed anew after it had arrived is shown once, and leaves no gap', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    world.server.tellsStored = false
    const { id } = await alice.chat.send({ to: 'bob', text: 'once' })
    await newLines(world, { bob, count: 1 })
    await world.until('bob to ack it', () => !world.server.undelivered.has(id))
    // The server has forgotten it, the answer was lost, and meanwhile bob has one more device.
    const tell = world.server.tellDevices
    world.server.tellDevices = () => undefined
    const second = await world.device('bob', { of: bob })
    world.server.tellDevices = tell
    world.server.stored.delete(id)
    world.server.tellsStored = true
    world.server.drop(alice.deviceId)
    await world.until('the second to have it', async () =>
      (await second.lines('alice')).includes('alice: once'),
    )
    await alice.chat.send({ to: 'bob', text: 'next' })
    await world.until('bob to have the next', async () => (await bob.lines('alice')).includes('alice: next'))
    const lines = (await bob.lines('alice')).slice(2)
    assert.equal(
      lines.filter(line => line !== '(device-added)'),
      ['alice: once', 'alice: next'],
    )
  }))

test('a one-time prekey is deleted with the chain that used it', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const count = () => [...bob.store.table('prekeys', { secretKeys: true }).range()].length
    const before = count()
    world.clock.advance(25 * 60 * 60 * 1000)
    await alice.chat.send({ to: 'bob', text: 'a new chain' })
    await newLines(world, { bob, count: 1 })
    assert.is(count(), before - 1)
  }))

test.run()
