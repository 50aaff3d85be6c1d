import { setTimeout as delay } from 'node:timers/promises'
import {
  type ProcessEnd,
  type ServerProcess,
  type StartOptions,
  startServerProcess,
} from './server-process.ts'

/** A process that lived so long is taken for healthy: its next failure is the first again. */
const HEALTHY_MS = 30_000
const MAX_PAUSE_MS = 30_000
const MIN_PAUSE_MS = 500

export interface KeptOptions {
  command: 'serve' | 'db'
  /** 0: any free one, and the same one after every restart. */
  port: number
  /** Besides the port. */
  args?: readonly string[]
  env?: StartOptions['env']
  /** Gets a line whenever the process has ended by itself, and when it is back. */
  say: (line: string) => void
  /** Gets its log, line by line. */
  onLog?: (line: string) => void
  /** Where its log is, for the message of a start that failed. */
  logPath?: string
  /** Ends a first start that is under way. */
  signal?: AbortSignal
}

/** A server process that is started again whenever it ends without having been asked to. */
export interface KeptProcess {
  readonly url: string
  /** Undefined while it is down. */
  pid(): number | undefined
  /** kill -9, and no pause before the restart. @returns false while it is down */
  kill(): boolean
  /** Ends it for good. Safe to call twice. */
  stop(): Promise<void>
}

/**
 * Starts a process and keeps it alive. Between failures it waits, twice as long after each (0.5 s to 30 s).
 *
 * @throws StartError when the first start fails
 */
export async function keepProcess(options: KeptOptions): Promise<KeptProcess> {
  const first = await startOnce(options, options.port)
  const kept = new Kept(options, first)
  return kept
}

class Kept implements KeptProcess {
  readonly url: string
  readonly #options: KeptOptions
  readonly #stopping = new AbortController()
  readonly #over: Promise<void>
  #current: ServerProcess | undefined
  #isKilled = false

  constructor(options: KeptOptions, first: ServerProcess) {
    this.#options = options
    this.url = first.url
    this.#current = first
    this.#over = this.#keep(first)
  }

  pid(): number | undefined {
    return this.#current?.pid
  }

  kill(): boolean {
    if (!this.#current) return false
    this.#isKilled = true
    this.#current.signal('SIGKILL')
    return true
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#current?.stop()
    await this.#over
  }

  async #keep(first: ServerProcess): Promise<void> {
    let current = first
    let failures = 0
    for (;;) {
      const startedAt = performance.now()
      const end = await current.ended
      this.#current = undefined
      if (this.#stopping.signal.aborted) return
      if (performance.now() - startedAt > HEALTHY_MS) failures = 0
      if (!this.#isKilled) await this.#pause(`${this.url} has ended by itself (${describe(end)})`, failures++)
      this.#isKilled = false
      const next = await this.#restart(() => failures++)
      if (!next) return
      if (this.#stopping.signal.aborted) {
        await next.stop()
        return
      }
      current = next
      this.#current = next
      this.#options.say(`${this.url} is back`)
    }
  }

  /** @returns undefined when it is to be stopped meanwhile */
  async #restart(countFailure: () => number): Promise<ServerProcess | undefined> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        return await startOnce({ ...this.#options, signal }, Number(new URL(this.url).port))
      } catch (error) {
        if (!signal.aborted) await this.#pause(`${this.url}: ${(error as Error).message}`, countFailure())
      }
    }
    return undefined
  }

  async #pause(what: string, failures: number): Promise<void> {
    const pauseMs = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** failures)
    this.#options.say(`${what}; starting it again in ${pauseMs / 1000} s`)
    await delay(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
  }
}

function startOnce(
  { command, args = [], env, onLog, logPath, signal }: KeptOptions,
  port: number,
): Promise<ServerProcess> {
  return startServerProcess([command, '--port', String(port), ...args], {
    ...(env && { env }),
    ...(signal && { signal }),
    ...(logPath && { logPath }),
    ...(onLog && { onOutput: byLine(onLog) }),
    detached: true,
  })
}

/** Standard error line by line: what is on standard output is the URL, which is known. */
function byLine(onLine: (line: string) => void): NonNullable<StartOptions['onOutput']> {
  let rest = ''
  return (chunk, from) => {
    if (from !== 'stderr') return
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
}

function describe({ code, signal }: ProcessEnd): string {
  return signal === null ? `exit code ${code}` : signal
}
