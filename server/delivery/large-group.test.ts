import { v7 as uuidV7 } from 'uuid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DeviceDocument, UndeliveredDocument, UserDocument } from '../../schema/documents.ts'
import { limits } from '../../schema/limits.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { makeChain, makeMessage, makeTransient } from '../testing/messages.ts'
import { noise, type TestDevice } from '../testing/person.ts'
import { addDevice, connect, signUp } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

/** 1,000 members with 2,000 devices. Most of them only the database knows: nobody is there. */
const test = suite('the largest group')
let database: TestDatabase
let first: TestServer
let second: TestServer
let alice: TestDevice
let bob: TestDevice
let bobsOther: TestDevice
let devices: string[]

test.before(async () => {
  database = await openTestDatabase()
  first = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  second = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  alice = await signUp(first, 'alice')
  bob = await signUp(second, 'bob')
  bobsOther = await addDevice(second, bob.person)
  const alices = await addDevice(first, alice.person)
  const made = await makeMembers(limits.maxMembers - 2)
  devices = [...made, ...[bob, bobsOther, alices].map(({ deviceId }) => deviceId)]
  assert.is(devices.length, limits.maxRecipients - 1)
})

test.after(async () => {
  await Promise.all([first.stop(), second.stop()])
  await database.close()
})

/** As many members, each with two devices, in a group with alice and bob. Gives their devices. */
async function makeMembers(count: number): Promise<string[]> {
  const db = database.db
  const [user] = await db.collection<UserDocument>('users').find().limit(1).toArray()
  const [device] = await db.collection<DeviceDocument>('devices').find().limit(1).toArray()
  assert.ok(user && device)
  if (!user || !device) return []
  const names = Array.from({ length: count }, (_, index) => `member-${index}`)
  await db.collection<UserDocument>('users').insertMany(names.map(_id => ({ ...user, _id })))
  const made = names.flatMap(userId => [0, 1].map(() => ({ ...device, _id: uuidV7(), userId })))
  await db.collection<DeviceDocument>('devices').insertMany(made)
  const event = {
    _id: noise(32),
    group: 'everybody',
    epoch: 0,
    op: 'create',
    by: 'alice',
    createdAt: new Date(),
  }
  const memberIds = ['alice', 'bob', ...names]
  await db
    .collection<{ _id: string }>('rosterEvents')
    .insertOne({ ...event, subjects: memberIds, event: 'a.b.c' } as never)
  return made.map(({ _id }) => _id)
}

const undelivered = () => database.db.collection<UndeliveredDocument>('undelivered')
const everybody = () => ({ to: { group: 'everybody' }, for: devices })

test('a chain and its messages reach whoever is there, and wait for all others', async () => {
  const from = await connect(first, alice)
  const to = await connect(second, bob)
  await to.next('drained')
  const chain = makeChain(everybody())
  const size = Buffer.byteLength(JSON.stringify(chain))
  assert.ok(size > limits.maxFrameBytes / 4 && size < limits.maxFrameBytes, `${size} bytes`)
  const sent = [chain, ...Array.from({ length: 5 }, () => makeMessage(everybody()))]
  for (const frame of sent) from.send(frame)
  await from.next('stored', () => from.storedIds.length === sent.length)
  await waitFor(() => to.messageIds.length === sent.length, { what: 'all at the other server' })
  assert.equal(
    to.messageIds,
    sent.map(({ id }) => id),
  )
  const [got] = to.of('message')
  assert.ok(JSON.stringify(got).length < 2_000, 'its own entry only')
  await waitFor(async () => (await undelivered().countDocuments({ pending: bob.deviceId })) === 0, {
    what: 'acks',
  })
  const stored = await undelivered().find().toArray()
  assert.equal(
    stored.map(({ pending }) => pending.length),
    sent.map(() => devices.length - 1),
  )
  const later = await connect(second, bobsOther)
  await later.next('drained')
  assert.equal(later.messageIds, to.messageIds)
  const [drained] = later.of('message')
  assert.ok(drained?.kind === 'chain' && drained.body.header.kid.startsWith(bobsOther.deviceId))
  for (const socket of [from, to, later]) await socket.close()
})

test('what is for the moment is for those who are there, of all 2,000', async () => {
  const from = await connect(first, alice)
  const to = await connect(second, bob)
  await to.next('drained')
  const frame = makeTransient(everybody())
  from.send(frame)
  await to.next('message', ({ id }) => id === frame.id)
  const stale = makeTransient({ ...everybody(), for: devices.slice(1) })
  from.send(stale)
  assert.is((await from.next('refused')).code, 'stale_audience')
  await from.close()
  await to.close()
})

test.run()
