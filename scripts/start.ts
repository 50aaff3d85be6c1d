import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, openSync, type WriteStream } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as v from 'valibot'
import { readEnvironment } from '../client/config/environment.ts'
import { openHome } from '../client/home/home-folder.ts'
import { exitCodes, FastChatError } from '../schema/errors.ts'
import { HealthResponse } from '../schema/http.ts'
import { currentRuntime, spawnArgs } from './test/runtimes.ts'

const DEFAULT_PORT = 8080
const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000
const PROBE_TIMEOUT_MS = 3000
const PARENT_CHECK_MS = 250

const help = `Usage: fastchat start [--port PORT]        (npm start, deno task start)

On a terminal: starts a server on this machine and opens the chat against it; when
the chat ends, the server does. When a FastChat server has the port already, the
chat joins it. The server's log is server.log in FASTCHAT_HOME.
Without a terminal: runs the server alone, as fastchat serve does.

--port PORT   8080 when neither this nor FASTCHAT_PORT is given
`

/** `fastchat start`, which is `npm start`. @returns the exit code. */
export async function runStart(argv: readonly string[]): Promise<number> {
  try {
    const options = readOptions(argv)
    if (options.help) {
      process.stdout.write(help)
      return exitCodes.done
    }
    endWithNpm()
    if (process.stdin.isTTY && process.stdout.isTTY) return await hostAndChat(options.port)
    const { runServe } = await import('../server/cli.ts')
    return await runServe(['--port', String(options.port)])
  } catch (error) {
    if (!(error instanceof FastChatError)) throw error
    process.stderr.write(`fastchat: ${error.message}\n`)
    return error.exitCode
  }
}

/**
 * npm does not hand SIGTERM on: it ends, and would leave this process behind. Its end is seen by the parent's id, and
 * then this process tells itself what it should have been told.
 */
function endWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const npm = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === npm) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, PARENT_CHECK_MS)
  timer.unref()
}

function readOptions(argv: readonly string[]): { port: number; help: boolean } {
  let values: { port?: string | undefined; help?: boolean | undefined }
  try {
    const options = { port: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const
    values = parseArgs({ args: [...argv], options, strict: true }).values
  } catch {
    throw new FastChatError('usage', 'Cannot read command line: start takes --port PORT only')
  }
  const given = values.port ?? process.env.FASTCHAT_PORT ?? String(DEFAULT_PORT)
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN
  if (!(port <= 65_535)) throw new FastChatError('usage', 'Cannot read port: it is a number from 0 to 65535')
  return { port, help: values.help === true }
}

async function hostAndChat(port: number): Promise<number> {
  const found = port === 0 ? 'nobody' : await probe(port)
  if (found === 'somebody') {
    const hint = 'choose another one with --port or FASTCHAT_PORT'
    throw new FastChatError('port_in_use', `Cannot start server: something else has port ${port}; ${hint}`)
  }
  const { runClient } = await import('../client/main.ts')
  if (found === 'fastchat') {
    process.stdout.write(`A FastChat server has port ${port} already: joining it.\n`)
    return await runClient(['chat', '--server', `ws://127.0.0.1:${port}`])
  }
  const home = await openHome({ folder: readEnvironment().home })
  const server = await startServer(port, join(home.folder, 'server.log'))
  try {
    return await runClient(['chat', '--server', server.url])
  } finally {
    await server.stop()
  }
}

/** Who listens on a port of this machine. */
async function probe(port: number): Promise<'nobody' | 'fastchat' | 'somebody'> {
  const isOpen = await new Promise<boolean>(resolve => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
  if (!isOpen) return 'nobody'
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, {
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    })
    return v.is(HealthResponse, await response.json()) ? 'fastchat' : 'somebody'
  } catch {
    return 'somebody'
  }
}

interface Server {
  url: string
  /** Asks the server to end, and waits until it has. */
  stop(): Promise<void>
}

/** Starts `fastchat serve` on this runtime, and waits until it says its URL. */
async function startServer(port: number, logPath: string): Promise<Server> {
  const script = fileURLToPath(new URL('fastchat.ts', import.meta.url))
  const { command, args } = spawnArgs(currentRuntime(), script, ['serve', '--port', String(port)])
  const log = createWriteStream('', { fd: openSync(logPath, 'a', 0o600) })
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  // However this process ends, the server does not stay behind.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const leave = () => process.exit(exitCodes.done)
  for (const name of signals) process.once(name, leave)
  process.once('exit', () => signalChild(child, 'SIGTERM'))
  const exited = new Promise<void>(resolve => void child.once('close', () => resolve()))
  try {
    const url = await waitForUrl(child, { log, logPath })
    for (const name of signals) process.off(name, leave)
    return { url, stop: () => stopServer(child, exited) }
  } catch (error) {
    await stopServer(child, exited)
    throw error
  }
}

async function waitForUrl(
  child: ChildProcess,
  { log, logPath }: { log: WriteStream; logPath: string },
): Promise<string> {
  let printed = ''
  let said = ''
  const url = new Promise<string>(resolve => {
    child.stdout?.on('data', (chunk: Buffer) => {
      log.write(chunk)
      if (printed.length > 64 * 1024) return
      printed += chunk.toString('utf8')
      const [found] = /wss?:\/\/[^\s"']+(?=[\s"'])/.exec(printed) ?? []
      if (found) resolve(found)
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      log.write(chunk)
      said = (said + chunk.toString('utf8')).slice(-2000)
    })
  })
  const timer = new AbortController()
  const failed = Promise.race([
    new Promise<string>(resolve => void child.once('close', () => resolve('it has ended'))),
    new Promise<string>(resolve => void child.once('error', () => resolve('it cannot be run'))),
    delay(READY_TIMEOUT_MS, 'it is not ready in time', { signal: timer.signal }).catch(() => ''),
  ]).then(state => {
    const [reason] = said.trim().split('\n').slice(-1)
    throw new FastChatError('unavailable', `Cannot start server: ${reason || state} (its log: ${logPath})`)
  })
  failed.catch(() => undefined)
  try {
    return await Promise.race([url, failed])
  } finally {
    timer.abort()
  }
}

async function stopServer(child: ChildProcess, exited: Promise<void>): Promise<void> {
  signalChild(child, 'SIGTERM')
  const timer = new AbortController()
  const late = delay(STOP_TIMEOUT_MS, 'late', { signal: timer.signal }).catch(() => 'over')
  if ((await Promise.race([exited, late])) === 'late') signalChild(child, 'SIGKILL')
  timer.abort()
  await exited
}

/** Not by the child's own method: on Deno only its first call does anything. */
function signalChild({ pid, exitCode, signalCode }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return
  try {
    process.kill(pid, name)
  } catch {
    // It has ended.
  }
}
