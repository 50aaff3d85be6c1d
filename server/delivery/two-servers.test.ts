import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { makeMessage } from '../testing/messages.ts'
import type { TestDevice } from '../testing/person.ts'
import { addDevice, ask, connect, expectStatus, signUp, tokenFor } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

/** Two servers over one database, in one process. The slow sweep is off: nothing here may need it. */
const test = suite('delivery between two servers')
const options = { sweepMs: 1_000_000 }
let database: TestDatabase
let first: TestServer
let second: TestServer
let alice: TestDevice
let bob: TestDevice

test.before(async () => {
  database = await openTestDatabase()
  first = await startTestServer(database.uri, options)
  second = await startTestServer(database.uri, options)
  alice = await signUp(first, 'alice')
  bob = await signUp(second, 'bob')
})

test.after(async () => {
  await Promise.all([first.stop(), second.stop()])
  await database.close()
})

const presence = () => database.db.collection<{ _id: string; serverId: string }>('presence')
const toBob = () => makeMessage({ to: { user: 'bob' }, for: [bob.deviceId] })

test('a message crosses to the other server through the change stream', async () => {
  const from = await connect(first, alice)
  const to = await connect(second, bob)
  await to.next('drained')
  const frames = Array.from({ length: 200 }, toBob)
  for (const frame of frames) from.send(frame)
  await waitFor(() => to.messageIds.length >= 200, { what: 'all messages' })
  assert.equal(
    [...to.messageIds].sort(),
    frames.map(({ id }) => id),
  )
  await waitFor(async () => (await database.db.collection('undelivered').countDocuments()) === 0, {
    what: 'all to be acked',
  })
  await from.close()
  await to.close()
})

test('a device that comes back to another server gets what was sent meanwhile, once', async () => {
  const from = await connect(first, alice)
  const before = await connect(second, bob)
  await before.close()
  const missed = [toBob(), toBob()]
  for (const frame of missed) from.send(frame)
  await waitFor(() => from.storedIds.length === 2, { what: 'both to be stored' })
  const after = await connect(first, bob)
  await after.next('drained')
  assert.equal(
    after.messageIds,
    missed.map(({ id }) => id),
  )
  const live = toBob()
  from.send(live)
  await after.next('message', ({ id }) => id === live.id)
  await from.close()
  await after.close()
})

test('a recipient that changes servers during a burst gets every message', async () => {
  const from = await connect(first, alice)
  const seen = new Set<string>()
  const sent: string[] = []
  let to = await connect(second, bob)
  for (let round = 0; round < 6; round++) {
    for (let count = 0; count < 20; count++) {
      const frame = toBob()
      sent.push(frame.id)
      from.send(frame)
    }
    const next = await connect(round % 2 === 0 ? first : second, bob)
    await to.close()
    for (const id of to.messageIds) seen.add(id)
    to = next
  }
  await waitFor(() => sent.every(id => seen.has(id) || to.messageIds.includes(id)), { what: 'every message' })
  await to.close()
  await from.close()
})

test('`presence` says where a device is, and goes with its last socket', async () => {
  const old = await connect(first, bob)
  assert.is((await presence().findOne({ _id: bob.deviceId }))?.serverId, first.serverId)
  const moved = await connect(second, bob)
  assert.is((await presence().findOne({ _id: bob.deviceId }))?.serverId, second.serverId)
  await old.close()
  // The close of the old socket must not take the new one's presence with it.
  await waitFor(async () => (await ask(first, { path: '/v1/servers' })).status === 200, {
    what: 'a round trip',
  })
  assert.is((await presence().findOne({ _id: bob.deviceId }))?.serverId, second.serverId)
  await moved.close()
  await waitFor(async () => (await presence().countDocuments({ _id: bob.deviceId })) === 0, {
    what: 'presence to be removed',
  })
})

test('a token of one server is accepted by the other', async () => {
  const token = await tokenFor(first, alice)
  const body = await expectStatus(ask(second, { path: '/v1/users/bob/devices', token }), 200)
  assert.is((body as { userId: string }).userId, 'bob')
  const socket = await connect(second, alice, { token })
  await socket.close()
})

test('`GET /v1/servers` lists both, `jwks.json` has both keys', async () => {
  const servers = await waitFor(
    async () => {
      const { body } = await ask(first, { path: '/v1/servers' })
      const listed = body as { self: string; servers: { id: string; url: string }[] }
      return listed.servers.length === 2 ? listed : undefined
    },
    { what: 'both servers to be listed' },
  )
  assert.is(servers.self, first.serverId)
  assert.equal(servers.servers.map(({ url }) => url).sort(), [first.url, second.url].sort())
  const keys = await expectStatus(ask(second, { path: '/.well-known/jwks.json' }), 200)
  assert.equal(
    (keys as { keys: { kid: string }[] }).keys.map(({ kid }) => kid).sort(),
    [first.serverId, second.serverId].sort(),
  )
})

test('revoking a device closes its socket with 4403 on whichever server, and its token is refused', async () => {
  const gone = await addDevice(first, bob.person)
  const token = await tokenFor(second, gone)
  const socket = await connect(second, gone, { token })
  await database.db
    .collection<{ _id: string }>('devices')
    .updateOne({ _id: gone.deviceId }, { $set: { revokedAt: new Date() } })
  assert.is(await socket.untilClosed(), 4403)
  const refused = await ask(first, { path: '/v1/users/bob/devices', token })
  assert.is(refused.status, 403)
  assert.is((refused.body as { error: { code: string } }).error.code, 'device_revoked')
  const again = await ask(first, { path: '/v1/devices', body: gone.registration })
  assert.is((again.body as { error: { code: string } }).error.code, 'device_revoked')
})

test('a claim that leaves few prekeys is told to the device on the other server', async () => {
  const carol = await signUp(second, 'carol', 3)
  const socket = await connect(second, carol)
  const token = await tokenFor(first, alice)
  await expectStatus(
    ask(first, { path: '/v1/prekeys/claim', body: { devices: [carol.deviceId] }, token }),
    200,
  )
  assert.is((await socket.next('prekeys')).left, 2)
  await socket.close()
})

test('`stop()` closes sockets with 1012, loses nothing, and leaves neither lease nor presence', async () => {
  const third = await startTestServer(database.uri, options)
  const from = await connect(third, alice)
  const to = await connect(third, bob)
  await to.next('drained')
  const frames = Array.from({ length: 50 }, toBob)
  for (const frame of frames) from.send(frame)
  await from.next('stored')
  await third.stop()
  assert.is(await from.untilClosed(), 1012)
  assert.is(await to.untilClosed(), 1012)
  assert.is(await presence().countDocuments({ serverId: third.serverId }), 0)
  const servers = database.db.collection<{ _id: string }>('servers')
  assert.is(await servers.countDocuments({ _id: third.serverId }), 0)
  const elsewhere = await connect(first, bob)
  await elsewhere.next('drained')
  const received = new Set([...to.messageIds, ...elsewhere.messageIds])
  assert.ok(
    from.storedIds.every(id => received.has(id)),
    'what was stored was delivered',
  )
  await elsewhere.close()
})

test.run()
