import type * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import { BlobResponse, type CreateBlobRequest } from '../../schema/http.ts'
import type { BlobId } from '../../schema/ids.ts'
import { parseJson } from '../../schema/parse.ts'
import { remoteError } from './remote-error.ts'
import { httpUrl } from './urls.ts'

/** Attachments at one server. Every method throws FastChatError as those of `Api` do. */
export interface BlobApi {
  create(request: CreateBlobRequest & { token: string }): Promise<BlobResponse>
  status(request: BlobRequest): Promise<BlobResponse>
  /** Sends the bytes from `from` on; what was stored when it breaks off `status` tells. */
  upload(request: UploadRequest): Promise<BlobResponse>
  /** The bytes from `from` on. The stream throws `unavailable` when it breaks off. */
  download(request: BlobRequest & { from: number; signal: AbortSignal }): Promise<AsyncIterable<Uint8Array>>
  /** This device has all of it. */
  received(request: BlobRequest): Promise<void>
  /** By its owner: nobody needs it any more. */
  remove(request: BlobRequest): Promise<void>
}

export interface BlobRequest {
  id: BlobId
  token: string
}

export interface UploadRequest extends BlobRequest {
  from: number
  /** Of the whole, bytes. */
  size: number
  body: AsyncIterable<Uint8Array>
  /** Told of each portion that was handed over: how many bytes are on their way, or further, all together. */
  onProgress: (done: number) => void
  signal: AbortSignal
}

/** Silence of so long ends a transfer; as long as bytes move it may take any time. */
const IDLE_MS = 30_000
const MAX_ANSWER_CHARS = 4096

/** @param url a server's address, normalised */
export function createBlobApi(url: string, { idleMs = IDLE_MS }: { idleMs?: number } = {}): BlobApi {
  async function ask(
    path: string,
    { token, ...request }: { token: string; method: string; body?: string },
  ): Promise<BlobResponse> {
    const idle = createIdle(idleMs)
    const headers = { ...authorized(token), 'content-type': 'application/json' }
    return await answer(
      () => fetch(httpUrl(url, path), { ...common, ...request, headers, signal: idle.signal }),
      idle,
    )
  }

  async function answer(send: () => Promise<Response>, idle: Idle): Promise<BlobResponse> {
    try {
      const response = await send()
      return read(BlobResponse, response.status, await bounded(response))
    } catch (error) {
      throw broken(url, error)
    } finally {
      idle.stop()
    }
  }

  return {
    create: ({ token, ...body }) => ask('/v1/blobs', { token, method: 'POST', body: JSON.stringify(body) }),
    status: ({ id, token }) => ask(pathOf(id), { token, method: 'GET' }),
    async received({ id, token }) {
      await ask(`${pathOf(id)}/received`, { token, method: 'POST' })
    },
    async remove({ id, token }) {
      await ask(pathOf(id), { token, method: 'DELETE' })
    },
    async upload({ id, token, from, size, body, onProgress, signal }) {
      const idle = createIdle(idleMs, signal)
      const headers = {
        ...authorized(token),
        'content-type': 'application/octet-stream',
        'content-range': `bytes ${from}-${size - 1}/${size}`,
      }
      const stream = streamOf(body, length => {
        idle.touch()
        onProgress(length)
      })
      const request = { ...common, method: 'PUT', headers, body: stream, duplex: 'half', signal: idle.signal }
      return await answer(() => fetch(httpUrl(url, `${pathOf(id)}/content`), request as RequestInit), idle)
    },
    async download({ id, token, from, signal }) {
      const idle = createIdle(idleMs, signal)
      const headers = { ...authorized(token), range: `bytes=${from}-` }
      try {
        const response = await fetch(httpUrl(url, `${pathOf(id)}/content`), {
          ...common,
          headers,
          signal: idle.signal,
        })
        const isWhole = response.status === 206 || (response.status === 200 && from === 0)
        if (!isWhole || !response.body) {
          const text = await bounded(response)
          idle.stop()
          if (response.status < 300) throw notAsked(url)
          throw remoteError(response.status, jsonOrNothing(text))
        }
        return bytesOf(response.body, { idle, url })
      } catch (error) {
        idle.stop()
        throw broken(url, error)
      }
    },
  }
}

/** A redirect could carry the token to somebody else. */
const common = { redirect: 'error' } as const

const authorized = (token: string) => ({ authorization: `Bearer ${token}`, accept: 'application/json' })

const pathOf = (id: BlobId) => `/v1/blobs/${encodeURIComponent(id)}`

/** Ends what is silent for too long. */
interface Idle {
  signal: AbortSignal
  touch(): void
  stop(): void
}

function createIdle(idleMs: number, outer?: AbortSignal): Idle {
  const controller = new AbortController()
  const abort = () => controller.abort()
  let timer = setTimeout(abort, idleMs)
  outer?.addEventListener('abort', abort)
  if (outer?.aborted) abort()
  return {
    signal: controller.signal,
    touch() {
      clearTimeout(timer)
      timer = setTimeout(abort, idleMs)
    },
    stop() {
      clearTimeout(timer)
      outer?.removeEventListener('abort', abort)
    },
  }
}

function streamOf(
  body: AsyncIterable<Uint8Array>,
  onPull: (length: number) => void,
): ReadableStream<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next()
        if (done) return controller.close()
        onPull(value.length)
        controller.enqueue(value)
      },
      async cancel() {
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

async function* bytesOf(
  body: ReadableStream<Uint8Array>,
  { idle, url }: { idle: Idle; url: string },
): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of body) {
      idle.touch()
      yield bytes
    }
  } catch (error) {
    throw broken(url, error)
  } finally {
    idle.stop()
  }
}

function read<const S extends v.GenericSchema>(schema: S, status: number, text: string): v.InferOutput<S> {
  if (status < 200 || status > 299) throw remoteError(status, jsonOrNothing(text))
  return parseJson(schema, text, { what: 'answer of /v1/blobs', code: 'unavailable' })
}

async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  if (!response.body) return text
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > MAX_ANSWER_CHARS)
      throw new FastChatError('unavailable', 'Cannot read answer: it is too long')
  }
  return text + decoder.decode()
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function notAsked(url: string): FastChatError {
  return new FastChatError('unavailable', `Cannot use server ${url}: it sent another part than was asked for`)
}

function broken(url: string, error: unknown): FastChatError {
  if (error instanceof FastChatError) return error
  return new FastChatError('unavailable', `Cannot use server ${url}: the transfer broke off`, {
    cause: error,
  })
}
