import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { MongoClient } from 'mongodb'
import { exitCodes, FastChatError } from '../schema/errors.ts'
import { Burst, createCrowd } from './e2e/faults/crowd.ts'
import { isClean } from './e2e/faults/tally.ts'
import { readMemory, type Sample, summarise } from './memory.ts'
import { endWithNpm } from './server-process.ts'
import { type Cluster, startCluster } from './start-cluster.ts'

const LOOK_EVERY_MS = 5_000
const TELL_EVERY_MS = 30_000
const SETTLE_TIMEOUT_MS = 60_000
/** A process may own so much more memory in its last third than in its middle one. */
const BOUND = { bytes: 24 * 2 ** 20, part: 0.2 }
/** In a shorter run processes, the database most, still fill their caches in the last third: nothing is judged. */
const MIN_JUDGED_MS = 8 * 60_000

const help = `Usage: npm run soak -- [--minutes 10] [--users 20] [--rate 20] [--servers 5] [--chaos [SECONDS]]

Servers and a database as processes, users as sessions in this one, who write at a
steady rate. Tells memory and counts every 30 s and in the end. Exit code 1: something
was lost, came twice or in disorder, or a process owned over ${BOUND.part * 100} % and ${BOUND.bytes / 2 ** 20} MB more memory in
the last third of the run than in the middle one (of a run of 8 minutes or more).

  --rate N             messages a second, all users together
  --chaos [SECONDS]    kills a server at random every so often (default 10), never the
                       first, whose memory is watched from the beginning to the end
`

interface Flags {
  minutes: number
  users: number
  rate: number
  servers: number
  /** 0: no chaos. */
  chaosMs: number
}

async function main(argv: readonly string[]): Promise<number> {
  const flags = readFlags(argv)
  if (!flags) {
    process.stdout.write(help)
    return exitCodes.done
  }
  endWithNpm()
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-soak-'))
  // The processes are told to end when this one does.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      rmSync(folder, { recursive: true, force: true })
      process.exit(exitCodes.internal)
    })
  }
  const cluster = await startCluster({
    servers: flags.servers,
    port: 0,
    databasePort: 0,
    mongodbUri: ownDatabase(process.env.MONGODB_URI),
    dataDir: join(folder, 'db'),
    say: tell,
    onLog: (from, line) => tell(`${from}: ${line}`),
  })
  const client = await new MongoClient(cluster.mongodbUri).connect()
  try {
    return await soak(flags, { cluster, client, folder })
  } finally {
    if (!cluster.database) await client.db().dropDatabase()
    await client.close()
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function soak(
  { minutes, users, rate, servers, chaosMs }: Flags,
  { cluster, client, folder }: { cluster: Cluster; client: MongoClient; folder: string },
): Promise<number> {
  const crowd = await createCrowd({ folder, servers: cluster.servers }, { users })
  const devices = crowd.devices.length
  const messages = Math.round(minutes * 60 * rate)
  tell(
    `${servers} servers, ${users} users on ${devices} devices, ${messages} messages at ${rate}/s, ${minutes} min`,
  )
  const burst = new Burst(crowd, { label: 'soak', messages, everyMs: (devices / rate) * 1000 })
  const watch = new Watch(cluster)
  const stopping = new AbortController()
  const { signal } = stopping
  const kills = { count: 0 }
  const background = [
    watch.run(signal, () => {
      const arrived = crowd.devices.reduce((total, device) => total + device.arrived, 0)
      return `written ${burst.written}, arrived ${arrived}, killed ${kills.count}`
    }),
    makeChaos(cluster, { chaosMs, signal, kills }),
  ]
  const startedAt = performance.now()
  await burst.write()
  const lastedMs = performance.now() - startedAt
  stopping.abort()
  await Promise.all(background)
  const counts = await burst.count({ stallMs: SETTLE_TIMEOUT_MS })
  const left = await settle(client)
  const defects = crowd.devices.flatMap(device => device.defects)
  await crowd.close()

  const isFlat = watch.report(lastedMs)
  tell(
    `written ${burst.written} in ${Math.round(lastedMs / 1000)} s, refused ${burst.refused.length}, killed ${kills.count}`,
  )
  tell(
    `expected ${counts.expected}, lost ${counts.lost}, duplicated ${counts.duplicated}, disordered ${counts.disordered}, gaps ${counts.gaps}`,
  )
  tell(`left in the database ${left}, defects ${defects.length}`)
  for (const defect of defects.slice(0, 5)) tell(`defect: ${String(defect)}`)
  const isWhole = isClean(counts) && counts.gaps === 0 && burst.refused.length === 0 && left === 0
  return isWhole && isFlat && defects.length === 0 ? exitCodes.done : exitCodes.internal
}

/** Waits until nothing is undelivered, receipts neither. @returns how much still is */
async function settle(client: MongoClient): Promise<number> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS
  for (;;) {
    const left = await client.db().collection('undelivered').countDocuments({})
    if (left === 0 || performance.now() > deadline) return left
    await delay(250)
  }
}

async function makeChaos(
  { servers }: Cluster,
  { chaosMs, signal, kills }: { chaosMs: number; signal: AbortSignal; kills: { count: number } },
): Promise<void> {
  while (chaosMs > 0 && !signal.aborted) {
    await delay(chaosMs, undefined, { signal }).catch(() => undefined)
    const chosen = servers[1 + Math.floor(Math.random() * (servers.length - 1))]
    if (!signal.aborted && chosen?.kill()) kills.count++
  }
}

/** The memory of all processes, over time. */
class Watch {
  readonly #names: readonly { name: string; pid: () => number | undefined }[]
  readonly #samples = new Map<string, Sample[]>()
  readonly #startedAt = performance.now()

  constructor({ servers, database }: Cluster) {
    this.#names = [
      ...servers.map((server, at) => ({ name: `server ${at + 1}`, pid: () => server.pid() })),
      ...(database ? [{ name: 'database', pid: () => database.pid() }] : []),
      { name: 'clients', pid: () => process.pid },
    ]
  }

  async run(signal: AbortSignal, counts: () => string): Promise<void> {
    let toldAt = Number.NEGATIVE_INFINITY
    while (!signal.aborted) {
      await this.#look()
      if (performance.now() - toldAt >= TELL_EVERY_MS) {
        toldAt = performance.now()
        tell(`${this.#clock()} ${counts()}; MB: ${this.#now()}`)
      }
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
    }
    await this.#look()
  }

  /** @returns whether every process stayed within the bound */
  report(lastedMs: number): boolean {
    let isFlat = true
    tell('MB           min    max   last   own: middle third  last third  slope/min')
    for (const [name, samples] of this.#samples) {
      const { minBytes, maxBytes, lastBytes, own } = summarise(samples, { lastedMs })
      const cells = [minBytes, maxBytes, lastBytes].map(bytes => megabytes(bytes).padStart(7)).join('')
      const ownCells = own
        ? `${megabytes(own.middleBytes).padStart(17)}${megabytes(own.lastBytes).padStart(12)}${(own.slopeBytesPerMinute / 2 ** 20).toFixed(2).padStart(11)}`
        : '  (killed too often for a slope)'
      const grows =
        own !== undefined &&
        lastedMs >= MIN_JUDGED_MS &&
        own.lastBytes - own.middleBytes > BOUND.bytes &&
        own.lastBytes > own.middleBytes * (1 + BOUND.part)
      if (grows) isFlat = false
      tell(`${name.padEnd(9)}${cells}${ownCells}${grows ? '  GROWS' : ''}`)
    }
    return isFlat
  }

  async #look(): Promise<void> {
    const atMs = performance.now() - this.#startedAt
    const alive = this.#names.flatMap(({ name, pid }) => {
      const found = pid()
      return found === undefined ? [] : [{ name, pid: found }]
    })
    const memory = await readMemory(alive.map(({ pid }) => pid))
    for (const { name, pid } of alive) {
      const found = memory.get(pid)
      if (!found) continue
      const samples = this.#samples.get(name) ?? []
      this.#samples.set(name, samples)
      samples.push({ ...found, pid, atMs })
    }
  }

  #now(): string {
    return this.#names
      .map(({ name, pid }) => {
        const last = this.#samples.get(name)?.at(-1)
        return `${name} ${last && last.pid === pid() ? megabytes(last.totalBytes) : '-'}`
      })
      .join(', ')
  }

  #clock(): string {
    const seconds = Math.round((performance.now() - this.#startedAt) / 1000)
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  }
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** A database of its own, which is dropped in the end. */
function ownDatabase(uri: string | undefined): string | undefined {
  if (!uri) return undefined
  const named = new URL(uri)
  named.pathname = `/fastchat_soak_${randomBytes(6).toString('hex')}`
  return named.href
}

/** @returns undefined when help is asked for @throws FastChatError `usage` */
function readFlags(argv: readonly string[]): Flags | undefined {
  const text = { type: 'string' } as const
  const options = {
    ...{ minutes: text, users: text, rate: text, servers: text, chaos: text },
    help: { type: 'boolean', short: 'h' },
  } as const
  const args = argv.map((word, at) =>
    word === '--chaos' && !/^\d/.test(argv[at + 1] ?? '') ? '--chaos=10' : word,
  )
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values']
  try {
    values = parseArgs({ args, options, strict: true }).values
  } catch {
    throw new FastChatError('usage', 'Cannot read the command line: --help lists the flags')
  }
  if (values.help) return undefined
  return {
    minutes: readNumber('minutes', values.minutes ?? '10', 0.05),
    users: readNumber('users', values.users ?? '20', 5),
    rate: readNumber('rate', values.rate ?? '20', 1),
    servers: readNumber('servers', values.servers ?? '5', 2),
    chaosMs: values.chaos === undefined ? 0 : readNumber('chaos', values.chaos, 1) * 1000,
  }
}

function readNumber(name: string, text: string, min: number): number {
  const found = Number(text)
  if (found >= min && found <= 100_000) return found
  throw new FastChatError('usage', `Cannot read --${name}: it is a number from ${min}`)
}

try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof FastChatError)) throw error
  process.stderr.write(`soak: ${error.message}\n`)
  process.exit(error.exitCode)
}
