import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import type { Store } from '../port/store.ts'
import { makeMessage } from '../testing/messages.ts'
import type { TestDevice } from '../testing/person.ts'
import { ask, connect, signUp } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

/** What happens while the database fails: nothing is acknowledged that is not stored, nothing is forgotten that is. */
const test = suite('delivery while the database fails')
let database: TestDatabase
let server: TestServer
let alice: TestDevice
let bob: TestDevice
const failing = new Set<string>()

test.before(async () => {
  database = await openTestDatabase()
  server = await startTestServer(database.uri, {
    sweepMs: 200,
    limits: { leaseRenewMs: 100, leaseDeadMs: 1_000 },
    wrapStore: store => failingStore(store, failing),
  })
  alice = await signUp(server, 'alice')
  bob = await signUp(server, 'bob')
})

test.after.each(() => failing.clear())

test.after(async () => {
  await server.stop()
  await database.close()
})

const toBob = () => makeMessage({ to: { user: 'bob' }, for: [bob.deviceId] })

test('`send` is refused with `unavailable` and `retry`, and stored when it is sent again', async () => {
  const from = await connect(server, alice)
  const frame = toBob()
  failing.add('messages.insert')
  from.send(frame)
  const refused = await from.next('refused')
  assert.equal([refused.id, refused.code, refused.retry], [frame.id, 'unavailable', true])
  assert.equal(from.storedIds, [])
  failing.clear()
  from.send(frame)
  await from.next('stored')
  await from.close()
})

test('`send` stores nothing behind a message that was refused until that one has come again', async () => {
  const from = await connect(server, alice)
  const [first, second, third] = [toBob(), toBob(), toBob()]
  failing.add('messages.insert')
  from.send(first)
  from.send(second)
  await from.next('refused', ({ id }) => id === second.id)
  failing.clear()
  from.send(third)
  const { code, retry } = await from.next('refused', ({ id }) => id === third.id)
  assert.equal([code, retry], ['unavailable', true])
  assert.equal(from.storedIds, [])
  for (const frame of [first, second, third]) from.send(frame)
  await from.next('stored', () => from.storedIds.length === 3)
  assert.equal(from.storedIds, [first.id, second.id, third.id])
  await from.close()
})

test('`disk_full` of the database is told to the sender', async () => {
  const from = await connect(server, alice)
  failing.add('messages.insert:disk_full')
  from.send(toBob())
  assert.is((await from.next('refused')).code, 'disk_full')
  await from.close()
})

test('acks that could not be stored: the messages come again, and the acks then last', async () => {
  const from = await connect(server, alice)
  const to = await connect(server, bob)
  await to.next('drained')
  failing.add('messages.ack')
  const frame = toBob()
  from.send(frame)
  await waitFor(() => to.messageIds.filter(id => id === frame.id).length >= 2, { what: 'a second delivery' })
  failing.clear()
  await waitFor(async () => (await database.db.collection('undelivered').countDocuments()) === 0, {
    what: 'the ack to be stored',
  })
  await from.close()
  await to.close()
})

test('a drain that failed is made again', async () => {
  const from = await connect(server, alice)
  const frame = toBob()
  from.send(frame)
  await from.next('stored')
  failing.add('messages.pendingFor')
  const to = await connect(server, bob)
  await waitFor(() => server.log.lines.some(line => line.includes('Cannot read what waits')), {
    what: 'the read to fail',
  })
  assert.equal(to.messageIds, [])
  failing.clear()
  await to.next('message', ({ id }) => id === frame.id)
  await to.next('drained')
  await from.close()
  await to.close()
})

test('the slow sweep finds a message that was routed nowhere', async () => {
  const to = await connect(server, bob)
  await to.next('drained')
  const frame = toBob()
  await database.db.collection<{ _id: string }>('undelivered').insertOne({
    _id: frame.id,
    senderId: 'alice',
    senderDevice: alice.deviceId,
    receiverId: 'bob',
    kind: 'message',
    body: frame.body,
    pending: [bob.deviceId],
    route: [],
    createdAt: new Date(),
    expiresAt: new Date(Date.now() + 60_000),
  } as never)
  await to.next('message', ({ id }) => id === frame.id)
  await to.close()
})

test('a route that names this server later brings the message through the change stream', async () => {
  const patient = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  const to = await connect(patient, bob)
  await to.next('drained')
  const frame = toBob()
  const undelivered = database.db.collection<{ _id: string; route: string[] }>('undelivered')
  await undelivered.insertOne({
    _id: frame.id,
    senderId: 'alice',
    senderDevice: alice.deviceId,
    receiverId: 'bob',
    kind: 'message',
    body: frame.body,
    pending: [bob.deviceId],
    route: [],
    createdAt: new Date(),
    expiresAt: new Date(Date.now() + 60_000),
  } as never)
  await undelivered.updateOne({ _id: frame.id }, { $set: { route: [patient.serverId] } })
  await to.next('message', ({ id }) => id === frame.id)
  await to.close()
  await patient.stop()
})

test('a device that cannot be written down is not welcomed: its socket closes with 1012', async () => {
  failing.add('presence.set')
  let refused: unknown
  await connect(server, bob).catch(error => {
    refused = error
  })
  assert.instance(refused, Error)
  failing.clear()
  const again = await connect(server, bob)
  await again.close()
})

test('`/readyz` is 503 with the reason while the lease cannot be renewed, and 200 again after', async () => {
  failing.add('servers.renew')
  const down = await waitFor(
    async () => {
      const answer = await ask(server, { path: '/readyz' })
      return answer.status === 503 ? answer : undefined
    },
    { what: 'not to be ready' },
  )
  assert.equal(down.body, { ok: false, reason: 'the database does not answer' })
  assert.is((await ask(server, { path: '/healthz' })).status, 200)
  failing.clear()
  await waitFor(async () => (await ask(server, { path: '/readyz' })).status === 200, { what: 'to be ready' })
})

test('a lease that others removed is made again, and presence with it', async () => {
  const to = await connect(server, bob)
  await to.next('drained')
  await database.db.collection('servers').deleteMany({})
  await database.db.collection('presence').deleteMany({})
  await waitFor(
    async () =>
      (await database.db.collection<{ _id: string }>('presence').countDocuments({ _id: bob.deviceId })) === 1,
    { what: 'presence to be written again' },
  )
  await to.close()
})

/** The store, apart from the operations that `failing` names: `part.method`, or `part.method:code`. */
function failingStore(store: Store, names: ReadonlySet<string>): Store {
  const wrap = <T extends object>(part: T, name: string): T =>
    new Proxy(part, {
      get(target, method) {
        const value: unknown = Reflect.get(target, method)
        if (typeof value !== 'function') return value
        return async (...given: unknown[]) => {
          const operation = `${name}.${String(method)}`
          if (names.has(operation)) throw new FastChatError('unavailable', 'Cannot use the database: made up')
          if (names.has(`${operation}:disk_full`))
            throw new FastChatError('disk_full', 'Cannot store: made up')
          return await value.apply(target, given)
        }
      },
    })
  return {
    accounts: wrap(store.accounts, 'accounts'),
    prekeys: wrap(store.prekeys, 'prekeys'),
    messages: wrap(store.messages, 'messages'),
    groups: wrap(store.groups, 'groups'),
    blobs: store.blobs,
    presence: wrap(store.presence, 'presence'),
    servers: wrap(store.servers, 'servers'),
  }
}

test.run()
