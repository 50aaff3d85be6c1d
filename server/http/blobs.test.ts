import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { BlobDocument } from '../../schema/documents.ts'
import { limits } from '../../schema/limits.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { BlobClient, codeIn, makeTestBlob, slowBody, stateIn, type TestBlob } from '../testing/blobs.ts'
import type { TestDevice } from '../testing/person.ts'
import { addDevice, ask, signUp, tokenFor } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

// Long because one attachment after the other goes through the same two servers.

/** Two servers over one database: alice is at the first, bob and the sweep at the second. */
const test = suite('attachments over HTTP')
const CHUNK = limits.blobChunkBytes
let database: TestDatabase
let first: TestServer
let second: TestServer
let aliceDevice: TestDevice
let bobDevice: TestDevice
let alice: BlobClient
let aliceThere: BlobClient
let bob: BlobClient
let carol: BlobClient

test.before(async () => {
  database = await openTestDatabase()
  first = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  second = await startTestServer(database.uri, { sweepMs: 50 })
  aliceDevice = await signUp(first, 'alice')
  bobDevice = await signUp(second, 'bob')
  alice = await BlobClient.of(aliceDevice, first)
  aliceThere = await BlobClient.of(aliceDevice, second)
  bob = await BlobClient.of(bobDevice, second)
  carol = await BlobClient.of(await signUp(second, 'carol'), second)
})

test.after(async () => {
  await Promise.all([first.stop(), second.stop()])
  await database.close()
})

const forBob = (size: number) => makeTestBlob({ user: 'bob' }, size)
const documents = () => database.db.collection<BlobDocument>('blobs')
const documentOf = ({ request: { id } }: TestBlob) => documents().findOne({ _id: id })
const bytesDb = () => database.client.db(`${database.db.databaseName}_blobs`)

/** What there is of an attachment: documents, files, chunks. */
async function traces({ request: { id } }: TestBlob): Promise<number[]> {
  return [
    await documents().countDocuments({ _id: id }),
    await bytesDb().collection<{ _id: string }>('blobs.files').countDocuments({ _id: id }),
    await bytesDb()
      .collection('blobs.chunks')
      .countDocuments({ files_id: id as never }),
  ]
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer())
}

async function uploaded(size: number): Promise<TestBlob> {
  const blob = forBob(size)
  stateIn(await alice.create(blob), 201)
  stateIn(await alice.put(blob))
  return blob
}

test('an attachment goes up at one server and comes down at another, whatever its size', async () => {
  for (const size of [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5 * CHUNK + 7]) {
    const blob = forBob(size)
    const { id } = blob.request
    assert.equal(stateIn(await alice.create(blob), 201), { id, size, received: 0, complete: false })
    assert.equal(codeIn({ status: 409, body: await (await bob.get(blob)).json() }), [409, 'blob_incomplete'])
    assert.equal(stateIn(await alice.put(blob)), { id, size, received: size, complete: true })
    assert.equal(stateIn(await bob.state(blob)), { id, size, received: size, complete: true })
    const response = await bob.get(blob)
    assert.equal([response.status, response.headers.get('content-length')], [200, String(size)])
    assert.ok((await bytesOf(response)).equals(blob.bytes), String(size))
    // A lost answer: everything is answered the same again.
    assert.is(stateIn(await alice.create(blob), 201).complete, true)
    assert.is(stateIn(await alice.put(blob)).complete, true)
    await alice.remove(blob)
  }
})

test('no program takes the bytes for more than bytes', async () => {
  const blob = await uploaded(10)
  const { headers } = await bob.get(blob)
  assert.is(headers.get('content-type'), 'application/octet-stream')
  assert.is(headers.get('content-disposition'), 'attachment')
  assert.is(headers.get('x-content-type-options'), 'nosniff')
  assert.is(headers.get('cache-control'), 'no-store')
})

test('`Range` gives a part with 206, and 416 behind the end', async () => {
  const blob = await uploaded(2 * CHUNK + 100)
  const { size } = blob.request
  for (const [range, from, to] of [
    ['bytes=0-', 0, size],
    [`bytes=${CHUNK + 5}-`, CHUNK + 5, size],
    [`bytes=${CHUNK - 1}-${CHUNK}`, CHUNK - 1, CHUNK + 1],
    ['bytes=-7', size - 7, size],
    [`bytes=${size - 1}-${size * 2}`, size - 1, size],
  ] as const) {
    const response = await bob.get(blob, { range })
    assert.is(response.status, 206, range)
    assert.is(response.headers.get('content-range'), `bytes ${from}-${to - 1}/${size}`)
    assert.is(response.headers.get('content-length'), String(to - from))
    assert.ok((await bytesOf(response)).equals(blob.bytes.subarray(from, to)), range)
  }
  const behind = await bob.get(blob, { range: `bytes=${size}-` })
  assert.equal([behind.status, behind.headers.get('content-range')], [416, `bytes */${size}`])
  assert.is(codeIn({ status: 416, body: await behind.json() })[1], 'bad_request')
  const unknown = await bob.get(blob, { range: 'bytes=0-1,5-6' })
  assert.equal([unknown.status, (await bytesOf(unknown)).length], [200, size])
})

test('an upload that is aborted half-way goes on at the other server from the last whole chunk', async () => {
  const blob = forBob(4 * CHUNK)
  stateIn(await alice.create(blob), 201)
  const body = slowBody()
  const controller = new AbortController()
  const aborted = alice.put(blob, { body: body.stream, signal: controller.signal }).then(
    () => 'answered',
    () => 'aborted',
  )
  body.send(blob.bytes.subarray(0, 2 * CHUNK + 1000))
  await waitFor(async () => stateIn(await aliceThere.state(blob)).received === 2 * CHUNK, {
    what: 'two whole chunks to be stored',
  })
  controller.abort()
  assert.is(await aborted, 'aborted')
  const { received } = stateIn(await aliceThere.state(blob))
  assert.is(received, 2 * CHUNK)
  assert.is(stateIn(await aliceThere.put(blob, { from: received })).complete, true)
  assert.ok((await bytesOf(await bob.get(blob))).equals(blob.bytes))
})

test('an upload may come in parts, and a part that was stored may come again', async () => {
  const blob = forBob(3 * CHUNK + 10)
  stateIn(await alice.create(blob), 201)
  assert.is(stateIn(await alice.put(blob, { to: CHUNK })).received, CHUNK)
  assert.is(
    stateIn(await aliceThere.put(blob, { to: 2 * CHUNK + 9 })).received,
    2 * CHUNK,
    'whole chunks only',
  )
  assert.is(stateIn(await alice.put(blob, { from: CHUNK })).complete, true)
  assert.ok((await bytesOf(await bob.get(blob))).equals(blob.bytes))
})

test('a part that leaves a gap, or does not begin where a chunk does, is `blob_incomplete`', async () => {
  const blob = forBob(3 * CHUNK)
  stateIn(await alice.create(blob), 201)
  stateIn(await alice.put(blob, { to: CHUNK }))
  for (const from of [2 * CHUNK, CHUNK + 1, 1]) {
    assert.equal(codeIn(await alice.put(blob, { from })), [409, 'blob_incomplete'], String(from))
  }
  assert.is(stateIn(await alice.state(blob)).received, CHUNK)
})

test('what says nothing or something else about its range is a `bad_request`', async () => {
  const blob = forBob(1000)
  stateIn(await alice.create(blob), 201)
  for (const range of ['bytes 0-999/*', 'bytes 0-1000/1000', 'bytes 0-999/1001', 'all of it']) {
    assert.equal(codeIn(await alice.put(blob, { range })), [400, 'bad_request'], range)
  }
})

test('a body that ends before its range does keeps its whole chunks, and is no success', async () => {
  const blob = forBob(3 * CHUNK)
  stateIn(await alice.create(blob), 201)
  const body = blob.bytes.slice(0, CHUNK + 5)
  assert.equal(codeIn(await alice.put(blob, { body })), [409, 'blob_incomplete'])
  assert.is(stateIn(await alice.state(blob)).received, CHUNK)
})

test('a body that is longer than announced is `too_large`, with and without `Content-Length`', async () => {
  const blob = forBob(2 * CHUNK)
  stateIn(await alice.create(blob), 201)
  const long = new Uint8Array([...blob.bytes, 1])
  assert.equal(codeIn(await alice.put(blob, { body: long })), [413, 'too_large'])
  const body = slowBody()
  body.send(long)
  body.end()
  assert.equal(codeIn(await alice.put(blob, { body: body.stream })), [413, 'too_large'])
  assert.is(stateIn(await alice.state(blob)).complete, false)
  assert.is(stateIn(await alice.put(blob)).complete, true)
})

test('bytes that do not have the announced hash are dropped, and the right ones may come after', async () => {
  for (const size of [10, 3 * CHUNK, 3 * CHUNK + 1]) {
    const blob = forBob(size)
    stateIn(await alice.create(blob), 201)
    const wrong = blob.bytes.slice()
    wrong[size - 1] = (wrong[size - 1] ?? 0) ^ 1
    assert.equal(codeIn(await alice.put(blob, { body: wrong })), [400, 'bad_blob'])
    assert.equal(await traces(blob), [1, 0, 0])
    assert.equal(stateIn(await alice.state(blob)).received, 0)
    assert.equal((await bob.get(blob)).status, 409)
    assert.is(stateIn(await alice.put(blob)).complete, true)
    assert.ok((await bytesOf(await bob.get(blob))).equals(blob.bytes))
  }
})

test('other bytes than were stored before are `bad_blob`, and nothing of either is kept', async () => {
  const blob = forBob(3 * CHUNK)
  stateIn(await alice.create(blob), 201)
  stateIn(await alice.put(blob, { to: 2 * CHUNK }))
  const wrong = blob.bytes.slice()
  wrong[CHUNK] = (wrong[CHUNK] ?? 0) ^ 1
  assert.equal(codeIn(await aliceThere.put(blob, { body: wrong })), [400, 'bad_blob'])
  assert.is(stateIn(await alice.state(blob)).received, 0)
  assert.is(stateIn(await alice.put(blob)).complete, true)
})

test('uploads of the same attachment at the same time, at both servers, make one whole attachment', async () => {
  const blob = forBob(12 * CHUNK + 3)
  const answers = await Promise.all([alice, aliceThere, alice].map(client => client.create(blob)))
  for (const answer of answers) assert.is(stateIn(answer, 201).size, blob.request.size)
  const states = await Promise.all([alice, aliceThere, alice, aliceThere].map(client => client.put(blob)))
  for (const state of states) assert.is(stateIn(state).complete, true)
  assert.ok((await bytesOf(await bob.get(blob))).equals(blob.bytes))
  assert.equal(await traces(blob), [1, 1, 13])
})

test('right and wrong bytes at the same time end with the right ones, or with none', async () => {
  const blob = forBob(8 * CHUNK)
  stateIn(await alice.create(blob), 201)
  const wrong = blob.bytes.slice()
  wrong[5 * CHUNK] = (wrong[5 * CHUNK] ?? 0) ^ 1
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all([
      alice.put(blob, { body: wrong }),
      aliceThere.put(blob),
      aliceThere.put(blob, { body: wrong }),
    ])
    const { complete } = stateIn(await alice.state(blob))
    assert.ok(answers.every(({ status }) => complete || status !== 200))
    if (complete) break
  }
  if (!stateIn(await alice.state(blob)).complete) stateIn(await alice.put(blob))
  assert.ok((await bytesOf(await bob.get(blob))).equals(blob.bytes))
  assert.equal(await traces(blob), [1, 1, 8])
})

test('whoever may not read is told the same as of one that is not there', async () => {
  const blob = await uploaded(1000)
  const nothing = forBob(1000)
  const answers = async (client: BlobClient, asked: TestBlob) => [
    await client.state(asked),
    await client.put(asked),
    { status: 404, body: await (await client.get(asked)).json() },
    await client.received(asked),
    await client.remove(asked),
  ]
  const [refused, absent] = [await answers(carol, blob), await answers(carol, nothing)]
  for (const answer of refused) assert.equal(codeIn(answer), [404, 'not_found'])
  assert.equal(JSON.stringify(refused), JSON.stringify(absent))
  // Whom it is for may read it, not change it.
  assert.equal(codeIn(await bob.put(blob)), [404, 'not_found'])
  assert.equal(codeIn(await bob.remove(blob)), [404, 'not_found'])
  assert.is(stateIn(await alice.state(blob)).complete, true)
  const without = await ask(first, { path: `/v1/blobs/${blob.request.id}` })
  assert.equal(codeIn(without), [401, 'unauthorized'])
})

test('it is for the devices that there are: those of both people, without the one that sends it', async () => {
  const another = await addDevice(second, aliceDevice.person)
  const blob = await uploaded(1000)
  const pending = (await documentOf(blob))?.pending
  assert.equal([...(pending ?? [])].sort(), [another.deviceId, bobDevice.deviceId].sort())
  assert.equal(codeIn(await bob.received(forBob(1))), [404, 'not_found'])
  // It is removed when all have it.
  assert.is(stateIn(await bob.received(blob)).complete, true)
  assert.is(stateIn(await bob.received(blob)).complete, true, 'again')
  assert.is(stateIn(await alice.received(blob)).complete, true, 'by one that nobody waits for')
  assert.equal(await traces(blob), [1, 1, 1])
  const own = await BlobClient.of(another, first)
  assert.is(stateIn(await own.received(blob)).complete, true)
  assert.equal(await traces(blob), [0, 0, 0])
  assert.equal(codeIn(await own.received(blob)), [404, 'not_found'])
})

test('nobody has what is not complete', async () => {
  const blob = forBob(1000)
  stateIn(await alice.create(blob), 201)
  assert.equal(codeIn(await bob.received(blob)), [409, 'blob_incomplete'])
})

test('a device that is revoked is waited for no more', async () => {
  const dora = await signUp(first, 'dora')
  const lost = await addDevice(first, dora.person)
  const both = makeTestBlob({ user: 'dora' }, 1000)
  stateIn(await carol.create(both), 201)
  stateIn(await carol.put(both))
  const token = await tokenFor(first, dora)
  const revoke = (deviceId: string) =>
    ask(first, { path: `/v1/devices/${deviceId}`, method: 'DELETE', token })
  assert.is((await revoke(lost.deviceId)).status, 200)
  assert.equal((await documentOf(both))?.pending, [dora.deviceId])
  assert.is((await revoke(dora.deviceId)).status, 200)
  assert.equal(await traces(both), [0, 0, 0])
})

test('`DELETE` by its owner removes it, while it is uploaded too', async () => {
  const blob = await uploaded(1000)
  assert.is(stateIn(await aliceThere.remove(blob)).complete, true)
  assert.equal(await traces(blob), [0, 0, 0])
  assert.equal(codeIn(await alice.remove(blob)), [404, 'not_found'])
  const another = forBob(3 * CHUNK)
  stateIn(await alice.create(another), 201)
  const body = slowBody()
  const uploading = alice.put(another, { body: body.stream })
  body.send(another.bytes.subarray(0, CHUNK + 1))
  await waitFor(async () => stateIn(await aliceThere.state(another)).received === CHUNK, {
    what: 'a chunk to be stored',
  })
  stateIn(await aliceThere.remove(another))
  body.send(another.bytes.subarray(CHUNK + 1))
  body.end()
  assert.equal(codeIn(await uploading), [404, 'not_found'])
  assert.equal(await traces(another), [0, 0, 0])
})

test('the sweep removes what has expired, complete or not, and bytes that belong to nothing', async () => {
  const complete = await uploaded(CHUNK + 1)
  const unfinished = forBob(2 * CHUNK)
  stateIn(await alice.create(unfinished), 201)
  stateIn(await alice.put(unfinished, { to: CHUNK }))
  const orphan = await uploaded(CHUNK + 1)
  const kept = await uploaded(CHUNK + 1)
  const lifeOf = async (blob: TestBlob) => {
    const found = await documentOf(blob)
    return (found?.expiresAt.getTime() ?? 0) - Date.now()
  }
  const minute = 60_000
  assert.ok(Math.abs((await lifeOf(complete)) - limits.blobTtlMs) < minute)
  assert.ok(Math.abs((await lifeOf(unfinished)) - limits.blobUploadMs) < minute)
  const past = { $set: { expiresAt: new Date(Date.now() - 1) } }
  for (const { request } of [complete, unfinished]) await documents().updateOne({ _id: request.id }, past)
  await documents().deleteOne({ _id: orphan.request.id })
  for (const blob of [complete, unfinished, orphan]) {
    await waitFor(async () => (await traces(blob)).every(count => count === 0), { what: 'the sweep' })
  }
  assert.equal(await traces(kept), [1, 1, 2])
})

test('what has expired is not there, though no sweep has come yet', async () => {
  const blob = await uploaded(1000)
  const past = { $set: { expiresAt: new Date(Date.now() - 1000) } }
  await documents().updateOne({ _id: blob.request.id }, past)
  assert.equal(codeIn(await alice.state(blob)), [404, 'not_found'])
  assert.is(stateIn(await alice.create(blob), 201).received, 0, 'the id is free')
  await alice.remove(blob)
})

test('the members of a group may read it, and nobody else, from the moment that they are no members', async () => {
  const groups = database.db.collection<{ _id: string }>('groups')
  await groups.insertOne({
    ...{ _id: 'climbers', adminIds: ['alice'], memberIds: ['alice', 'bob'], epoch: 0 },
    ...{ head: 'x'.repeat(43), createdAt: new Date() },
  } as never)
  const blob = makeTestBlob({ group: 'climbers' }, 1000)
  assert.equal(codeIn(await carol.create(blob)), [403, 'not_a_member'])
  const nowhere = makeTestBlob({ group: 'nowhere' }, 1000)
  assert.equal(codeIn(await carol.create(nowhere)), [403, 'not_a_member'])
  stateIn(await alice.create(blob), 201)
  stateIn(await alice.put(blob))
  assert.ok((await documentOf(blob))?.pending.includes(bobDevice.deviceId))
  assert.ok((await bytesOf(await bob.get(blob))).equals(blob.bytes))
  assert.equal(codeIn(await carol.state(blob)), [404, 'not_found'])
  await groups.updateOne({ _id: 'climbers' }, { $set: { memberIds: ['alice'] } } as never)
  assert.equal(codeIn(await bob.state(blob)), [404, 'not_found'])
  assert.is(stateIn(await alice.state(blob)).complete, true)
})

test('metrics count the bytes, both ways, and name nobody', async () => {
  const read = async (direction: string) => {
    const text = await (await fetch(`http://127.0.0.1:${first.port}/metrics`)).text()
    assert.not.match(text, 'alice')
    const line = text.split('\n').find(each => each.includes(`blob_bytes_total{direction="${direction}"}`))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
  const before = [await read('up'), await read('down')]
  const blob = await uploaded(CHUNK + 10)
  await bytesOf(await alice.get(blob, { range: 'bytes=-100' }))
  assert.equal(
    [await read('up'), await read('down')],
    [(before[0] ?? 0) + CHUNK + 10, (before[1] ?? 0) + 100],
  )
  assert.not.match(first.log.lines.join('\n'), 'alice')
})

test.run()
