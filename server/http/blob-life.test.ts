import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { type BlobWorld, openBlobWorld } from '../testing/blob-world.ts'
import {
  BlobClient,
  bytesOf,
  codeIn,
  forBob,
  makeTestBlob,
  slowBody,
  stateIn,
  type TestBlob,
} from '../testing/blobs.ts'
import { changeGroup, makeGroup } from '../testing/rosters.ts'
import { addDevice, ask, signUp, tokenFor } from '../testing/test-client.ts'

const test = suite('who may read attachments, and how long')
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

test('whoever may not read is told the same as of one that is not there', async () => {
  const blob = await world.uploaded(1000)
  const nothing = forBob(1000)
  const answers = async (client: BlobClient, asked: TestBlob) => [
    await client.state(asked),
    await client.put(asked),
    { status: 404, body: await (await client.get(asked)).json() },
    await client.received(asked),
    await client.remove(asked),
  ]
  const [refused, absent] = [await answers(world.carol, blob), await answers(world.carol, nothing)]
  for (const answer of refused) assert.equal(codeIn(answer), [404, 'not_found'])
  assert.equal(JSON.stringify(refused), JSON.stringify(absent))
  // Whom it is for may read it, not change it.
  assert.equal(codeIn(await bob.put(blob)), [404, 'not_found'])
  assert.equal(codeIn(await bob.remove(blob)), [404, 'not_found'])
  assert.is(stateIn(await alice.state(blob)).complete, true)
  const without = await ask(world.first, { path: `/v1/blobs/${blob.request.id}` })
  assert.equal(codeIn(without), [401, 'unauthorized'])
})

test('it is for the devices that there are: those of both people, without the one that sends it', async () => {
  const another = await addDevice(world.second, world.aliceDevice.person)
  const blob = await world.uploaded(1000)
  const pending = (await world.documentOf(blob))?.pending
  assert.equal([...(pending ?? [])].sort(), [another.deviceId, world.bobDevice.deviceId].sort())
  assert.equal(codeIn(await bob.received(forBob(1))), [404, 'not_found'])
  // It is removed when all have it.
  assert.is(stateIn(await bob.received(blob)).complete, true)
  assert.is(stateIn(await bob.received(blob)).complete, true, 'again')
  assert.is(stateIn(await alice.received(blob)).complete, true, 'by one that nobody waits for')
  assert.equal(await world.traces(blob), [1, 1, 1])
  const own = await BlobClient.of(another, world.first)
  assert.is(stateIn(await own.received(blob)).complete, true)
  assert.equal(await world.traces(blob), [0, 0, 0])
  assert.equal(codeIn(await own.received(blob)), [404, 'not_found'])
})

test('nobody has what is not complete', async () => {
  const blob = forBob(1000)
  stateIn(await alice.create(blob), 201)
  assert.equal(codeIn(await bob.received(blob)), [409, 'blob_incomplete'])
})

test('a device that is revoked is waited for no more', async () => {
  const dora = await signUp(world.first, 'dora')
  const lost = await addDevice(world.first, dora.person)
  const both = makeTestBlob({ user: 'dora' }, 1000)
  stateIn(await world.carol.create(both), 201)
  stateIn(await world.carol.put(both))
  const token = await tokenFor(world.first, dora)
  const revoke = (deviceId: string) =>
    ask(world.first, { path: `/v1/devices/${deviceId}`, method: 'DELETE', token })
  assert.is((await revoke(lost.deviceId)).status, 200)
  assert.equal((await world.documentOf(both))?.pending, [dora.deviceId])
  assert.is((await revoke(dora.deviceId)).status, 200)
  assert.equal(await world.traces(both), [0, 0, 0])
})

test('`DELETE` by its owner removes it, while it is uploaded too', async () => {
  const blob = await world.uploaded(1000)
  assert.is(stateIn(await aliceThere.remove(blob)).complete, true)
  assert.equal(await world.traces(blob), [0, 0, 0])
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
  assert.equal(await world.traces(another), [0, 0, 0])
})

test('the sweep removes what has expired, complete or not, and bytes that belong to nothing', async () => {
  const complete = await world.uploaded(CHUNK + 1)
  const unfinished = forBob(2 * CHUNK)
  stateIn(await alice.create(unfinished), 201)
  stateIn(await alice.put(unfinished, { to: CHUNK }))
  const orphan = await world.uploaded(CHUNK + 1)
  const kept = await world.uploaded(CHUNK + 1)
  const lifeOf = async (blob: TestBlob) => {
    const found = await world.documentOf(blob)
    return (found?.expiresAt.getTime() ?? 0) - Date.now()
  }
  const minute = 60_000
  assert.ok(Math.abs((await lifeOf(complete)) - limits.blobTtlMs) < minute)
  assert.ok(Math.abs((await lifeOf(unfinished)) - limits.blobUploadMs) < minute)
  const past = { $set: { expiresAt: new Date(Date.now() - 1) } }
  for (const { request } of [complete, unfinished]) await world.documents.updateOne({ _id: request.id }, past)
  await world.documents.deleteOne({ _id: orphan.request.id })
  for (const blob of [complete, unfinished, orphan]) {
    await waitFor(async () => (await world.traces(blob)).every(count => count === 0), { what: 'the sweep' })
  }
  assert.equal(await world.traces(kept), [1, 1, 2])
})

test('what has expired is not there, though no sweep has come yet', async () => {
  const blob = await world.uploaded(1000)
  const past = { $set: { expiresAt: new Date(Date.now() - 1000) } }
  await world.documents.updateOne({ _id: blob.request.id }, past)
  assert.equal(codeIn(await alice.state(blob)), [404, 'not_found'])
  assert.is(stateIn(await alice.create(blob), 201).received, 0, 'the id is free')
  await alice.remove(blob)
})

test('the members of a group may read it, and nobody else, from the moment that they are no members', async () => {
  const { first, aliceDevice, bobDevice } = world
  const token = await tokenFor(first, aliceDevice)
  const members = { by: aliceDevice, members: [bobDevice], token }
  const made = await makeGroup(first, { group: 'climbers', ...members })
  const blob = makeTestBlob({ group: 'climbers' }, 1000)
  assert.equal(codeIn(await world.carol.create(blob)), [403, 'not_a_member'])
  const nowhere = makeTestBlob({ group: 'nowhere' }, 1000)
  assert.equal(codeIn(await world.carol.create(nowhere)), [403, 'not_a_member'])
  stateIn(await alice.create(blob), 201)
  stateIn(await alice.put(blob))
  assert.ok((await world.documentOf(blob))?.pending.includes(world.bobDevice.deviceId))
  assert.ok((await bytesOf(await bob.get(blob))).equals(blob.bytes))
  assert.equal(codeIn(await world.carol.state(blob)), [404, 'not_found'])
  await changeGroup(first, { after: made, op: 'remove', ...members })
  assert.equal(codeIn(await bob.state(blob)), [404, 'not_found'])
  assert.is(stateIn(await alice.state(blob)).complete, true)
})

test('metrics count the bytes, both ways, and name nobody', async () => {
  const read = async (direction: string) => {
    const text = await (await fetch(`http://127.0.0.1:${world.first.port}/metrics`)).text()
    assert.not.match(text, 'alice')
    const line = text.split('\n').find(each => each.includes(`blob_bytes_total{direction="${direction}"}`))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
  const before = [await read('up'), await read('down')]
  const blob = await world.uploaded(CHUNK + 10)
  await bytesOf(await alice.get(blob, { range: 'bytes=-100' }))
  assert.equal(
    [await read('up'), await read('down')],
    [(before[0] ?? 0) + CHUNK + 10, (before[1] ?? 0) + 100],
  )
  assert.not.match(world.first.log.lines.join('\n'), 'alice')
})

test.run()
