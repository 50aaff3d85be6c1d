import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { exitCodes, FastChatError } from '../schema/errors.ts'
import { currentRuntime, type Runtime, spawnArgs } from './runtimes.ts'

const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000
const PARENT_CHECK_MS = 250
const MAX_LINE_CHARS = 64 * 1024

/** How a process ended. */
export interface ProcessEnd {
  code: number | null
  signal: string | null
}

/** A `fastchat serve` or `fastchat db` that has said where it can be reached. */
export interface ServerProcess {
  url: string
  pid: number
  /** Resolves when it has ended and its output is all there. Never rejects. */
  ended: Promise<ProcessEnd>
  /** Asks it to end with SIGTERM, insists with SIGKILL after 15 s, and resolves when it has ended. */
  stop(): Promise<ProcessEnd>
  /** Sends a signal, unless it has ended. */
  signal(name: NodeJS.Signals): void
}

export interface StartOptions {
  /** Added to this process's environment; `undefined` removes a variable. */
  env?: Record<string, string | undefined>
  /** Default: the one that runs this. */
  runtime?: Runtime
  /** Gets what it writes. */
  onOutput?: (chunk: Buffer, from: 'stdout' | 'stderr') => void
  /** Where its log is, for the error's message. */
  logPath?: string
  /** A process group of its own: the terminal's Ctrl-C does not reach it, and its end is in this process's hands. */
  detached?: boolean
  /** Ends a start that is under way. */
  signal?: AbortSignal
}

/** A process could not be started. Its own exit code is passed on. */
export class StartError extends FastChatError {
  readonly #exitCode: number

  constructor(message: string, exitCode: number | null) {
    super('unavailable', message)
    this.#exitCode = exitCode || exitCodes.noServer
  }

  override get exitCode(): number {
    return this.#exitCode
  }
}

const running = new Set<ChildProcess>()
// However this process ends, short of a kill -9, nothing stays behind.
process.on('exit', () => {
  for (const child of running) signalChild(child, 'SIGTERM')
})

/**
 * Starts `fastchat serve …` or `fastchat db …`, and waits until it says its URL.
 *
 * @throws StartError with what the process said last, when it ends without or takes more than 60 s
 */
export async function startServerProcess(
  argv: readonly ['serve' | 'db', ...string[]],
  options: StartOptions = {},
): Promise<ServerProcess> {
  const { env, runtime = currentRuntime(), detached = false } = options
  const script = fileURLToPath(new URL('fastchat.ts', import.meta.url))
  const { command, args } = spawnArgs(runtime, script, argv)
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    detached,
  })
  running.add(child)
  const ended = new Promise<ProcessEnd>(resolve => {
    const settle = (end: ProcessEnd) => {
      running.delete(child)
      resolve(end)
    }
    child.once('close', (code, signal) => settle({ code, signal }))
    child.once('error', () => settle({ code: null, signal: null }))
  })
  const stop = () => stopChild(child, ended)
  const abort = () => signalChild(child, 'SIGTERM')
  options.signal?.addEventListener('abort', abort)
  if (options.signal?.aborted) abort()
  try {
    const url = await waitForUrl(child, { ...options, ended, what: argv[0] === 'db' ? 'database' : 'server' })
    return { url, pid: child.pid ?? -1, ended, stop, signal: name => signalChild(child, name) }
  } catch (error) {
    await stop()
    throw error
  } finally {
    options.signal?.removeEventListener('abort', abort)
  }
}

/**
 * npm does not hand SIGTERM on: it ends, and would leave this process behind. Its end is seen by the parent's id, and
 * then this process tells itself what it should have been told. Does nothing when npm did not start this process.
 */
export function endWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const npm = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === npm) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, PARENT_CHECK_MS)
  timer.unref()
}

async function waitForUrl(
  child: ChildProcess,
  {
    ended,
    what,
    onOutput,
    logPath,
  }: { ended: Promise<ProcessEnd>; what: string; onOutput?: StartOptions['onOutput']; logPath?: string },
): Promise<string> {
  let printed = ''
  let said = ''
  const url = new Promise<string>(resolve => {
    child.stdout?.on('data', (chunk: Buffer) => {
      onOutput?.(chunk, 'stdout')
      if (printed.length > MAX_LINE_CHARS) return
      printed += chunk.toString('utf8')
      const [found] = /(?:wss?|mongodb):\/\/[^\s"']+(?=[\s"'])/.exec(printed) ?? []
      if (found) resolve(found)
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      onOutput?.(chunk, 'stderr')
      said = (said + chunk.toString('utf8')).slice(-2000)
    })
  })
  const timer = new AbortController()
  const failed = Promise.race([
    ended.then(({ code }) =>
      code === null && child.pid === undefined ? 'it cannot be run' : 'it has ended',
    ),
    delay(READY_TIMEOUT_MS, 'it is not ready in time', { signal: timer.signal }).catch(() => ''),
  ]).then(state => {
    const [reason] = said.trim().split('\n').slice(-1)
    const where = logPath === undefined ? '' : ` (its log: ${logPath})`
    throw new StartError(`Cannot start ${what}: ${reason || state}${where}`, child.exitCode)
  })
  failed.catch(() => undefined)
  try {
    return await Promise.race([url, failed])
  } finally {
    timer.abort()
  }
}

async function stopChild(child: ChildProcess, ended: Promise<ProcessEnd>): Promise<ProcessEnd> {
  signalChild(child, 'SIGTERM')
  const timer = new AbortController()
  const late = delay(STOP_TIMEOUT_MS, 'late', { signal: timer.signal }).catch(() => 'over')
  if ((await Promise.race([ended, late])) === 'late') signalChild(child, 'SIGKILL')
  timer.abort()
  return await ended
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
