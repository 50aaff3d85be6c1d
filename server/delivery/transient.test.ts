import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { UndeliveredDocument } from '../../schema/documents.ts'
import { limits } from '../../schema/limits.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { makeMessage, makeTransient } from '../testing/messages.ts'
import type { TestDevice } from '../testing/person.ts'
import { makeGroup } from '../testing/rosters.ts'
import { addDevice, connect, signUp, tokenFor } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

/** Two servers over one database: alice is at the first, bob is at the second. The slow sweep is off. */
const test = suite('messages that are only for the moment')
let database: TestDatabase
let first: TestServer
let second: TestServer
let alice: TestDevice
let bob: TestDevice
let bobsOther: TestDevice

test.before(async () => {
  database = await openTestDatabase()
  first = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  second = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  alice = await signUp(first, 'alice')
  bob = await signUp(second, 'bob')
  bobsOther = await addDevice(second, bob.person)
})

test.after(async () => {
  await Promise.all([first.stop(), second.stop()])
  await database.close()
})

const undelivered = () => database.db.collection<UndeliveredDocument>('undelivered')
const toBob = () => ({ to: { user: 'bob' }, for: [bob.deviceId, bobsOther.deviceId] })

test('they reach the devices that are connected, are kept for no other, and not for long', async () => {
  const from = await connect(first, alice)
  const to = await connect(second, bob, { acks: false })
  await to.next('drained')
  const frame = makeTransient(toBob())
  from.send(frame)
  await from.next('stored', ({ ids }) => ids.includes(frame.id))
  const got = await to.next('message', ({ id }) => id === frame.id)
  assert.equal([got.kind, got.body, got.from], ['transient', frame.body, 'alice'])
  const kept = await undelivered().findOne({ _id: frame.id })
  assert.equal(kept?.pending, [bob.deviceId])
  assert.is(Number(kept?.expiresAt) - Number(kept?.createdAt), limits.transientTtlMs)
  to.send({ t: 'ack', ids: [frame.id] })
  await waitFor(async () => (await undelivered().countDocuments()) === 0, { what: 'the ack' })
  await from.close()
  await to.close()
})

test('for nobody who is connected they are answered `stored`, and nothing is stored', async () => {
  const from = await connect(first, alice)
  await waitFor(async () => (await database.db.collection('presence').countDocuments()) === 1, {
    what: 'bob to have gone',
  })
  const frame = makeTransient(toBob())
  from.send(frame)
  await from.next('stored', ({ ids }) => ids.includes(frame.id))
  assert.is(await undelivered().countDocuments(), 0)
  await from.close()
})

test('a server that is dead holds nobody', async () => {
  const from = await connect(first, alice)
  const dead = { _id: '01a20a5c-0001-7abc-8def-0123456789ab', heartbeatAt: new Date(0) }
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }
  await database.db
    .collection<{ _id: string }>('servers')
    .insertOne({ ...dead, url: 'ws://x', jwk, load: 0 } as never)
  const entry = { _id: bob.deviceId, userId: 'bob', serverId: dead._id, since: new Date() }
  await database.db.collection<{ _id: string }>('presence').insertOne(entry as never)
  await waitFor(
    async () => {
      const frame = makeTransient(toBob())
      from.send(frame)
      await from.next('stored', ({ ids }) => ids.includes(frame.id))
      return (await undelivered().countDocuments({ _id: frame.id })) === 0
    },
    { what: 'the server to be known for dead' },
  )
  await undelivered().deleteMany({})
  await database.db.collection<{ _id: string }>('presence').deleteOne({ _id: bob.deviceId })
  await from.close()
})

test('they have to be for the devices that there are, and from members of the group', async () => {
  const carol = await signUp(first, 'carol')
  const token = await tokenFor(first, alice)
  const { group } = await makeGroup(first, { group: 'friends', by: alice, members: [bob], token })
  const from = await connect(first, alice)
  const strangers = await connect(first, carol)
  const stale = makeTransient({ to: { user: 'bob' }, for: [bob.deviceId] })
  from.send(stale)
  assert.is((await from.next('refused', ({ id }) => id === stale.id)).code, 'stale_audience')
  const foreign = makeTransient({ to: { group }, for: [bob.deviceId, bobsOther.deviceId, alice.deviceId] })
  strangers.send(foreign)
  assert.is((await strangers.next('refused', ({ id }) => id === foreign.id)).code, 'not_a_member')
  const to = await connect(second, bobsOther)
  await to.next('drained')
  const good = makeTransient({ to: { group }, for: [bob.deviceId, bobsOther.deviceId] })
  from.send(good)
  assert.equal((await to.next('message', ({ id }) => id === good.id)).to, { group })
  for (const socket of [from, strangers, to]) await socket.close()
})

test('one that is over is not brought by a drain', async () => {
  const passed = makeTransient(toBob())
  const kept = makeMessage(toBob())
  const stored = (frame: typeof passed | typeof kept, expiresAt: Date): UndeliveredDocument => ({
    ...{ _id: frame.id, senderId: 'alice', senderDevice: alice.deviceId, receiverId: 'bob' },
    ...{ kind: frame.kind, body: frame.body, pending: [bob.deviceId], route: [] },
    ...{ createdAt: new Date(), expiresAt },
  })
  await undelivered().insertMany([
    stored(passed, new Date(Date.now() - 1_000)),
    stored(kept, new Date(Date.now() + 60_000)),
  ])
  const to = await connect(second, bob)
  await to.next('drained')
  assert.equal(to.messageIds, [kept.id])
  await to.close()
})

test('they wait for no message that was refused before, and none waits for them', async () => {
  const failing = new Set<string>()
  const server = await startTestServer(database.uri, {
    sweepMs: 1_000_000,
    wrapStore: store => ({
      ...store,
      messages: {
        ...store.messages,
        async insert(messages) {
          if (messages.some(({ kind }) => failing.has(kind))) throw new Error('made up')
          return await store.messages.insert(messages)
        },
      },
    }),
  })
  const from = await connect(server, alice)
  const to = await connect(server, bob)
  await to.next('drained')
  failing.add('message')
  const held = makeMessage(toBob())
  from.send(held)
  await from.next('refused', ({ id }) => id === held.id)
  failing.clear()
  const meanwhile = makeTransient(toBob())
  from.send(meanwhile)
  await from.next('stored', ({ ids }) => ids.includes(meanwhile.id))
  await to.next('message', ({ id }) => id === meanwhile.id)
  failing.add('transient')
  const lost = makeTransient(toBob())
  from.send(lost)
  await from.next('refused', ({ id }) => id === lost.id)
  const after = [held, makeMessage(toBob())]
  for (const frame of after) from.send(frame)
  await from.next('stored', () => after.every(({ id }) => from.storedIds.includes(id)))
  await from.close()
  await to.close()
  await server.stop()
})

test('the slow sweep removes those that are over', async () => {
  const server = await startTestServer(database.uri, { sweepMs: 50 })
  const frame = makeTransient(toBob())
  await undelivered().insertOne({
    ...{ _id: frame.id, senderId: 'alice', senderDevice: alice.deviceId, receiverId: 'bob' },
    ...{ kind: 'transient', body: frame.body, pending: [bob.deviceId], route: [] },
    ...{ createdAt: new Date(), expiresAt: new Date(Date.now() - 1) },
  })
  await waitFor(async () => (await undelivered().countDocuments({ _id: frame.id })) === 0, {
    what: 'the sweep',
  })
  await server.stop()
})

test.run()
