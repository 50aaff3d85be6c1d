import { type KeptProcess, keepProcess } from './kept-process.ts'

export interface ClusterOptions {
  servers: number
  /** Of the first server; the others have the next ones. 0: any free ones. */
  port: number
  /** What all share. Without, an embedded database is started for them. */
  mongodbUri?: string | undefined
  /** Of the embedded database; 0: any free one. */
  databasePort: number
  /** Where the embedded database keeps its files. Default: where `fastchat db` does. */
  dataDir?: string | undefined
  /** Gets what happens, a line each. */
  say: (line: string) => void
  /** Gets the processes' logs: whose, and the line. */
  onLog?: (from: string, line: string) => void
  /** Ends a start that is under way. */
  signal?: AbortSignal
}

/** Servers over one database, each process kept alive. */
export interface Cluster {
  readonly mongodbUri: string
  readonly servers: readonly KeptProcess[]
  /** Undefined when it is not ours. */
  readonly database: KeptProcess | undefined
  /**
   * kill -9 of a server that runs, unless it is the only one that does.
   *
   * @param random from 0 to 1
   */
  killOne(random: number): KeptProcess | undefined
  /** The servers first, so that they can say goodbye to the database. */
  stop(): Promise<void>
}

/** @throws StartError when one of the processes cannot be started; then none is left. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const database = options.mongodbUri === undefined ? await startDatabase(options) : undefined
  const mongodbUri = options.mongodbUri ?? withName(database?.url ?? '')
  const starts = await Promise.allSettled(
    Array.from({ length: options.servers }, (_, at) => startServer(options, { at, mongodbUri })),
  )
  const servers = starts.flatMap(start => (start.status === 'fulfilled' ? [start.value] : []))
  const stop = async () => {
    await Promise.all(servers.map(server => server.stop()))
    await database?.stop()
  }
  for (const start of starts) {
    if (start.status === 'fulfilled') continue
    await stop()
    throw start.reason
  }
  return {
    mongodbUri,
    servers,
    database,
    killOne(random) {
      const up = servers.filter(server => server.pid() !== undefined)
      const chosen = up.length > 1 ? up[Math.floor(random * up.length)] : undefined
      return chosen?.kill() ? chosen : undefined
    },
    stop,
  }
}

function startServer(
  { port, say, onLog, signal }: ClusterOptions,
  { at, mongodbUri }: { at: number; mongodbUri: string },
): Promise<KeptProcess> {
  return keepProcess({
    command: 'serve',
    port: port === 0 ? 0 : port + at,
    env: { MONGODB_URI: mongodbUri },
    say,
    ...(onLog && { onLog: line => onLog(`server ${at + 1}`, line) }),
    ...(signal && { signal }),
  })
}

function startDatabase({ databasePort, dataDir, say, onLog, signal }: ClusterOptions): Promise<KeptProcess> {
  return keepProcess({
    command: 'db',
    port: databasePort,
    args: dataDir === undefined ? [] : ['--data', dataDir],
    say,
    ...(onLog && { onLog: line => onLog('database', line) }),
    ...(signal && { signal }),
  })
}

/** The database's URI names no database, and a driver would take `test`. */
function withName(uri: string): string {
  const named = new URL(uri)
  named.pathname = '/fastchat'
  return named.href
}
