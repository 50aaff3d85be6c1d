import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { currentRuntime, spawnArgs } from '../../scripts/test/runtimes.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'

const COMMAND = fileURLToPath(new URL('command.ts', import.meta.url))

/** A folder of its own for a test's data; `cleanUp` ends what was started and removes it. */
export const folder = mkdtempSync(join(tmpdir(), 'fastchat-cli-'))
const children = new Set<ChildProcess>()

export function cleanUp(): void {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

/** Starts `fastchat serve …` or `fastchat db …` on this runtime. */
export function start(args: readonly string[], environment: Record<string, string | undefined> = {}) {
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
