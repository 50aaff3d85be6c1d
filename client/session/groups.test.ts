import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FastChatError } from '../../schema/errors.ts'
import type { Notice } from '../chat.ts'
import { claimsOf } from './fake-groups.fixture.ts'
import { type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'

const test = suite('session, groups')

/** alice, bob and carol in a group of alice's. */
async function trio(world: TestWorld) {
  const alice = await world.device('alice')
  const bob = await world.device('bob')
  const carol = await world.device('carol')
  await alice.chat.createGroup({ group: 'ops', title: 'Operations', members: ['bob', 'carol'] })
  for (const member of [bob, carol]) {
    await world.until('them to be in it', async () => (await titleOf(member)) === 'Operations')
  }
  return { alice, bob, carol }
}

async function summaryOf(device: TestDevice, group = 'ops') {
  const { conversations } = await device.chat.snapshot()
  return conversations.find(({ kind, with: name }) => kind === 'group' && name === group)
}

const titleOf = async (device: TestDevice) => (await summaryOf(device))?.title

/** The texts of a group, without notices. */
async function texts(device: TestDevice): Promise<string[]> {
  return (await device.lines('ops')).filter(line => !line.startsWith('('))
}

async function notices(device: TestDevice): Promise<Notice[]> {
  const summary = await summaryOf(device)
  if (!summary) return []
  const items = await device.chat.history({ conversation: summary.id, limit: 1000 })
  return items.flatMap(item => (item.kind === 'notice' ? [item.notice] : []))
}

async function codeOf(asked: Promise<unknown>): Promise<string> {
  return await asked.then(
    () => 'done',
    (error: FastChatError) => error.code,
  )
}

test('everybody in a group reads what anybody writes, once and in order, and nobody else', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await trio(world)
    const dave = await world.device('dave')
    await alice.chat.send({ to: '#ops', text: 'one' })
    await world.until('bob to have it', async () => (await texts(bob)).length === 1)
    await bob.chat.send({ to: '#ops', text: 'two' })
    await world.until('carol to have both', async () => (await texts(carol)).length === 2)
    await carol.chat.send({ to: '#ops', text: 'three' })
    for (const device of [alice, bob, carol]) {
      await world.until('all three', async () => (await texts(device)).length === 3)
      assert.equal(await texts(device), ['alice: one', 'bob: two', 'carol: three'])
    }
    assert.is(await summaryOf(dave), undefined)
    assert.is(await codeOf(dave.chat.send({ to: '#ops', text: 'x' })), 'unknown_group')
  }))

test('a server learns neither title nor text of a group', () =>
  withWorld(async world => {
    const { alice, bob } = await trio(world)
    await alice.chat.send({ to: '#ops', text: 'nobody else reads this' })
    await world.until('it to arrive', async () => (await texts(bob)).length === 1)
    const seen = JSON.stringify([world.server.received, [...world.server.groups.groups]])
    assert.not.match(seen, 'Operations')
    assert.not.match(seen, 'nobody else')
    assert.match(seen, 'carol')
  }))

test('a message to a group counts who has it, and is delivered when all have', () =>
  withWorld(async world => {
    const { alice } = await trio(world)
    const { id } = await alice.chat.send({ to: '#ops', text: 'all of you' })
    await world.until(
      'it to be delivered',
      async () => (await alice.chat.message({ id }))?.state === 'delivered',
    )
    assert.equal((await alice.chat.message({ id }))?.receipts, { delivered: 2, read: 0, of: 2 })
  }))

test('who is removed reads on no more, and who is new reads nothing from before', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await trio(world)
    const dave = await world.device('dave')
    await bob.chat.send({ to: '#ops', text: 'before' })
    await world.until('carol to have it', async () => (await texts(carol)).length === 1)
    await alice.chat.removeMembers({ group: 'ops', members: ['carol'] })
    await world.until('carol to be told', async () => (await summaryOf(carol))?.role === 'gone')
    await alice.chat.addMembers({ group: 'ops', members: ['dave'] })
    await world.until('dave to know the title', async () => (await titleOf(dave)) === 'Operations')
    await bob.chat.send({ to: '#ops', text: 'after' })
    await world.until('dave to have it', async () => (await texts(dave)).length === 1)
    await world.settle()
    assert.equal(await texts(dave), ['bob: after'])
    assert.equal(await texts(carol), ['bob: before'])
    assert.is(await codeOf(carol.chat.send({ to: '#ops', text: 'x' })), 'not_a_member')
    const toCarol = world.server.received
      .flatMap(({ frame }) =>
        frame.t === 'send' && frame.kind === 'chain' && 'group' in frame.to ? [frame] : [],
      )
      .at(-1)
    const kids = toCarol?.body.recipients.map(({ header }) => header.kid.split('/')[0])
    assert.not.ok(kids?.includes(carol.deviceId))
    assert.ok(kids?.includes(dave.deviceId))
  }))

test('only an admin changes a group: the client refuses, the server refuses, and so does every other client', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await trio(world)
    for (const ask of [
      () => bob.chat.addMembers({ group: 'ops', members: ['carol'] }),
      () => bob.chat.removeMembers({ group: 'ops', members: ['carol'] }),
      () => bob.chat.setAdmin({ group: 'ops', user: 'bob', isAdmin: true }),
      () => bob.chat.setTitle({ group: 'ops', title: 'mine' }),
    ]) {
      assert.is(await codeOf(ask()), 'not_an_admin')
    }
    await alice.chat.setAdmin({ group: 'ops', user: 'bob', isAdmin: true })
    await world.until('bob to be one', async () => (await summaryOf(bob))?.role === 'admin')
    await bob.chat.removeMembers({ group: 'ops', members: ['carol'] })
    await world.until('carol to be told', async () => (await summaryOf(carol))?.role === 'gone')
    assert.equal(
      (await alice.chat.groupInfo({ group: 'ops' })).members.map(({ user, isAdmin }) => [user, isAdmin]),
      [
        ['alice', true],
        ['bob', true],
      ],
    )
    assert.equal(
      (await notices(bob)).map(({ type }) => type),
      ['joined', 'title', 'admin-changed', 'members-removed'],
    )
  }))

test('of two admins at once one is first, and the other one goes on from there', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await trio(world)
    await alice.chat.setAdmin({ group: 'ops', user: 'bob', isAdmin: true })
    for (const name of ['dave', 'erin']) await world.device(name)
    await world.until('bob to be one', async () => (await summaryOf(bob))?.role === 'admin')
    const [one, other] = await Promise.all([
      alice.chat.addMembers({ group: 'ops', members: ['dave'] }),
      bob.chat.addMembers({ group: 'ops', members: ['erin'] }),
    ])
    assert.is(Math.abs(one.epoch - other.epoch), 1)
    for (const device of [alice, bob, carol]) {
      await world.until('all five', async () => (await summaryOf(device))?.memberCount === 5)
    }
    const group = world.server.groups.groups.get('ops')
    assert.equal(
      group?.events.map(event => claimsOf(event).op),
      ['create', 'promote', 'add', 'add'],
    )
  }))

test('one leaves by oneself, and the last admin only when nobody else is left', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await trio(world)
    assert.is(await codeOf(alice.chat.leaveGroup({ group: 'ops' })), 'last_admin')
    await bob.chat.leaveGroup({ group: 'ops' })
    await carol.chat.leaveGroup({ group: 'ops' })
    await world.until('alice to be alone', async () => (await summaryOf(alice))?.memberCount === 1)
    await alice.chat.leaveGroup({ group: 'ops' })
    assert.is((await summaryOf(alice))?.role, 'gone')
    assert.is(await codeOf(alice.chat.createGroup({ group: 'ops' })), 'group_exists')
  }))

test('a client that missed events catches up by itself', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await trio(world)
    await world.device('dave')
    world.server.drop(carol.deviceId)
    world.server.groups.onHeads = (heads, to) => (to === 'carol' ? [] : heads)
    await alice.chat.addMembers({ group: 'ops', members: ['dave'] })
    await alice.chat.setAdmin({ group: 'ops', user: 'bob', isAdmin: true })
    await bob.chat.send({ to: '#ops', text: 'with dave' })
    await world.until('carol to have it', async () => (await texts(carol)).length === 1)
    assert.is((await carol.chat.groupInfo({ group: 'ops' })).members.length, 4)
    await carol.chat.send({ to: '#ops', text: 'and back' })
    await world.until('bob to have it', async () => (await texts(bob)).length === 2)
  }))

test('a group by somebody who was never written to is a request until it is accepted or answered', () =>
  withWorld(async world => {
    const { alice, bob } = await trio(world)
    assert.is((await summaryOf(bob))?.isRequest, true)
    assert.is((await summaryOf(alice))?.isRequest, undefined)
    // A bare id never means a stranger's group.
    assert.is(await codeOf(bob.chat.send({ to: 'ops', text: 'x' })), 'unknown_user')
    await bob.chat.send({ to: '#ops', text: 'hello' })
    assert.is((await summaryOf(bob))?.isRequest, undefined)
    assert.is((await bob.chat.send({ to: 'ops', text: 'again' })).from, 'bob')
  }))

test('all devices of a member read along and write, a new one from then on', () =>
  withWorld(async world => {
    const { alice, bob } = await trio(world)
    const phone = await world.device('bob', { of: bob })
    await world.until('the new one to be in it', async () => (await summaryOf(phone)) !== undefined)
    await alice.chat.send({ to: '#ops', text: 'to both' })
    await world.until(
      'both to have it',
      async () => (await texts(bob)).length + (await texts(phone)).length === 2,
    )
    await phone.chat.send({ to: '#ops', text: 'from the other one' })
    await world.until('bob to see it', async () => (await texts(bob)).length === 2)
    assert.is((await texts(bob)).at(-1), 'bob: from the other one')
  }))

test('a session that begins again knows its groups, and what it could not send goes out', () =>
  withWorld(async world => {
    const { alice, bob } = await trio(world)
    world.server.isUp = false
    world.server.drop(alice.deviceId)
    await alice.chat.send({ to: '#ops', text: 'written offline' })
    await alice.restart()
    world.server.isUp = true
    await world.until('it to arrive', async () => (await texts(bob)).length === 1)
    assert.is((await alice.chat.groupInfo({ group: 'ops' })).title, 'Operations')
  }))

test.run()
