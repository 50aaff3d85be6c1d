import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { SERVER, Servers } from './servers.fixture.ts'

const test = suite('connection')
const MINUTE_MS = 60_000

test('it connects to a given server, and hands over what comes after `welcome`', async () => {
  const servers = new Servers()
  const connection = servers.connect(['ws://a'])
  await servers.online(connection)
  assert.equal(servers.frames, [{ t: 'drained' }])
  assert.ok(connection.send({ t: 'watch', users: [] }))
  assert.equal(servers.link.sent, [{ t: 'watch', users: [] }])
  servers.link.handlers.onLatency(12)
  assert.equal(connection.state, { state: 'online', server: 'ws://a', latencyMs: 12 })
  await connection.close()
  assert.not.ok(connection.send({ t: 'watch', users: [] }))
  assert.is(servers.clock.waiting, 0)
})

test('of several given servers it goes to the less loaded of two drawn, one that was named included', async () => {
  const servers = new Servers()
  servers.listed = [
    { url: 'ws://a', load: 7 },
    { url: 'ws://b', load: 2 },
    { url: 'ws://c', load: 1 },
  ]
  const connection = servers.connect(['ws://a', 'ws://b'])
  // `random` is 0 at each call: the first two are drawn.
  await servers.online(connection, 'ws://b')
  await connection.close()
  const alone = servers.connect(['ws://a'])
  await servers.online(alone, 'ws://a')
  await alone.close()
})

test('a server that is down is passed over, also one that was learned', async () => {
  const servers = new Servers()
  servers.down.add('ws://a')
  const connection = servers.connect(['ws://a', 'ws://b'])
  await servers.online(connection, 'ws://b')
  await connection.close()
})

test('when the server goes, it goes to another one that this one had named', async () => {
  const servers = new Servers()
  servers.listed = [
    { url: 'ws://a', load: 1 },
    { url: 'ws://far', load: 9 },
    { url: 'no address', load: 0 },
  ]
  const connection = servers.connect(['ws://a'])
  await servers.online(connection, 'ws://a')
  servers.link.handlers.onClose({ code: 1012 })
  await servers.offline(connection)
  servers.clock.advance(500)
  await servers.online(connection, 'ws://far')
  await connection.close()
})

test('who gave `wss://` only is not led to `ws://` by a server', async () => {
  const servers = new Servers()
  servers.listed = [{ url: 'ws://plain', load: 0 }]
  const connection = servers.connect(['wss://a'])
  await servers.online(connection)
  servers.link.handlers.onClose({ code: 1001 })
  await servers.offline(connection)
  servers.clock.advance(500)
  await servers.online(connection, 'wss://a')
  assert.not.ok(servers.asked.includes('ws://plain'))
  await connection.close()
})

test('it tries for ever, ever more rarely, and says when it will', async () => {
  const servers = new Servers()
  servers.down.add('ws://a')
  const connection = servers.connect(['ws://a'])
  const pauses: (number | undefined)[] = []
  for (let round = 0; round < 9; round++) {
    await servers.offline(connection)
    const { state } = connection
    const retryInMs = state.state === 'offline' ? state.retryInMs : undefined
    pauses.push(retryInMs)
    servers.clock.advance(retryInMs ?? 0)
    await waitFor(() => servers.asked.length > round + 1, { what: 'the next try', intervalMs: 1 })
  }
  assert.equal(pauses, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
  servers.down.clear()
  await servers.offline(connection)
  servers.clock.advance(30_000)
  await servers.online(connection)
  servers.clock.advance(20_000)
  servers.link.handlers.onClose({ code: 1006 })
  await servers.offline(connection)
  assert.is('retryInMs' in connection.state && connection.state.retryInMs, 250)
  await connection.close()
})

test('a fresh token goes out as an `auth` frame before the old one runs out, again and again', async () => {
  const servers = new Servers()
  const connection = servers.connect(['ws://a'])
  await servers.online(connection)
  assert.is(servers.link.token, 'token-1')
  servers.clock.advance(9 * MINUTE_MS - 1)
  assert.equal(servers.link.sent, [])
  servers.clock.advance(1)
  await waitFor(() => servers.link.sent.length === 1, { what: 'the first auth' })
  servers.clock.advance(9 * MINUTE_MS)
  await waitFor(() => servers.link.sent.length === 2, { what: 'the second auth' })
  assert.equal(servers.link.sent, [
    { t: 'auth', token: 'token-2' },
    { t: 'auth', token: 'token-3' },
  ])
  assert.is(await connection.request(async (_, token) => token), 'token-3')
  await connection.close()
})

test('a token that could not be renewed is asked for again', async () => {
  const servers = new Servers()
  const connection = servers.connect(['ws://a'])
  await servers.online(connection)
  servers.tokenError = new FastChatError('unavailable', 'Cannot give token: busy')
  servers.clock.advance(9 * MINUTE_MS)
  await waitFor(() => servers.assertions.length === 2, { what: 'the try' })
  await waitFor(() => servers.clock.waiting > 0, { what: 'the next try to be planned' })
  servers.tokenError = undefined
  servers.clock.advance(5_000)
  await waitFor(() => servers.link.sent.length === 1, { what: 'the auth' })
  await connection.close()
})

test('assertions carry the server’s time, however wrong this clock is', async () => {
  const servers = new Servers()
  servers.skewMs = 7 * 60 * MINUTE_MS
  const connection = servers.connect(['ws://a'])
  await servers.online(connection)
  assert.equal(servers.assertions, [{ audience: SERVER, now: servers.clock.now() + servers.skewMs }])
  await connection.close()
})

test('`request()` gets a fresh token when the server refuses the old one, once', async () => {
  const servers = new Servers()
  const connection = servers.connect(['ws://a'])
  await servers.online(connection)
  const tokens: string[] = []
  const refusing = connection.request(async (_, token) => {
    tokens.push(token)
    throw new FastChatError('unauthorized', 'Cannot use token: expired')
  })
  assert.is(await refusing.catch((error: FastChatError) => error.code), 'unauthorized')
  assert.equal(tokens, ['token-1', 'token-2'])
  await connection.close()
})

test('`request()` waits for the connection that is being made, and fails at once when none can be', async () => {
  const servers = new Servers()
  const connection = servers.connect(['ws://a'])
  assert.is(await connection.request(async api => api.url), 'ws://a')
  servers.down.add('ws://a')
  servers.link.handlers.onClose({ code: 1006 })
  await servers.offline(connection)
  const waiting = connection.request(async api => api.url)
  servers.clock.advance(500)
  assert.is(await waiting.catch((error: FastChatError) => error.code), 'no_server')
  await servers.offline(connection)
  const refused = connection.request(async api => api.url)
  assert.is(await refused.catch((error: FastChatError) => error.code), 'no_server')
  await connection.close()
  const ended = connection.request(async api => api.url)
  assert.is(await ended.catch((error: FastChatError) => error.code), 'unavailable')
})

test('`request()` asks the next server when the one it asked is gone, and tells when it is not gone', async () => {
  const servers = new Servers()
  const connection = servers.connect(['ws://a', 'ws://b'])
  await servers.online(connection, 'ws://a')
  const asked: string[] = []
  const answer = connection.request(async api => {
    asked.push(api.url)
    if (api.url === 'ws://b') return 'there'
    servers.link.handlers.onClose({ code: 1006 })
    throw new FastChatError('unavailable', 'Cannot use server: it was killed')
  })
  await servers.offline(connection)
  servers.clock.advance(500)
  assert.is(await answer, 'there')
  assert.equal(asked, ['ws://a', 'ws://b'])
  const refused = connection.request(async () => {
    throw new FastChatError('unavailable', 'Cannot use server: its database is away')
  })
  await waitFor(() => servers.clock.waiting > 1, { what: 'the moment in which the socket would close' })
  servers.clock.advance(500)
  assert.is(
    await refused.catch((error: FastChatError) => error.message),
    'Cannot use server: its database is away',
  )
  await connection.close()
})

test('revoked and replaced are the end, also when the token says so', async () => {
  for (const [code, reason] of [
    [4403, 'revoked'],
    [4409, 'replaced'],
  ] as const) {
    const servers = new Servers()
    const connection = servers.connect(['ws://a'])
    await servers.online(connection)
    servers.link.handlers.onClose({ code })
    await waitFor(() => servers.ends.length === 1, { what: 'the end' })
    assert.equal(servers.ends, [reason])
    assert.not.ok('retryInMs' in connection.state)
    assert.is(servers.clock.waiting, 0)
    await connection.close()
  }
  const servers = new Servers()
  servers.tokenError = new FastChatError('device_revoked', 'Cannot give token: revoked')
  const connection = servers.connect(['ws://a', 'ws://b'])
  await waitFor(() => servers.ends.length === 1, { what: 'the end' })
  const refused = connection.request(async api => api.url)
  assert.is(await refused.catch((error: FastChatError) => error.code), 'device_revoked')
  await connection.close()
})

test('a server that does not welcome is given up', async () => {
  const servers = new Servers()
  servers.welcomes = false
  const connection = servers.connect(['ws://a'])
  await waitFor(() => servers.links.length === 1 && servers.clock.waiting > 0, { what: 'the socket' })
  servers.clock.advance(10_000)
  await servers.offline(connection)
  await connection.close()
})

test('a defect in whatever is told of the connection is reported, and the connection made again', async () => {
  const servers = new Servers()
  const defect = new TypeError('a defect')
  servers.onOnline = () => {
    throw defect
  }
  const connection = servers.connect(['ws://a'])
  await servers.offline(connection)
  assert.equal(servers.defects, [defect])
  servers.onOnline = () => undefined
  servers.clock.advance(1_000)
  await servers.online(connection)
  await connection.close()
})

test('`close()` ends it at every stage', async () => {
  for (const welcomes of [true, false]) {
    const servers = new Servers()
    servers.welcomes = welcomes
    const connection = servers.connect(['ws://a'])
    if (!welcomes) await waitFor(() => servers.links.length === 1, { what: 'the socket' })
    await connection.close()
    assert.not.ok(connection.send({ t: 'watch', users: [] }))
    await waitFor(() => servers.clock.waiting === 0, { what: 'all timers to go' })
  }
})

test.run()
