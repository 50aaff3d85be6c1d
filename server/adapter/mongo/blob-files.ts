import { Binary, type Db, GridFSBucket, ObjectId } from 'mongodb'
import { FastChatError } from '../../../schema/errors.ts'
import type { BlobId } from '../../../schema/ids.ts'
import type { BlobAttempt, BlobChunk, PutChunkResult } from '../../port/blob-store.ts'
import { isMongoCode, mongoCodes } from './errors.ts'

/** GridFS, as every driver reads it; `attempt` is ours. */
interface ChunkDocument {
  _id: ObjectId
  files_id: BlobId
  n: number
  data: Binary
  attempt: number
}
interface FileDocument {
  _id: BlobId
  length: number
  chunkSize: number
  uploadDate: Date
  filename: string
  metadata?: { attempt: number }
}

const BUCKET = 'blobs'
/** Chunks of one answer of the database: what one reader costs in memory. */
const CHUNKS_AT_ONCE = 4
/** A reader gets so many bytes for one question. */
const READ_BYTES = 1024 * 1024
/** A chunk in the way of another is looked at again so often. */
const MAX_TRIES = 5

/**
 * The bytes of attachments, in GridFS (https://github.com/mongodb/specifications, "GridFS Spec"): in a database of their
 * own, since a change stream reads all that is written in the other one.
 */
export type BlobFiles = ReturnType<typeof createBlobFiles>

export function createBlobFiles(db: Db) {
  const files = db.collection<FileDocument>(`${BUCKET}.files`)
  const chunks = db.collection<ChunkDocument>(`${BUCKET}.chunks`)
  const bucket = new GridFSBucket(db, { bucketName: BUCKET })

  return {
    async createIndexes(): Promise<void> {
      await files.createIndex({ filename: 1, uploadDate: 1 })
      await chunks.createIndex({ files_id: 1, n: 1 }, { unique: true })
    },

    /** They are stored in their order, so the last one says how many there are. */
    async count({ _id, attempt }: BlobAttempt): Promise<number> {
      const last = await chunks.findOne({ files_id: _id, attempt }, { sort: { n: -1 }, projection: { n: 1 } })
      return last ? last.n + 1 : 0
    },

    async put({ _id, attempt }: BlobAttempt, { n, data }: BlobChunk): Promise<PutChunkResult> {
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const chunk = { _id: new ObjectId(), files_id: _id, n, data: new Binary(data), attempt }
        if (await inserted(chunks.insertOne(chunk))) return 'stored'
        const there = await chunks.findOne({ files_id: _id, n })
        if (!there) continue
        if (there.attempt > attempt) return 'gone'
        if (there.attempt === attempt) return isSame(there.data.value(), data) ? 'stored' : 'differs'
        // Of an earlier attempt: whoever began this one has not come so far yet, or was killed.
        await chunks.deleteOne({ _id: there._id })
      }
      throw new FastChatError('unavailable', 'Cannot store attachment: others store the same one')
    },

    async *all({ _id, attempt }: BlobAttempt): AsyncGenerator<BlobChunk> {
      const found = chunks.find({ files_id: _id, attempt }).sort({ n: 1 }).batchSize(CHUNKS_AT_ONCE)
      for await (const { n, data } of found) yield { n, data: data.value() }
    },

    /** From now on it is a file, unless it is one of a later attempt. */
    async describe(
      { _id, attempt }: BlobAttempt,
      { length, chunkSize }: Pick<FileDocument, 'length' | 'chunkSize'>,
    ): Promise<void> {
      const file = { length, chunkSize, uploadDate: new Date(), filename: _id, metadata: { attempt } }
      await inserted(files.replaceOne({ _id, 'metadata.attempt': { $lte: attempt } }, file, { upsert: true }))
    },

    /** Not by one stream for all: the driver would take 16 MB of a cursor at a time. */
    async *read(id: BlobId, { from, to }: { from: number; to: number }): AsyncGenerator<Uint8Array> {
      for (let start = from; start < to; ) {
        const end = Math.min(to, start - (start % READ_BYTES) + READ_BYTES)
        const stream = bucket.openDownloadStream(id as never, { start, end })
        for await (const piece of stream) yield piece as Uint8Array
        start = end
      }
    },

    /** Deletes what is stored under this attempt and earlier ones. */
    async drop({ _id, attempt }: BlobAttempt): Promise<void> {
      await chunks.deleteMany({ files_id: _id, attempt: { $lte: attempt } })
      await files.deleteOne({ _id, 'metadata.attempt': { $lte: attempt } })
    },

    /** Of what there are bytes, by id: for each id behind `after` one attempt that it has. */
    async kept({ after, limit }: { after: BlobId | ''; limit: number }): Promise<BlobAttempt[]> {
      const described = await files
        .find({ _id: { $gt: after } }, { projection: { 'metadata.attempt': 1 } })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray()
      const found = new Map(described.map(({ _id, metadata }) => [_id, metadata?.attempt ?? 0]))
      // One question for each: the index leads from one to the next, past all of its chunks.
      let last = after
      for (let asked = 0; asked < limit; asked++) {
        const next = await chunks.findOne(
          { files_id: { $gt: last } },
          { sort: { files_id: 1, n: 1 }, projection: { files_id: 1, attempt: 1 } },
        )
        if (!next) break
        last = next.files_id
        found.set(last, Math.max(next.attempt, found.get(last) ?? 0))
      }
      return [...found]
        .map(([_id, attempt]) => ({ _id, attempt }))
        .sort((a, b) => (a._id < b._id ? -1 : 1))
        .slice(0, limit)
    },
  }
}

/** Whether it went through; false when it was there. */
async function inserted(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (isMongoCode(error, mongoCodes.duplicateKey)) return false
    throw error
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0
}
