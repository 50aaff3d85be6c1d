import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { type Lines, openLines } from './lines.ts'

interface Context {
  folder: string
  /** The side that writes bytes as it likes. */
  raw: Socket
  lines: Lines
  values: unknown[]
  closes: () => number
  end: () => Promise<void>
}
const test = suite<Context>('lines')

test.before.each(async context => {
  context.folder = mkdtempSync(join(tmpdir(), 'fastchat-lines-'))
  const path = join(context.folder, 's')
  const server = createServer().listen({ path })
  await once(server, 'listening')
  const raw = createConnection({ path })
  raw.on('error', () => undefined)
  const [socket] = (await once(server, 'connection')) as [Socket]
  let closes = 0
  context.values = []
  context.raw = raw
  context.closes = () => closes
  context.lines = openLines(socket, {
    maxLineBytes: 100,
    maxUnreadBytes: 1024 * 1024,
    onValue: value => context.values.push(value),
    onClose: () => closes++,
  })
  context.end = async () => {
    raw.destroy()
    socket.destroy()
    server.close()
    await once(server, 'close')
    rmSync(context.folder, { recursive: true })
  }
})
test.after.each(({ end }) => end())

test('values come one by one, however the bytes are cut', async ({ raw, values }) => {
  const bytes = Buffer.from('{"a":"é😀"}\n[1]\n"x"\n')
  for (let at = 0; at < bytes.length; at++) {
    raw.write(bytes.subarray(at, at + 1))
    await new Promise(resolve => setImmediate(resolve))
  }
  raw.write('1\n2\n3\n')
  await waitFor(() => values.length === 6, { what: 'values' })
  assert.equal(values, [{ a: 'é😀' }, [1], 'x', 1, 2, 3])
})

test('a line as long as allowed is taken, a longer one closes the connection before it has ended', async ({
  raw,
  values,
  closes,
}) => {
  raw.write(`"${'x'.repeat(98)}"\n`)
  await waitFor(() => values.length === 1, { what: 'value' })
  raw.write('x'.repeat(101))
  await waitFor(() => closes() === 1, { what: 'close' })
  assert.is(values.length, 1)
})

test('what is not JSON closes the connection, and nothing after it is taken', async ({
  raw,
  values,
  closes,
}) => {
  raw.write('1\nnot json\n2\n')
  await waitFor(() => closes() === 1, { what: 'close' })
  assert.equal(values, [1])
})

test('a peer that does not read is put out', async ({ raw, lines, closes }) => {
  raw.pause()
  for (let n = 0; n < 100; n++) lines.write('x'.repeat(64 * 1024))
  await waitFor(() => closes() === 1, { what: 'close' })
  lines.write('after')
})

test('a connection that is closed already is told of, too', async ({ raw }) => {
  raw.destroy()
  await waitFor(() => raw.closed, { what: 'close' })
  let closes = 0
  const onClose = () => closes++
  openLines(raw, { maxLineBytes: 1, maxUnreadBytes: 1, onValue: () => undefined, onClose })
  await waitFor(() => closes === 1, { what: 'the news' })
})

test('`end()` brings what was written, and resolves though the peer does not close', async ({
  raw,
  lines,
}) => {
  let got = ''
  raw.on('data', chunk => {
    got += chunk
  })
  lines.write({ last: true })
  await lines.end()
  await waitFor(() => got === '{"last":true}\n', { what: 'the last line' })
})

test.run()
