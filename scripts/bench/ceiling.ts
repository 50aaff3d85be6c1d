import { readMemory } from '../memory.ts'
import type { Amount } from './catalog.ts'
import type { Measured } from './figures.ts'
import { connectToRelay, runLoad } from './peers.ts'
import { withRelay } from './processes.ts'

const WARM_CONNECTIONS = 10

/** What the same stack does when it keeps and checks nothing. */
export function measureCeiling({ pairs, loadMs, connections }: Amount): Promise<Measured> {
  return withRelay(async ({ url, pid }) => {
    const idle = await idleBytes({ pid, connections, connect: () => connectToRelay(url) })
    const made = []
    for (let at = 0; at < pairs; at++)
      made.push({ from: await connectToRelay(url), to: await connectToRelay(url) })
    const all = await runLoad({ pairs: made, window: 8, loadMs })
    const one = await runLoad({ pairs: made.slice(0, 1), window: 64, loadMs })
    return { ceiling: all.perSecond, 'ceiling-pair': one.perSecond, 'ceiling-idle': idle / 1024 }
  })
}

/** Bytes that a process takes more for each of so many connections that say nothing. */
export async function idleBytes({
  pid,
  connections,
  connect,
}: {
  pid: number
  connections: number
  connect: () => Promise<unknown>
}): Promise<number> {
  // The first ones load what is loaded once.
  for (let at = 0; at < WARM_CONNECTIONS; at++) await connect()
  const before = (await readMemory([pid])).get(pid)?.ownBytes ?? 0
  for (let at = 0; at < connections; at++) await connect()
  const after = (await readMemory([pid])).get(pid)?.ownBytes ?? 0
  return (after - before) / connections
}
