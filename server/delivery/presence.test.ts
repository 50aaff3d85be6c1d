import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import type { TestDevice } from '../testing/person.ts'
import { addDevice, connect, signUp, type TestSocket } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

/** Two servers over one database: alice is at the first, the others are at the second. */
const test = suite('who is told that somebody is connected')
const options = { sweepMs: 1_000_000, limits: { presenceGraceMs: 50, leaseRenewMs: 100 } }
let database: TestDatabase
let first: TestServer
let second: TestServer
let alice: TestDevice
let bob: TestDevice
let carol: TestDevice

test.before(async () => {
  database = await openTestDatabase()
  first = await startTestServer(database.uri, options)
  second = await startTestServer(database.uri, options)
  alice = await signUp(first, 'alice')
  bob = await signUp(second, 'bob')
  carol = await signUp(second, 'carol')
})

test.after(async () => {
  await Promise.all([first.stop(), second.stop()])
  await database.close()
})

const presence = () => database.db.collection<{ _id: string; shares?: string[] }>('presence')

/** What a socket was told, in order. */
function told(socket: TestSocket): string[] {
  return socket.of('presence').map(({ user, online }) => `${user} ${online}`)
}

async function untilTold(socket: TestSocket, ...expected: string[]): Promise<void> {
  await waitFor(() => told(socket).length >= expected.length, { what: `${expected}; came: ${told(socket)}` })
  assert.equal(told(socket), expected)
}

/** Shows a device to these, and waits until the database has it. */
async function show(socket: TestSocket, device: TestDevice, users: UserId[]): Promise<void> {
  socket.send({ t: 'share', users })
  await waitFor(
    async () => (await presence().findOne({ _id: device.deviceId }))?.shares?.join() === users.join(),
    { what: `${device.person.userId} to show themselves to ${users}` },
  )
}

async function closeAll(...sockets: TestSocket[]): Promise<void> {
  for (const socket of sockets) await socket.close()
  await waitFor(async () => (await presence().countDocuments()) === 0, { what: 'all to have gone' })
}

test('two people are told of each other once both show themselves, over two servers', async () => {
  const a = await connect(first, alice)
  const b = await connect(second, bob)
  await show(a, alice, ['bob', 'carol', 'nobody'])
  await show(b, bob, ['carol'])
  const c = await connect(second, carol)
  await show(c, carol, ['bob'])
  await untilTold(b, 'carol true')
  await untilTold(c, 'bob true')
  assert.equal(told(a), [])
  await show(b, bob, ['alice'])
  await untilTold(a, 'bob true')
  await untilTold(b, 'carol true', 'alice true')
  await untilTold(c, 'bob true', 'bob false')
  await b.close()
  await untilTold(a, 'bob true', 'bob false')
  await closeAll(a, c)
})

test('whoever is shown nothing is told nothing, also of one who never stops asking', async () => {
  const a = await connect(first, alice)
  const b = await connect(second, bob)
  const c = await connect(second, carol)
  await show(a, alice, ['bob'])
  await show(c, carol, ['alice', 'bob'])
  await show(c, carol, ['bob', 'alice'])
  await show(b, bob, ['alice'])
  await untilTold(a, 'bob true')
  await untilTold(b, 'alice true')
  assert.equal(told(c), [])
  // Who takes the list back is shown nothing more, and shows nothing more.
  await show(a, alice, [])
  await untilTold(b, 'alice true', 'alice false')
  await b.close()
  await waitFor(async () => (await presence().countDocuments()) === 2, { what: 'bob to have gone' })
  assert.equal(told(a), ['bob true'])
  await closeAll(a, c)
})

test('one of several devices is enough, and changing servers does not show', async () => {
  // Whoever is gone is told of so late that it is not within this test.
  const third = await startTestServer(database.uri, { ...options, limits: { presenceGraceMs: 600_000 } })
  const other = await addDevice(second, bob.person)
  const a = await connect(third, alice)
  const b1 = await connect(second, bob)
  const b2 = await connect(second, other)
  await show(b1, bob, ['alice'])
  await show(b2, other, ['alice'])
  await show(a, alice, ['bob', 'carol'])
  await untilTold(a, 'bob true')
  await b2.close()
  await waitFor(async () => (await presence().countDocuments()) === 2, { what: 'the other to have gone' })
  const moved = await connect(first, bob)
  await show(moved, bob, ['alice'])
  await untilTold(moved, 'alice true')
  await b1.close()
  // What comes last shows that all before it came.
  const c = await connect(second, carol)
  await show(c, carol, ['alice'])
  await untilTold(a, 'bob true', 'carol true')
  await closeAll(a, moved, c)
  await third.stop()
})

test('people of a server that has died are gone when its lease is over', async () => {
  const third = await startTestServer(database.uri, options)
  const a = await connect(third, alice)
  await show(a, alice, ['bob'])
  const dead = { _id: '01a20a5c-0001-7abc-8def-0123456789ab', url: 'ws://x', load: 0 }
  const lease = { ...dead, jwk: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }, heartbeatAt: new Date() }
  await database.db.collection<{ _id: string }>('servers').insertOne(lease)
  const left = { _id: bob.deviceId, userId: 'bob', serverId: dead._id, since: new Date(), shares: ['alice'] }
  await presence().insertOne(left)
  await untilTold(a, 'bob true')
  // The time passes.
  const old = new Date(Date.now() - limits.leaseDeadMs - 1000)
  await database.db
    .collection<{ _id: string }>('servers')
    .updateOne({ _id: dead._id }, { $set: { heartbeatAt: old } })
  await untilTold(a, 'bob true', 'bob false')
  await database.db.collection<{ _id: string }>('servers').deleteOne({ _id: dead._id })
  await presence().deleteOne({ _id: bob.deviceId })
  await closeAll(a)
  await third.stop()
})

test('lists are bounded in length and in number', async () => {
  const a = await connect(first, alice)
  for (let n = 0; n <= limits.maxSharesPerMinute; n++) a.send({ t: 'share', users: ['bob'] })
  const refused = await a.next('error')
  assert.is(refused.code, 'rate_limited')
  assert.is(a.closed, undefined)
  a.send({ t: 'share', users: Array.from({ length: limits.maxSharedUsers + 1 }, (_, n) => `u${n}`) })
  assert.is(await a.untilClosed(), 4400)
  await closeAll()
})

test.run()
