import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import { signRosterEvent } from '../crypto/roster.ts'
import { claimsOf } from './fake-groups.fixture.ts'
import { type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'

/** A server that lies about a group: every client refuses, and says why. */
const test = suite('session, a server that lies about rosters')

async function trio(world: TestWorld) {
  const alice = await world.device('alice')
  const bob = await world.device('bob')
  const carol = await world.device('carol')
  await alice.chat.createGroup({ group: 'ops', members: ['bob', 'carol'] })
  for (const member of [bob, carol]) {
    await world.until('them to be in it', async () => (await roleOf(member)) === 'member')
    await world.until('a first message', async () => {
      return (await member.lines('ops')).length > 0
    })
  }
  return { alice, bob, carol }
}

async function roleOf(device: TestDevice) {
  const { conversations } = await device.chat.snapshot()
  return conversations.find(({ kind }) => kind === 'group')?.role
}

const refusals = async (device: TestDevice) =>
  (await device.lines('ops')).filter(line => line.startsWith('(roster-refused'))

const texts = async (device: TestDevice) => (await device.lines('ops')).filter(line => !line.startsWith('('))

const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'done',
    (error: FastChatError) => error.code,
  )

function eventsOf(world: TestWorld): string[] {
  return world.server.groups.groups.get('ops')?.events ?? []
}

/** What of the frames that were sent reached a device of somebody's, whether or not it was asked for. */
function wasSentTo(world: TestWorld, device: TestDevice): boolean {
  return world.server.received.some(
    ({ frame }) =>
      frame.t === 'send' &&
      frame.kind === 'chain' &&
      'group' in frame.to &&
      frame.body.recipients.some(({ header }) => header.kid.startsWith(device.deviceId)),
  )
}

/** An event on top of the last one, signed by whoever. */
async function forge(
  world: TestWorld,
  { by, op, members }: { by: TestDevice; op: 'add' | 'remove'; members: { user: string; key: string }[] },
): Promise<string> {
  const state = world.server.groups.groups.get('ops')?.states.at(-1)
  const { userId, accountKey } = by
  const claims = { group: 'ops', epoch: (state?.epoch ?? 0) + 1, prev: state?.head ?? null, op, members }
  return (await signRosterEvent({ ...claims, iat: world.clock.now() }, { userId, accountKey })).event
}

async function keyOf(world: TestWorld, device: TestDevice): Promise<string> {
  const alice = await world.device(`asks-${device.userId}`)
  await alice.chat.createGroup({ group: `of-${device.userId}`, members: [device.userId] })
  const state = world.server.groups.groups.get(`of-${device.userId}`)?.states.at(-1)
  return state?.members[device.userId]?.key ?? ''
}

test('a silent member that the server adds is refused by everybody, and gets nothing', () =>
  withWorld(async world => {
    const { alice, bob } = await trio(world)
    const mallory = await world.device('mallory')
    const members = [{ user: 'mallory', key: await keyOf(world, mallory) }]
    const event = await forge(world, { by: mallory, op: 'add', members })
    world.server.groups.onEvents = answer =>
      answer.group === 'ops'
        ? { ...answer, events: [...answer.events, event], last: answer.last + 1 }
        : answer
    for (const device of [alice, bob]) {
      world.server.push(device.deviceId, { t: 'group', group: 'ops', epoch: 1, head: 'A'.repeat(43) })
      await world.until('them to refuse', async () => (await refusals(device)).length === 1)
      assert.equal(await refusals(device), ['(roster-refused invalid)'])
      assert.is(await roleOf(device), 'refused')
      assert.is(await codeOf(device.chat.send({ to: '#ops', text: 'x' })), 'roster_forked')
    }
    assert.not.ok(wasSentTo(world, mallory))
    // Told once, whatever the server repeats; and the truth lets everything go on.
    world.server.push(bob.deviceId, { t: 'group', group: 'ops', epoch: 1, head: 'A'.repeat(43) })
    await world.settle()
    assert.is((await refusals(bob)).length, 1)
    world.server.groups.onEvents = answer => answer
    const head = world.server.groups.headsOf('bob').find(({ group }) => group === 'ops')
    assert.ok(head)
    if (head) world.server.push(bob.deviceId, { t: 'group', ...head })
    await world.until('bob to write again', async () => (await roleOf(bob)) === 'member')
    await bob.chat.send({ to: '#ops', text: 'still here' })
    await world.until('carol to have it', async () => (await texts(alice)).length === 1)
  }))

test('a member who signs what only an admin may is refused, though the server takes it', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await trio(world)
    const key = world.server.groups.groups.get('ops')?.states.at(-1)?.members.carol?.key ?? ''
    const event = await forge(world, { by: bob, op: 'remove', members: [{ user: 'carol', key }] })
    world.server.groups.onEvents = answer => ({
      ...answer,
      events: [...answer.events, event],
      last: answer.last + 1,
    })
    for (const device of [alice, carol]) {
      world.server.push(device.deviceId, { t: 'group', group: 'ops', epoch: 1, head: 'A'.repeat(43) })
      await world.until('them to refuse', async () => (await refusals(device)).length === 1)
    }
    assert.is((await alice.chat.groupInfo({ group: 'ops' })).members.length, 3)
  }))

test('an event that the server drops: what is bound to it is refused, and shown once the event is', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await trio(world)
    await world.device('dave')
    world.server.groups.onHeads = (heads, to) => (to === 'bob' ? [] : heads)
    world.server.groups.onEvents = (answer, { userId }) =>
      userId === 'bob' ? { ...answer, events: answer.events.slice(0, 1), last: 0 } : answer
    await alice.chat.addMembers({ group: 'ops', members: ['dave'] })
    await alice.chat.send({ to: '#ops', text: 'bound to the roster with dave' })
    await world.until('carol to have it', async () => (await texts(carol)).length === 1)
    await world.until('bob to refuse', async () => (await refusals(bob)).length === 1)
    assert.equal(await refusals(bob), ['(roster-refused unreachable alice)'])
    assert.equal(await texts(bob), [])
    // What bob writes for the roster that he was shown is refused by the server; he is never made to write to fewer.
    world.server.groups.onHeads = heads => heads
    world.server.groups.onEvents = answer => answer
    const [head] = world.server.groups.headsOf('bob')
    if (head) world.server.push(bob.deviceId, { t: 'group', ...head })
    await world.until('bob to have it after all', async () => (await texts(bob)).length === 1)
    assert.equal(await texts(bob), ['alice: bound to the roster with dave'])
  }))

test('an old roster that the server shows again is refused', () =>
  withWorld(async world => {
    const { alice, bob } = await trio(world)
    await alice.chat.removeMembers({ group: 'ops', members: ['carol'] })
    await world.until('bob to know', async () => {
      return (await bob.chat.groupInfo({ group: 'ops' })).members.length === 2
    })
    const [first = ''] = eventsOf(world)
    world.server.groups.onHeads = heads => heads.map(head => ({ ...head, epoch: 0, head: hashOf(world, 0) }))
    world.server.groups.onEvents = answer => ({ ...answer, events: [first].slice(0, 1), last: 0 })
    world.server.drop(bob.deviceId)
    await world.until('bob to refuse', async () => (await refusals(bob)).length === 1)
    assert.equal(await refusals(bob), ['(roster-refused forked)'])
    assert.is((await bob.chat.groupInfo({ group: 'ops' })).members.length, 2)
    assert.is(await codeOf(bob.chat.send({ to: '#ops', text: 'x' })), 'roster_forked')
  }))

test('a fork that the server keeps for one member: neither side takes the messages of the other', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await trio(world)
    await alice.chat.setAdmin({ group: 'ops', user: 'bob', isAdmin: true })
    await world.until('bob to be one', async () => (await roleOf(bob)) === 'admin')
    const dave = await world.device('dave')
    const erin = await world.device('erin')
    // Both events are signed by an admin and follow from the same one: only the server knows that there are two.
    const forBob = await forge(world, {
      by: bob,
      op: 'add',
      members: [{ user: 'erin', key: await keyOf(world, erin) }],
    })
    const base = eventsOf(world)
    world.server.groups.onEvents = (answer, { userId, from }) =>
      userId === 'bob' && answer.group === 'ops'
        ? { ...answer, events: [...base, forBob].slice(from), last: 2 }
        : answer
    world.server.groups.onHeads = (heads, to) =>
      to === 'bob' ? heads.filter(({ group }) => group !== 'ops') : heads
    await alice.chat.addMembers({ group: 'ops', members: ['dave'] })
    await alice.chat.send({ to: '#ops', text: 'to the group with dave' })
    await world.until('carol to have it', async () => (await texts(carol)).length === 1)
    await world.until('bob to refuse', async () => (await refusals(bob)).length > 0)
    assert.match((await refusals(bob)).join(), 'forked')
    assert.equal(await texts(bob), [])
    assert.not.ok(wasSentTo(world, erin))
    assert.ok(wasSentTo(world, dave))
  }))

test('another group in the place of one that is known, by the same id, is refused', () =>
  withWorld(async world => {
    const { alice, bob } = await trio(world)
    const mallory = await world.device('mallory')
    const key = world.server.groups.groups.get('ops')?.states.at(-1)?.members.bob?.key ?? ''
    const { event } = await signRosterEvent(
      {
        group: 'ops',
        epoch: 0,
        prev: null,
        op: 'create',
        members: [{ user: 'bob', key }],
        iat: world.clock.now(),
      },
      { userId: 'mallory', accountKey: mallory.accountKey },
    )
    world.server.groups.onEvents = answer => ({ ...answer, events: [event], last: 0 })
    world.server.push(bob.deviceId, { t: 'group', group: 'ops', epoch: 0, head: 'A'.repeat(43) })
    await world.until('bob to refuse', async () => (await refusals(bob)).length === 1)
    assert.equal(await refusals(bob), ['(roster-refused forked)'])
    assert.not.ok(JSON.stringify(await bob.chat.groupInfo({ group: 'ops' })).includes('mallory'))
    assert.ok(alice)
  }))

test('who was removed is heard no more when the server goes on to bring what they write', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await trio(world)
    await carol.chat.send({ to: '#ops', text: 'while in it' })
    await world.until('bob to have it', async () => (await texts(bob)).length === 1)
    // The server keeps the removal from carol, and takes what she writes.
    world.server.groups.onHeads = (heads, to) => (to === 'carol' ? [] : heads)
    world.server.groups.onEvents = (answer, { userId }) =>
      userId === 'carol' ? { ...answer, events: answer.events.slice(0, 1), last: 0 } : answer
    await alice.chat.removeMembers({ group: 'ops', members: ['carol'] })
    await world.until('bob to know', async () => {
      return (await bob.chat.groupInfo({ group: 'ops' })).members.length === 2
    })
    world.clock.advance(limits.removedGraceMs)
    world.server.isAudienceChecked = false
    await carol.chat.send({ to: '#ops', text: 'from outside' })
    await world.until('bob to refuse', async () => (await refusals(bob)).length === 1)
    assert.equal(await refusals(bob), ['(roster-refused not-a-member carol)'])
    assert.equal(await texts(bob), ['carol: while in it'])
  }))

function hashOf(world: TestWorld, epoch: number): string {
  return world.server.groups.groups.get('ops')?.states[epoch]?.head ?? ''
}

test('the events of the fake server are those that clients signed', () =>
  withWorld(async world => {
    await trio(world)
    assert.equal(
      eventsOf(world).map(event => claimsOf(event).by),
      ['alice'],
    )
  }))

test('a server that promises events and shows none is not asked for ever', () =>
  withWorld(async world => {
    const { bob } = await trio(world)
    let asked = 0
    world.server.groups.onEvents = answer => {
      asked++
      return { ...answer, last: answer.last + 1 }
    }
    world.server.push(bob.deviceId, { t: 'group', group: 'ops', epoch: 1, head: 'A'.repeat(43) })
    await world.settle()
    assert.ok(asked > 0 && asked < 5, `asked ${asked} times while no time went by`)
    world.server.groups.onEvents = answer => answer
  }))

test.run()
