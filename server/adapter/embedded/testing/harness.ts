import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Db, MongoClient } from 'mongodb'
import type { Tuning } from '../server.ts'
import { type EmbeddedDatabase, startEmbedded } from '../start.ts'

const DIRECTORIES: string[] = []
process.on('exit', () => {
  for (const path of DIRECTORIES) rmSync(path, { recursive: true, force: true })
})

/** A new directory that is gone when the process ends. */
export function tempDir(): string {
  const path = mkdtempSync(join(tmpdir(), 'fastchat-embedded-'))
  DIRECTORIES.push(path)
  return path
}

export interface TestDatabase {
  db: Db
  client: MongoClient
  server: EmbeddedDatabase
}

/** Runs `body` against a database of its own. */
export async function withDatabase(
  body: (given: TestDatabase) => Promise<void>,
  options: { dataDir?: string; tuning?: Tuning } = {},
): Promise<void> {
  const server = await startEmbedded({
    dataDir: options.dataDir ?? tempDir(),
    ...(options.tuning === undefined ? {} : { tuning: options.tuning }),
  })
  const client = await connect(server.uri)
  try {
    await body({ db: client.db('test'), client, server })
  } finally {
    await client.close()
    await server.stop()
  }
}

export async function connect(uri: string): Promise<MongoClient> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 5000 })
  await client.connect()
  return client
}

/** Waits until `check` answers something, at most ten seconds. */
export async function waitFor<T>(
  check: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 10000,
): Promise<T> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const value = await check()
    if (value !== undefined && value !== false) return value
    if (performance.now() > end) throw new Error('Cannot wait any longer: the condition did not come')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** Starts another TypeScript file of this folder in a process of the same runtime. */
export function spawnHere(file: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const flags = 'Deno' in globalThis ? ['run', '-A', '--no-prompt'] : ['--import', 'tsx']
  return spawn(process.execPath, [...flags, path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** The first line that a child prints. */
export async function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', chunk => {
      text += String(chunk)
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
    })
    child.on('exit', code => reject(new Error(`Cannot read from the child: it ended with ${String(code)}`)))
  })
}

export async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise<void>(resolve => child.on('exit', () => resolve()))
}

/** The code of the error that `run` must throw. */
export async function codeOf(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  throw new Error('Cannot see an error: there was none')
}
