import { createWriteStream, openSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as v from 'valibot'
import { readEnvironment } from '../client/config/environment.ts'
import { openHome } from '../client/home/home-folder.ts'
import { exitCodes, FastChatError } from '../schema/errors.ts'
import { HealthResponse } from '../schema/http.ts'
import { type KeptProcess, keepProcess } from './kept-process.ts'
import { endWithNpm } from './server-process.ts'

const DEFAULT_PORT = 8080
const PROBE_TIMEOUT_MS = 3000

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

/** Starts `fastchat serve` beside the chat, and again whenever it falls. What it says goes to the log. */
async function startServer(port: number, logPath: string): Promise<KeptProcess> {
  const log = createWriteStream('', { fd: openSync(logPath, 'a', 0o600) })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const leave = () => process.exit(exitCodes.done)
  const write = (line: string) => void log.write(`${line}\n`)
  for (const name of signals) process.once(name, leave)
  try {
    return await keepProcess({ command: 'serve', port, say: write, onLog: write, logPath })
  } finally {
    for (const name of signals) process.off(name, leave)
  }
}
