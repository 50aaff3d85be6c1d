import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FastChatError } from '../../schema/errors.ts'
import { type Api, createApi } from './api.ts'

const test = suite('api')
const SECRET = 'secret-token'

async function withServer(
  listener: RequestListener,
  play: (api: Api, requests: IncomingMessage[]) => Promise<void>,
): Promise<void> {
  const requests: IncomingMessage[] = []
  const server: Server = createServer((request, response) => {
    requests.push(request)
    listener(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    await play(createApi(`ws://127.0.0.1:${port}`, { timeoutMs: 300, maxAnswerBytes: 2_000 }), requests)
  } finally {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
}

async function errorOf(promise: Promise<unknown>): Promise<FastChatError> {
  return await promise.then(
    () => assert.unreachable('nothing was thrown') as never,
    (error: FastChatError) => error,
  )
}

const uploads = (api: Api) => api.uploadPrekeys({ token: SECRET, oneTimePrekeys: [] })

test('a request carries its token in `Authorization` only, and its answer is validated', () =>
  withServer(
    (_, response) => response.end(JSON.stringify({ left: 3, newer: true })),
    async (api, requests) => {
      assert.equal(await uploads(api), { left: 3 })
      assert.is(requests[0]?.headers.authorization, `Bearer ${SECRET}`)
      assert.is(requests[0]?.url, '/v1/prekeys')
    },
  ))

test('`revokeDevice()` is a DELETE without a body', () =>
  withServer(
    (_, response) => response.end(JSON.stringify({ deviceId: '01a20a5c-0101-7abc-8def-0123456789ab' })),
    async (api, requests) => {
      const deviceId = '01a20a5c-0101-7abc-8def-0123456789ab'
      assert.equal(await api.revokeDevice({ deviceId, token: SECRET }), { deviceId })
      assert.is(`${requests[0]?.method} ${requests[0]?.url}`, `DELETE /v1/devices/${deviceId}`)
      assert.is(requests[0]?.headers['content-type'], undefined)
    },
  ))

const answers: [title: string, listener: RequestListener, code: string][] = [
  [
    'an error of the protocol is thrown by its code',
    (_, response) => {
      response.statusCode = 409
      response.end(JSON.stringify({ error: { code: 'device_limit', message: 'Cannot add\u001b[2J: full' } }))
    },
    'device_limit',
  ],
  [
    'a code that only this machine may say is mapped by its status',
    (_, response) => {
      response.statusCode = 400
      response.end(JSON.stringify({ error: { code: 'home_unsafe', message: 'no' } }))
    },
    'bad_request',
  ],
  [
    'an unknown code of a server in trouble is `unavailable`',
    (_, response) => {
      response.statusCode = 500
      response.end(JSON.stringify({ error: { code: 'newer', message: 'no' } }))
    },
    'unavailable',
  ],
  [
    'an answer that is no JSON is `unavailable`',
    (_, response) => response.end('<html>captive portal</html>'),
    'unavailable',
  ],
  [
    'an answer that is not what the protocol says is `unavailable`',
    (_, response) => response.end('{"left":-1}'),
    'unavailable',
  ],
  ['an answer without end is cut', (_, response) => response.end('x'.repeat(5_000)), 'unavailable'],
  ['a server that does not answer is given up', () => undefined, 'unavailable'],
  [
    'a redirect is not followed: it could carry the token elsewhere',
    (request, response) => {
      if (request.url === '/elsewhere') return void response.end('{"left":1}')
      response.statusCode = 307
      response.setHeader('location', '/elsewhere')
      response.end()
    },
    'unavailable',
  ],
]

for (const [title, listener, code] of answers) {
  test(title, () =>
    withServer(listener, async (api, requests) => {
      const error = await errorOf(uploads(api))
      assert.is(error.code, code)
      assert.not.match(error.message, SECRET)
      assert.not.match(error.message, '\u001b')
      assert.is(requests.length, 1)
    }),
  )
}

test('a server that is not there is `unavailable`', async () => {
  assert.is((await errorOf(uploads(createApi('ws://127.0.0.1:1')))).code, 'unavailable')
})

test.run()
