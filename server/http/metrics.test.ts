import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { makeMessage } from '../testing/messages.ts'
import { connect, signUp } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

const test = suite('GET /metrics')
const TOKEN = 'a token of an operator'
let database: TestDatabase
let server: TestServer

test.before(async () => {
  database = await openTestDatabase()
  server = await startTestServer(database.uri, { metricsToken: TOKEN })
})

test.after(async () => {
  await server.stop()
  await database.close()
})

function ask(headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.port}/metrics`, { headers })
}

/** The value of one metric, its labels written out. */
async function read(name: string): Promise<number> {
  const text = await (await ask()).text()
  const line = text.split('\n').find(each => each.startsWith(`${name} `))
  return Number(line?.split(' ').at(-1) ?? Number.NaN)
}

test('`/metrics` counts what was stored, delivered, acked and refused', async () => {
  const alice = await signUp(server, 'alice')
  const bob = await signUp(server, 'bob')
  const from = await connect(server, alice)
  const to = await connect(server, bob)
  await to.next('drained')
  assert.is(await read('fastchat_connections'), 2)
  for (let count = 0; count < 3; count++) from.send(makeMessage({ to: { user: 'bob' }, for: [bob.deviceId] }))
  from.send(makeMessage({ to: { user: 'nobody' }, for: [bob.deviceId] }))
  await waitFor(async () => (await read('fastchat_messages_acked_total')) === 3, { what: 'three acks' })
  assert.is(await read('fastchat_messages_stored_total'), 3)
  assert.is(await read('fastchat_messages_delivered_total'), 3)
  assert.is(await read('fastchat_messages_refused_total{code="unknown_user"}'), 1)
  assert.is(await read('fastchat_messages_in_flight'), 0)
  assert.ok((await read('fastchat_batch_seconds_count{kind="insert"}')) >= 1)
  assert.ok((await read('fastchat_stream_silence_seconds')) < 15)
  await from.close()
  await to.close()
  await waitFor(async () => (await read('fastchat_sockets_closed_total{reason="peer"}')) === 2, {
    what: 'both sockets to be counted as closed',
  })
})

test('`/metrics` names nobody: no user, no device, no path with an id', async () => {
  const carol = await signUp(server, 'carol')
  await fetch(`http://127.0.0.1:${server.port}/v1/users/carol/devices`)
  const text = await (await ask()).text()
  assert.not.match(text, 'carol')
  assert.not.match(text, carol.deviceId)
  assert.match(text, 'route="/v1/users/:id/devices"')
})

test('`/metrics` refuses whoever comes through a proxy without the token', async () => {
  const through = { 'x-forwarded-for': '203.0.113.7' }
  assert.is((await ask(through)).status, 401)
  assert.is((await ask({ ...through, authorization: 'Bearer another' })).status, 401)
  assert.is((await ask({ ...through, authorization: `Bearer ${TOKEN}` })).status, 200)
})

test.run()
