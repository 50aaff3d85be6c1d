import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { BlobClient, makeTestBlob, stateIn } from '../testing/blobs.ts'
import { cleanUp, start } from '../testing/program.ts'
import { signUp } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'
import { startTestServer } from '../testing/test-server.ts'

const test = suite('large attachments')
const MIB = 1024 * 1024
let database: TestDatabase

test.before(async () => {
  database = await openTestDatabase()
})

test.after(async () => {
  cleanUp()
  await database.close()
})

test('a file that is larger than what the memory may grow by goes through a server', async () => {
  const program = start(['serve', '--port', '0', '--max-blob-mib', '96'], { MONGODB_URI: database.uri })
  const line = await program.line(/listening on (ws:\S+)/)
  const url = line.slice(line.indexOf('ws:'))
  const http = url.replace(/^ws/, 'http')
  const { self: serverId } = (await (await fetch(`${http}/v1/servers`)).json()) as { self: string }
  const residentMiB = async () => {
    const text = await (await fetch(`${http}/metrics`)).text()
    return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1] ?? Number.NaN) / MIB
  }
  const alice = await signUp({ url }, 'alice')
  await signUp({ url }, 'bob')
  const client = await BlobClient.of(alice, { url, serverId })
  const transfer = async (size: number) => {
    const blob = makeTestBlob({ user: 'bob' }, size)
    stateIn(await client.create(blob), 201)
    assert.is(stateIn(await client.put(blob)).complete, true)
    const got = Buffer.from(await (await client.get(blob)).arrayBuffer())
    assert.ok(got.equals(blob.bytes))
    stateIn(await client.remove(blob))
  }
  // What it needs once: code, connections, the first buffers.
  await transfer(4 * MIB)
  const before = await residentMiB()
  await transfer(96 * MIB)
  const grown = (await residentMiB()) - before
  assert.ok(grown < 80, `grown by ${Math.round(grown)} MiB by a file of 96 MiB`)
  assert.is(await program.stop(), 0)
})

test('a download that the database cannot finish breaks off, and the log says why', async () => {
  let isBroken = false
  const server = await startTestServer(database.uri, {
    wrapStore: store => ({
      ...store,
      blobs: {
        ...store.blobs,
        async *read(id, range) {
          for await (const piece of store.blobs.read(id, range)) {
            yield piece
            if (isBroken) throw new TypeError('made up')
          }
        },
      },
    }),
  })
  const client = await BlobClient.of(await signUp(server, 'carol'), server)
  const blob = makeTestBlob({ user: 'carol' }, 4 * limits.blobChunkBytes)
  stateIn(await client.create(blob), 201)
  stateIn(await client.put(blob))
  isBroken = true
  const response = await client.get(blob)
  assert.is(response.status, 200)
  const how = await response.arrayBuffer().then(
    () => 'all came',
    () => 'broken off',
  )
  assert.is(how, 'broken off')
  await waitFor(() => server.log.lines.some(line => line.includes('Cannot give all of an attachment')), {
    what: 'a line in the log',
  })
  isBroken = false
  const again = await client.get(blob)
  assert.is((await again.arrayBuffer()).byteLength, blob.bytes.length)
  await server.stop()
})

test.run()
