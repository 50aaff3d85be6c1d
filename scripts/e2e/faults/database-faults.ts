import { setTimeout as delay } from 'node:timers/promises'
import { waitFor } from '../../test/wait-for.ts'
import { type ServerNode, untilReady } from './cluster.ts'
import { duringBurst, type Fault, type Outcome, type Scene } from './fault.ts'
import { createMongoProxy, type MongoProxy } from './mongo-proxy.ts'

/** Long enough that clients and servers notice, short enough that leases live on. */
const OUTAGE_MS = 1_500
/** A lease is dead, and a stream called silent, after 15 s. */
const SILENCE_TIMEOUT_MS = 40_000

/** What happens to the database, and between it and a server. */
export const databaseFaults: readonly Fault[] = [
  {
    name: 'kill-database',
    what: 'kill -9 of the database, twice, started again on its files',
    skip: ({ cluster }) => (cluster.database ? undefined : 'MONGODB_URI is not ours to kill'),
    run: scene =>
      duringBurst(scene, {
        label: 'kill-database',
        async breakIt(burst) {
          for (const part of [0.2, 0.6]) {
            await burst.reached(part)
            await scene.cluster.database?.kill()
            await delay(OUTAGE_MS)
            await scene.cluster.database?.start()
          }
        },
      }),
  },
  {
    name: 'cut-stream',
    what: 'all connections of two servers to the database cut, three times',
    run: scene =>
      behindProxies(scene, proxies =>
        duringBurst(scene, {
          label: 'cut-stream',
          async breakIt(burst) {
            for (const part of [0.2, 0.4, 0.6]) {
              await burst.reached(part)
              for (const proxy of proxies) {
                proxy.setOpen(false)
                proxy.cut()
              }
              await delay(500)
              for (const proxy of proxies) proxy.setOpen(true)
            }
          },
        }),
      ),
  },
  {
    name: 'lost-token',
    what: 'streams of two servers that miss seconds of events, then cannot resume: error 286',
    run: scene => endStreams(scene, 'lost'),
  },
  {
    name: 'invalid-stream',
    what: 'streams of two servers that miss seconds of events, then are invalidated',
    run: scene => endStreams(scene, 'invalid'),
  },
  {
    name: 'trimmed-oplog',
    what: 'streams of two servers that are held until the oplog has gone past them',
    skip: ({ cluster }) => (cluster.database ? undefined : 'the oplog of MONGODB_URI is not ours to trim'),
    run: scene =>
      behindProxies(scene, async proxies => {
        const database = scene.cluster.database
        await database?.kill()
        await database?.start({ oplogMaxBytes: 64 * 1024 })
        for (const server of scene.cluster.servers) await untilReady(server)
        const outcome = await duringBurst(scene, {
          label: 'trimmed-oplog',
          async breakIt(burst) {
            for (const proxy of proxies) proxy.setStream('hold')
            await burst.reached(0.6)
            for (const proxy of proxies) proxy.setStream('pass')
          },
        })
        await database?.kill()
        await database?.start()
        return outcome
      }),
  },
  {
    name: 'silent-stream',
    what: 'streams of two servers that are open and silent for good; /readyz must say so',
    run: scene =>
      behindProxies(scene, async (proxies, servers) => {
        const reasons: (string | undefined)[] = []
        const outcome = await duringBurst(scene, {
          label: 'silent-stream',
          stallMs: SILENCE_TIMEOUT_MS,
          async breakIt() {
            for (const proxy of proxies) proxy.setStream('hold')
            for (const server of servers) reasons.push(await untilTroubled(server))
          },
          async mend() {
            for (const proxy of proxies) proxy.setStream('pass')
          },
        })
        const isSaid = reasons.every(reason => reason?.includes('stream'))
        const notes = [...outcome.notes, isSaid ? '/readyz said so' : `/readyz said ${reasons.join(', ')}`]
        return { ...outcome, notes, isWrong: outcome.isWrong === true || !isSaid }
      }),
  },
]

/** Puts a proxy between the database and each of two servers, for as long as `work` takes. */
async function behindProxies(
  { cluster }: Scene,
  work: (proxies: readonly MongoProxy[], servers: readonly ServerNode[]) => Promise<Outcome>,
): Promise<Outcome> {
  const servers = cluster.servers.slice(0, 2)
  const proxies: MongoProxy[] = []
  try {
    for (const server of servers) {
      const proxy = await createMongoProxy(cluster.mongoUri, cluster.client)
      proxies.push(proxy)
      await server.stop()
      await server.start({ mongoUri: proxy.uri })
      await untilReady(server)
    }
    return await work(proxies, servers)
  } finally {
    for (const proxy of proxies) proxy.setStream('pass')
    for (const server of servers) {
      await server.kill()
      await server.start()
    }
    for (const proxy of proxies) await proxy.close()
  }
}

async function endStreams(scene: Scene, mode: 'lost' | 'invalid'): Promise<Outcome> {
  return await behindProxies(scene, async proxies => {
    const outcome = await duringBurst(scene, {
      label: mode,
      async breakIt() {
        for (const proxy of proxies) proxy.setStream('hold')
        await delay(2 * OUTAGE_MS)
        for (const proxy of proxies) proxy.setStream(mode)
      },
    })
    const hasHappened = proxies.every(({ tampered }) => tampered > 0)
    if (hasHappened) return outcome
    return { ...outcome, isWrong: true, notes: [...outcome.notes, 'no stream was found in the proxy'] }
  })
}

async function untilTroubled(server: ServerNode): Promise<string | undefined> {
  return await waitFor(
    async () => {
      const { ok, reason } = await server.readiness()
      return ok ? undefined : (reason ?? 'no reason')
    },
    {
      what: `${server.url} to notice that its stream is silent`,
      timeoutMs: SILENCE_TIMEOUT_MS,
      intervalMs: 200,
    },
  )
}
