import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import { group, say, summaryOf } from './changes.fixture.ts'
import { type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'

const test = suite('session, who is there')

/** The lists that a device has shown itself to, in order. */
function shared({ server }: TestWorld, { deviceId }: TestDevice): string[] {
  return server.received.flatMap(({ device, frame }) =>
    device === deviceId && frame.t === 'share' ? [frame.users.join()] : [],
  )
}

/** What a device was told, in order. */
function told({ events }: TestDevice): string[] {
  return events.flatMap(event => (event.type === 'presence' ? [event.online.join()] : []))
}

async function online({ chat }: TestDevice): Promise<string> {
  return (await chat.snapshot()).online.join()
}

async function untilShared(world: TestWorld, device: TestDevice, ...expected: string[]): Promise<void> {
  await world.until(`${device.userId} to share: ${expected}`, () => {
    return shared(world, device).join(' ') === expected.join(' ')
  })
}

test('a device shows itself to whom it talks with, not to strangers and members of groups', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    const mallory = await world.device('mallory')
    await say(world, { from: mallory, to: 'bob', text: 'hello', at: [bob] })
    await say(world, { from: alice, to: 'bob', text: 'hi', at: [bob] })
    await world.settle()
    world.clock.advance(60_000)
    await world.settle()
    assert.not.match(shared(world, bob).join(' '), /mallory|carol/)
    assert.equal(shared(world, carol), [])
    await bob.chat.accept({ conversation: (await summaryOf(bob, 'mallory'))?.id ?? '' })
    await world.until('bob to show himself', () => /mallory/.test(shared(world, bob).join(' ')))
  }))

test('who is there is told as the server says it, and gone with the connection', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    await untilShared(world, alice, 'bob')
    for (const user of ['bob', 'mallory', 'alice']) {
      world.server.push(alice.deviceId, { t: 'presence', user, online: true })
    }
    await world.until('it to be told', () => told(alice).length === 1)
    assert.is(await online(alice), 'bob')
    world.server.push(alice.deviceId, { t: 'presence', user: 'bob', online: false })
    world.server.push(alice.deviceId, { t: 'presence', user: 'bob', online: true })
    world.clock.advance(60_000)
    assert.equal(told(alice), ['bob'])
    world.server.drop(alice.deviceId)
    await world.until('nobody to be there', () => told(alice).length === 2)
    assert.equal(told(alice), ['bob', ''])
    await untilShared(world, alice, 'bob', 'bob')
    assert.equal(alice.defects, [])
  }))

test('whoever is blocked, and everybody when the person wants it, is hidden at once and shown nothing', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    await untilShared(world, alice, 'bob')
    world.server.push(alice.deviceId, { t: 'presence', user: 'bob', online: true })
    await world.until('it to be told', () => told(alice).length === 1)
    await alice.chat.setSettings({ showsPresence: false })
    assert.equal(told(alice), ['bob', ''])
    await untilShared(world, alice, 'bob', '')
    // A server that goes on telling is not heard.
    world.server.push(alice.deviceId, { t: 'presence', user: 'bob', online: true })
    world.clock.advance(60_000)
    assert.is(await online(alice), '')
    await alice.chat.setSettings({ showsPresence: true })
    await untilShared(world, alice, 'bob', '', 'bob')
    world.server.push(alice.deviceId, { t: 'presence', user: 'bob', online: true })
    await world.until('it to be told', () => told(alice).at(-1) === 'bob')
    await alice.chat.block({ user: 'bob', isBlocked: true })
    assert.is(await online(alice), '')
    // Taken back before the server was told: it has nothing to say again.
    await alice.chat.block({ user: 'bob', isBlocked: false })
    await world.until('it to be told', () => told(alice).at(-1) === 'bob')
    assert.is(shared(world, alice).length, 3)
    await alice.chat.block({ user: 'bob', isBlocked: true })
    await untilShared(world, alice, 'bob', '', 'bob', '')
  }))

test('who wants no presence sends no list at all, also after a restart', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    await alice.chat.setSettings({ showsPresence: false })
    await world.until('it to be taken back', () => shared(world, alice).at(-1) === '')
    const before = shared(world, alice).length
    await alice.restart()
    await world.until('alice to be back', async () => (await alice.chat.snapshot()).drained)
    await world.settle()
    assert.is(shared(world, alice).length, before)
  }))

test('changes of a moment go together, within what a server takes', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    await untilShared(world, alice, 'bob')
    const names = ['carol', 'dave', 'erin', 'frank']
    for (const name of names) {
      await world.device(name)
      await alice.chat.open({ with: name })
    }
    await world.until('all to be shared', () => shared(world, alice).at(-1)?.includes('frank'))
    assert.ok(shared(world, alice).length <= 3, shared(world, alice).join(' '))
    assert.ok(limits.maxSharedUsers < limits.maxWatchedUsers)
  }))

test.run()
