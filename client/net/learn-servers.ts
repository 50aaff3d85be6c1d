import { FastChatError } from '../../schema/errors.ts'
import type { ServersResponse } from '../../schema/http.ts'
import { chooseServers, type KnownServer } from './server-choice.ts'
import type { Transport } from './transport.ts'
import { normalizeServerUrl } from './urls.ts'

/**
 * Asks one of the given servers after the other, in random order, which servers there are and how loaded they are.
 *
 * @returns empty when none answers: then the given ones are tried as they are
 */
export async function learnServers(
  given: readonly string[],
  { transport, random, signal }: { transport: Transport; random: () => number; signal: AbortSignal },
): Promise<readonly KnownServer[]> {
  for (const url of chooseServers({ given, learned: [], random })) {
    if (signal.aborted) break
    try {
      return readServers(await transport.api(url).servers())
    } catch (error) {
      if (!(error instanceof FastChatError)) throw error
    }
  }
  return []
}

/** What a server says of all servers. An address that cannot be read is left out: the others may be right. */
export function readServers({ servers }: Pick<ServersResponse, 'servers'>): KnownServer[] {
  return servers.flatMap(({ url, load }) => {
    try {
      return [{ url: normalizeServerUrl(url), load }]
    } catch {
      return []
    }
  })
}
