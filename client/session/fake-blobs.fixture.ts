import { createHash } from 'node:crypto'
import { FastChatError } from '../../schema/errors.ts'
import type { BlobResponse, CreateBlobRequest } from '../../schema/http.ts'
import type { BlobId, UserId } from '../../schema/ids.ts'
import type { BlobApi } from '../net/blob-api.ts'

interface FakeBlob {
  request: CreateBlobRequest
  owner: UserId
  bytes: Buffer
  received: UserId[]
}

/** Attachments at the fake server: they may break off, be refused, or come damaged. */
export class FakeBlobs {
  readonly blobs = new Map<BlobId, FakeBlob>()
  /** What an announcement is refused with. */
  onCreate: (request: CreateBlobRequest) => FastChatError | undefined = () => undefined
  /** After so many bytes the next transfers break off; each takes one. */
  breaks: number[] = []
  onDownload: (bytes: Buffer) => Buffer = bytes => bytes

  api({
    ownerOf,
    isUp,
    url,
  }: {
    ownerOf: (token: string) => UserId
    isUp: () => boolean
    url: string
  }): BlobApi {
    const check = () => {
      if (!isUp()) throw new FastChatError('unavailable', `Cannot use server ${url}: it is down`)
    }
    const find = (id: BlobId) => {
      check()
      const blob = this.blobs.get(id)
      if (!blob) throw new FastChatError('not_found', 'Cannot find attachment: there is none')
      return blob
    }
    return {
      create: async ({ token, ...request }) => {
        check()
        const refusal = this.onCreate(request)
        if (refusal) throw refusal
        const known = this.blobs.get(request.id)
        const blob = known ?? { request, owner: ownerOf(token), bytes: Buffer.alloc(0), received: [] }
        this.blobs.set(request.id, blob)
        return stateOf(blob)
      },
      status: async ({ id }) => stateOf(find(id)),
      upload: async ({ id, from, body, onSent }) => {
        const blob = find(id)
        let left = this.breaks.shift() ?? Number.POSITIVE_INFINITY
        let sent = 0
        const parts = [blob.bytes.subarray(0, from)]
        for await (const bytes of body) {
          const taken = bytes.subarray(0, Math.max(0, left))
          parts.push(Buffer.from(taken))
          sent += taken.length
          onSent?.(sent)
          left -= bytes.length
          if (left < 0) break
        }
        blob.bytes = Buffer.concat(parts)
        if (left < 0) throw new FastChatError('unavailable', 'Cannot use server: the transfer broke off')
        return stateOf(blob)
      },
      download: ({ id, from }) => {
        const blob = find(id)
        if (!stateOf(blob).complete)
          throw new FastChatError('blob_incomplete', 'Cannot give attachment: not whole')
        const limit = this.breaks.shift() ?? Number.POSITIVE_INFINITY
        const bytes = this.onDownload(blob.bytes).subarray(from)
        return (async function* () {
          yield bytes.subarray(0, Math.min(limit, bytes.length))
          if (limit < bytes.length)
            throw new FastChatError('unavailable', 'Cannot use server: the transfer broke off')
        })()
      },
      received: async ({ id, token }) => {
        const blob = find(id)
        blob.received.push(ownerOf(token))
        return stateOf(blob)
      },
      remove: async ({ id }) => {
        const blob = find(id)
        this.blobs.delete(id)
        return stateOf(blob)
      },
    }
  }
}

function stateOf({ request: { id, size, sha256 }, bytes }: FakeBlob): BlobResponse {
  const isRight = createHash('sha256').update(bytes).digest('base64url') === sha256
  return { id, size, received: bytes.length, complete: bytes.length === size && isRight }
}
