import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MessageFrame } from '../../schema/frames.ts'
import { limits } from '../../schema/limits.ts'
import { group, itemOf, say, summaryOf } from './changes.fixture.ts'
import { type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'

const test = suite('session, who is typing')

/** What a device was told of it. */
function told({ events }: TestDevice): string[] {
  return events.flatMap(event => (event.type === 'typing' ? [`${event.user} ${event.isTyping}`] : []))
}

async function type(device: TestDevice, other: string, isTyping = true): Promise<void> {
  await device.chat.typing({ conversation: (await summaryOf(device, other))?.id ?? '', isTyping })
}

function transientsOf(world: TestWorld, { deviceId }: TestDevice) {
  return world.server.sent(deviceId).filter(({ kind }) => kind === 'transient')
}

test('`typing()` tells the other one, not too often, and writes nothing to any disk', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    await world.settle()
    let writes = 0
    for (const { store } of [alice, bob]) {
      const { transaction } = store
      store.transaction = work => {
        writes++
        return transaction(work)
      }
    }
    await type(alice, 'bob')
    await world.until('bob to be told', () => told(bob).length === 1)
    for (let n = 0; n < 5; n++) await type(alice, 'bob')
    await type(alice, 'bob', false)
    await type(alice, 'bob', false)
    await type(alice, 'bob')
    await world.until('bob to be told', () => told(bob).length === 2)
    await world.settle()
    assert.equal(told(bob), ['alice true', 'alice false'])
    world.clock.advance(limits.typingRepeatMs)
    await type(alice, 'bob')
    await world.until('bob to be told', () => told(bob).length === 3)
    await world.until('it to be acked', () => world.server.undelivered.size === 0)
    assert.is(writes, 0)
    assert.equal(told(alice), [])
    assert.equal([...alice.defects, ...bob.defects], [])
    const summary = await summaryOf(bob, 'alice')
    const event = bob.events.find(({ type: what }) => what === 'typing')
    assert.equal(event, { type: 'typing', conversation: summary?.id, user: 'alice', isTyping: true })
    assert.not.match(JSON.stringify(transientsOf(world, alice)), 'typing')
  }))

test('`typing()` makes no chain, and sends nothing that does not reach all devices', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const before = world.server.sent(alice.deviceId).length
    const tell = world.server.tellDevices
    world.clock.advance(limits.maxChainAgeMs)
    await type(alice, 'bob')
    await alice.chat.open({ with: 'carol' }).catch(() => undefined)
    assert.is(world.server.sent(alice.deviceId).length, before)
    await say(world, { from: alice, to: 'bob', text: 'a new chain', at: [bob] })
    await world.device('bob', { of: bob })
    await world.until('alice to know', async () => (await alice.lines('bob')).includes('(device-added)'))
    await type(alice, 'bob')
    await world.settle()
    assert.equal(transientsOf(world, alice), [])
    world.server.tellDevices = tell
    world.server.isUp = false
    world.server.drop(alice.deviceId)
    await type(alice, 'bob')
    assert.equal(transientsOf(world, alice), [])
  }))

test('nobody is told when the person does not want it, nor a stranger, nor somebody blocked', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const carol = await world.device('carol')
    const id = await say(world, { from: carol, to: 'bob', text: 'hello', at: [bob] })
    // Both have a chain to each other now.
    await world.until('it to be told', async () => (await itemOf(carol, id))?.state === 'delivered')
    await world.settle()
    await type(carol, 'bob')
    await type(bob, 'carol')
    await bob.chat.setSettings({ sendsTyping: false })
    await type(bob, 'alice')
    await bob.chat.setSettings({ sendsTyping: true })
    await alice.chat.block({ user: 'bob', isBlocked: true })
    await type(alice, 'bob')
    await type(bob, 'alice')
    await world.until('all to be acked', () => world.server.undelivered.size === 0)
    await world.settle()
    assert.is(transientsOf(world, bob).length, 1)
    assert.is(transientsOf(world, alice).length, 0)
    for (const device of [alice, bob, carol]) assert.equal(told(device), [])
  }))

test('what is brought again, late, by somebody else or damaged shows nothing, and is acked', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const mallory = await world.device('mallory')
    await say(world, { from: mallory, to: 'bob', text: 'hello', at: [bob] })
    const kept: Extract<MessageFrame, { kind: 'transient' }>[] = []
    world.server.onDeliver = (frame, to) => {
      if (frame.kind !== 'transient' || to.deviceId !== bob.deviceId) return [frame]
      kept.push(frame)
      return kept.length === 1 ? [frame] : []
    }
    await type(alice, 'bob')
    await world.until('bob to be told', () => told(bob).length === 1)
    world.clock.advance(limits.typingRepeatMs)
    await type(alice, 'bob')
    await world.until('it to be on its way', () => kept.length === 2)
    const [first, next] = kept
    assert.ok(first && next)
    const [header, key, iv, text = '', tag] = next.body.split('.')
    for (const frame of [
      first,
      { ...next, from: 'mallory', device: mallory.deviceId },
      { ...next, body: [header, key, iv, `${text.slice(0, -4)}AAAA`, tag].join('.') },
      { ...next, body: first.body.replace(/^[^.]+/, header ?? '') },
      { ...next, id: first.id },
    ]) {
      world.server.push(bob.deviceId, frame)
    }
    await world.settle()
    assert.equal(told(bob), ['alice true'])
    world.clock.advance(limits.maxTransientAgeMs + 1)
    world.server.push(bob.deviceId, next)
    await world.until('all to be acked', () => world.server.acked(bob.deviceId).includes(next.id))
    await world.settle()
    assert.equal(told(bob), ['alice true'])
    assert.equal(bob.defects, [])
  }))

test('in a group all members are told, whoever is not in it any more is not, and tells nobody', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    await say(world, { from: carol, to: '#ops', text: 'hi', at: [alice, bob] })
    await type(carol, 'ops')
    for (const device of [alice, bob]) await world.until('all to be told', () => told(device).length === 1)
    await alice.chat.removeMembers({ group: 'ops', members: ['carol'] })
    await world.until('carol to know', async () => (await summaryOf(carol, 'ops'))?.role === 'gone')
    world.clock.advance(limits.removedGraceMs)
    await type(carol, 'ops')
    await say(world, { from: alice, to: '#ops', text: 'and on', at: [bob] })
    await type(alice, 'ops')
    await world.until('bob to be told', () => told(bob).length === 2)
    await world.settle()
    assert.equal(told(bob), ['carol true', 'alice true'])
    assert.equal(told(carol), [])
  }))

test('the clock of the server counts, so that a device with a wrong one is heard', () =>
  withWorld(async world => {
    world.server.skewMs = 60 * 60 * 1000
    const { alice, bob } = await world.pair()
    await type(alice, 'bob')
    await world.until('bob to be told', () => told(bob).length === 1)
  }))

test.run()
