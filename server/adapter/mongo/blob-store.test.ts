import { type Db, GridFSBucket } from 'mongodb'
import { v7 as uuidV7 } from 'uuid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { all, LATER, makeBlob, makeComplete, shown, testBlobStore } from '../../port/blob-store.contract.ts'
import type { BlobStore } from '../../port/blob-store.ts'
import { openTestDatabase, type TestDatabase } from '../../testing/test-database.ts'
import { createTestLog } from '../../testing/test-log.ts'
import { systemClock } from '../node/system-clock.ts'
import { connectDatabase, type Database } from './connect.ts'

const test = suite('attachments in GridFS')
let testDatabase: TestDatabase
let database: Database
let bytesDb: Db
let blobs: BlobStore

test.before(async () => {
  testDatabase = await openTestDatabase()
  database = await connectDatabase({
    ...{ uri: testDatabase.uri, clock: systemClock, log: createTestLog() },
    signal: new AbortController().signal,
  })
  blobs = database.store.blobs
  bytesDb = testDatabase.client.db(`${testDatabase.db.databaseName}_blobs`)
})

test.after(async () => {
  await database.close()
  await testDatabase.close()
})

testBlobStore(test, () => database.store.blobs)

const chunksOf = (id: string) => bytesDb.collection('blobs.chunks').countDocuments({ files_id: id as never })
const filesOf = (id: string) => bytesDb.collection<{ _id: string }>('blobs.files').countDocuments({ _id: id })

/** Until it is through: as the sweep does, a few at a time. */
async function removeOrphans(limit: number): Promise<number> {
  let rounds = 0
  let after = ''
  do {
    after = await blobs.removeOrphans({ after, limit })
    rounds += 1
  } while (after !== '')
  return rounds
}

test('bytes are in a database of their own, as every driver of GridFS reads them', async () => {
  const { blob, bytes } = await makeComplete(blobs, { size: 250 })
  const bucket = new GridFSBucket(bytesDb, { bucketName: 'blobs' })
  const read = await all<Uint8Array>(bucket.openDownloadStream(blob._id as never))
  assert.ok(Buffer.concat(read).equals(bytes))
  const [file] = await bucket.find({ _id: blob._id as never }).toArray()
  assert.equal([file?.length, file?.chunkSize], [250, 100])
  const names = (await testDatabase.db.listCollections().toArray()).map(({ name }) => name)
  assert.ok(names.includes('blobs'))
  assert.not.ok(names.some(name => name.startsWith('blobs.')))
})

test('the indexes are there: no TTL, for the bytes have to go too', async () => {
  const keys = await testDatabase.db.collection('blobs').indexes()
  assert.equal(keys.map(({ key }) => Object.keys(key).join()).sort(), [
    '_id',
    'expiresAt',
    'ownerId',
    'pending',
  ])
  assert.not.ok(keys.some(({ expireAfterSeconds }) => expireAfterSeconds !== undefined))
  const chunks = await bytesDb.collection('blobs.chunks').indexes()
  const unique = chunks.find(({ unique }) => unique)
  assert.equal(unique?.key, { files_id: 1, n: 1 })
})

test('how much is stored, and what there are bytes of, is asked by the index', async () => {
  const plans = [
    bytesDb.collection('blobs.chunks').find({ files_id: uuidV7() as never, attempt: 1 }, { sort: { n: -1 } }),
    bytesDb
      .collection('blobs.chunks')
      .find({ files_id: { $gt: '' } as never }, { sort: { files_id: 1, n: 1 } }),
  ]
  for (const plan of plans) {
    const explained = JSON.stringify(await plan.explain())
    assert.match(explained, 'IXSCAN')
    assert.not.match(explained, '"SORT"')
  }
})

test('`removeOrphans()` removes bytes without a document and nothing else, a few at a time', async () => {
  const kept = await makeComplete(blobs, { size: 250 })
  const unfinished = makeBlob({ size: 250 })
  await blobs.create(unfinished)
  await blobs.putChunk(unfinished, { n: 0, data: new Uint8Array(100) })
  const orphans = await Promise.all(Array.from({ length: 5 }, () => makeComplete(blobs, { size: 250 })))
  const ids = orphans.map(({ blob }) => blob._id)
  const documents = testDatabase.db.collection<{ _id: string }>('blobs')
  await documents.deleteMany({ _id: { $in: ids } })
  // What is left when it was killed after some of them: only chunks, only a file.
  const [onlyChunks = '', onlyFile = ''] = ids
  await bytesDb.collection<{ _id: string }>('blobs.files').deleteOne({ _id: onlyChunks })
  await bytesDb.collection('blobs.chunks').deleteMany({ files_id: onlyFile as never })
  assert.ok((await removeOrphans(2)) >= 4)
  for (const id of ids) assert.equal([await chunksOf(id), await filesOf(id)], [0, 0])
  assert.equal([await chunksOf(kept.blob._id), await filesOf(kept.blob._id)], [3, 1])
  assert.is(await chunksOf(unfinished._id), 1)
})

test('`removeExpired()` finishes what a server began to remove that was killed in between', async () => {
  const documents = testDatabase.db.collection<{ _id: string }>('blobs')
  const { blob } = await makeComplete(blobs, { size: 250 })
  await documents.updateOne({ _id: blob._id }, { $set: { expiresAt: new Date(0) } })
  await bytesDb.collection('blobs.chunks').deleteOne({ files_id: blob._id as never, n: 1 })
  assert.is(await blobs.removeExpired({ at: new Date(1000), limit: 10 }), 1)
  assert.is(await blobs.find(blob._id), null)
  assert.equal([await chunksOf(blob._id), await filesOf(blob._id)], [0, 0])
})

test('what is being removed is neither completed nor stored on', async () => {
  const documents = testDatabase.db.collection<{ _id: string }>('blobs')
  const blob = makeBlob()
  await blobs.create(blob)
  await blobs.putChunk(blob, { n: 0, data: new Uint8Array(100) })
  await documents.updateOne({ _id: blob._id }, { $set: { expiresAt: new Date(0) } })
  assert.is(await blobs.complete(blob, { expiresAt: LATER, chunkBytes: 100 }), false)
  assert.is(await blobs.putChunk(blob, { n: 0, data: new Uint8Array(100) }), 'gone')
  assert.equal([await chunksOf(blob._id), await filesOf(blob._id)], [0, 0])
  await blobs.removeExpired({ at: new Date(1000), limit: 10 })
})

test('a chunk that a killed server left of an earlier attempt is replaced', async () => {
  const blob = makeBlob({ attempt: 5, size: 150 })
  await blobs.create(blob)
  const stale = { files_id: blob._id, n: 0, data: Buffer.alloc(100, 1), attempt: 4 }
  await bytesDb.collection('blobs.chunks').insertOne(stale)
  assert.is(await blobs.countChunks(blob), 0)
  const right = new Uint8Array(100).fill(2)
  assert.is(await blobs.putChunk(blob, { n: 0, data: right }), 'stored')
  assert.equal(shown(await all(blobs.chunks(blob))), shown([{ n: 0, data: right }]))
})

test.run()
