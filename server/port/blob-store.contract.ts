import { v7 as uuidV7 } from 'uuid'
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import type { BlobDocument } from '../../schema/documents.ts'
import { noise } from '../testing/person.ts'
import type { BlobChunk, BlobStore } from './blob-store.ts'

const CHUNK = 100

/** What every store of attachments must do: run by each adapter of the port. */
export function testBlobStore(test: Test, open: () => BlobStore): void {
  test('`blobs.create()` makes one once, and `find()` gives it as it is', async () => {
    const blobs = open()
    const blob = makeBlob()
    assert.is(await blobs.create(blob), true)
    assert.is(await blobs.create({ ...blob, ownerId: 'mallory' }), false)
    assert.equal(await blobs.find(blob._id), blob)
    assert.is(await blobs.find(uuidV7()), null)
  })

  test('`blobs.usage()` adds up what an account has announced and what has not expired', async () => {
    const blobs = open()
    const ownerId = `u${noise(8).toLowerCase().replace(/-/g, 'x')}`
    const at = new Date(5000)
    assert.equal(await blobs.usage(ownerId, { at }), { blobs: 0, bytes: 0 })
    await blobs.create(makeBlob({ ownerId, size: 2 ** 31 }))
    await blobs.create(makeBlob({ ownerId, size: 7 }))
    await blobs.create(makeBlob({ ownerId, size: 1000, expiresAt: at }))
    await blobs.create(makeBlob({ size: 3 }))
    assert.equal(await blobs.usage(ownerId, { at }), { blobs: 2, bytes: 2 ** 31 + 7 })
    await blobs.removeExpired({ at, limit: 100 })
  })

  test('`blobs.putChunk()` stores a chunk once, and says so when another one is there', async () => {
    const blobs = open()
    const blob = makeBlob({ size: 250 })
    await blobs.create(blob)
    assert.is(await blobs.countChunks(blob), 0)
    const [first, second] = [chunk(0), chunk(1)]
    assert.equal(await Promise.all([blobs.putChunk(blob, first), blobs.putChunk(blob, first)]), [
      'stored',
      'stored',
    ])
    assert.is(await blobs.putChunk(blob, second), 'stored')
    assert.is(await blobs.putChunk(blob, { n: 1, data: new Uint8Array(CHUNK) }), 'differs')
    assert.is(await blobs.countChunks(blob), 2)
    assert.equal(shown(await all(blobs.chunks(blob))), shown([first, second]))
  })

  test('`blobs.beginAnew()` makes what was stored count for nothing, and who stores on is told', async () => {
    const blobs = open()
    const blob = makeBlob({ size: 250 })
    await blobs.create(blob)
    await blobs.putChunk(blob, chunk(0))
    await blobs.beginAnew(blob, { attempt: 9 })
    const anew = { ...blob, attempt: 9 }
    assert.equal(await blobs.find(blob._id), anew)
    assert.is(await blobs.countChunks(anew), 0)
    // One that had begun before, at another server.
    assert.is(await blobs.putChunk(blob, chunk(1)), 'gone')
    const right = chunk(0)
    assert.is(await blobs.putChunk(anew, right), 'stored')
    assert.is(await blobs.putChunk(blob, chunk(0)), 'gone')
    assert.is(await blobs.putChunk(blob, chunk(1)), 'gone')
    // Too late: what it read is not what is there now.
    await blobs.beginAnew(blob, { attempt: 10 })
    assert.equal(shown(await all(blobs.chunks(anew))), shown([right]))
    assert.is(await blobs.complete(blob, { expiresAt: LATER, chunkBytes: CHUNK }), false)
    assert.is((await blobs.find(blob._id))?.complete, false)
  })

  test('`blobs.complete()` lets the bytes be read, from anywhere to anywhere, and keeps them from being dropped', async () => {
    const blobs = open()
    const { blob, bytes } = await makeComplete(blobs, { size: 250 })
    assert.equal(await blobs.find(blob._id), { ...blob, complete: true, expiresAt: LATER })
    for (const [from, to] of [
      [0, 250],
      [0, 1],
      [99, 101],
      [100, 200],
      [120, 130],
      [249, 250],
      [200, 250],
    ] as const) {
      const read = Buffer.concat(await all(blobs.read(blob._id, { from, to })))
      assert.equal([...read], [...bytes.subarray(from, to)], `${from} to ${to}`)
    }
    await blobs.beginAnew(blob, { attempt: 9 })
    assert.is((await all(blobs.read(blob._id, { from: 0, to: 250 }))).length, 3)
    assert.is(await blobs.complete(blob, { expiresAt: new Date(0), chunkBytes: CHUNK }), true, 'again')
    assert.equal((await blobs.find(blob._id))?.expiresAt, LATER)
  })

  test('`blobs.read()` gives all of what is larger than one question of the database', async () => {
    const blobs = open()
    const size = 2.5 * 1024 * 1024
    const { blob, bytes } = await makeComplete(blobs, { size, chunkBytes: 256 * 1024 })
    for (const from of [0, 1024 * 1024 - 1, 1024 * 1024 + 1]) {
      const read = Buffer.concat(await all(blobs.read(blob._id, { from, to: size })))
      assert.ok(read.equals(bytes.subarray(from)), String(from))
    }
  })

  test('`blobs.receivedBy()` takes out each device by itself, and removes all when none is left', async () => {
    const blobs = open()
    const [a, b] = [uuidV7(), uuidV7()]
    const unfinished = makeBlob({ pending: [a] })
    await blobs.create(unfinished)
    await blobs.receivedBy(unfinished._id, a)
    assert.equal(await blobs.find(unfinished._id), unfinished, 'nobody has what is not complete')
    const { blob } = await makeComplete(blobs, { pending: [a, b] })
    await blobs.receivedBy(blob._id, uuidV7())
    await blobs.receivedBy(blob._id, a)
    await blobs.receivedBy(blob._id, a)
    assert.equal((await blobs.find(blob._id))?.pending, [b])
    await blobs.receivedBy(blob._id, b)
    assert.is(await blobs.find(blob._id), null)
    assert.equal(await all(blobs.chunks(blob)), [])
  })

  test('`blobs.receivedBy()` leaves what nobody ever had to get', async () => {
    const blobs = open()
    const { blob } = await makeComplete(blobs, { pending: [] })
    await blobs.receivedBy(blob._id, uuidV7())
    await blobs.removeDevice(uuidV7())
    assert.ok(await blobs.find(blob._id))
  })

  test('`blobs.removeDevice()` takes a device out of everything, and removes what nobody else waits for', async () => {
    const blobs = open()
    const [a, b] = [uuidV7(), uuidV7()]
    const { blob: both } = await makeComplete(blobs, { pending: [a, b] })
    const only = await Promise.all(Array.from({ length: 3 }, () => makeComplete(blobs, { pending: [a] })))
    const unfinished = makeBlob({ pending: [a] })
    await blobs.create(unfinished)
    await blobs.removeDevice(a)
    assert.equal((await blobs.find(both._id))?.pending, [b])
    for (const { blob } of [...only, { blob: unfinished }]) {
      assert.is(await blobs.find(blob._id), null)
      assert.equal(await all(blobs.chunks(blob)), [])
    }
  })

  test('`blobs.remove()` removes document and bytes, and the same id may be made again', async () => {
    const blobs = open()
    const { blob } = await makeComplete(blobs)
    await blobs.remove(blob._id)
    await blobs.remove(blob._id)
    assert.is(await blobs.find(blob._id), null)
    assert.equal(await all(blobs.chunks(blob)), [])
    assert.is(await blobs.putChunk(blob, chunk(0)), 'gone')
    assert.equal(await all(blobs.chunks(blob)), [], 'whoever stores on leaves nothing')
    assert.is(await blobs.complete(blob, { expiresAt: LATER, chunkBytes: CHUNK }), false)
    assert.is(await blobs.create({ ...blob, attempt: blob.attempt + 1 }), true)
  })

  test('`blobs.removeExpired()` removes what has expired, at most so much at a time, and nothing else', async () => {
    const blobs = open()
    const expired = await Promise.all(
      Array.from({ length: 3 }, () => makeComplete(blobs, { expiresAt: new Date(3000) })),
    )
    const kept = await makeComplete(blobs, { expiresAt: new Date(3001) })
    const at = new Date(3000)
    assert.equal(
      [await blobs.removeExpired({ at, limit: 2 }), await blobs.removeExpired({ at, limit: 2 })],
      [2, 1],
    )
    assert.is(await blobs.removeExpired({ at, limit: 2 }), 0)
    for (const { blob } of expired) {
      assert.is(await blobs.find(blob._id), null)
      assert.equal(await all(blobs.chunks(blob)), [])
    }
    assert.is((await all(blobs.chunks(kept.blob))).length, 1)
    await blobs.remove(kept.blob._id)
  })
}

export const LATER = new Date(9_000_000_000_000)

export function makeBlob(changed: Partial<BlobDocument> = {}): BlobDocument {
  return {
    _id: uuidV7(),
    ownerId: 'alice',
    receiverId: 'bob',
    pending: [uuidV7()],
    size: CHUNK,
    sha256: noise(32),
    complete: false,
    attempt: 1,
    createdAt: new Date(1000),
    expiresAt: new Date(8_000_000_000_000),
    ...changed,
  }
}

function chunk(n: number, bytes = CHUNK): BlobChunk {
  return { n, data: new Uint8Array(Buffer.from(noise(bytes), 'base64url')) }
}

/** One with bytes of noise, as complete as an upload leaves it; `expiresAt` is that of the complete one. */
export async function makeComplete(
  blobs: BlobStore,
  { chunkBytes = CHUNK, expiresAt = LATER, ...changed }: Partial<BlobDocument> & { chunkBytes?: number } = {},
): Promise<{ blob: BlobDocument; bytes: Buffer }> {
  const blob = makeBlob(changed)
  await blobs.create(blob)
  const bytes = Buffer.from(noise(blob.size), 'base64url')
  for (let n = 0; n * chunkBytes < blob.size; n++) {
    const data = new Uint8Array(bytes.subarray(n * chunkBytes, (n + 1) * chunkBytes))
    assert.is(await blobs.putChunk(blob, { n, data }), 'stored')
  }
  assert.is(await blobs.complete(blob, { expiresAt, chunkBytes }), true)
  return { blob, bytes }
}

/** A driver may give other kinds of bytes than it got. */
export function shown(chunks: readonly BlobChunk[]): string[] {
  return chunks.map(({ n, data }) => `${n} ${Buffer.from(data).toString('hex')}`)
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}
