import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MongoClient } from 'mongodb'
import { currentRuntime } from '../../test/runtimes.ts'
import { waitFor } from '../../test/wait-for.ts'
import { type Ended, type Program, startProgram } from '../program.ts'

/** How a server is started. */
export interface NodeOptions {
  /** Another way to the database: a proxy's address. */
  mongoUri?: string
  /** By how much its clock is wrong, ms. */
  clockOffMs?: number
}

/** One of the servers: an address at which one process follows the other. */
export interface ServerNode {
  readonly url: string
  /** `kill -9`, at once. */
  kill(): Promise<Ended>
  /** SIGTERM, and the end of the process. */
  stop(): Promise<Ended>
  /** Starts it again at the same address; resolves when it listens. */
  start(options?: NodeOptions): Promise<void>
  /** What `/readyz` says. */
  readiness(): Promise<{ ok: boolean; reason?: string }>
  /** What the present process has printed to standard error. */
  log(): string
}

/** The database as a process; undefined in its place when `MONGODB_URI` names one that is not ours to kill. */
export interface DatabaseNode {
  readonly dataDir: string
  kill(): Promise<Ended>
  /** @param options `oplogMaxBytes`: a small oplog in the place of its own */
  start(options?: { oplogMaxBytes?: number }): Promise<void>
  log(): string
}

export interface Cluster {
  readonly folder: string
  readonly mongoUri: string
  readonly client: MongoClient
  readonly servers: readonly ServerNode[]
  readonly database: DatabaseNode | undefined
  close(): Promise<void>
}

const SMALL_OPLOG = fileURLToPath(new URL('small-oplog.ts', import.meta.url))
const SKEWED = fileURLToPath(new URL('skewed.ts', import.meta.url))

/** Starts `servers` real server processes over one real database, with nothing in it. */
export async function createCluster({
  servers: count,
  dataDir,
}: {
  servers: number
  /** Where the database keeps its files. Default: in a folder of its own. */
  dataDir?: string
}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-faults-'))
  const { mongoUri, database } = await findDatabase(dataDir ?? join(folder, 'db'))
  const client = new MongoClient(mongoUri, { serverSelectionTimeoutMS: 5_000 })
  const servers: ServerNode[] = []
  async function close(): Promise<void> {
    await Promise.all(servers.map(server => server.kill()))
    if (!database)
      await client
        .db()
        .dropDatabase()
        .catch(() => undefined)
    await client.close()
    await database?.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await client.connect()
    // The first makes the collections.
    servers.push(await createNode(mongoUri))
    servers.push(...(await Promise.all(Array.from({ length: count - 1 }, () => createNode(mongoUri)))))
  } catch (error) {
    await close()
    throw error
  }
  return { folder, mongoUri, client, servers, database, close }
}

async function createNode(mongoUri: string): Promise<ServerNode> {
  let port = 0
  let program: Program
  let url = ''
  async function start(options: NodeOptions = {}): Promise<void> {
    program = startProgram(currentRuntime(), ['serve', '--port', String(port)], {
      env: {
        MONGODB_URI: options.mongoUri ?? mongoUri,
        FASTCHAT_CLOCK_OFF_MS: String(options.clockOffMs ?? 0),
      },
      ...(options.clockOffMs === undefined ? {} : { script: SKEWED }),
    })
    ;[url] = await program.waitForOutput(/ws:\/\/\S+/, 60_000)
    port = Number(new URL(url).port)
  }
  await start()
  return {
    url,
    start,
    kill: () => program.stop('SIGKILL'),
    stop: () => program.stop('SIGTERM'),
    log: () => program.stderr(),
    async readiness() {
      const answer = await fetch(`${url.replace(/^ws/, 'http')}/readyz`)
      return (await answer.json()) as { ok: boolean; reason?: string }
    },
  }
}

async function findDatabase(dataDir: string): Promise<{ mongoUri: string; database?: DatabaseNode }> {
  const given = process.env.MONGODB_URI
  if (given) {
    const uri = new URL(given)
    uri.pathname = `/fastchat_faults_${randomBytes(6).toString('hex')}`
    return { mongoUri: uri.href }
  }
  let port = 0
  let uri = ''
  let program: Program
  async function start({ oplogMaxBytes }: { oplogMaxBytes?: number } = {}): Promise<void> {
    program = startProgram(currentRuntime(), ['db', '--port', String(port), '--data', dataDir], {
      ...(oplogMaxBytes === undefined
        ? {}
        : { script: SMALL_OPLOG, env: { FASTCHAT_OPLOG_BYTES: String(oplogMaxBytes) } }),
    })
    ;[uri] = await program.waitForOutput(/mongodb:\/\/\S+/)
    port = Number(new URL(uri).port)
  }
  await start()
  const named = new URL(uri)
  named.pathname = '/fastchat'
  return {
    mongoUri: named.href,
    database: { dataDir, start, kill: () => program.stop('SIGKILL'), log: () => program.stderr() },
  }
}

/** Waits until a server says that it is ready. */
export async function untilReady(server: ServerNode, timeoutMs = 60_000): Promise<void> {
  await waitFor(async () => (await server.readiness()).ok, {
    what: `${server.url} to be ready`,
    timeoutMs,
    intervalMs: 100,
  })
}
