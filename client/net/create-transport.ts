import { createApi } from './api.ts'
import type { Clock } from './clock.ts'
import { openSocket } from './socket.ts'
import type { Transport } from './transport.ts'

/** The real network: fetch and ws. */
export function createTransport({ clock }: { clock: Clock }): Transport {
  return {
    api: url => createApi(url, { clock }),
    openSocket: request => openSocket({ ...request, clock }),
  }
}
