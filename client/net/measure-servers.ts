import { FastChatError } from '../../schema/errors.ts'
import type { ServerMeasure } from '../chat.ts'
import { type Clock, sleep } from './clock.ts'
import { readServers } from './learn-servers.ts'
import type { Transport } from './transport.ts'

/** How long a server is waited for. */
const TIMEOUT_MS = 3_000
/** No more are asked, however many a server names. */
const MAX_SERVERS = 24

/**
 * Asks these servers, and those that they name, all at the same time.
 *
 * @param given normalised
 * @param found is told of each as soon as it is known, once
 */
export async function measureServers(
  given: readonly string[],
  { transport, clock, found }: { transport: Transport; clock: Clock; found: (server: ServerMeasure) => void },
): Promise<void> {
  const asked = new Set<string>()
  const ask = async (url: string): Promise<void> => {
    if (asked.has(url) || asked.size >= MAX_SERVERS) return
    asked.add(url)
    const over = new AbortController()
    const timeout = sleep(clock, { delayMs: TIMEOUT_MS, signal: over.signal }).then(() => null)
    const { latencyMs, others } = (await Promise.race([measure(url), timeout])) ?? {
      latencyMs: null,
      others: [],
    }
    over.abort()
    found({ url, latencyMs })
    await Promise.all(others.map(ask))
  }
  const measure = async (url: string) => {
    try {
      // The first answer pays for opening the connection; the second tells how far it is.
      const others = readServers(await transport.api(url).servers()).map(server => server.url)
      const from = clock.now()
      await transport.api(url).servers()
      return { latencyMs: Math.max(0, clock.now() - from), others }
    } catch (error) {
      if (!(error instanceof FastChatError)) throw error
      return null
    }
  }
  await Promise.all(given.map(ask))
}
