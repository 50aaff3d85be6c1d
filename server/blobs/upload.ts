import { createHash } from 'node:crypto'
import type { BlobDocument } from '../../schema/documents.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { BlobResponse } from '../../schema/http.ts'
import type { ByteRange } from '../core/byte-range.ts'
import { Chunker } from '../core/chunker.ts'
import { type Blobs, type BlobsOptions, lastChunk, notFound, stateOf } from './blobs.ts'

export interface UploadOptions extends BlobsOptions {
  blobs: Blobs
}

export interface UploadBody {
  /** Which bytes of how many it says to hold. */
  range: ByteRange & { size: number }
  /** Asked for only when it will be read, a piece at a time and never faster than it is stored; null: it is empty. */
  open: () => ReadableStream<Uint8Array> | null
}

/**
 * Stores a part of an attachment. Every whole chunk counts as soon as it is stored, whatever becomes of the request. Two
 * uploads at the same time, at any servers, are harmless: each stores what the other has not, in the same order.
 *
 * @throws FastChatError `bad_request` when the size is another one than was announced; `blob_incomplete` when the part does
 *   not begin where a chunk does, leaves a gap, or ends too soon: ask how much is stored, and go on there; `too_large` when
 *   there are more bytes than it said; `bad_blob` when all are there and do not have the announced hash, or other ones than
 *   were stored before: then nothing is kept of them; `not_found` when it was removed meanwhile
 */
export async function upload(
  blob: BlobDocument,
  { body, options }: { body: UploadBody; options: UploadOptions },
): Promise<BlobResponse> {
  const { blobs, limits } = options
  const { range } = body
  if (range.size !== blob.size) {
    throw new FastChatError(
      'bad_request',
      `Cannot store attachment: it was announced with ${blob.size} bytes`,
    )
  }
  if (blob.complete) return stateOf(blob, blob.size)
  // Before `received`, which does not count the last chunk, the other chunks may be sent again.
  const received = await blobs.received(blob)
  if (range.from > received || range.from % limits.blobChunkBytes !== 0) {
    throw new FastChatError(
      'blob_incomplete',
      `Cannot store attachment from ${range.from} on: ${received} bytes of it are stored`,
    )
  }
  await storeBody(blob, { body, options })
  if (range.to < blob.size) return await blobs.state(blob)
  return await finish(blob, options)
}

async function storeBody(
  blob: BlobDocument,
  { body: { range, open }, options }: { body: UploadBody; options: UploadOptions },
): Promise<void> {
  const { limits, metrics, isStopping } = options
  const chunker = new Chunker(limits.blobChunkBytes)
  const last = lastChunk(blob, limits.blobChunkBytes)
  let n = range.from / limits.blobChunkBytes
  let left = range.to - range.from
  const put = async (data: Uint8Array) => {
    await putChunk(blob, { chunk: { n, data }, options })
    metrics.blobBytes({ direction: 'up', bytes: data.length })
    n += 1
  }
  let final: Uint8Array | undefined
  for await (const piece of pieces(open(), options)) {
    left -= piece.length
    if (left < 0)
      throw new FastChatError('too_large', 'Cannot store attachment: it has more bytes than announced')
    if (isStopping()) throw new FastChatError('server_stopping', 'Cannot go on: the server is stopping')
    for (const chunk of chunker.push(piece)) {
      if (n < last) await put(chunk)
      // Not before it is known that nothing comes after it.
      else final = chunk
    }
  }
  if (left > 0) throw endedEarly()
  if (range.to === blob.size) await put(final ?? chunker.rest())
}

async function putChunk(
  blob: BlobDocument,
  { chunk, options: { store, now } }: { chunk: { n: number; data: Uint8Array }; options: UploadOptions },
): Promise<void> {
  switch (await store.blobs.putChunk(blob, chunk)) {
    case 'stored':
      return
    case 'gone':
      throw await lost(blob, store)
    case 'differs':
      await store.blobs.beginAnew(blob, { attempt: nextAttempt(blob, now()) })
      throw new FastChatError('bad_blob', 'Cannot store attachment: other bytes of it were stored before')
  }
}

/** Completes it if all chunks are what was announced. */
async function finish(blob: BlobDocument, options: UploadOptions): Promise<BlobResponse> {
  const { store, now, limits } = options
  if ((await hashOf(blob, options)) !== blob.sha256) {
    const found = await store.blobs.find(blob._id)
    // Somebody else has completed it, or has just dropped what was read here.
    if (found?.complete) return stateOf(found, found.size)
    if (found?.attempt !== blob.attempt) throw await lost(blob, store)
    await store.blobs.beginAnew(blob, { attempt: nextAttempt(blob, now()) })
    throw new FastChatError(
      'bad_blob',
      'Cannot store attachment: it does not have the hash that was announced',
    )
  }
  const expiresAt = new Date(Math.round(now()) + limits.blobTtlMs)
  const isComplete = await store.blobs.complete(blob, { expiresAt, chunkBytes: limits.blobChunkBytes })
  if (!isComplete) throw await lost(blob, store)
  return stateOf({ ...blob, complete: true }, blob.size)
}

/** SHA-256 over what is stored, in base64url. */
async function hashOf(blob: BlobDocument, { store }: UploadOptions): Promise<string> {
  const hash = createHash('sha256')
  for await (const { data } of store.blobs.chunks(blob)) hash.update(data)
  return hash.digest('base64url')
}

/** What to say when bytes that were stored count no more. */
async function lost(blob: BlobDocument, store: UploadOptions['store']): Promise<FastChatError> {
  const found = await store.blobs.find(blob._id)
  if (found?.ownerId !== blob.ownerId || found.expiresAt.getTime() === 0) return notFound()
  return new FastChatError('blob_incomplete', 'Cannot store attachment: it was begun anew meanwhile')
}

function nextAttempt({ attempt }: BlobDocument, now: number): number {
  return Math.max(attempt + 1, Math.round(now))
}

/** The pieces of a body. @throws FastChatError `blob_incomplete` when it breaks off, or nothing comes for too long */
async function* pieces(
  stream: ReadableStream<Uint8Array> | null,
  { clock, limits }: Pick<UploadOptions, 'clock' | 'limits'>,
): AsyncGenerator<Uint8Array> {
  const reader = stream?.getReader()
  if (!reader) return
  try {
    for (;;) {
      let cancel: () => void = () => undefined
      const late = new Promise<never>((_, reject) => {
        cancel = clock.after(limits.blobIdleMs, () => reject(endedEarly()))
      })
      const read = reader.read()
      const { done, value } = await Promise.race([read, late]).finally(cancel)
      if (done) return
      yield value
    }
  } catch (error) {
    throw error instanceof FastChatError ? error : endedEarly()
  } finally {
    skip(reader)
  }
}

/**
 * Reads what is left and forgets it, as long as the connection lasts. To cancel it would end the connection before the
 * answer, and what nobody reads would keep it from being used for another request.
 */
function skip(reader: ReadableStreamDefaultReader<Uint8Array>): void {
  reader.read().then(
    ({ done }) => {
      if (!done) skip(reader)
    },
    () => undefined,
  )
}

function endedEarly(): FastChatError {
  return new FastChatError('blob_incomplete', 'Cannot store attachment: the request ended too soon')
}
