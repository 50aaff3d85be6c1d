import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import type { MessageFrame } from '../../schema/frames.ts'
import { limits } from '../../schema/limits.ts'
import { group, itemOf, summaryOf } from './changes.fixture.ts'
import { maxHeldChains } from './intake.ts'
import { groupChain, inventedChain, untilTaken } from './modified-client.fixture.ts'
import { openTables } from './records.ts'
import { type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'

/** Members of a group who misuse it, and strangers who name one. */
const test = suite('session, hostile members')

const titleOf = async (device: TestDevice) => (await summaryOf(device, 'ops'))?.title

async function untilEpoch(world: TestWorld, { at, epoch }: { at: TestDevice; epoch: number }): Promise<void> {
  await world.until(`epoch ${epoch}`, async () => (await at.chat.groupInfo({ group: 'ops' })).epoch === epoch)
}

test('who was an admin once does nothing of an admin any more, in whichever epoch they say it', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    await alice.chat.setAdmin({ group: 'ops', user: 'bob', isAdmin: true })
    await alice.chat.setAdmin({ group: 'ops', user: 'bob', isAdmin: false })
    await untilEpoch(world, { at: carol, epoch: 2 })
    world.clock.advance(limits.removedGraceMs)
    const { id } = await alice.chat.send({ to: '#ops', text: 'written after that' })
    await untilTaken(world, { id, by: carol })
    const chain = await groupChain(world, { from: bob, to: carol, group: 'ops', epoch: 1 })
    await chain.say({ type: 'delete', id })
    await chain.say({ type: 'title', title: 'of bob' })
    await untilTaken(world, { id: await chain.say({ type: 'timer', afterMs: 60_000 }), by: carol })
    assert.is((await itemOf(carol, id))?.content.type, 'text')
    assert.is(await titleOf(carol), 'Operations')
    assert.is((await summaryOf(carol, 'ops'))?.disappearAfterMs, undefined)
  }))

test('an admin who was removed and added again is none', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    await alice.chat.setAdmin({ group: 'ops', user: 'bob', isAdmin: true })
    await alice.chat.removeMembers({ group: 'ops', members: ['bob'] })
    await alice.chat.addMembers({ group: 'ops', members: ['bob'] })
    await untilEpoch(world, { at: carol, epoch: 3 })
    world.clock.advance(limits.removedGraceMs)
    const chain = await groupChain(world, { from: bob, to: carol, group: 'ops', epoch: 1 })
    await untilTaken(world, { id: await chain.say({ type: 'title', title: 'of bob' }), by: carol })
    assert.is(await titleOf(carol), 'Operations')
  }))

test('a title that was said far ahead of the time can be changed', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    await alice.chat.setAdmin({ group: 'ops', user: 'bob', isAdmin: true })
    await untilEpoch(world, { at: carol, epoch: 1 })
    for (const to of [alice, carol]) {
      const chain = await groupChain(world, { from: bob, to, group: 'ops', epoch: 1 })
      await chain.say({ type: 'title', title: 'for ever' }, { sentAt: 8.6e15 })
      await world.until('it to be taken', async () => (await titleOf(to)) === 'for ever')
    }
    await alice.chat.setTitle({ group: 'ops', title: 'repaired' })
    await world.until('the new one', async () => (await titleOf(carol)) === 'repaired')
    assert.is(await titleOf(alice), 'repaired')
  }))

test('who adds somebody puts no title back that was changed meanwhile', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    await world.device('dave')
    await alice.chat.setAdmin({ group: 'ops', user: 'bob', isAdmin: true })
    await world.until('bob to be one', async () => (await summaryOf(bob, 'ops'))?.role === 'admin')
    const late: MessageFrame[] = []
    world.server.onDeliver = (frame, to) => {
      if (to.deviceId !== bob.deviceId) return [frame]
      late.push(frame)
      return []
    }
    await alice.chat.setTitle({ group: 'ops', title: 'new' })
    await world.until('carol to have it', async () => (await titleOf(carol)) === 'new')
    await bob.chat.addMembers({ group: 'ops', members: ['dave'] })
    await world.settle()
    world.server.onDeliver = frame => [frame]
    for (const frame of late) world.server.push(bob.deviceId, frame)
    await world.until('bob to have it', async () => (await titleOf(bob)) === 'new')
    assert.is(await titleOf(alice), 'new')
    assert.is(await titleOf(carol), 'new')
  }))

test('a group that cannot be fetched stops nobody else, and comes when it can', () =>
  withWorld(async world => {
    const { alice, carol } = await group(world)
    const dave = await world.device('dave')
    world.server.groups.onEvents = (answer, { userId }) => {
      if (userId === 'carol') throw new FastChatError('internal', 'Cannot answer: unexpected failure')
      return answer
    }
    await alice.chat.addMembers({ group: 'ops', members: ['dave'] })
    const { id } = await alice.chat.send({ to: '#ops', text: 'of the new roster' })
    await world.settle()
    await dave.chat.send({ to: 'carol', text: 'meanwhile' })
    await world.until('what dave says', async () => (await carol.lines('dave')).includes('dave: meanwhile'))
    assert.is(await itemOf(carol, id), undefined)
    world.server.groups.onEvents = answer => answer
    world.clock.advance(15_000)
    await world.until('what alice says', async () => (await itemOf(carol, id)) !== undefined)
  }))

test('what a stranger sends to somebody and says is of a group is not asked for', () =>
  withWorld(async world => {
    const { carol } = await group(world)
    const mallory = await world.device('mallory')
    let asked = 0
    const events = world.server.groups.events.bind(world.server.groups)
    world.server.groups.events = (name, asks) => {
      asked++
      return events(name, asks)
    }
    const at = { user: 'carol' }
    for (const name of ['none', 'ops']) {
      const { id } = await inventedChain(world, { from: mallory, to: carol, group: name, epoch: 1, at })
      await untilTaken(world, { id, by: carol })
    }
    assert.is(asked, 0)
    assert.equal([...openTables(carol.store).heldChains.range()], [])
    assert.not.ok((await carol.lines('ops')).some(line => line.startsWith('(roster-refused')))
  }))

test('beyond `maxHeldChains` the oldest announcement of whoever has most gives way', () =>
  withWorld(async world => {
    const carol = await world.device('carol')
    const dave = await world.device('dave')
    const mallory = await world.device('mallory')
    const first = await inventedChain(world, { from: dave, to: carol, group: 'of-dave' })
    await untilTaken(world, { id: first.id, by: carol })
    const ids: string[] = []
    for (let n = 0; n < maxHeldChains; n++) {
      ids.push((await inventedChain(world, { from: mallory, to: carol, group: `none-${n}` })).id)
    }
    await untilTaken(world, { id: ids.at(-1) ?? '', by: carol })
    const held = Array.from(openTables(carol.store).heldChains.range(), ({ value }) => value.id)
    assert.equal(held.sort(), [first.id, ...ids.slice(1)].sort())
  }))

test.run()
