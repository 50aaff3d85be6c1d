import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type WebSocket, WebSocketServer } from 'ws'
import type { FastChatError } from '../../schema/errors.ts'
import type { ServerFrame } from '../../schema/frames.ts'
import { limits } from '../../schema/limits.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { systemClock } from './clock.ts'
import { openSocket, type SocketOptions } from './socket.ts'

const test = suite('socket')

interface Peer {
  url: string
  server: Server
  sockets: WebSocket[]
  requests: IncomingMessage[]
}

async function withPeer(
  play: (peer: Peer) => Promise<void>,
  options: { autoPong?: boolean; refuse?: string } = {},
): Promise<void> {
  const server = createServer()
  const wss = new WebSocketServer({ noServer: true, autoPong: options.autoPong ?? true })
  const peer: Peer = { url: '', server, sockets: [], requests: [] }
  server.on('upgrade', (request, socket, head) => {
    peer.requests.push(request)
    if (options.refuse) return void socket.end(options.refuse)
    wss.handleUpgrade(request, socket, head, opened => peer.sockets.push(opened))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  peer.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    await play(peer)
  } finally {
    for (const socket of peer.sockets) socket.terminate()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
}

function record(peer: Peer, options: Partial<SocketOptions> = {}) {
  const frames: ServerFrame[] = []
  const closes: number[] = []
  const latencies: number[] = []
  const opening = openSocket({
    url: peer.url,
    token: 'the-token',
    clock: systemClock,
    handlers: {
      onFrame: frame => frames.push(frame),
      onClose: ({ code }) => closes.push(code),
      onLatency: ms => latencies.push(ms),
    },
    ...options,
  })
  return { frames, closes, latencies, opening }
}

test('`openSocket()` shows its token in `Authorization`, not in the URL, and asks for no compression', () =>
  withPeer(async peer => {
    const { opening, closes } = record(peer)
    const socket = await opening
    const [request] = peer.requests
    assert.is(request?.headers.authorization, 'Bearer the-token')
    assert.is(request?.url, '/v1/socket')
    assert.is(request?.headers['sec-websocket-extensions'], undefined)
    socket.close()
    await waitFor(() => closes.length === 1, { what: 'the close' })
    assert.equal(closes, [1000])
    socket.send({ t: 'ack', ids: ['01890000-0000-7000-8000-000000000001'] })
  }))

test('frames go both ways; what is not known, not valid or not text is left alone', () =>
  withPeer(async peer => {
    const { opening, frames, closes } = record(peer)
    const socket = await opening
    const [other] = peer.sockets
    const received: string[] = []
    other?.on('message', data => received.push(data.toString()))
    for (const text of [
      '{"t":"newer"}',
      '{"t":"constructor"}',
      '{"t":"prekeys","left":-1}',
      'no JSON',
      '[]',
      'null',
    ]) {
      other?.send(text)
    }
    other?.send(Buffer.from('{"t":"drained"}'), { binary: true })
    other?.send('{"t":"prekeys","left":3,"more":1}')
    await waitFor(() => frames.length > 0, { what: 'a frame' })
    assert.equal(frames, [{ t: 'prekeys', left: 3 }])
    socket.send({ t: 'watch', users: ['bob'] })
    await waitFor(() => received.length > 0, { what: 'a frame at the other end' })
    assert.equal(received, ['{"t":"watch","users":["bob"]}'])
    assert.equal(closes, [])
  }))

test('a frame over `maxFrameBytes` closes the socket', () =>
  withPeer(async peer => {
    const { opening, closes } = record(peer)
    await opening
    peer.sockets[0]?.send('x'.repeat(limits.maxFrameBytes + 1))
    await waitFor(() => closes.length === 1, { what: 'the close' })
  }))

test('a ping measures the latency, and a peer that is silent for two intervals is dropped', async () => {
  await withPeer(async peer => {
    const { opening, latencies, closes } = record(peer, { pingIntervalMs: 20 })
    await opening
    await waitFor(() => latencies.length >= 5, { what: 'five pongs' })
    assert.ok(latencies.every(ms => ms >= 0 && ms < 5_000))
    assert.equal(closes, [])
  })
  await withPeer(
    async peer => {
      const { opening, closes } = record(peer, { pingIntervalMs: 20 })
      await opening
      await waitFor(() => closes.length === 1, { what: 'the drop' })
      assert.equal(closes, [1006])
    },
    { autoPong: false },
  )
})

test('a peer that does not answer a close is dropped', () =>
  withPeer(async peer => {
    const { opening, closes } = record(peer, { closeTimeoutMs: 20 })
    const socket = await opening
    peer.sockets[0]?.pause()
    socket.close()
    await waitFor(() => closes.length === 1, { what: 'the drop' })
  }))

const refusals: [code: string, response: string][] = [
  ['device_revoked', answer(403, '{"error":{"code":"device_revoked","message":"no"}}')],
  ['unauthorized', answer(401, 'go away')],
  ['unavailable', answer(503, '')],
  ['unavailable', answer(503, 'x'.repeat(10_000))],
  ['unavailable', answer(301, '', 'location: ws://127.0.0.1:1/\r\n')],
  ['unavailable', 'no HTTP at all\r\n\r\n'],
]
for (const [code, refuse] of refusals) {
  test(`a handshake that is refused with ${JSON.stringify(refuse.slice(9, 30))} is \`${code}\``, () =>
    withPeer(
      async peer => {
        const { opening, closes } = record(peer)
        const error = await opening.then(
          () => assert.unreachable() as never,
          (thrown: FastChatError) => thrown,
        )
        assert.is(error.code, code)
        assert.not.match(error.message, 'the-token')
        assert.equal(closes, [])
      },
      { refuse },
    ))
}

test('a server that is not there is `unavailable`', async () => {
  const { opening } = record({ url: 'ws://127.0.0.1:1', sockets: [], requests: [], server: createServer() })
  assert.is(
    await opening.then(
      () => '',
      (error: FastChatError) => error.code,
    ),
    'unavailable',
  )
})

function answer(status: number, body: string, headers = ''): string {
  return `HTTP/1.1 ${status} X\r\n${headers}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`
}

test.run()
