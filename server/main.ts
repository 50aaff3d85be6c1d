import { startEmbedded } from './adapter/embedded/start.ts'
import { connectDatabase, type Database } from './adapter/mongo/connect.ts'
import { createFeed } from './adapter/mongo/feed.ts'
import { createAddressOf, reachableUrl } from './adapter/node/address.ts'
import { createNodeSockets, cutOff, type Listening } from './adapter/node/listen.ts'
import { createPrometheusMetrics } from './adapter/prometheus/prometheus-metrics.ts'
import { assemble } from './assemble.ts'
import { makeServerKey } from './auth/server-key.ts'
import { blobLimits, type Limits, limitsWith } from './config/limits.ts'
import type { Hub } from './delivery/hub.ts'
import type { Lease } from './delivery/lease.ts'
import { Rounds } from './delivery/rounds.ts'
import type { Clock } from './port/clock.ts'
import { errorFields, type Log } from './port/log.ts'
import type { Store } from './port/store.ts'

export interface ServeOptions {
  host: string
  /** 0: any free port. */
  port: number
  /** What clients are told. Default: made of host and port. */
  url?: string | undefined
  database: { kind: 'uri'; uri: string } | { kind: 'embedded'; dataDir: string }
  clock: Clock
  log: Log
  trustProxy?: boolean
  /** The largest attachment, bytes. Default `maxBlobBytes` of the protocol's limits. */
  maxBlobBytes?: number | undefined
  /** Lets others than this machine read `/metrics`. */
  metricsToken?: string | undefined
  /** Ends a start that still waits for the database. */
  signal?: AbortSignal
  /** For tests: lower limits, and what stands between the server and its database. */
  limits?: Partial<Limits>
  sweepMs?: number
  wrapStore?: (store: Store) => Store
}

export interface RunningServer {
  /** As clients dial it. */
  url: string
  port: number
  serverId: string
  /** Of the database. With an embedded one, others may use it while this server runs. */
  mongodbUri: string
  /** Tells its clients to go elsewhere, loses nothing, and ends within seconds. Safe to call twice. */
  stop(): Promise<void>
}

/** While the change stream is being opened the lease is renewed so often: the first renewal that comes through ends it. */
const PROBE_MS = 50
/** How long clients have to answer the close of their sockets. */
const GOODBYE_MS = 500

/**
 * The composition root: puts a server together and starts it. When the promise resolves it can be connected to, and its
 * change stream is known to bring events.
 *
 * @throws FastChatError `port_in_use`, `bad_config`, `database_in_use`, `database_unusable`, `database_unreachable`
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const undo: (() => Promise<void>)[] = []
  const unwind = async () => {
    for (let step = undo.pop(); step; step = undo.pop()) {
      await step().catch(error => options.log.warn(errorFields(error), 'Cannot end a part of the server'))
    }
  }
  try {
    return await start(options, { undo, unwind })
  } catch (error) {
    await unwind()
    throw error
  }
}

async function start(
  options: ServeOptions,
  { undo, unwind }: { undo: (() => Promise<void>)[]; unwind: () => Promise<void> },
): Promise<RunningServer> {
  const { clock, log, host } = options
  const limits = limitsWith({ ...blobLimits(options.maxBlobBytes), ...options.limits })
  const { uri, database } = await openDatabase(options, undo)
  const store = options.wrapStore?.(database.store) ?? database.store
  const key = await makeServerKey()

  // The port first: with port 0 the address that others are told is known only now. Until all is there it answers 503.
  let isServing = false
  let url = ''
  const sockets = createNodeSockets({ maxFrameBytes: limits.maxFrameBytes, log })
  const { app, hub, lease } = assemble({
    ...{ key, store, clock, log, limits },
    upgrade: sockets.upgrade,
    addressOf: createAddressOf({ trustProxy: options.trustProxy ?? false }),
    cutOff,
    isStopping: () => !isServing,
    metrics: createPrometheusMetrics(),
    metricsToken: options.metricsToken,
    url: () => url,
  })
  const listening = await sockets.listen(app, {
    host,
    port: options.port,
  })
  undo.push(() => listening.cutOff())
  url = options.url ?? reachableUrl(host, listening.port)

  const feed = createFeed(database.db, { serverId: key.serverId, clock, log })
  undo.push(() => feed.close())
  await openFeed({ feed: feed.open(hub.feedHandlers(at => lease.heard(at))), lease, clock })
  undo.push(() => lease.end())
  lease.keep()
  const rounds = new Rounds({
    ...{ hub, clock, log, limits },
    messages: store.messages,
    blobs: store.blobs,
    now: () => lease.now(),
    ...(options.sweepMs === undefined ? {} : { sweepMs: options.sweepMs }),
  })
  rounds.start()
  isServing = true

  let stopping: Promise<void> | undefined
  return {
    url,
    port: listening.port,
    serverId: key.serverId,
    mongodbUri: uri,
    stop() {
      isServing = false
      stopping ??= stopServing({ hub, rounds, listening, clock }).then(unwind)
      return stopping
    },
  }
}

async function openDatabase(
  { database, clock, log, signal = new AbortController().signal }: ServeOptions,
  undo: (() => Promise<void>)[],
): Promise<{ uri: string; database: Database }> {
  let { uri } = database as { uri?: string }
  if (database.kind === 'embedded') {
    const embedded = await startEmbedded({ dataDir: database.dataDir })
    undo.push(() => embedded.stop())
    uri = embedded.uri
  }
  const connected = await connectDatabase({ uri: uri ?? '', clock, log, signal })
  undo.push(() => connected.close())
  return { uri: uri ?? '', database: connected }
}

/** Resolves when the feed has brought a renewal of the lease: then it works from the database to here. */
async function openFeed({
  feed,
  lease,
  clock,
}: {
  feed: Promise<void>
  lease: Lease
  clock: Clock
}): Promise<void> {
  let isOpen = false
  feed.then(
    () => {
      isOpen = true
    },
    () => undefined,
  )
  while (!isOpen || !lease.isHeard) {
    await lease.renew()
    await new Promise<void>(resolve => clock.after(PROBE_MS, resolve))
  }
}

/** Takes nothing more, tells everybody to go elsewhere, and brings what was accepted into the database. */
async function stopServing({
  hub,
  rounds,
  listening,
  clock,
}: {
  hub: Hub
  rounds: Rounds
  listening: Listening
  clock: Clock
}): Promise<void> {
  listening.stopAccepting()
  rounds.stop()
  for (const connection of hub.connections()) connection.close('serviceRestart')
  let isLate = false
  clock.after(GOODBYE_MS, () => {
    isLate = true
  })
  await hub.idle()
  while (hub.size > 0 && !isLate) await new Promise<void>(resolve => clock.after(10, resolve))
  for (const connection of hub.connections()) connection.wire.terminate()
  await hub.idle()
}
