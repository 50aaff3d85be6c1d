import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { GroupDocument } from '../../schema/documents.ts'
import type { GroupHeadResponse } from '../../schema/http.ts'
import type { RosterClaims } from '../../schema/jose.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { audience, makeChain, makeMessage } from '../testing/messages.ts'
import type { TestDevice } from '../testing/person.ts'
import { changeGroup, makeGroup } from '../testing/rosters.ts'
import {
  addDevice,
  ask,
  connect,
  expectStatus,
  signUp,
  type TestSocket,
  tokenFor,
} from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

/** Two servers over one database: alice and carol are at the first, bob is at the second. The slow sweep is off. */
// Long because all of it happens to the same people at the same two servers.
const test = suite('groups over the sockets of two servers')
let database: TestDatabase
let first: TestServer
let second: TestServer
let alice: TestDevice
let bob: TestDevice
let carol: TestDevice
let token: string
let count = 0
let opened: TestSocket[] = []

test.before(async () => {
  database = await openTestDatabase()
  first = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  second = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  alice = await signUp(first, 'alice')
  bob = await signUp(second, 'bob')
  carol = await signUp(first, 'carol')
  token = await tokenFor(first, alice)
})

test.after.each(async () => {
  for (const socket of opened) await socket.close()
  opened = []
})

test.after(async () => {
  await Promise.all([first.stop(), second.stop()])
  await database.close()
})

const undelivered = () => database.db.collection<{ _id: string; pending: string[] }>('undelivered')

async function open(
  server: TestServer,
  device: TestDevice,
  options: { acks?: boolean } = {},
): Promise<TestSocket> {
  const socket = await connect(server, device, options)
  opened.push(socket)
  return socket
}

async function newGroup(...members: TestDevice[]): Promise<GroupHeadResponse> {
  return await makeGroup(first, { group: `group-${++count}`, by: alice, members, token })
}

async function change(
  after: GroupHeadResponse,
  { op, members }: { op: RosterClaims['op']; members: TestDevice[] },
): Promise<GroupHeadResponse> {
  return await changeGroup(first, { after, op, by: alice, members, token })
}

const to = (group: GroupHeadResponse, ...devices: TestDevice[]) => ({
  to: { group: group.group },
  for: devices.map(({ deviceId }) => deviceId),
})

/** Sends a group message and tells how it was answered. */
async function answerTo(from: TestSocket, frame: ReturnType<typeof makeMessage>): Promise<string> {
  from.send(frame)
  return await waitFor(
    () =>
      from.storedIds.includes(frame.id)
        ? 'stored'
        : from.of('refused').find(({ id }) => id === frame.id)?.code,
    { what: 'an answer' },
  )
}

test('`send` to a group reaches every device of every member but the sending one, over both servers', async () => {
  const alice2 = await addDevice(second, alice.person)
  const group = await newGroup(bob, carol)
  const from = await open(first, alice)
  const sockets = [await open(second, alice2), await open(second, bob), await open(first, carol)]
  const chain = makeChain(to(group, alice2, bob, carol))
  const message = makeMessage(to(group, alice2, bob, carol))
  from.send(chain)
  from.send(message)
  for (const socket of sockets) {
    const got = await socket.next('message', ({ id }) => id === message.id)
    assert.equal([got.from, got.device, got.to], ['alice', alice.deviceId, { group: group.group }])
    assert.equal(socket.messageIds, [chain.id, message.id])
  }
  assert.equal(from.messageIds, [])
  await waitFor(async () => (await undelivered().countDocuments()) === 0, { what: 'all to be acked' })
  await database.db
    .collection<{ _id: string }>('devices')
    .updateOne({ _id: alice2.deviceId }, { $set: { revokedAt: new Date() } })
  await sockets[0]?.untilClosed()
})

test('`send` to a group waits for members who are away', async () => {
  const group = await newGroup(bob, carol)
  const from = await open(first, alice)
  const sent = [makeChain(to(group, bob, carol)), makeMessage(to(group, bob, carol))]
  for (const frame of sent) assert.is(await answerTo(from, frame), 'stored')
  const later = await open(second, bob)
  await later.next('drained')
  assert.equal(
    later.messageIds,
    sent.map(({ id }) => id),
  )
  const carols = await open(second, carol)
  await carols.next('drained')
  assert.equal(
    carols.messageIds,
    sent.map(({ id }) => id),
  )
})

test('`send` to a group for other devices than its members have is refused with `stale_audience`', async () => {
  const group = await newGroup(bob)
  const from = await open(first, alice)
  assert.is(await answerTo(from, makeMessage(to(group))), 'stale_audience')
  assert.is(await answerTo(from, makeMessage(to(group, bob, carol))), 'stale_audience')
  assert.is(await answerTo(from, makeMessage(to(group, bob))), 'stored')
  const added = await change(group, { op: 'add', members: [carol] })
  assert.is(
    await answerTo(from, makeMessage(to(added, bob))),
    'stale_audience',
    'the next message after an add',
  )
  assert.is(await answerTo(from, makeMessage(to(added, bob, carol))), 'stored')
  const other = { ...makeChain(to(added, bob)), audience: audience([bob.deviceId, carol.deviceId]) }
  assert.is(await answerTo(from, other), 'bad_frame')
})

test('`send` to a group is for members: whoever was removed is refused at once, at every server', async () => {
  const group = await newGroup(bob, carol)
  const from = await open(first, alice)
  const bobs = await open(second, bob)
  const carols = await open(second, carol)
  assert.is(await answerTo(bobs, makeMessage(to(group, alice, carol))), 'stored')
  assert.is(
    await answerTo(carols, makeMessage(to({ ...group, group: 'no-such-group' }, bob))),
    'not_a_member',
  )
  await change(group, { op: 'remove', members: [bob] })
  assert.is(await answerTo(bobs, makeMessage(to(group, alice, carol))), 'not_a_member')
  assert.is(await answerTo(carols, makeMessage(to(group, alice, bob))), 'stale_audience')
  assert.is(await answerTo(from, makeMessage(to(group, bob, carol))), 'stale_audience')
  const last = makeMessage(to(group, carol))
  assert.is(await answerTo(from, last), 'stored')
  await carols.next('message', ({ id }) => id === last.id)
  assert.not(bobs.messageIds.includes(last.id))
  const waiting = await undelivered().find({ pending: bob.deviceId }).toArray()
  assert.equal(waiting, [])
})

test('whoever is added is given what comes after, and nothing from before', async () => {
  const group = await newGroup(bob)
  const from = await open(first, alice)
  const before = makeMessage(to(group, bob))
  assert.is(await answerTo(from, before), 'stored')
  const added = await change(group, { op: 'add', members: [carol] })
  const after = makeMessage(to(added, bob, carol))
  assert.is(await answerTo(from, after), 'stored')
  const carols = await open(first, carol)
  await carols.next('drained')
  assert.equal(carols.messageIds, [after.id])
})

test('a group of one person with one device keeps nothing for anybody', async () => {
  const dora = await signUp(first, 'dora')
  const group = await makeGroup(first, {
    ...{ group: `group-${++count}`, by: dora, members: [] },
    token: await tokenFor(first, dora),
  })
  const from = await open(first, dora)
  const note = makeMessage(to(group))
  assert.is(await answerTo(from, note), 'stored')
  assert.is(await undelivered().countDocuments({ _id: note.id }), 0)
})

test('members without a device that can be written to are left out', async () => {
  const erin = await signUp(first, 'erin')
  const group = await newGroup(bob, erin)
  const path = `/v1/devices/${erin.deviceId}`
  await expectStatus(ask(first, { path, method: 'DELETE', token: await tokenFor(first, erin) }), 200)
  const from = await open(first, alice)
  await waitFor(async () => (await answerTo(from, makeMessage(to(group, bob)))) === 'stored', {
    what: 'the device to be known for gone',
  })
})

test('a server that was killed between its two writes lets nobody send who was removed', async () => {
  const group = await newGroup(bob, carol)
  const groups = database.db.collection<GroupDocument>('groups')
  const before = await groups.findOne({ _id: group.group })
  await change(group, { op: 'remove', members: [bob] })
  await groups.replaceOne({ _id: group.group }, before as GroupDocument)
  const third = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  try {
    const bobs = await open(third, bob)
    assert.is(await answerTo(bobs, makeMessage(to(group, alice, carol))), 'not_a_member')
    assert.equal((await groups.findOne({ _id: group.group }))?.memberIds, ['alice', 'carol'])
  } finally {
    for (const socket of opened) await socket.close()
    opened = []
    await third.stop()
  }
})

test('`groups` follows `welcome` and names the groups of now', async () => {
  const fred = await signUp(second, 'fred')
  const one = await newGroup(fred)
  const left = await newGroup(fred)
  await change(left, { op: 'remove', members: [fred] })
  const two = await change(await newGroup(), { op: 'add', members: [fred] })
  const socket = await open(second, fred)
  await socket.next('drained')
  assert.equal(
    // News of the change just made may come in between.
    socket.frames.map(({ t }) => t).filter(t => t !== 'group'),
    ['welcome', 'groups', 'drained'],
  )
  const [frame] = socket.of('groups')
  assert.equal(
    [...(frame?.groups ?? [])].sort((a, b) => (a.group < b.group ? -1 : 1)),
    [one, two].sort((a, b) => (a.group < b.group ? -1 : 1)),
  )
  const bobs = await open(second, await signUp(second, 'lonely'))
  assert.equal((await bobs.next('groups')).groups, [])
})

test('`groups` tells of no less than was told before, also when a server was killed between its two writes', async () => {
  const group = await newGroup(bob, carol)
  const groups = database.db.collection<GroupDocument>('groups')
  const before = (await groups.findOne({ _id: group.group })) as GroupDocument
  const removed = await change(group, { op: 'remove', members: [carol] })
  const third = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  await groups.replaceOne({ _id: group.group }, before)
  const bobs = await connect(third, bob)
  const carols = await connect(third, carol)
  assert.ok((await bobs.next('groups')).groups.some(({ head }) => head === removed.head))
  assert.not((await carols.next('groups')).groups.some(each => each.group === group.group))
  for (const socket of [bobs, carols]) await socket.close()
  await third.stop()
})

test('`group` tells every connected device of members, and those whom the event is about', async () => {
  const group = await newGroup(bob)
  const sockets = {
    alice: await open(first, alice),
    bob: await open(second, bob),
    carol: await open(first, carol),
  }
  const heard = (socket: TestSocket) => socket.of('group').filter(frame => frame.group === group.group)
  const expected = (head: GroupHeadResponse) => ({ t: 'group', ...head })
  const untilHeard = async (socket: TestSocket, head: GroupHeadResponse) => {
    assert.equal(await socket.next('group', frame => frame.head === head.head), expected(head))
  }
  const added = await change(group, { op: 'add', members: [carol] })
  for (const socket of Object.values(sockets)) await untilHeard(socket, added)
  const removed = await change(added, { op: 'remove', members: [bob] })
  for (const socket of Object.values(sockets)) await untilHeard(socket, removed)
  const promoted = await change(removed, { op: 'promote', members: [carol] })
  for (const socket of [sockets.alice, sockets.carol]) await untilHeard(socket, promoted)
  // One that bob is in again shows that nothing of what is between is on its way to him.
  const again = await newGroup(bob)
  await sockets.bob.next('group', frame => frame.head === again.head)
  assert.equal(
    heard(sockets.bob).map(({ epoch }) => epoch),
    [1, 2],
  )
})

test('`groups` comes again when the feed has missed something', async () => {
  const socket = await open(second, bob)
  await socket.next('groups')
  const group = await newGroup(bob)
  await socket.next('group', ({ head }) => head === group.head)
  // Others took this server for dead: it reads everything again.
  await database.db.collection<{ _id: string }>('servers').deleteOne({ _id: second.serverId })
  await socket.next('groups', ({ groups }) => groups.some(({ head }) => head === group.head))
})

test.run()
