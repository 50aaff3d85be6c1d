import { connect as connectTcp } from 'node:net'
import { v7 as uuidV7 } from 'uuid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import { limits } from '../../schema/limits.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { makeMessage } from '../testing/messages.ts'
import type { TestDevice } from '../testing/person.ts'
import { addDevice, ask, connect, refusedUpgrade, signUp, tokenFor } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

const test = suite('the life of a socket')
let database: TestDatabase
let server: TestServer
let alice: TestDevice

test.before(async () => {
  database = await openTestDatabase()
  server = await startTestServer(database.uri)
  alice = await signUp(server, 'alice')
})

test.after(async () => {
  await server.stop()
  await database.close()
})

test('an upgrade without a valid token is refused before it, with 401 and an error body', async () => {
  for (const authorization of ['', 'Bearer wrong', 'Basic YTpi']) {
    const { status, body } = await refusedUpgrade(server.url, { authorization })
    assert.is(status, 401)
    assert.is(JSON.parse(body).error.code, 'unauthorized')
  }
  const token = await tokenFor(server, alice)
  const inUrl = await refusedUpgrade(`${server.url}/v1/socket?token=${token}&`)
  assert.is.not(inUrl.status, 101)
})

test('an upgrade by a device that was revoked is refused with 403', async () => {
  const gone = await addDevice(server, alice.person)
  const token = await tokenFor(server, gone)
  await database.db
    .collection<{ _id: string }>('devices')
    .updateOne({ _id: gone.deviceId }, { $set: { revokedAt: new Date() } })
  const { status, body } = await refusedUpgrade(server.url, { authorization: `Bearer ${token}` })
  assert.is(status, 403)
  assert.is(JSON.parse(body).error.code, 'device_revoked')
})

test('requests that end @hono/node-ws when it is alone do not end the server', async () => {
  const upgrade = [
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ].join('\r\n')
  for (const path of ['//', 'http://', '/v1/socket', '/', '/v1/none']) {
    const answer = await raw(`GET ${path} HTTP/1.1\r\n${upgrade}\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 4\d\d /, path)
  }
  assert.match(await raw(`POST /v1/socket HTTP/1.1\r\n${upgrade}\r\n\r\n`), /^HTTP\/1\.1 400 /)
  // A reset while the token is being checked.
  const token = await tokenFor(server, alice)
  for (let times = 0; times < 20; times++) {
    const socket = connectTcp(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`GET /v1/socket HTTP/1.1\r\n${upgrade}\r\nAuthorization: Bearer ${token}\r\n\r\n`, () =>
      socket.resetAndDestroy(),
    )
  }
  assert.is((await ask(server, { path: '/healthz' })).status, 200)
  const after = await connect(server, alice)
  await after.close()
})

test('a peer that keeps its half of a refused upgrade open is cut off; `stop()` does not wait for it', async () => {
  const stopped = await startTestServer(database.uri)
  const refusals = ['/v1/socket', '//'].flatMap(path =>
    [server, stopped].map(({ port }) => ({ port, head: `GET ${path} HTTP/1.1\r\nHost: x` })),
  )
  const handshake =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
  const peers = refusals.map(({ port, head }) => {
    const peer = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true })
    const seen = { answer: '', isCutOff: false, write: (text: string) => peer.write(text) }
    peer.on('data', data => {
      seen.answer += data
    })
    peer.on('error', () => {
      seen.isCutOff = true
    })
    peer.write(`${head}\r\n${handshake}\r\n\r\n`)
    return seen
  })
  await waitFor(() => peers.every(({ answer }) => /^HTTP\/1\.1 4\d\d /.test(answer)), { what: 'refusals' })
  await stopped.stop()
  await waitFor(
    () => {
      // Only by writing does a peer learn that nobody is there any more.
      for (const peer of peers) peer.write('x')
      return peers.every(({ isCutOff }) => isCutOff)
    },
    { what: 'the peers to be cut off', timeoutMs: 10_000 },
  )
})

test('a handshake with a key that is none is refused, and leaves nothing behind', async () => {
  const token = await tokenFor(server, alice)
  const head = `GET /v1/socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: Bearer ${token}`
  assert.match(
    await raw(`${head}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n`),
    /^HTTP\/1\.1 400 /,
  )
  assert.match(
    await raw(`${head}\r\nSec-WebSocket-Version: 7\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`),
    /^HTTP\/1\.1 400 /,
  )
})

test('`maxFrameBytes`: a longer frame closes its socket with 1009, one of that length does not', async () => {
  const socket = await connect(server, alice)
  const fitting = JSON.stringify({ t: 'newer', pad: '' })
  socket.raw.send(JSON.stringify({ t: 'newer', pad: 'x'.repeat(limits.maxFrameBytes - fitting.length) }))
  socket.send({ t: 'watch', users: ['alice'] })
  await socket.next('devices')
  socket.raw.send(JSON.stringify({ t: 'newer' }).padEnd(limits.maxFrameBytes + 1, ' '))
  assert.is(await socket.untilClosed(), 1009)
})

test('frames that are no frames are answered with `bad_frame` and closed with 4400; the server lives on', async () => {
  const malformed = [
    'not json',
    '[]',
    'null',
    '{}',
    '{"t":7}',
    '{"t":"ack"}',
    '{"t":"ack","ids":[]}',
    '{"t":"ack","ids":["x"]}',
    '{"t":"send"}',
    '{"t":"send","kind":"message","id":"x"}',
    '{"t":"auth"}',
    '{"t":"watch","users":["No Name"]}',
    `{"t":"ack","ids":${JSON.stringify(Array.from({ length: limits.maxAckIds + 1 }, () => uuidV7()))}}`,
    JSON.stringify({
      t: 'watch',
      users: Array.from({ length: limits.maxWatchedUsers + 1 }, (_, n) => `user-${n}`),
    }),
  ]
  for (const text of malformed) {
    const socket = await connect(server, alice)
    socket.raw.send(text)
    assert.is(await socket.untilClosed(), 4400, text.slice(0, 40))
    assert.is(socket.of('error')[0]?.code, 'bad_frame', text.slice(0, 40))
  }
})

test('a frame of a newer client is ignored, a binary one closes with 4400', async () => {
  const socket = await connect(server, alice)
  socket.raw.send('{"t":"typing","to":"bob"}')
  socket.raw.send('{"t":"watch","users":["alice"],"newer":true}')
  await socket.next('devices')
  assert.equal(socket.of('error'), [])
  socket.raw.send(Buffer.from('{}'))
  assert.is(await socket.untilClosed(), 4400)
})

test('a `send` that is malformed apart from its id is refused, and the socket stays open', async () => {
  const socket = await connect(server, alice)
  const id = uuidV7()
  socket.raw.send(JSON.stringify({ t: 'send', kind: 'message', id, to: { user: 'bob' }, audience: 'x' }))
  const refused = await socket.next('refused')
  assert.equal([refused.id, refused.code, refused.retry], [id, 'bad_frame', false])
  assert.is(socket.closed, undefined)
  await socket.close()
})

test('a second socket of a device closes the first with 4409', async () => {
  const first = await connect(server, alice)
  const second = await connect(server, alice)
  assert.is(await first.untilClosed(), 4409)
  const presence = database.db.collection<{ _id: string }>('presence')
  assert.is(await presence.countDocuments({ _id: alice.deviceId }), 1)
  second.send({ t: 'watch', users: ['alice'] })
  await second.next('devices')
  await second.close()
})

test('`maxFramesPerSecond`: more, averaged over ten seconds, closes with 4429', async () => {
  const strict = await startTestServer(database.uri, { limits: { maxFramesPerSecond: 3 } })
  const socket = await connect(strict, alice)
  for (let count = 0; count < 29; count++) socket.raw.send('{"t":"newer"}')
  socket.send({ t: 'watch', users: ['alice'] })
  await socket.next('devices')
  for (let count = 0; count < 20; count++) socket.raw.send('{"t":"newer"}')
  assert.is(await socket.untilClosed(), 4429)
  await strict.stop()
})

test('`sendWindow`: more unanswered messages are refused with `rate_limited`, none is lost', async () => {
  const bob = await signUp(server, 'bob')
  const strict = await startTestServer(database.uri, { limits: { sendWindow: 2 } })
  const from = await connect(strict, await signUp(strict, 'sender'))
  const frames = Array.from({ length: 40 }, () => makeMessage({ to: { user: 'bob' }, for: [bob.deviceId] }))
  for (const frame of frames) from.send(frame)
  await waitFor(() => from.storedIds.length + from.of('refused').length === 40, { what: '40 answers' })
  assert.ok(from.of('refused').length > 0)
  assert.ok(from.of('refused').every(({ code, retry }) => code === 'rate_limited' && retry))
  const stored = await database.db.collection('undelivered').countDocuments({ receiverId: 'bob' })
  assert.is(stored, from.storedIds.length)
  await strict.stop()
})

test('a socket closes with 4401 when its token has run out, and lives on with a fresh one', async () => {
  const brief = await startTestServer(database.uri, { limits: { accessTokenMs: 2_000 } })
  const left = await connect(brief, alice)
  const kept = await connect(brief, await addDevice(brief, alice.person))
  const device = await addDevice(brief, alice.person)
  const renewed = await connect(brief, device)
  const closed = left.untilClosed()
  await waitFor(
    async () => {
      renewed.send({ t: 'auth', token: await tokenFor(brief, device) })
      return left.closed && kept.closed
    },
    { what: 'the others to be closed', intervalMs: 300 },
  )
  assert.is(await closed, 4401)
  assert.is(kept.closed?.code, 4401)
  renewed.send({ t: 'watch', users: ['alice'] })
  await renewed.next('devices')
  await renewed.close()
  await brief.stop()
})

test('`auth` with the token of another device, or with none, closes with 4401', async () => {
  const other = await addDevice(server, alice.person)
  for (const token of [await tokenFor(server, other), 'nonsense']) {
    const socket = await connect(server, alice)
    socket.send({ t: 'auth', token })
    assert.is(await socket.untilClosed(), 4401)
  }
})

test('a peer that answers no ping is closed after twice `pingIntervalMs`; one that does is not', async () => {
  const impatient = await startTestServer(database.uri, { limits: { pingIntervalMs: 200 } })
  const answering = await connect(impatient, alice)
  const token = await tokenFor(impatient, await addDevice(impatient, alice.person))
  const silent = new WebSocket(`${impatient.url}/v1/socket`, {
    headers: { authorization: `Bearer ${token}` },
    autoPong: false,
  })
  let code: number | undefined
  silent.on('close', closed => {
    code = closed
  })
  await waitFor(() => code, { what: 'the silent socket to be closed' })
  assert.is(code, 4408)
  assert.is(answering.closed, undefined)
  await answering.close()
  await impatient.stop()
})

test('errors and logs hold nothing of tokens and bodies', async () => {
  const socket = await connect(server, alice)
  const token = await tokenFor(server, alice)
  socket.raw.send(JSON.stringify({ t: 'auth', token, x: 1 }).replace('"auth"', '"ack"'))
  await socket.untilClosed()
  const said = JSON.stringify(socket.frames) + server.log.lines.join('\n')
  assert.not.match(said, token)
})

/** Sends bytes, and gives what comes until the connection ends. */
function raw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connectTcp(server.port, '127.0.0.1', () => socket.write(request))
    socket.setTimeout(5_000, () => socket.destroy(new Error('no answer')))
    socket.on('data', chunk => {
      answer += chunk.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

test.run()
