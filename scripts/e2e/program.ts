import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Runtime, spawnArgs } from '../test/runtimes.ts'
import { waitFor } from '../test/wait-for.ts'

const EXECUTABLE = fileURLToPath(new URL('../fastchat.ts', import.meta.url))

export interface ProgramOptions {
  /** Added to this process's environment; `undefined` removes a variable. */
  env?: Record<string, string | undefined>
  /** Given to the program's standard input, which is then closed unless it stays open. Default: closed at once. */
  stdin?: string
  /** Standard input stays open for `type()`. */
  isInputOpen?: boolean
  /** What is run in the place of `fastchat`: a file that prepares something and then imports it. */
  script?: string
}

/** How a program ended. */
export interface Ended {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}

/** A running `fastchat …`, as a person's shell would hold it. */
export interface Program {
  readonly pid: number
  readonly ended: Promise<Ended>
  stdout(): string
  stderr(): string
  /** Writes a line to standard input. */
  type(line: string): void
  /** Nothing more comes from standard input. */
  endInput(): void
  /** Resolves with the match once standard output has it. Fails at once when the program ends without. */
  waitForOutput(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts `fastchat <args>` on a runtime. */
export function startProgram(
  runtime: Runtime,
  args: readonly string[],
  options: ProgramOptions = {},
): Program {
  const line = spawnArgs(runtime, options.script ?? EXECUTABLE, args)
  const child = spawn(line.command, line.args, {
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  running.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', chunk => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', chunk => {
    stderr += chunk
  })
  child.stdin.on('error', () => undefined)
  if (options.isInputOpen) child.stdin.write(options.stdin ?? '')
  else child.stdin.end(options.stdin ?? '')
  let over: Ended | undefined
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      running.delete(child)
      over = { code, signal, stdout, stderr }
      resolve(over)
    })
  })
  const name = `fastchat ${args.join(' ')} (${runtime})`
  return {
    pid: child.pid ?? -1,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    type: line => void child.stdin.write(`${line}\n`),
    endInput: () => void child.stdin.end(),
    async waitForOutput(pattern, timeoutMs = 30_000) {
      const found = await waitFor(() => pattern.exec(stdout) ?? (over ? 'ended' : null), {
        what: `${pattern} from ${name}; it printed ${JSON.stringify(stdout.slice(-500))}, ${JSON.stringify(stderr.slice(-500))}`,
        timeoutMs,
      })
      if (found !== 'ended') return found
      throw new Error(`Cannot wait for ${pattern}: ${name} ended with ${over?.code}: ${stderr || stdout}`)
    },
    stop(signal = 'SIGTERM') {
      // Not by the child's own method: on Deno only its first call does anything.
      if (!over && child.pid !== undefined) signalQuietly(child.pid, signal)
      return ended
    },
  }
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}

/** Runs `fastchat <args>` to its end. */
export function runProgram(
  runtime: Runtime,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  return startProgram(runtime, args, options).ended
}
