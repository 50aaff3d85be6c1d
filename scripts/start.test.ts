import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime, spawnArgs } from './runtimes.ts'
import { waitFor } from './test/wait-for.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SCRIPT = join(ROOT, 'scripts/fastchat.ts')

interface Started {
  child: ChildProcess
  output: () => string
  ended: Promise<{ code: number | null; signal: string | null }>
}
const test = suite<{ folder: string; start: (line: { command: string; args: string[] }) => Started }>('start')

test.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'fastchat-start-'))
  context.start = ({ command, args }) => {
    const env = {
      ...process.env,
      MONGODB_URI: undefined,
      FASTCHAT_PORT: undefined,
      FASTCHAT_HOME: join(context.folder, 'home'),
      FASTCHAT_DATA: join(context.folder, 'data'),
      npm_lifecycle_event: undefined,
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
      child.on('exit', (code, signal) => resolve({ code, signal }))
    })
    return { child, output: () => output, ended }
  }
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }))

async function untilListening({ output }: Started): Promise<URL> {
  const [url] = await waitFor(() => /ws:\/\/\S+/.exec(output()), { what: 'the URL', timeoutMs: 60_000 })
  return new URL(url.replace('ws:', 'http:'))
}

function isAnswering(url: URL): Promise<boolean> {
  return fetch(new URL('/healthz', url)).then(
    async response => {
      await response.body?.cancel()
      return true
    },
    () => false,
  )
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`without a terminal the server runs alone, says its URL, and ends with 0 on ${signal}`, async ({
    start,
  }) => {
    const started = start(spawnArgs(currentRuntime(), SCRIPT, ['start', '--port', '0']))
    const url = await untilListening(started)
    assert.ok(await isAnswering(url))
    process.kill(started.child.pid ?? 0, signal)
    assert.equal(await started.ended, { code: 0, signal: null })
    assert.is(started.output().trim().split('\n').length, 1, started.output())
    assert.is(await isAnswering(url), false)
  })
}

if (currentRuntime() === 'node') {
  test('`npm start` leaves no server behind when npm is told to end', async ({ start }) => {
    const started = start({ command: 'npm', args: ['start', '--silent', '--', '--port', '0'] })
    const url = await untilListening(started)
    process.kill(started.child.pid ?? 0, 'SIGTERM')
    await started.ended
    await waitFor(async () => !(await isAnswering(url)), { what: 'the server to end', timeoutMs: 30_000 })
  })
}

test('a port that something else has is exit code 3, in one sentence', async ({ start }) => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const started = start(spawnArgs(currentRuntime(), SCRIPT, ['start', '--port', String(port)]))
  assert.is((await started.ended).code, 3)
  assert.match(started.output(), String(port))
  other.close()
})

test.run()
