import { v7 as uuidV7 } from 'uuid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { audience, makeChain, makeMessage } from '../testing/messages.ts'
import type { TestDevice } from '../testing/person.ts'
import { addDevice, connect, signUp } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

const test = suite('delivery over sockets of one server')
let database: TestDatabase
let server: TestServer
let alice: TestDevice
let bob: TestDevice

test.before(async () => {
  database = await openTestDatabase()
  server = await startTestServer(database.uri)
  alice = await signUp(server, 'alice')
  bob = await signUp(server, 'bob')
})

test.after(async () => {
  await server.stop()
  await database.close()
})

const undelivered = () => database.db.collection<{ _id: string; pending: string[] }>('undelivered')

async function untilGone(id: string): Promise<void> {
  await waitFor(async () => (await undelivered().countDocuments({ _id: id })) === 0, {
    what: 'the message to be gone from the database',
  })
}

test('`send` is answered `stored`, delivered, and after `ack` gone from the database', async () => {
  const from = await connect(server, alice)
  const to = await connect(server, bob, { acks: false })
  await to.next('drained')
  const frame = makeMessage({ to: { user: 'bob' }, for: [bob.deviceId] })
  from.send(frame)
  await from.next('stored', ({ ids }) => ids.includes(frame.id))
  const message = await to.next('message', ({ id }) => id === frame.id)
  assert.equal(
    { ...message, storedAt: 0 },
    {
      t: 'message',
      kind: 'message',
      id: frame.id,
      from: 'alice',
      device: alice.deviceId,
      to: { user: 'bob' },
      storedAt: 0,
      body: frame.body,
    },
  )
  assert.ok(Math.abs(message.storedAt - Date.now()) < 60_000)
  assert.is(await undelivered().countDocuments({ _id: frame.id }), 1, 'kept until it is acked')
  to.send({ t: 'ack', ids: [frame.id] })
  await untilGone(frame.id)
  await from.close()
  await to.close()
})

test('`welcome` comes first and names server, device, time and stock of prekeys', async () => {
  const socket = await connect(server, bob)
  const [first] = socket.frames
  assert.is(first?.t, 'welcome')
  const welcome = await socket.next('welcome')
  assert.is(welcome.server, server.serverId)
  assert.is(welcome.device, bob.deviceId)
  assert.is(welcome.prekeysLeft, 2)
  await socket.close()
})

test('`drained` comes once, after all that waited, in the order of sending', async () => {
  const from = await connect(server, alice)
  const frames = Array.from({ length: 150 }, () =>
    makeMessage({ to: { user: 'bob' }, for: [bob.deviceId], id: uuidV7() }),
  )
  for (const frame of frames) from.send(frame)
  await waitFor(() => from.storedIds.length === 150, { what: 'all to be stored' })
  const to = await connect(server, bob)
  await to.next('drained')
  assert.equal(
    to.messageIds,
    frames.map(({ id }) => id),
  )
  assert.is(to.frames.at(-1)?.t, 'drained')
  const later = makeMessage({ to: { user: 'bob' }, for: [bob.deviceId] })
  from.send(later)
  await to.next('message', ({ id }) => id === later.id)
  await untilGone(later.id)
  assert.is(to.of('drained').length, 1)
  await from.close()
  await to.close()
})

test('`deliveryWindow` bounds what a device that does not ack is given; acks bring the rest', async () => {
  const from = await connect(server, alice)
  const to = await connect(server, bob, { acks: false })
  await to.next('drained')
  const frames = Array.from({ length: 100 }, () => makeMessage({ to: { user: 'bob' }, for: [bob.deviceId] }))
  for (const frame of frames) from.send(frame)
  await waitFor(() => from.storedIds.length === 100, { what: 'all to be stored' })
  await waitFor(() => to.messageIds.length >= 64, { what: 'a full window' })
  // A later answer on the same socket shows that nothing more is on its way.
  to.send({ t: 'watch', users: ['alice'] })
  await to.next('devices')
  assert.is(to.messageIds.length, 64)
  to.acks = true
  to.send({ t: 'ack', ids: to.messageIds })
  await waitFor(() => to.messageIds.length === 100, { what: 'the rest' })
  assert.is(new Set(to.messageIds).size, 100)
  await waitFor(async () => (await undelivered().countDocuments()) === 0, { what: 'an empty database' })
  await from.close()
  await to.close()
})

test('`send` of the same id again is stored again and delivered once', async () => {
  const from = await connect(server, alice)
  const to = await connect(server, bob, { acks: false })
  const frame = makeMessage({ to: { user: 'bob' }, for: [bob.deviceId] })
  for (let times = 0; times < 3; times++) from.send(frame)
  await waitFor(() => from.storedIds.length === 3, { what: 'three answers' })
  from.send(frame)
  await waitFor(() => from.storedIds.length === 4, { what: 'one more answer' })
  assert.equal(to.messageIds, [frame.id])
  // What was sent again after it had been acked is brought again: the client knows that it has it.
  to.send({ t: 'ack', ids: [frame.id] })
  await untilGone(frame.id)
  await from.close()
  await to.close()
})

test('`send` with an id of another sender is refused with `id_taken`', async () => {
  const from = await connect(server, alice)
  const other = await connect(server, bob)
  const carol = await signUp(server, 'carol')
  const frame = makeMessage({ to: { user: 'carol' }, for: [carol.deviceId] })
  from.send(frame)
  await from.next('stored')
  other.send(frame)
  const refused = await other.next('refused')
  assert.is(refused.id, frame.id)
  assert.is(refused.code, 'id_taken')
  assert.is(refused.retry, false)
  await from.close()
  await other.close()
})

test('`send` reaches all devices of the recipient and the other ones of the sender', async () => {
  const alice2 = await addDevice(server, alice.person)
  const dora = await signUp(server, 'dora')
  const dora2 = await addDevice(server, dora.person)
  const sockets = await Promise.all([alice2, dora, dora2].map(device => connect(server, device)))
  const from = await connect(server, alice)
  const devices = [alice2.deviceId, dora.deviceId, dora2.deviceId]
  const chain = makeChain({ to: { user: 'dora' }, for: devices })
  const message = makeMessage({ to: { user: 'dora' }, for: devices })
  from.send(chain)
  from.send(message)
  for (const [index, socket] of sockets.entries()) {
    await socket.next('message', ({ id }) => id === message.id)
    assert.equal(socket.messageIds, [chain.id, message.id])
    const [got] = socket.of('message')
    const entry = chain.body.recipients[index]
    const { recipients: _, ...sealed } = chain.body
    assert.equal(got?.body, { ...sealed, ...entry }, 'its own entry, as a Flattened JWE')
  }
  assert.equal(from.messageIds, [], 'nothing comes back to the sending device')
  await untilGone(message.id)
  for (const socket of [...sockets, from]) await socket.close()
})

test('`send` for other devices than the server knows is refused with `stale_audience`', async () => {
  const erin = await signUp(server, 'erin')
  const from = await connect(server, erin)
  const good = makeMessage({ to: { user: 'bob' }, for: [bob.deviceId] })
  from.send(good)
  await from.next('stored')
  const second = await addDevice(server, bob.person)
  const stale = makeMessage({ to: { user: 'bob' }, for: [bob.deviceId] })
  await waitFor(
    async () => {
      from.send(stale)
      return from.of('refused').length > 0
    },
    { what: 'the new device to be known' },
  )
  assert.is((await from.next('refused')).code, 'stale_audience')
  const renewed = makeMessage({ to: { user: 'bob' }, for: [second.deviceId, bob.deviceId], id: stale.id })
  from.send(renewed)
  await from.next('stored', ({ ids }) => ids.includes(renewed.id))
  await from.close()
})

test('`send` of a chain whose recipients are not its audience is refused with `bad_frame`', async () => {
  const fred = await signUp(server, 'fred')
  const gina = await signUp(server, 'gina')
  const from = await connect(server, fred)
  const chain = makeChain({ to: { user: 'gina' }, for: [uuidV7()] })
  from.send({ ...chain, audience: audience([gina.deviceId]) })
  assert.is((await from.next('refused')).code, 'bad_frame')
  assert.is(from.closed, undefined)
  await from.close()
})

test('`send` to nobody and to no group is refused, and says so', async () => {
  const from = await connect(server, bob)
  const toNobody = makeMessage({ to: { user: 'nobody' }, for: [] })
  const toGroup = makeMessage({ to: { group: 'no-group' }, for: [] })
  from.send(toNobody)
  from.send(toGroup)
  assert.is((await from.next('refused', ({ id }) => id === toNobody.id)).code, 'unknown_user')
  assert.is((await from.next('refused', ({ id }) => id === toGroup.id)).code, 'not_a_member')
  await from.close()
})

test('`send` to oneself with a single device is stored without anything to store', async () => {
  const hans = await signUp(server, 'hans')
  const from = await connect(server, hans)
  const note = makeMessage({ to: { user: 'hans' }, for: [] })
  from.send(note)
  await from.next('stored', ({ ids }) => ids.includes(note.id))
  assert.is(await undelivered().countDocuments({ _id: note.id }), 0)
  await from.close()
})

test('`watch` is answered for each person that exists, and again when a device comes or is revoked', async () => {
  const ida = await signUp(server, 'ida')
  const watcher = await connect(server, alice)
  watcher.send({ t: 'watch', users: ['ida', 'nobody', 'bob'] })
  const now = await watcher.next('devices', ({ user }) => user === 'ida')
  assert.is(now.audience, audience([ida.deviceId]))
  await watcher.next('devices', ({ user }) => user === 'bob')
  const second = await addDevice(server, ida.person)
  const both = audience([ida.deviceId, second.deviceId])
  await watcher.next('devices', frame => frame.user === 'ida' && frame.audience === both)
  await database.db
    .collection<{ _id: string }>('devices')
    .updateOne({ _id: ida.deviceId }, { $set: { revokedAt: new Date() } })
  await watcher.next('devices', frame => frame.audience === audience([second.deviceId]))
  assert.not(watcher.of('devices').some(({ user }) => user === 'nobody'))
  await watcher.close()
})

test.run()
