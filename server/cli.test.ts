import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { waitFor } from '../scripts/test/wait-for.ts'
import { makeMessage } from './testing/messages.ts'
import { cleanUp, folder, start } from './testing/program.ts'
import { ask, connect, signUp } from './testing/test-client.ts'

const test = suite('`fastchat serve` and `fastchat db` as processes')

test.after(cleanUp)

async function reachable(url: string) {
  const { body } = await ask({ url }, { path: '/v1/servers' })
  return { url, serverId: (body as { self: string }).self }
}

test('`serve` says one line with its URL, serves, and ends with 0 on SIGTERM though a client stays', async () => {
  const program = start(['serve', '--port', '0', '--data', join(folder, 'one')])
  const server = await reachable(await program.line(/ws:\/\/127\.0\.0\.1:\d+/))
  assert.match(program.said.stdout, /^FastChat server listening on ws:\S+ \(embedded database in .*one\)\n$/)
  const socket = await connect(server, await signUp(server, 'alice'))
  assert.is(await program.stop(), 0)
  assert.is(await socket.untilClosed(), 1012)
  assert.is(program.said.stderr, '')
  assert.is(program.said.stdout.split('\n').length, 2)
})

test('`serve` keeps what it stored through a `kill -9`', async () => {
  const data = join(folder, 'kept')
  const first = start(['serve', '--port', '0', '--data', data])
  const before = await reachable(await first.line(/ws:\/\/\S+/))
  const [alice, bob] = [await signUp(before, 'alice'), await signUp(before, 'bob')]
  const from = await connect(before, alice)
  const frames = Array.from({ length: 50 }, () => makeMessage({ to: { user: 'bob' }, for: [bob.deviceId] }))
  for (const frame of frames) from.send(frame)
  await waitFor(() => from.storedIds.length === 50, { what: 'all to be stored' })
  await first.stop('SIGKILL')
  const second = start(['serve', '--port', '0', '--data', data])
  const after = await reachable(await second.line(/ws:\/\/\S+/))
  const to = await connect(after, bob)
  await to.next('drained')
  assert.equal(
    to.messageIds,
    frames.map(({ id }) => id),
  )
  await to.close()
  assert.is(await second.stop('SIGINT'), 0)
})

test('`db` prints its URI; servers and any driver use it; it ends with 0 on SIGINT', async () => {
  const db = start(['db', '--port', '0', '--data', join(folder, 'shared')])
  const uri = await db.line(/^mongodb:\/\/127\.0\.0\.1:\d+\/\S*$/m)
  await db.line(/mongosh '\S+\/fastchat\?/)
  const server = start(['serve', '--port', '0'], { MONGODB_URI: uri })
  await reachable(await server.line(/ws:\/\/\S+/))
  assert.match(server.said.stdout, '(MONGODB_URI)')
  const client = await new MongoClient(uri).connect()
  assert.is(await client.db().collection('servers').countDocuments(), 1)
  assert.is(await server.stop(), 0)
  assert.is(await client.db().collection('servers').countDocuments(), 0)
  await client.close()
  assert.is(await db.stop('SIGINT'), 0)
})

test.run()
