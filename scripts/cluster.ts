import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { exitCodes, FastChatError } from '../schema/errors.ts'
import { endWithNpm } from './server-process.ts'
import { type Cluster, startCluster } from './start-cluster.ts'

const DEFAULT_SERVERS = 5
const DEFAULT_PORT = 8080
const DEFAULT_DATABASE_PORT = 27_019
const DEFAULT_CHAOS_SECONDS = 5
const MAX_SERVERS = 64
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const help = `Usage: fastchat cluster [--servers 5] [--port 8080] [--data DIR] [--chaos [SECONDS]]
                                          (npm run cluster, deno task cluster)

Runs several servers on this machine over one database: the one that MONGODB_URI
names, else an embedded one. A process that ends by itself is started again.
Ctrl-C stops them all.

  --servers N         how many (default 5)
  --port N            of the first, the others have the next ones; 0 takes any free
                      ones (default 8080)
  --database-port N   of the embedded database (default 27019; with --port 0 any)
  --data DIR          where the embedded database keeps its files
  --chaos [SECONDS]   kills one of the servers at random every so often (default 5),
                      and starts it again
`

interface Flags {
  servers: number
  port: number
  databasePort: number
  dataDir: string | undefined
  /** Undefined: no chaos. */
  chaosMs: number | undefined
}

/** `fastchat cluster`: runs until SIGINT, SIGTERM or SIGHUP. @returns the exit code. */
export async function runCluster(argv: readonly string[]): Promise<number> {
  const stopping = new AbortController()
  const onSignal = () => {
    // The second time nobody waits for a goodbye: the processes are told to end when this one does.
    if (stopping.signal.aborted) process.exit(exitCodes.internal)
    stopping.abort()
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  try {
    const flags = readFlags(argv)
    if (!flags) {
      process.stdout.write(help)
      return exitCodes.done
    }
    endWithNpm()
    await run(flags, stopping.signal)
    return exitCodes.done
  } catch (error) {
    if (stopping.signal.aborted) return exitCodes.done
    if (!(error instanceof FastChatError)) throw error
    process.stderr.write(`fastchat: ${error.message}\n`)
    return error.exitCode
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal)
  }
}

async function run({ chaosMs, ...flags }: Flags, signal: AbortSignal): Promise<void> {
  const cluster = await startCluster({
    ...flags,
    mongodbUri: process.env.MONGODB_URI || undefined,
    say,
    onLog: (from, line) => process.stderr.write(`${from}: ${line}\n`),
    signal,
  })
  try {
    const urls = cluster.servers.map(({ url }) => url)
    for (const url of urls) say(url)
    if (cluster.database) say(`Look inside: npx mongosh '${cluster.mongodbUri}'`)
    say(`Join: FASTCHAT_SERVERS=${urls.join(',')} npm run chat`)
    if (chaosMs === undefined) await untilAborted(signal)
    else await makeChaos(cluster, { chaosMs, signal })
    say('Stopping')
  } finally {
    await cluster.stop()
  }
}

async function makeChaos(
  cluster: Cluster,
  { chaosMs, signal }: { chaosMs: number; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    await delay(chaosMs, undefined, { signal }).catch(() => undefined)
    const killed = signal.aborted ? undefined : cluster.killOne(Math.random())
    if (killed) say(`Chaos: killed ${killed.url}`)
  }
}

/** A timer besides the listener, since a listener alone keeps no process alive. */
async function untilAborted(signal: AbortSignal): Promise<void> {
  const HOUR_MS = 60 * 60 * 1000
  while (!signal.aborted) await delay(HOUR_MS, undefined, { signal }).catch(() => undefined)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** @returns undefined when help is asked for @throws FastChatError `usage` */
function readFlags(argv: readonly string[]): Flags | undefined {
  const text = { type: 'string' } as const
  const options = {
    ...{ servers: text, port: text, 'database-port': text, data: text, chaos: text },
    help: { type: 'boolean', short: 'h' },
  } as const
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values']
  try {
    values = parseArgs({ args: withChaosValue(argv), options, strict: true }).values
  } catch {
    throw new FastChatError(
      'usage',
      'Cannot read the command line: cluster takes --servers N, --port N, --database-port N, --data DIR, --chaos [SECONDS]',
    )
  }
  if (values.help) return undefined
  const servers = readNumber('servers', values.servers ?? String(DEFAULT_SERVERS), {
    min: 1,
    max: MAX_SERVERS,
  })
  const max = 65_536 - servers
  const port = readNumber('port', values.port ?? String(DEFAULT_PORT), { min: 0, max })
  const otherwise = port === 0 ? '0' : String(DEFAULT_DATABASE_PORT)
  const chaos =
    values.chaos === undefined ? undefined : readNumber('chaos', values.chaos, { min: 1, max: 86_400 })
  return {
    servers,
    port,
    databasePort: readNumber('database-port', values['database-port'] ?? otherwise, { min: 0, max: 65_535 }),
    dataDir: values.data,
    chaosMs: chaos === undefined ? undefined : chaos * 1000,
  }
}

/** `--chaos` may stand alone, which `parseArgs` has no word for. */
function withChaosValue(argv: readonly string[]): string[] {
  return argv.map((word, at) =>
    word === '--chaos' && !/^\d/.test(argv[at + 1] ?? '') ? `--chaos=${DEFAULT_CHAOS_SECONDS}` : word,
  )
}

function readNumber(name: string, text: string, { min, max }: { min: number; max: number }): number {
  const found = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (found >= min && found <= max) return found
  throw new FastChatError('usage', `Cannot read --${name}: it is a number from ${min} to ${max}`)
}
