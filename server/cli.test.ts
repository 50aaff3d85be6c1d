import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MongoClient } from 'mongodb'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime, spawnArgs } from '../scripts/test/runtimes.ts'
import { waitFor } from '../scripts/test/wait-for.ts'
import { makeMessage } from './testing/messages.ts'
import { ask, connect, signUp } from './testing/test-client.ts'

const test = suite('`fastchat serve` and `fastchat db` as processes')
const COMMAND = fileURLToPath(new URL('testing/command.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'fastchat-cli-'))
const children = new Set<ChildProcess>()

test.after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function start(args: readonly string[], environment: Record<string, string | undefined> = {}) {
  const line = spawnArgs(currentRuntime(), COMMAND, args)
  const env: NodeJS.ProcessEnv = { ...process.env, FASTCHAT_DATA: join(folder, 'default'), ...environment }
  if (environment.MONGODB_URI === undefined) delete env.MONGODB_URI
  const child = spawn(line.command, line.args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', text => {
    said.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    said.stderr += text
  })
  const ended = new Promise<number | null>(resolve =>
    child.on('close', code => {
      children.delete(child)
      resolve(code)
    }),
  )
  return {
    said,
    ended,
    async stop(signal: NodeJS.Signals = 'SIGTERM') {
      // Not `child.kill()`: after that Deno reports the signal, whatever the process ended with.
      if (child.pid !== undefined) process.kill(child.pid, signal)
      return await ended
    },
    async line(pattern: RegExp): Promise<string> {
      const found = await waitFor(() => pattern.exec(said.stdout), {
        what: `${pattern} in ${JSON.stringify(said)}`,
        timeoutMs: 30_000,
      })
      return found[0]
    },
  }
}

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
  await db.line(/mongosh/)
  const server = start(['serve', '--port', '0'], { MONGODB_URI: uri })
  await reachable(await server.line(/ws:\/\/\S+/))
  assert.match(server.said.stdout, '(MONGODB_URI)')
  const client = await new MongoClient(uri).connect()
  assert.is(await client.db('fastchat').collection('servers').countDocuments(), 1)
  assert.is(await server.stop(), 0)
  assert.is(await client.db('fastchat').collection('servers').countDocuments(), 0)
  await client.close()
  assert.is(await db.stop('SIGINT'), 0)
})

test('what is wrong is said in one sentence, with its exit code', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await waitFor(() => taken.listening, { what: 'the port' })
  const port = String((taken.address() as { port: number }).port)
  const data = join(folder, 'errors')
  const cases = [
    { args: ['serve', '--port', port, '--data', data], code: 3, says: /port is taken/ },
    { args: ['db', '--port', port, '--data', `${data}-db`], code: 3, says: /port is taken/ },
    { args: ['serve', '--prot', '1'], code: 2, says: /command line/ },
    { args: ['serve'], env: { MONGODB_URI: 'nonsense' }, code: 2, says: /MONGODB_URI/ },
    { args: ['serve'], env: { FASTCHAT_LOG: 'loud' }, code: 2, says: /FASTCHAT_LOG/ },
  ]
  await Promise.all(
    cases.map(async ({ args, env, code, says }) => {
      const program = start(args, env)
      assert.is(await program.ended, code, program.said.stderr)
      assert.match(program.said.stderr, says)
      assert.is(program.said.stderr.trim().split('\n').length, 1, program.said.stderr)
      assert.is(program.said.stdout, '')
    }),
  )
  taken.close()
})

test('a second server on the same data says who has it', async () => {
  const data = join(folder, 'once')
  const first = start(['serve', '--port', '0', '--data', data])
  await first.line(/ws:\/\/\S+/)
  const second = start(['serve', '--port', '0', '--data', data])
  assert.is(await second.ended, 3)
  assert.match(second.said.stderr, /process \d+ has it open/)
  await first.stop()
})

test('a server that waits for its database says so in its log, and still ends on SIGTERM', async () => {
  const program = start(['serve', '--port', '0'], {
    MONGODB_URI: 'mongodb://user:pass-word@127.0.0.1:1/?serverSelectionTimeoutMS=200',
  })
  await waitFor(() => program.said.stderr.includes('Cannot reach the database'), {
    what: 'the line',
    timeoutMs: 20_000,
  })
  assert.not.match(program.said.stderr, 'pass-word')
  assert.is(await program.stop(), 0)
})

test('`--help` explains and ends with 0, and makes no files', async () => {
  for (const command of ['serve', 'db']) {
    const program = start([command, '--help'], { FASTCHAT_DATA: join(folder, 'untouched') })
    assert.is(await program.ended, 0)
    assert.match(program.said.stdout, `Usage: fastchat ${command}`)
  }
  assert.not(readdirSync(folder).includes('untouched'))
})

test.run()
