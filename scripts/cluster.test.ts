import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { ServersResponse } from '../schema/http.ts'
import { currentRuntime, spawnArgs } from './runtimes.ts'
import { findMarked, killQuietly, MARK } from './test/processes.ts'
import { waitFor } from './test/wait-for.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SCRIPT = join(ROOT, 'scripts/fastchat.ts')

interface Started {
  child: ChildProcess
  output: () => string
  urls: () => Promise<string[]>
  ended: Promise<{ code: number | null; signal: string | null }>
}
interface Context {
  folder: string
  mark: string
  start: (...args: string[]) => Started
}
const test = suite<Context>('cluster')

test.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'fastchat-cluster-'))
  // Added to the mark of the run that this test may be part of, which then finds them too.
  context.mark = `${process.env[MARK] ?? ''}${context.folder}`
  context.start = (...args) => start(spawnArgs(currentRuntime(), SCRIPT, ['cluster', ...args]), context)
})
test.after.each(async ({ folder, mark }) => {
  for (const { pid } of await findMarked(mark)) killQuietly(pid)
  rmSync(folder, { recursive: true, force: true })
})

function start(
  { command, args }: { command: string; args: string[] },
  { folder, mark }: { folder: string; mark: string },
): Started {
  const env = {
    ...process.env,
    FASTCHAT_DATA: join(folder, 'data'),
    npm_lifecycle_event: undefined,
    [MARK]: mark,
  }
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  const urls = async () => {
    const [, found] = await waitFor(() => /FASTCHAT_SERVERS=(\S+) npm run chat/.exec(output), {
      what: 'the line that says how to join',
      timeoutMs: 60_000,
    })
    return (found ?? '').split(',')
  }
  return { child, output: () => output, urls, ended }
}

async function serversAt(url: string): Promise<string[]> {
  const response = await fetch(new URL('/v1/servers', url.replace('ws:', 'http:')))
  return v.parse(ServersResponse, await response.json()).servers.map(server => server.url)
}

async function isAnswering(url: string): Promise<boolean> {
  return await fetch(new URL('/healthz', url.replace('ws:', 'http:'))).then(
    async response => {
      await response.body?.cancel()
      return response.ok
    },
    () => false,
  )
}

/** Kills a process of the cluster, as if it had died by itself, and waits until it is back. @returns its URL */
async function killAndWait(
  started: Started,
  { mark, command: wanted }: { mark: string; command: RegExp },
): Promise<string> {
  const [chosen] = (await findMarked(mark)).filter(({ command }) => wanted.test(command))
  assert.ok(chosen, started.output())
  const before = started.output().length
  killQuietly(chosen.pid)
  const since = () => started.output().slice(before)
  const [, url = ''] = await waitFor(() => /^(\S+) has ended by itself \(SIGKILL\)/m.exec(since()), {
    what: 'the line about the end',
  })
  await waitFor(() => since().includes(`${url} is back\n`), {
    what: `${url} to be back`,
    timeoutMs: 30_000,
  })
  return url
}

test('`cluster` runs servers that know each other, and starts one again that dies', async ({
  start,
  mark,
}) => {
  const started = start('--servers', '3', '--port', '0')
  const urls = await started.urls()
  assert.is(new Set(urls).size, 3)
  for (const url of urls) {
    assert.ok(await isAnswering(url))
    await waitFor(async () => same(await serversAt(url), urls), { what: `${url} to list all` })
  }
  if (process.platform === 'linux') {
    const url = await killAndWait(started, { mark, command: / serve --port / })
    assert.ok(urls.includes(url))
    assert.ok(await isAnswering(url))
    const database = await killAndWait(started, { mark, command: / db --port / })
    assert.match(database, /^mongodb:/)
    await waitFor(async () => same(await serversAt(url), urls), {
      what: 'the servers to have the database again',
      timeoutMs: 30_000,
    })
  }
  process.kill(started.child.pid ?? 0, 'SIGTERM')
  assert.equal(await started.ended, { code: 0, signal: null })
  assert.equal(await findMarked(mark), [])
  for (const url of urls) assert.not(await isAnswering(url))
})

function same(some: readonly string[], others: readonly string[]): boolean {
  return new Set(some).size === others.length && others.every(url => some.includes(url))
}

test('`--chaos` kills one at random again and again, says which, and brings it back', async ({ start }) => {
  const started = start('--servers', '2', '--port', '0', '--chaos', '1')
  const urls = await started.urls()
  const [, killed] = await waitFor(
    () => /^Chaos: killed (\S+)$[\s\S]*^Chaos: killed/m.exec(started.output()),
    {
      what: 'the second kill',
      timeoutMs: 60_000,
    },
  )
  assert.ok(urls.includes(killed ?? ''))
  assert.match(started.output(), `${killed} is back`)
  assert.not.match(started.output(), 'by itself')
  process.kill(started.child.pid ?? 0, 'SIGINT')
  assert.equal(await started.ended, { code: 0, signal: null }, started.output())
  for (const url of urls) assert.not(await isAnswering(url))
})

test('a signal while it starts leaves nothing behind', async ({ start, mark }) => {
  const started = start('--servers', '2', '--port', '0')
  if (process.platform === 'linux') {
    await waitFor(async () => (await findMarked(mark)).some(({ command }) => command.includes(' serve ')), {
      what: 'a server to be started',
      timeoutMs: 60_000,
    })
  }
  process.kill(started.child.pid ?? 0, 'SIGTERM')
  assert.equal(await started.ended, { code: 0, signal: null }, started.output())
  assert.equal(await findMarked(mark), [])
})

test('a port that something else has is one sentence and exit code 3, and nothing stays', async ({
  start,
  mark,
}) => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  try {
    const address = other.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    const started = start('--servers', '2', '--port', String(port), '--database-port', '0')
    assert.is((await started.ended).code, 3, started.output())
    assert.match(started.output(), /^fastchat: Cannot start server: .*\n$/m)
    assert.match(started.output(), String(port))
    assert.equal(await findMarked(mark), [])
  } finally {
    other.close()
  }
})

test('a command line that says nothing is exit code 2', async ({ start }) => {
  for (const args of [['--servers', '0'], ['--port', '65534'], ['--chaos', '0'], ['now']]) {
    assert.is((await start(...args).ended).code, 2, args.join(' '))
  }
})

test.run()
