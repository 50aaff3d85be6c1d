import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { UndeliveredDocument } from '../../schema/documents.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { makeUndelivered } from '../port/store.contract.ts'
import { audience, makeMessage } from '../testing/messages.ts'
import type { TestDevice } from '../testing/person.ts'
import { addDevice, ask, connect, expectStatus, signUp, tokenFor } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

/** Two servers over one database: alice is at the first, bob's devices are at the second. */
const test = suite('revoking a device')
let database: TestDatabase
let first: TestServer
let second: TestServer
let alice: TestDevice
let bob: TestDevice

test.before(async () => {
  database = await openTestDatabase()
  first = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  second = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  alice = await signUp(first, 'alice')
  bob = await signUp(second, 'bob')
})

test.after(async () => {
  await Promise.all([first.stop(), second.stop()])
  await database.close()
})

const revoke = (server: TestServer, { deviceId, token }: { deviceId: string; token: string }) =>
  ask(server, { path: `/v1/devices/${deviceId}`, method: 'DELETE', token })
const codeOf = ({ body }: { body: unknown }) => (body as { error?: { code: string } }).error?.code

test('`DELETE /v1/devices/:id` at one server closes the socket at the other with 4403, and its token is refused', async () => {
  const gone = await addDevice(first, bob.person)
  const goneToken = await tokenFor(second, gone)
  const socket = await connect(second, gone, { token: goneToken })
  const kept = await connect(second, bob)
  const token = await tokenFor(first, bob)
  assert.equal(await revoke(first, { deviceId: gone.deviceId, token }), {
    status: 200,
    body: { deviceId: gone.deviceId },
  })
  assert.is(await socket.untilClosed(), 4403)
  assert.is(kept.closed, undefined)
  for (const server of [first, second]) {
    const refused = await ask(server, { path: '/v1/devices', token: goneToken })
    assert.equal([refused.status, codeOf(refused)], [403, 'device_revoked'])
    await tokenFor(server, gone).then(
      () => assert.unreachable('a revoked device got a token'),
      (error: Error) => assert.match(error.message, 'device_revoked'),
    )
  }
  const again = await ask(first, { path: '/v1/devices', body: gone.registration })
  assert.is(codeOf(again), 'device_revoked')
  assert.is((await revoke(second, { deviceId: gone.deviceId, token })).status, 200, 'idempotent')
  await kept.close()
})

test('`DELETE /v1/devices/:id` removes prekeys and presence, and what waits for the device alone', async () => {
  const gone = await addDevice(first, bob.person)
  const from = await connect(first, alice)
  const frames = Array.from({ length: 3 }, () =>
    makeMessage({ to: { user: 'bob' }, for: [bob.deviceId, gone.deviceId] }),
  )
  for (const frame of frames) from.send(frame)
  await waitFor(() => from.storedIds.length === 3, { what: 'all to be stored' })
  const kept = await connect(second, bob)
  await kept.next('drained')
  const undelivered = database.db.collection('undelivered')
  // What bob has acked waits for the other device only; the one that comes after it, for both.
  await waitFor(async () => (await undelivered.countDocuments({ pending: bob.deviceId })) === 0, {
    what: 'bob to have acked',
  })
  await kept.close()
  const both = makeMessage({ to: { user: 'bob' }, for: [bob.deviceId, gone.deviceId] })
  from.send(both)
  await waitFor(() => from.storedIds.length === 4, { what: 'the last to be stored' })
  const socket = await connect(second, gone, { acks: false })
  await revoke(first, { deviceId: gone.deviceId, token: await tokenFor(first, bob) })
  assert.is(await socket.untilClosed(), 4403)
  const left = await undelivered.find().toArray()
  assert.equal(
    left.map(({ _id, pending }) => ({ id: String(_id), pending })),
    [{ id: both.id, pending: [bob.deviceId] }],
  )
  assert.is(await database.db.collection('prekeys').countDocuments({ deviceId: gone.deviceId }), 0)
  const presence = database.db.collection<{ _id: string }>('presence')
  await waitFor(async () => (await presence.countDocuments({ _id: gone.deviceId })) === 0, {
    what: 'presence to be removed',
  })
  await from.close()
})

test('watchers hear of it, and from then on the device is in no audience', async () => {
  const gone = await addDevice(first, bob.person)
  const from = await connect(first, alice)
  from.send({ t: 'watch', users: ['bob'] })
  const withGone = audience([bob.deviceId, gone.deviceId])
  await from.next('devices', frame => frame.audience === withGone)
  await revoke(second, { deviceId: gone.deviceId, token: await tokenFor(second, bob) })
  await from.next('devices', frame => frame.audience === audience([bob.deviceId]))
  const stale = makeMessage({ to: { user: 'bob' }, for: [bob.deviceId, gone.deviceId] })
  from.send(stale)
  assert.is((await from.next('refused', ({ id }) => id === stale.id)).code, 'stale_audience')
  const token = await tokenFor(first, alice)
  const body = { devices: [bob.deviceId, gone.deviceId] }
  const claimed = await expectStatus(ask(first, { path: '/v1/prekeys/claim', body, token }), 200)
  assert.equal(
    (claimed as { prekeys: { deviceId: string }[] }).prekeys.map(({ deviceId }) => deviceId),
    [bob.deviceId],
  )
  await from.close()
})

test('a device revokes itself, and nobody revokes the devices of others', async () => {
  const itself = await addDevice(first, bob.person)
  const token = await tokenFor(first, itself)
  const socket = await connect(second, itself, { token })
  const foreign = await revoke(first, { deviceId: alice.deviceId, token })
  assert.equal([foreign.status, codeOf(foreign)], [404, 'not_found'])
  const unknown = await revoke(first, { deviceId: 'not-an-id', token })
  assert.equal([unknown.status, codeOf(unknown)], [400, 'bad_request'])
  const nobody = await ask(first, { path: `/v1/devices/${itself.deviceId}`, method: 'DELETE' })
  assert.is(nobody.status, 401)
  assert.is((await revoke(first, { deviceId: itself.deviceId, token })).status, 200)
  assert.is(await socket.untilClosed(), 4403)
  assert.is(codeOf(await revoke(first, { deviceId: itself.deviceId, token })), 'device_revoked')
})

test('a message to somebody without any active device is refused with `no_devices`, not stored for nobody', async () => {
  const carol = await signUp(first, 'carol')
  const from = await connect(first, alice)
  await revoke(second, { deviceId: carol.deviceId, token: await tokenFor(second, carol) })
  const frame = makeMessage({ to: { user: 'carol' }, for: [] })
  from.send(frame)
  assert.is((await from.next('refused', ({ id }) => id === frame.id)).code, 'no_devices')
  await from.close()
})

test('what was stored for it while the revocation was on its way does not wait for ever', async () => {
  const third = await startTestServer(database.uri, { limits: { leaseRenewMs: 300 } })
  const gone = await addDevice(first, bob.person)
  const token = await tokenFor(third, bob)
  await revoke(third, { deviceId: gone.deviceId, token })
  const undelivered = database.db.collection<UndeliveredDocument>('undelivered')
  const late = makeUndelivered({ pending: [gone.deviceId] })
  await undelivered.insertOne(late)
  await waitFor(async () => (await undelivered.countDocuments({ _id: late._id })) === 0, {
    what: 'it to be removed',
  })
  await third.stop()
})

test('a token that was checked just before its device was revoked opens no socket', async () => {
  const gone = await addDevice(first, bob.person)
  const token = await tokenFor(second, gone)
  // As when the revocation falls between the check of the token and the socket: only the second server's word counts.
  const opening = Array.from({ length: 4 }, () => connect(second, gone, { token }).catch(() => undefined))
  await revoke(first, { deviceId: gone.deviceId, token: await tokenFor(first, bob) })
  for (const socket of await Promise.all(opening)) {
    if (socket) assert.ok([4403, 4409].includes(await socket.untilClosed()))
  }
})

test.run()
