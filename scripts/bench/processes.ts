import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { currentRuntime, spawnArgs } from '../runtimes.ts'
import { type ServerProcess, startServerProcess } from '../server-process.ts'

/** A database and servers over it, each a process. */
export interface Deployment {
  servers: readonly ServerProcess[]
  database: ServerProcess
  mongoUri: string
}

/** Starts a database and so many servers, and ends them, whatever becomes of the work. */
export async function withDeployment<T>(
  servers: number,
  work: (deployment: Deployment) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-bench-'))
  const started: ServerProcess[] = []
  try {
    const database = await startServerProcess(['db', '--port', '0', '--data', join(folder, 'db')])
    started.push(database)
    const uri = new URL(database.url)
    uri.pathname = '/fastchat'
    // The peers are many machines, and say so: one address may not make so many accounts in a minute.
    const env = { MONGODB_URI: uri.href, FASTCHAT_TRUST_PROXY: '1', FASTCHAT_LOG: 'error' }
    for (let at = 0; at < servers; at++)
      started.push(await startServerProcess(['serve', '--port', '0'], { env }))
    return await work({ servers: started.slice(1), database, mongoUri: uri.href })
  } finally {
    for (const server of started.reverse()) await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The bare relay as a process. */
export async function withRelay<T>(work: (relay: { url: string; pid: number }) => Promise<T>): Promise<T> {
  const script = fileURLToPath(new URL('relay.ts', import.meta.url))
  const { command, args } = spawnArgs(currentRuntime(), script)
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    return await work({ url: await firstLine(child), pid: child.pid ?? -1 })
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(child.pid, 'SIGKILL')
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString('utf8')
      const [line, rest] = printed.split('\n')
      if (rest !== undefined && line) resolve(line)
    })
    child.once('close', () => reject(new Error('Cannot start relay: it has ended')))
  })
}

/** Seconds of a core that processes have used so far; by a shell, since Deno gives nobody a look into /proc. Linux only. */
export async function cpuSeconds(pids: readonly number[]): Promise<number> {
  const look = 'getconf CLK_TCK; for pid in "$@"; do cat "/proc/$pid/stat"; done'
  const { stdout } = await promisify(execFile)('sh', ['-c', look, 'sh', ...pids.map(String)])
  const [ticks, ...lines] = stdout.trim().split('\n')
  // proc(5): utime and stime are the 14th and 15th; the second may hold blanks and ends with a bracket.
  const used = lines.map(line => {
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  })
  return used.reduce((sum, one) => sum + one, 0) / Number(ticks)
}
