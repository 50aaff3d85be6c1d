import { mkdirSync, statSync } from 'node:fs'
import { connect as connectSocket } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startEmbedded } from './start.ts'
import {
  codeOf,
  connect,
  exited,
  firstLine,
  spawnHere,
  tempDir,
  waitFor,
  withDatabase,
} from './testing/harness.ts'

const test = suite('embedded/start')

test('`startEmbedded()` makes the data directory for its owner only when it is absent', async () => {
  const dataDir = join(tempDir(), 'deep', 'data')
  const database = await startEmbedded({ dataDir })
  assert.is(statSync(dataDir).mode & 0o777, 0o700)
  await database.stop()
  await database.stop()
})

test('`startEmbedded()` throws database_in_use when the directory is open in this process', async () => {
  const dataDir = tempDir()
  const database = await startEmbedded({ dataDir })
  assert.is(await codeOf(() => startEmbedded({ dataDir })), 'database_in_use')
  await database.stop()
  const again = await startEmbedded({ dataDir })
  await again.stop()
})

test('`startEmbedded()` throws port_in_use, and gives the directory back, when the port is taken', async () => {
  const first = await startEmbedded({ dataDir: tempDir() })
  const dataDir = tempDir()
  assert.is(await codeOf(() => startEmbedded({ dataDir, port: first.port })), 'port_in_use')
  const second = await startEmbedded({ dataDir })
  await second.stop()
  await first.stop()
})

test('`startEmbedded()` lets exactly one win when several processes start on one directory at once', async () => {
  const dataDir = join(tempDir(), 'shared')
  mkdirSync(dataDir)
  const children = Array.from({ length: 4 }, () => spawnHere('./database-child.ts', [dataDir]))
  const lines = await Promise.all(children.map(firstLine))
  assert.is(lines.filter(line => line.startsWith('mongodb://')).length, 1, lines.join())
  assert.is(lines.filter(line => line === 'error database_in_use').length, 3, lines.join())
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(children.map(exited))
})

test('`startEmbedded()` takes the directory over when its owner was killed', async () => {
  const dataDir = tempDir()
  const child = spawnHere('./database-child.ts', [dataDir])
  assert.match(await firstLine(child), /^mongodb:/)
  child.kill('SIGKILL')
  await exited(child)
  // Deno calls a process ended as soon as it has sent the signal.
  const database = await waitFor(() => startEmbedded({ dataDir }).catch(() => undefined))
  await database.stop()
})

test('a malformed message ends its own connection and nothing else', async () => {
  await withDatabase(async ({ db, server }) => {
    const junk = [
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      Buffer.alloc(64, 0xff),
      Buffer.from('100000000100000000000000dd070000', 'hex'),
      Buffer.from('2000000001000000000000007b7b0000000000000000000000000000000000ff', 'hex'),
      Buffer.from('1a00000001000000000000 00dd07000000000000000500000000'.replace(' ', ''), 'hex'),
    ]
    for (const bytes of junk) {
      await new Promise<void>(resolve => {
        const socket = connectSocket(server.port, '127.0.0.1', () => socket.end(bytes))
        socket.on('error', () => {})
        socket.on('close', () => resolve())
        socket.resume()
      })
    }
    assert.is((await db.command({ ping: 1 })).ok, 1)
  })
})

test('the server answers under every name that the client reached it by', async () => {
  const database = await startEmbedded({ dataDir: tempDir(), host: '0.0.0.0' })
  for (const host of ['127.0.0.1', 'localhost']) {
    const client = await connect(`mongodb://${host}:${database.port}/?replicaSet=fastchat`)
    const hello = await client.db('admin').command({ hello: 1 })
    assert.is(hello.me, `127.0.0.1:${database.port}`)
    assert.equal(hello.hosts, [hello.me])
    await client.close()
  }
  await database.stop()
})

test('`stop()` lets a running write finish', async () => {
  const dataDir = tempDir()
  const database = await startEmbedded({ dataDir })
  const client = await connect(database.uri)
  const results = client
    .db('t')
    .collection<{ _id: number }>('c')
    .insertMany(Array.from({ length: 2000 }, (_, _id) => ({ _id })))
    .then(
      () => 'acknowledged',
      () => 'failed',
    )
  // The answer to what was asked after it: the write is under way.
  await client.db('t').command({ ping: 1 })
  await database.stop()
  const outcome = await results
  await client.close(true)
  await withDatabase(
    async ({ client: again }) => {
      const count = await again.db('t').collection('c').countDocuments()
      if (outcome === 'acknowledged') assert.is(count, 2000)
    },
    { dataDir },
  )
})

test.run()
