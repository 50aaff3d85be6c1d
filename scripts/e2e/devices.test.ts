import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime } from '../test/runtimes.ts'
import { waitFor } from '../test/wait-for.ts'
import {
  createTwoServers,
  type Host,
  jsonLines,
  otherRuntime,
  type Person,
  received,
  signUp,
  succeed,
  type World,
} from './world.ts'

/** alice at two machines, each at another server and on another runtime, and bob; all of them real processes. */
const test = suite('devices of one account')

interface ListedDevice {
  deviceId: string
  since: string
  current: boolean
  active: boolean
}

let world: World
let first: Host
let second: Host
let alice: Person
let lost: Person
let bob: Person

test.before(async () => {
  ;({ world, first, second } = await createTwoServers())
  alice = world.person('alice', { servers: [first], runtime: currentRuntime() })
  lost = world.person('alice', { servers: [second], runtime: otherRuntime(), password: alice.password })
  bob = world.person('bob', { servers: [second], runtime: currentRuntime() })
  await signUp(alice, bob)
  await succeed(lost, ['login', 'alice'])
})

test.after(() => world.close())

test('`devices` lists the machines of an account, and marks the one that asks', async () => {
  for (const person of [alice, lost]) {
    const listed = await devicesOf(person)
    assert.is(listed.length, 2)
    assert.is(listed.filter(({ current }) => current).length, 1)
    assert.ok(
      listed.every(({ since, active }) => active && Math.abs(Date.parse(since) - Date.now()) < 600_000),
    )
  }
  const text = await succeed(alice, ['devices'])
  assert.is(text.split('\n').filter(line => line.endsWith('this device')).length, 1)
})

test('`devices revoke` ends `recv --follow` of that machine with 3, at the other server, at once', async () => {
  const id = await currentOf(lost)
  const kept = alice.start(['recv', '--json', '--follow'])
  const following = lost.start(['recv', '--json', '--follow'])
  await succeed(bob, ['send', 'alice', 'to both'])
  for (const program of [kept, following]) await program.waitForOutput(/to both/)

  assert.is(await succeed(alice, ['devices', 'revoke', id]), `Revoked ${id}.\n`)
  const ended = await following.ended
  assert.is(ended.code, 3, ended.stderr)
  assert.match(ended.stderr, /^fastchat: Cannot [^\n]*revoked[^\n]*\n$/)

  await succeed(bob, ['send', 'alice', 'to the one that is left', '--wait', 'delivered'])
  await kept.waitForOutput(/to the one that is left/)
  await kept.stop('SIGTERM')
  assert.equal(
    received(kept.stdout()).map(({ text }) => text),
    ['to both', 'to the one that is left'],
  )
  assert.not.match(following.stdout(), 'to the one that is left')
  await nothingWaitsFor(id)
  assert.equal(
    (await devicesOf(alice)).map(({ current }) => current),
    [true],
  )
})

test('later commands of a revoked machine say so and exit with 3', async () => {
  for (const args of [['recv', '--json'], ['send', 'bob', 'never'], ['devices'], ['login', 'alice']]) {
    const done = await lost.run(args)
    assert.is(done.code, 3, `${args[0]}: ${done.stderr}`)
    assert.match(done.stderr, /revoked/)
    assert.is(done.stdout, '')
  }
  const got = await bob.run(['recv', '--json'])
  assert.equal(received(got.stdout), [])
})

test('`devices revoke` refuses what is no device of the account, and is done when it was before', async () => {
  const foreign = await alice.run(['devices', 'revoke', await currentOf(bob)])
  assert.is(foreign.code, 3)
  assert.match(foreign.stderr, /none of this account/)
  const gone = await world.client
    .db()
    .collection('devices')
    .findOne({ revokedAt: { $exists: true } })
  await succeed(alice, ['devices', 'revoke', String(gone?._id)])
  assert.is((await alice.run(['devices', 'revoke', 'x'])).code, 2)
})

test('a device whose signed prekey has ended keeps nobody from writing to its owner', async () => {
  const old = world.person('alice', { servers: [second], runtime: otherRuntime(), password: alice.password })
  await succeed(old, ['login', 'alice'])
  const id = await currentOf(old)
  await world.client
    .db()
    .collection<{ _id: string }>('devices')
    .updateOne({ _id: id }, { $set: { prekeyExpiresAt: new Date(Date.now() - 1000) } })
  assert.equal(
    (await devicesOf(alice)).map(({ deviceId, active }) => deviceId === id && !active).filter(Boolean),
    [true],
  )
  await succeed(bob, ['send', 'alice', 'while it was away'])
  await nothingWaitsFor(id)
  const got = await alice.run(['recv', '--json', '--count', '1', '--timeout', '30'])
  assert.equal(
    received(got.stdout).map(({ text }) => text),
    ['while it was away'],
  )
})

test('`devices revoke` of the machine that asks shuts it out itself', async () => {
  const id = await currentOf(alice)
  assert.is(await succeed(alice, ['devices', 'revoke', id, '--json']), `${JSON.stringify({ revoked: id })}\n`)
  assert.is((await alice.run(['recv'])).code, 3)
  const shut = await world.client
    .db()
    .collection('devices')
    .find({ userId: 'alice', revokedAt: { $exists: false } })
  // The one that was away is left: with it gone, nobody can get what is written to alice.
  for (const { _id } of await shut.toArray()) {
    await world.client
      .db()
      .collection('devices')
      .updateOne({ _id }, { $set: { revokedAt: new Date() } })
  }
  const refused = await bob.run(['send', 'alice', 'to nobody'])
  assert.is(refused.code, 3, refused.stderr)
  assert.match(refused.stderr, /none of their devices/)
})

async function devicesOf(person: Person): Promise<ListedDevice[]> {
  return jsonLines<ListedDevice>(await succeed(person, ['devices', '--json']))
}

async function currentOf(person: Person): Promise<string> {
  return (await devicesOf(person)).find(({ current }) => current)?.deviceId ?? ''
}

async function nothingWaitsFor(deviceId: string): Promise<void> {
  const undelivered = world.client.db().collection('undelivered')
  await waitFor(async () => (await undelivered.countDocuments({ pending: deviceId })) === 0, {
    what: 'nothing to wait for the device',
  })
}

test.run()
