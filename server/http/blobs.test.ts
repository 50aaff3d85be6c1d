import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { type BlobWorld, openBlobWorld } from '../testing/blob-world.ts'
import { type BlobClient, bytesOf, codeIn, forBob, slowBody, stateIn } from '../testing/blobs.ts'

const test = suite('bytes of attachments over HTTP')
const CHUNK = limits.blobChunkBytes
let world: BlobWorld
let alice: BlobClient
let aliceThere: BlobClient
let bob: BlobClient

test.before(async () => {
  world = await openBlobWorld()
  alice = world.alice
  aliceThere = world.aliceThere
  bob = world.bob
})

test.after(() => world.close())

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
  const blob = await world.uploaded(10)
  const { headers } = await bob.get(blob)
  assert.is(headers.get('content-type'), 'application/octet-stream')
  assert.is(headers.get('content-disposition'), 'attachment')
  assert.is(headers.get('x-content-type-options'), 'nosniff')
  assert.is(headers.get('cache-control'), 'no-store')
})

test('`Range` gives a part with 206, and 416 behind the end', async () => {
  const blob = await world.uploaded(2 * CHUNK + 100)
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
    assert.equal(await world.traces(blob), [1, 0, 0])
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
  assert.equal(await world.traces(blob), [1, 1, 13])
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
  assert.equal(await world.traces(blob), [1, 1, 8])
})

test.run()
