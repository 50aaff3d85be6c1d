import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import type { Amount } from './catalog.ts'
import { idleBytes } from './ceiling.ts'
import { type Measured, quantile } from './figures.ts'
import { connectPeer, runLoad } from './peers.ts'
import { cpuSeconds, withDeployment } from './processes.ts'

const BATCH = 200
const DOCUMENT_BYTES = 1_500
const IDLE_SERVERS = 5

/** Senders at the first server, recipients at the last one. */
export function measureServers(
  { pairs, loadMs }: Amount,
  { id, servers: count }: { id: string; servers: number },
): Promise<Measured> {
  return withDeployment(count, async ({ servers }) => {
    const [first, last] = [servers[0]?.url ?? '', servers.at(-1)?.url ?? '']
    const made = []
    for (let at = 0; at < pairs; at++)
      made.push({ from: await connectPeer(first), to: await connectPeer(last) })
    const alone = await runLoad({ pairs: made.slice(0, 1), window: 1, loadMs })
    const all = await runLoad({ pairs: made, window: 8, loadMs })
    return {
      [id]: all.perSecond,
      [`${id}-p50`]: all.p50,
      [`${id}-window-1-p50`]: alone.p50,
      [`${id}-window-1-p99`]: alone.p99,
    }
  })
}

export async function measureIdle({ connections, idleMs }: Amount): Promise<Measured> {
  const bytes = await withDeployment(1, async ({ servers: [server] }) => {
    if (!server) return 0
    return await idleBytes({ pid: server.pid, connections, connect: () => connectPeer(server.url) })
  })
  const percent = await withDeployment(IDLE_SERVERS, async ({ servers }) => {
    const pids = servers.map(({ pid }) => pid)
    // What a start leaves to be done is done by then.
    await delay(idleMs / 3)
    const before = await cpuSeconds(pids)
    await delay(idleMs)
    return (((await cpuSeconds(pids)) - before) * 100_000) / idleMs
  })
  return { 'idle-connection': bytes / 1024, 'idle-cpu': percent }
}

export function measureDatabase({ loadMs, rounds }: Amount): Promise<Measured> {
  return withDeployment(0, async ({ mongoUri }) => {
    const client = await new MongoClient(mongoUri).connect()
    try {
      const collection = client.db('bench').collection<{ n: number; bytes: string }>('inserts')
      const bytes = randomBytes(DOCUMENT_BYTES).toString('base64').slice(0, DOCUMENT_BYTES)
      const batch = () => Array.from({ length: BATCH }, (_, n) => ({ n, bytes }))
      await collection.insertMany(batch())
      let inserted = 0
      const from = performance.now()
      while (performance.now() - from < loadMs) {
        await collection.insertMany(batch())
        inserted += BATCH
      }
      const perSecond = (inserted * 1000) / (performance.now() - from)
      const taken: number[] = []
      const stream = collection.watch()
      // Asked once, so that it is open before the first insert.
      const first = stream.tryNext()
      await first
      for (let n = 0; n < rounds; n++) {
        const insertedAt = performance.now()
        const next = stream.next()
        await collection.insertOne({ n, bytes })
        await next
        taken.push(performance.now() - insertedAt)
      }
      await stream.close()
      return { inserts: perSecond, 'event-p50': quantile(taken, 0.5), 'event-p99': quantile(taken, 0.99) }
    } finally {
      await client.close()
    }
  })
}
