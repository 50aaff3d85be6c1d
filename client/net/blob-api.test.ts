import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { type BlobApi, createBlobApi } from './blob-api.ts'
import { createTestClock, type TestClock } from './test-clock.fixture.ts'

// Long because one small server after the other answers as none should.

const test = suite('blob api')
const SECRET = 'secret-token'
const ID = '01890000-0000-7000-8000-000000000001'
const HASH = 'A'.repeat(43)
const state = (received: number, complete = false) =>
  JSON.stringify({ id: ID, size: 1000, received, complete })

interface Exchange {
  request: IncomingMessage
  body: () => number
}

async function withServer(
  listener: RequestListener,
  play: (api: BlobApi, exchanges: Exchange[], clock: TestClock) => Promise<void>,
): Promise<void> {
  const exchanges: Exchange[] = []
  const server = createServer((request, response) => {
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    exchanges.push({ request, body: () => bytes })
    listener(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const clock = createTestClock()
  try {
    await play(createBlobApi(`ws://127.0.0.1:${port}`, { clock }), exchanges, clock)
  } finally {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => assert.unreachable('nothing was thrown') as never,
    (error: Error) => {
      assert.not.match(String(error.stack), SECRET)
      return error instanceof FastChatError ? error.code : error.message
    },
  )
}

/** So many pieces of 100 bytes, and whether the source was let go. */
function source(pieces: number, { fails = false, stallsAt = pieces + 1 } = {}) {
  const seen = { isLetGo: false, given: 0 }
  async function* give(): AsyncGenerator<Uint8Array> {
    try {
      for (let n = 0; n < pieces; n++) {
        if (n === stallsAt) await new Promise<undefined>(resolve => resumes.push(resolve))
        seen.given++
        yield new Uint8Array(100).fill(n)
      }
      if (fails) throw new FastChatError('file_unusable', 'Cannot read file: it is gone')
    } finally {
      seen.isLetGo = true
    }
  }
  const resumes: ((value?: undefined) => void)[] = []
  const resume = () => {
    for (const go of resumes) go()
  }
  return { body: give(), seen, resume }
}

const part = (body: AsyncIterable<Uint8Array>) => ({
  id: ID,
  from: 0,
  to: 1000,
  size: 1000,
  body,
  token: SECRET,
})
const whole = { id: ID, from: 0, size: 1000, token: SECRET }

async function all(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const atEnd = (answer: (response: ServerResponse) => void): RequestListener => {
  return (request, response) => void request.on('end', () => answer(response))
}

test('every route is asked as the protocol says, the token in `Authorization` only', () =>
  withServer(
    atEnd(response => response.end(state(0))),
    async (api, exchanges) => {
      const call = { id: ID, token: SECRET }
      await api.create({ ...call, to: { user: 'bob' }, size: 1000, sha256: HASH })
      await api.status(call)
      await api.received(call)
      await api.remove(call)
      assert.equal(
        exchanges.map(({ request }) => `${request.method} ${request.url}`),
        ['POST /v1/blobs', `GET /v1/blobs/${ID}`, `POST /v1/blobs/${ID}/received`, `DELETE /v1/blobs/${ID}`],
      )
      for (const { request } of exchanges) assert.is(request.headers.authorization, `Bearer ${SECRET}`)
    },
  ))

test('`upload()` streams its bytes with their range, and tells of those that went out', () =>
  withServer(
    atEnd(response => response.end(state(1000, true))),
    async (api, exchanges) => {
      const { body, seen } = source(7)
      const sent: number[] = []
      const answer = await api.upload({ ...part(body), from: 300, onSent: bytes => sent.push(bytes) })
      assert.is(answer.complete, true)
      assert.is(exchanges[0]?.request.headers['content-range'], 'bytes 300-999/1000')
      assert.is(exchanges[0]?.body(), 700)
      assert.equal(sent, [100, 200, 300, 400, 500, 600, 700])
      assert.ok(seen.isLetGo)
    },
  ))

test('`upload()` throws what its source throws', () =>
  withServer(
    () => undefined,
    async api => {
      assert.is(await codeOf(api.upload(part(source(3, { fails: true }).body))), 'file_unusable')
    },
  ))

test('`upload()` throws what the server refuses with, before or after the last byte, and lets the source go', () =>
  withServer(
    (request, response) => {
      response.statusCode = 413
      const body = '{"error":{"code":"quota_exceeded","message":"Cannot take attachment"}}'
      if (request.headers['content-range']?.startsWith('bytes 0-')) response.end(body)
      else request.on('end', () => response.end(body))
    },
    async api => {
      const early = source(10_000)
      assert.is(await codeOf(api.upload(part(early.body))), 'quota_exceeded')
      const late = source(5)
      assert.is(await codeOf(api.upload({ ...part(late.body), from: 500 })), 'quota_exceeded')
      assert.ok(early.seen.isLetGo && late.seen.isLetGo)
    },
  ))

test('a connection that is lost in mid-upload is `unavailable`', () =>
  withServer(
    request => void request.once('data', () => request.socket.destroy()),
    async api => {
      const { body, seen } = source(100_000)
      assert.is(await codeOf(api.upload(part(body))), 'unavailable')
      assert.ok(seen.isLetGo && seen.given < 100_000)
    },
  ))

test('an upload that does not move, or is not answered, is given up', () =>
  withServer(
    () => undefined,
    async (api, exchanges, clock) => {
      const unanswered = codeOf(api.upload(part(source(10).body)))
      await waitFor(() => exchanges[0]?.body() === 1000, { what: 'all of the upload' })
      clock.advance(29_999)
      clock.advance(1)
      assert.is(await unanswered, 'unavailable')
      const stalled = source(10, { stallsAt: 5 })
      const code = codeOf(api.upload(part(stalled.body)))
      await waitFor(() => exchanges[1]?.body() === 500, { what: 'half of the upload' })
      clock.advance(30_000)
      stalled.resume()
      assert.is(await code, 'unavailable')
      assert.ok(stalled.seen.isLetGo)
    },
  ))

test('an upload that moves may take as long as it likes', () =>
  withServer(
    atEnd(response => response.end(state(1000, true))),
    async (api, exchanges, clock) => {
      const slow = source(10)
      async function* body() {
        for await (const piece of slow.body) {
          clock.advance(29_000)
          yield piece
        }
      }
      assert.is((await api.upload(part(body()))).complete, true)
      assert.is(exchanges.length, 1)
    },
  ))

test('a request that its caller gives up throws the reason', () =>
  withServer(
    (_, response) => {
      response.setHeader('content-length', 1000)
      response.write('x')
    },
    async (api, exchanges) => {
      const controller = new AbortController()
      const { signal } = controller
      const calls = [
        api.upload({ ...part(source(10_000, { stallsAt: 50 }).body), signal }),
        all(api.download({ ...whole, signal })),
        api.status({ id: ID, token: SECRET, signal }),
      ]
      const codes = calls.slice(1).map(codeOf)
      await waitFor(() => exchanges.length === 3, { what: 'all requests' })
      controller.abort(new Error('enough'))
      assert.equal(await Promise.all(codes), ['enough', 'enough'])
      assert.is(await codeOf(api.status({ id: ID, token: SECRET, signal })), 'enough')
      assert.is(exchanges.length, 3)
    },
  ))

test('`download()` gives the bytes from `from` on, also of a server that does not know `Range`', () =>
  withServer(
    (request, response) => {
      const bytes = Buffer.from(Array.from({ length: 1000 }, (_, n) => n % 251))
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1])
      if (from !== 400) return void response.end(bytes)
      response.statusCode = 206
      response.setHeader('content-range', 'bytes 400-999/1000')
      response.end(bytes.subarray(400))
    },
    async (api, exchanges) => {
      const bytes = await all(api.download(whole))
      assert.is(bytes.length, 1000)
      assert.is(exchanges[0]?.request.headers.range, undefined)
      for (const from of [400, 1, 999]) {
        assert.ok((await all(api.download({ ...whole, from }))).equals(bytes.subarray(from)), String(from))
      }
    },
  ))

const downloads: [title: string, from: number, listener: RequestListener, code: string][] = [
  ['another size', 0, (_, response) => response.end('x'.repeat(999)), 'bad_blob'],
  [
    'another size in its range',
    10,
    (_, response) => {
      response.statusCode = 206
      response.setHeader('content-range', 'bytes 10-98/99')
      response.end('x'.repeat(89))
    },
    'bad_blob',
  ],
  [
    'no bytes there',
    10,
    (_, response) => {
      response.statusCode = 416
      response.end('{"error":{"code":"bad_request","message":"Cannot give"}}')
    },
    'bad_blob',
  ],
  [
    'bytes without end',
    0,
    (_, response) => {
      const more = () => {
        while (response.write('x'.repeat(10_000)));
      }
      response.on('drain', more)
      more()
    },
    'bad_blob',
  ],
  [
    'other bytes than were asked for',
    10,
    (_, response) => {
      response.statusCode = 206
      response.setHeader('content-range', 'bytes 0-989/1000')
      response.end('x'.repeat(990))
    },
    'unavailable',
  ],
  [
    'an end that comes too soon',
    0,
    (_, response) => {
      response.write('x')
      response.end()
    },
    'unavailable',
  ],
  [
    'a lost connection',
    0,
    (_, response) => {
      response.setHeader('content-length', 1000)
      response.write('x', () => response.destroy())
    },
    'unavailable',
  ],
  [
    'silence',
    0,
    (_, response) => {
      response.setHeader('content-length', 1000)
      response.write('x')
    },
    'unavailable',
  ],
  [
    'a refusal',
    0,
    (_, response) => {
      response.statusCode = 404
      response.end('{"error":{"code":"not_found","message":"Cannot find"}}')
    },
    'not_found',
  ],
  [
    'a redirect',
    0,
    (request, response) => {
      if (request.url === '/elsewhere') return void response.end('x'.repeat(1000))
      response.statusCode = 307
      response.setHeader('location', '/elsewhere')
      response.end()
    },
    'unavailable',
  ],
]
for (const [title, from, listener, code] of downloads) {
  test(`\`download()\` throws ${code} for ${title}`, () =>
    withServer(listener, async (api, exchanges, clock) => {
      const thrown = codeOf(all(api.download({ ...whole, from })))
      if (title === 'silence') {
        await waitFor(() => exchanges.length === 1, { what: 'the request' })
        clock.advance(30_000)
      }
      assert.is(await thrown, code)
      assert.is(clock.waiting, 0)
      assert.is(exchanges.length, 1)
    }))
}

test('a reader who takes their time is not silence, and one who goes ends the request', () =>
  withServer(
    (_, response) => {
      response.setHeader('content-length', 1000)
      response.write('x'.repeat(500))
    },
    async (api, exchanges, clock) => {
      const bytes = api.download(whole)
      assert.is((await bytes.next()).value?.length, 500)
      clock.advance(3_600_000)
      assert.not.ok(exchanges[0]?.request.socket.destroyed)
      await bytes.return(undefined)
      await waitFor(() => exchanges[0]?.request.socket.destroyed, { what: 'the request to end' })
    },
  ))

test('an answer that is no state, or without end, is `unavailable`', async () => {
  for (const text of ['{"id":"x"}', '<html>', `${' '.repeat(20_000)}${state(0)}`]) {
    await withServer(
      (_, response) => response.end(text),
      async api => assert.is(await codeOf(api.status({ id: ID, token: SECRET })), 'unavailable'),
    )
  }
})

test('a server that is not there is `unavailable`', async () => {
  const api = createBlobApi('ws://127.0.0.1:1', { clock: createTestClock() })
  assert.is(await codeOf(api.status({ id: ID, token: SECRET })), 'unavailable')
  assert.is(await codeOf(all(api.download(whole))), 'unavailable')
  const { body, seen } = source(3)
  assert.is(await codeOf(api.upload(part(body))), 'unavailable')
  assert.ok(seen.isLetGo || seen.given === 0)
})

test.run()
