import type { BlobDocument } from '../../../schema/documents.ts'
import type { BlobId, DeviceId } from '../../../schema/ids.ts'
import type { BlobAttempt, BlobStore } from '../../port/blob-store.ts'
import type { BlobFiles } from './blob-files.ts'
import type { Collections } from './collections.ts'
import { guarded, isMongoCode, mongoCodes } from './errors.ts'

/**
 * A document that is being removed says so in its `expiresAt`, before any of its bytes go, and is deleted after them: a
 * server that is killed in between leaves what the sweep finds.
 */
const REMOVING = new Date(0)
const MAX_REMOVED_AT_ONCE = 100

/** Takes a device out and, in the same write, marks what nobody waits for any more. */
const withoutDevice = (deviceId: DeviceId) => [
  {
    $set: {
      pending: { $filter: { input: '$pending', as: 'device', cond: { $ne: ['$$device', deviceId] } } },
    },
  },
  { $set: { expiresAt: { $cond: [{ $eq: ['$pending', []] }, REMOVING, '$expiresAt'] } } },
]

export function createBlobStore({ blobs }: Collections, files: BlobFiles): BlobStore {
  /** Deletes what is marked. */
  async function purge({ _id, attempt }: BlobAttempt): Promise<void> {
    await files.drop({ _id, attempt })
    await blobs.deleteOne({ _id, attempt, expiresAt: REMOVING })
  }

  async function purgeMarked(): Promise<void> {
    for (;;) {
      const marked = await blobs
        .find({ expiresAt: REMOVING }, { projection: { attempt: 1 } })
        .limit(MAX_REMOVED_AT_ONCE)
        .toArray()
      for (const blob of marked) await purge(blob)
      if (marked.length < MAX_REMOVED_AT_ONCE) return
    }
  }

  async function mark(id: BlobId, onlyIf: { expiresAt?: { $lte: Date } } = {}): Promise<boolean> {
    const marked = await blobs.findOneAndUpdate(
      { _id: id, ...onlyIf },
      { $set: { expiresAt: REMOVING } },
      { projection: { attempt: 1 } },
    )
    if (marked) await purge(marked)
    return marked !== null
  }

  /** Whether bytes of this attempt still count. If not, they are deleted: whoever removed it may not have seen them. */
  async function counts({ _id, attempt }: BlobAttempt): Promise<boolean> {
    const blob = await blobs.findOne({ _id }, { projection: { attempt: 1, expiresAt: 1 } })
    if (blob?.attempt === attempt && blob.expiresAt > REMOVING) return true
    await files.drop({ _id, attempt })
    return false
  }

  return {
    create: blob =>
      guarded(async () => {
        try {
          await blobs.insertOne(blob)
          return true
        } catch (error) {
          if (isMongoCode(error, mongoCodes.duplicateKey)) return false
          throw error
        }
      }),
    find: id => guarded(() => blobs.findOne({ _id: id })),
    usage: (ownerId, { at }) =>
      guarded(async () => {
        const [sum] = await blobs
          .aggregate<{ blobs: number; bytes: number }>([
            { $match: { ownerId, expiresAt: { $gt: at } } },
            { $group: { _id: null, blobs: { $sum: 1 }, bytes: { $sum: '$size' } } },
          ])
          .toArray()
        return { blobs: Number(sum?.blobs ?? 0), bytes: Number(sum?.bytes ?? 0) }
      }),
    countChunks: blob => guarded(() => files.count(blob)),
    putChunk: (blob, chunk) =>
      guarded(async () => {
        const result = await files.put(blob, chunk)
        return result === 'stored' && !(await counts(blob)) ? 'gone' : result
      }),
    chunks: blob => guardedEach(files.all(blob)),
    complete: (blob, { expiresAt, chunkBytes }) =>
      guarded(async () => {
        const { _id, attempt } = blob
        await files.describe(blob, { length: blob.size, chunkSize: chunkBytes })
        const { matchedCount } = await blobs.updateOne(
          { _id, attempt, complete: false, expiresAt: { $gt: REMOVING } },
          { $set: { complete: true, expiresAt } },
        )
        return matchedCount === 1 || (await counts(blob))
      }),
    beginAnew: ({ _id, attempt }, { attempt: next }) =>
      guarded(async () => {
        const { matchedCount } = await blobs.updateOne(
          { _id, attempt, complete: false },
          { $set: { attempt: next } },
        )
        if (matchedCount === 1) await files.drop({ _id, attempt })
      }),
    read: (id, range) => guardedEach(files.read(id, range)),
    receivedBy: (id, deviceId) =>
      guarded(async () => {
        const left = await blobs.findOneAndUpdate(
          { _id: id, complete: true, pending: deviceId },
          withoutDevice(deviceId),
          { returnDocument: 'after' },
        )
        if (left && isMarked(left)) await purge(left)
      }),
    removeDevice: deviceId =>
      guarded(async () => {
        await blobs.updateMany({ pending: deviceId }, withoutDevice(deviceId))
        await purgeMarked()
      }),
    remove: id =>
      guarded(async () => {
        await mark(id)
      }),
    removeExpired: ({ at, limit }) =>
      guarded(async () => {
        const expired = await blobs
          .find({ expiresAt: { $lte: at } }, { projection: { _id: 1 } })
          .limit(limit)
          .toArray()
        let removed = 0
        for (const { _id } of expired) if (await mark(_id, { expiresAt: { $lte: at } })) removed += 1
        return removed
      }),
    removeOrphans: ({ after, limit }) =>
      guarded(async () => {
        // First the bytes, then the documents: a document is there before any byte is.
        const kept = await files.kept({ after, limit })
        const ids = kept.map(({ _id }) => _id)
        const known = await blobs.find({ _id: { $in: ids } }, { projection: { _id: 1 } }).toArray()
        const owned = new Set(known.map(({ _id }) => _id))
        for (const blob of kept) if (!owned.has(blob._id)) await files.drop(blob)
        return kept.length < limit ? '' : (ids.at(-1) ?? '')
      }),
  }
}

function isMarked({ expiresAt }: BlobDocument): boolean {
  return expiresAt.getTime() === REMOVING.getTime()
}

async function* guardedEach<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await guarded(() => iterator.next())
      if (done) return
      yield value
    }
  } finally {
    await iterator.return?.()
  }
}
