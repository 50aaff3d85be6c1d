import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuidV7 } from 'uuid'
import { BlobResponse, type CreateBlobRequest } from '../../schema/http.ts'
import type { Recipient } from '../../schema/ids.ts'
import { parse } from '../../schema/parse.ts'
import type { TestDevice } from './person.ts'
import { type Answer, ask, tokenFor } from './test-client.ts'
import type { TestServer } from './test-server.ts'

/** An attachment of noise: a server cannot tell. */
export interface TestBlob {
  bytes: Uint8Array<ArrayBuffer>
  request: CreateBlobRequest
}

export function makeTestBlob(to: Recipient, size: number): TestBlob {
  const bytes = new Uint8Array(randomBytes(size))
  const sha256 = createHash('sha256').update(bytes).digest('base64url')
  return { bytes, request: { id: uuidV7(), to, size, sha256 } }
}

export const forBob = (size: number) => makeTestBlob({ user: 'bob' }, size)

export async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer())
}

export const contentRange = (from: number, to: number, size: number) => `bytes ${from}-${to - 1}/${size}`

export function stateIn({ status, body }: Answer, expected = 200): BlobResponse {
  if (status !== expected) throw new Error(`expected ${expected}, got ${status}: ${JSON.stringify(body)}`)
  return parse(BlobResponse, body, { what: 'answer' })
}

export const codeIn = ({ status, body }: Answer): [number, string | undefined] => [
  status,
  (body as { error?: { code: string } }).error?.code,
]

/** A device at a server, over real HTTP. */
export class BlobClient {
  readonly #server: Pick<TestServer, 'url' | 'serverId'>
  readonly #token: string

  private constructor(server: Pick<TestServer, 'url' | 'serverId'>, token: string) {
    this.#server = server
    this.#token = token
  }

  static async of(device: TestDevice, server: Pick<TestServer, 'url' | 'serverId'>): Promise<BlobClient> {
    return new BlobClient(server, await tokenFor(server, device))
  }

  ask(path: string, { body, method }: { body?: unknown; method?: string } = {}): Promise<Answer> {
    const request = { path: `/v1/blobs${path}`, token: this.#token }
    return ask(this.#server, {
      ...request,
      ...(body === undefined ? {} : { body }),
      ...(method ? { method } : {}),
    })
  }

  create({ request }: TestBlob): Promise<Answer> {
    return this.ask('', { body: request })
  }

  /** Uploads from a byte on, or only up to another one; `body` is sent in the place of what it should be. */
  async put(
    { bytes, request: { id, size } }: TestBlob,
    {
      from = 0,
      to = size,
      body = bytes.slice(from, to),
      range = contentRange(from, to, size),
      signal,
    }: {
      from?: number
      to?: number
      body?: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
      range?: string
      signal?: AbortSignal
    } = {},
  ): Promise<Answer> {
    const response = await fetch(this.#url(`/${id}/content`), {
      method: 'PUT',
      headers: { ...this.#headers(), 'content-range': range },
      body,
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
      ...(signal ? { signal } : {}),
    } as RequestInit)
    return { status: response.status, body: JSON.parse(await response.text()) }
  }

  get({ request: { id } }: TestBlob, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.#url(`/${id}/content`), { headers: { ...this.#headers(), ...headers } })
  }

  received({ request: { id } }: TestBlob): Promise<Answer> {
    return this.ask(`/${id}/received`, { method: 'POST' })
  }

  state({ request: { id } }: TestBlob): Promise<Answer> {
    return this.ask(`/${id}`)
  }

  remove({ request: { id } }: TestBlob): Promise<Answer> {
    return this.ask(`/${id}`, { method: 'DELETE' })
  }

  #url(path: string): string {
    return `${this.#server.url.replace(/^ws/, 'http')}/v1/blobs${path}`
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#token}` }
  }
}

/** Sends what it is told to, and then nothing until it is told more. */
export function slowBody(): {
  stream: ReadableStream<Uint8Array>
  send(bytes: Uint8Array): void
  end(): void
} {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const stream = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given
    },
  })
  return { stream, send: bytes => controller?.enqueue(bytes), end: () => controller?.close() }
}
