import { FastChatError } from '../../schema/errors.ts'
import type { Api } from './api.ts'

/** What one server cannot answer, another one may. */
const elsewhere: ReadonlySet<string> = new Set(['unavailable', 'server_stopping'])

/**
 * Asks one server after the other until one answers; a second time when none did, for an answer that got lost.
 * What is asked must be harmless when it is asked again.
 *
 * @throws FastChatError what a server refused with; `no_server` when none answered
 */
export async function askAnyServer<T>(
  question: (api: Api) => Promise<T>,
  { apis, rounds = 2 }: { apis: readonly Api[]; rounds?: number },
): Promise<T> {
  let cause: unknown
  for (let round = 0; round < rounds; round++) {
    for (const api of apis) {
      try {
        return await question(api)
      } catch (error) {
        if (!(error instanceof FastChatError && elsewhere.has(error.code))) throw error
        cause = error
      }
    }
  }
  const names = apis.map(({ url }) => url).join(', ')
  const state = apis.length === 0 ? 'none is known' : `none of ${names} answers`
  throw new FastChatError('no_server', `Cannot reach a server: ${state}`, { cause })
}
