import type { Collection } from 'mongodb'
import type { BlobDocument } from '../../schema/documents.ts'
import { BlobClient, forBob, stateIn, type TestBlob } from './blobs.ts'
import type { TestDevice } from './person.ts'
import { signUp } from './test-client.ts'
import { openTestDatabase, type TestDatabase } from './test-database.ts'
import { startTestServer, type TestServer } from './test-server.ts'

/** Two servers over one database: alice is at both, bob, carol and the sweep at the second. */
export interface BlobWorld {
  database: TestDatabase
  first: TestServer
  second: TestServer
  aliceDevice: TestDevice
  bobDevice: TestDevice
  alice: BlobClient
  aliceThere: BlobClient
  bob: BlobClient
  carol: BlobClient
  documents: Collection<BlobDocument>
  documentOf(blob: TestBlob): Promise<BlobDocument | null>
  /** What there is of an attachment: documents, files, chunks. */
  traces(blob: TestBlob): Promise<number[]>
  /** One for bob that is complete. */
  uploaded(size: number): Promise<TestBlob>
  close(): Promise<void>
}

export async function openBlobWorld(): Promise<BlobWorld> {
  const database = await openTestDatabase()
  const first = await startTestServer(database.uri, { sweepMs: 1_000_000 })
  const second = await startTestServer(database.uri, { sweepMs: 50 })
  const aliceDevice = await signUp(first, 'alice')
  const bobDevice = await signUp(second, 'bob')
  const alice = await BlobClient.of(aliceDevice, first)
  const documents = database.db.collection<BlobDocument>('blobs')
  const bytes = database.client.db(`${database.db.databaseName}_blobs`)
  return {
    ...{ database, first, second, aliceDevice, bobDevice, alice, documents },
    aliceThere: await BlobClient.of(aliceDevice, second),
    bob: await BlobClient.of(bobDevice, second),
    carol: await BlobClient.of(await signUp(second, 'carol'), second),
    documentOf: ({ request: { id } }) => documents.findOne({ _id: id }),
    traces: async ({ request: { id } }) => [
      await documents.countDocuments({ _id: id }),
      await bytes.collection<{ _id: string }>('blobs.files').countDocuments({ _id: id }),
      await bytes.collection('blobs.chunks').countDocuments({ files_id: id as never }),
    ],
    async uploaded(size) {
      const blob = forBob(size)
      stateIn(await alice.create(blob), 201)
      stateIn(await alice.put(blob))
      return blob
    },
    async close() {
      await Promise.all([first.stop(), second.stop()])
      await database.close()
    },
  }
}
