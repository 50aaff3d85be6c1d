import type { BlobDocument } from '../../schema/documents.ts'
import type { BlobId, DeviceId, UserId } from '../../schema/ids.ts'

/** An attachment in one attempt at its bytes: what is stored under an earlier one counts for nothing. */
export type BlobAttempt = Pick<BlobDocument, '_id' | 'attempt'>

/** A piece of an attachment: bytes from `n` times the size of a chunk on. */
export interface BlobChunk {
  n: number
  data: Uint8Array
}

/** `differs`: other bytes are there; `gone`: the attachment is no more, or its bytes were dropped meanwhile. */
export type PutChunkResult = 'stored' | 'differs' | 'gone'

/**
 * Attachments and their bytes. Errors are those of `Store`. Chunks never change: they are inserted, in their order, and
 * deleted. Bytes are deleted only under an attempt that cannot be completed any more, so what is complete stays whole
 * whatever other servers do at the same time.
 */
export interface BlobStore {
  /** False when the id is there. */
  create(blob: BlobDocument): Promise<boolean>
  find(id: BlobId): Promise<BlobDocument | null>
  /** What is kept of an account that has not expired at `at`; bytes are those announced. */
  usage(ownerId: UserId, options: { at: Date }): Promise<{ blobs: number; bytes: number }>
  /** How many chunks are stored, from the first on. */
  countChunks(blob: BlobAttempt): Promise<number>
  /** Stores a chunk, when the one before it is; again without harm. */
  putChunk(blob: BlobAttempt, chunk: BlobChunk): Promise<PutChunkResult>
  /** The chunks that are stored, in their order, a few at a time. */
  chunks(blob: BlobAttempt): AsyncIterable<BlobChunk>
  /** The bytes were looked at and are right: it can be read until `expiresAt`. False when it is gone, or begun anew. */
  complete(blob: BlobDocument, options: { expiresAt: Date; chunkBytes: number }): Promise<boolean>
  /** Drops the bytes of what is not complete; from then on they are stored under `attempt`. */
  beginAnew(blob: BlobAttempt, options: { attempt: number }): Promise<void>
  /** The bytes of what is complete, `from` to before `to`, a few at a time. */
  read(id: BlobId, range: { from: number; to: number }): AsyncIterable<Uint8Array>
  /** Takes a device out, and removes what is complete and nobody waits for any more. */
  receivedBy(id: BlobId, deviceId: DeviceId): Promise<void>
  /** Takes a device out of everything, and removes what nobody waits for any more. */
  removeDevice(deviceId: DeviceId): Promise<void>
  remove(id: BlobId): Promise<void>
  /** Removes what has expired at `at`, at most `limit` at a time; gives how many. */
  removeExpired(options: { at: Date; limit: number }): Promise<number>
  /**
   * Removes bytes that belong to nothing: a server that was killed leaves them behind.
   *
   * @param options `after`: the id behind which it looks, at `limit` of them
   * @returns where to go on; empty at the end
   */
  removeOrphans(options: { after: BlobId | ''; limit: number }): Promise<BlobId | ''>
}
