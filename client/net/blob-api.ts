import { FastChatError } from '../../schema/errors.ts'
import { BlobResponse, type CreateBlobRequest } from '../../schema/http.ts'
import type { BlobId } from '../../schema/ids.ts'
import { parseJson } from '../../schema/parse.ts'
import { jsonOrNothing, readBounded } from './answer.ts'
import type { Clock } from './clock.ts'
import { IdleWatch } from './idle-watch.ts'
import { remoteError } from './remote-error.ts'
import { bodyOf } from './request-body.ts'
import { httpUrl } from './urls.ts'

/** What every request about an attachment carries. */
export interface BlobCall {
  token: string
  /** Ends the request: then its reason is thrown. */
  signal?: AbortSignal
}

/** Bytes of an attachment, from `from` to before `to`, of `size` in all. */
export interface BlobPart {
  id: BlobId
  from: number
  to: number
  size: number
  body: AsyncIterable<Uint8Array>
  /** How many bytes of `body` have been handed to the network so far. */
  onSent?: (bytes: number) => void
}

/**
 * The routes of attachments at one server. Every method throws FastChatError: a code of the server's, or `unavailable` when
 * it cannot be reached, nothing moves for `idleTimeoutMs`, or the answer is something else than the protocol says.
 */
export interface BlobApi {
  create(request: CreateBlobRequest & BlobCall): Promise<BlobResponse>
  status(request: { id: BlobId } & BlobCall): Promise<BlobResponse>
  /** Also throws what `body` throws. */
  upload(request: BlobPart & BlobCall): Promise<BlobResponse>
  /**
   * The bytes from `from` on, exactly up to `size`; asked for when the first one is.
   *
   * @throws FastChatError `bad_blob` when the server's is not `size` bytes long
   */
  download(request: { id: BlobId; from: number; size: number } & BlobCall): AsyncGenerator<Uint8Array>
  received(request: { id: BlobId } & BlobCall): Promise<BlobResponse>
  remove(request: { id: BlobId } & BlobCall): Promise<BlobResponse>
}

export interface BlobApiOptions {
  clock: Clock
  /** Default 30,000. */
  idleTimeoutMs?: number
}

interface Call extends BlobCall {
  path: string
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  headers?: Record<string, string>
  body?: string | ReadableStream<Uint8Array>
}

/** An answer is a state, or an error. */
const MAX_ANSWER_BYTES = 16 * 1024

/** @param url a server's address, normalised */
export function createBlobApi(url: string, { clock, idleTimeoutMs = 30_000 }: BlobApiOptions): BlobApi {
  function watch({ signal }: BlobCall): IdleWatch {
    return new IdleWatch({ clock, idleTimeoutMs, signal })
  }

  async function send(call: Call, watching: IdleWatch): Promise<Response> {
    const { path, method, headers, body, token, signal } = call
    signal?.throwIfAborted()
    return await fetch(httpUrl(url, path), {
      method,
      headers: { accept: 'application/json', authorization: `Bearer ${token}`, ...headers },
      // A redirect could carry the token to somebody else.
      redirect: 'error',
      signal: watching.signal,
      // RFC 9110 lets an answer come before the request has ended, but fetch only takes it for what it is with this.
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    } as RequestInit)
  }

  async function stateOf(response: Response, { path }: Pick<Call, 'path'>): Promise<BlobResponse> {
    const text = await readBounded(response, MAX_ANSWER_BYTES)
    if (!response.ok) throw remoteError(response.status, jsonOrNothing(text))
    return parseJson(BlobResponse, text, { what: `answer of ${path}`, code: 'unavailable' })
  }

  function failure(error: unknown, { watching, call }: { watching: IdleWatch; call: BlobCall }): unknown {
    if (call.signal?.aborted) return call.signal.reason
    if (error instanceof FastChatError) return error
    const state = watching.isIdle ? 'nothing moves' : 'it cannot be reached'
    return new FastChatError('unavailable', `Cannot use server ${url}: ${state}`, { cause: error })
  }

  async function ask(call: Call): Promise<BlobResponse> {
    const watching = watch(call)
    try {
      return await stateOf(await send(call, watching), call)
    } catch (error) {
      throw failure(error, { watching, call })
    } finally {
      watching.stop()
    }
  }

  async function upload(part: BlobPart & BlobCall): Promise<BlobResponse> {
    const { id, from, to, size, onSent, token, signal } = part
    const watching = watch(part)
    const body = bodyOf(part.body, bytes => {
      watching.moved()
      onSent?.(bytes)
    })
    const call: Call = {
      path: `${pathOf(id)}/content`,
      method: 'PUT',
      headers: {
        'content-type': 'application/octet-stream',
        'content-range': `bytes ${from}-${to - 1}/${size}`,
      },
      body: body.stream,
      token,
      ...(signal ? { signal } : {}),
    }
    try {
      return await stateOf(await send(call, watching), call)
    } catch (error) {
      throw body.failure ?? failure(error, { watching, call })
    } finally {
      watching.stop()
      await body.end()
    }
  }

  async function* download(
    request: { id: BlobId; from: number; size: number } & BlobCall,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { id, from, size, token, signal } = request
    const watching = watch(request)
    const call: Call = {
      path: `${pathOf(id)}/content`,
      method: 'GET',
      headers: {
        accept: 'application/octet-stream, application/json',
        // What is encrypted does not get shorter; and what was packed on the way could not be gone on with.
        'accept-encoding': 'identity',
        ...(from > 0 ? { range: `bytes=${from}-` } : {}),
      },
      token,
      ...(signal ? { signal } : {}),
    }
    try {
      const response = await send(call, watching)
      if (!response.ok) {
        if (response.status === 416) throw otherSize()
        throw remoteError(response.status, jsonOrNothing(await readBounded(response, MAX_ANSWER_BYTES)))
      }
      yield* bytesOf(response, { from: beginOf(response, { from, size }), wanted: from, size, watching })
    } catch (error) {
      throw failure(error, { watching, call })
    } finally {
      watching.stop()
    }
  }

  return {
    create: ({ token, signal, ...body }) =>
      ask({
        path: '/v1/blobs',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        token,
        ...(signal ? { signal } : {}),
      }),
    status: ({ id, ...call }) => ask({ ...call, path: pathOf(id), method: 'GET' }),
    upload,
    download,
    received: ({ id, ...call }) => ask({ ...call, path: `${pathOf(id)}/received`, method: 'POST' }),
    remove: ({ id, ...call }) => ask({ ...call, path: pathOf(id), method: 'DELETE' }),
  }
}

function pathOf(id: BlobId): string {
  return `/v1/blobs/${encodeURIComponent(id)}`
}

/** Where the bytes of an answer begin: a server need not know `Range` (RFC 9110 section 14.2). */
function beginOf(response: Response, { from, size }: { from: number; size: number }): number {
  if (response.status !== 206) {
    const length = response.headers.get('content-length')
    if (length !== null && Number(length) !== size) throw otherSize()
    return 0
  }
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('content-range') ?? '')
  if (Number(range?.[1]) !== from) {
    throw new FastChatError('unavailable', 'Cannot read attachment: other bytes came than were asked for')
  }
  if (Number(range?.[3]) !== size) throw otherSize()
  return from
}

/** The bytes from `wanted` on of an answer that begins at `from`. */
async function* bytesOf(
  response: Response,
  { from, wanted, size, watching }: { from: number; wanted: number; size: number; watching: IdleWatch },
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = from
  for await (const chunk of response.body ?? []) {
    at += chunk.byteLength
    // Leaving the loop cancels the stream.
    if (at > size) throw otherSize()
    watching.pause()
    if (at > wanted) yield chunk.subarray(Math.max(0, chunk.byteLength - (at - wanted)))
    watching.moved()
  }
  if (at < size) {
    throw new FastChatError(
      'unavailable',
      `Cannot read attachment: it broke off after ${at} of ${size} bytes`,
    )
  }
}

function otherSize(): FastChatError {
  return new FastChatError('bad_blob', 'Cannot read attachment: it has another size than its message says')
}
