import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { currentRuntime, spawnArgs } from '../../scripts/test/runtimes.ts'
import type { Recorded, Scenario } from './command-process.fixture.ts'

export interface Ran extends Recorded {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  scenario?: Scenario
  stdin?: string | Uint8Array
  env?: Record<string, string | undefined>
  /** Called with the process and what it has printed, each time that it prints. */
  onOutput?: (child: ChildProcess, stdout: string) => unknown
  /** Runs the command within this shell line, as `"$@"`. */
  shell?: string
}

/** Runs a command line in a process of its own, on the runtime of the test, over a chat made for tests. */
export async function run(argv: string[], options: RunOptions = {}): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-command-'))
  const record = join(folder, 'record.json')
  const scenario = join(folder, 'scenario.json')
  writeFileSync(scenario, JSON.stringify(options.scenario ?? {}))
  const script = fileURLToPath(new URL('command-process.fixture.ts', import.meta.url))
  const { command, args } = spawnArgs(currentRuntime(), script, [scenario, record, ...argv])
  const env = { ...process.env, FASTCHAT_PASSWORD: undefined, ...options.env }
  const child = options.shell
    ? spawn('sh', ['-c', options.shell, 'sh', command, ...args], { env })
    : spawn(command, args, { env })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    options.onOutput?.(child, stdout)
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.stdin ?? '')
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    return { ...(JSON.parse(readFileSync(record, 'utf8')) as Recorded), code, stdout, stderr }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
