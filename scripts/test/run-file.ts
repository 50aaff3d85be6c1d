import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Runtime, spawnArgs } from '../runtimes.ts'
import { killQuietly, MARK, reap } from './processes.ts'
import { countAllowedSkips, type FileResult, type HarnessReport, judge, type ProcessEnd } from './report.ts'

export interface RunFileOptions {
  runtime: Runtime
  /** The directory that `file` is relative to, and the process's working directory. */
  root: string
  /** The whole file, start of the runtime included. */
  timeoutMs: number
  env: NodeJS.ProcessEnv
}

const HARNESS = fileURLToPath(new URL('harness.ts', import.meta.url))
/** So long may what a file has started take to end after the file itself. */
const LEFT_BEHIND_GRACE_MS = 3_000
/** A test that prints without end must not fill our memory. The end is what explains a failure. */
const MAX_OUTPUT_CHARS = 4_000_000

const running = new Set<string>()

/** Runs one test file in a process of its own and judges it. Never rejects for anything that the file does. */
export async function runFile(file: string, options: RunFileOptions): Promise<FileResult> {
  const { runtime, root, timeoutMs, env } = options
  const directory = mkdtempSync(join(tmpdir(), 'fastchat-test-'))
  const reportPath = join(directory, 'report.json')
  const mark = `${process.env[MARK] ?? ''}/${randomUUID()}`
  const startedAt = performance.now()
  running.add(mark)
  try {
    const { command, args } = spawnArgs(runtime, HARNESS, [file, reportPath])
    const child = spawn(command, args, {
      cwd: root,
      env: { ...env, [MARK]: mark },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that a time-out ends its children too.
      detached: true,
    })
    const { output, ...end } = await untilEnd(child, timeoutMs)
    const durationMs = performance.now() - startedAt
    if (child.pid !== undefined && end.timedOutAfterMs !== undefined) killQuietly(-child.pid)
    const killed = await reap(mark, end.timedOutAfterMs === undefined ? LEFT_BEHIND_GRACE_MS : 0)
    const leftBehind = end.timedOutAfterMs === undefined ? killed : []
    const verdict = judge({
      report: readReport(reportPath),
      end: { ...end, leftBehind },
      allowedSkips: countAllowedSkips(readFileSync(join(root, file), 'utf8'), runtime),
    })
    return { file, runtime, durationMs, output, ...verdict }
  } finally {
    running.delete(mark)
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Ends every test process that is under way: for a run that is itself interrupted. */
export async function killAll(): Promise<void> {
  await Promise.all([...running].map(mark => reap(mark, 0)))
}

/** Resolves with how the process ended; after `timeoutMs` it is killed. */
function untilEnd(
  child: ReturnType<typeof spawn>,
  timeoutMs: number,
): Promise<ProcessEnd & { output: string }> {
  return new Promise(resolve => {
    let output = ''
    let timedOutAfterMs: number | undefined
    const collect = (chunk: string) => {
      output = (output + chunk).slice(-MAX_OUTPUT_CHARS)
    }
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', collect)

    const timer = setTimeout(() => {
      timedOutAfterMs = timeoutMs
      if (child.pid !== undefined) killQuietly(-child.pid)
      child.kill('SIGKILL')
    }, timeoutMs)
    const end = (exitCode: number | null, signal: string | null) => {
      clearTimeout(timer)
      resolve({ exitCode, signal, output, ...(timedOutAfterMs === undefined ? {} : { timedOutAfterMs }) })
    }
    child.on('error', error => {
      collect(`\n${error.message}\n`)
      end(null, null)
    })
    child.on('close', end)
    // A process left behind may hold the pipes open, and `close` would wait for it: it is reaped afterwards.
    child.on('exit', (code, signal) => {
      setTimeout(() => {
        end(code, signal)
        child.stdout?.destroy()
        child.stderr?.destroy()
      }, 500).unref()
    })
  })
}

function readReport(path: string): HarnessReport | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as HarnessReport
  } catch {
    return undefined // it never came as far as its first suite
  }
}
