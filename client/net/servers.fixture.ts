import { FastChatError } from '../../schema/errors.ts'
import type { ClientFrame, ServerFrame } from '../../schema/frames.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import type { Connection as ConnectionState } from '../chat.ts'
import type { Api } from './api.ts'
import { type Connection, createConnection } from './connection.ts'
import { createTestClock, type TestClock } from './test-clock.fixture.ts'
import type { SocketHandlers, Transport } from './transport.ts'

export const SERVER = '01890000-0000-7000-8000-000000000001'
const MINUTE_MS = 60_000

interface FakeLink {
  url: string
  token: string
  handlers: SocketHandlers
  sent: ClientFrame[]
}

/** Some servers that are up or down, and all that was asked of them. */
export class Servers {
  readonly clock: TestClock = createTestClock()
  readonly links: FakeLink[] = []
  readonly asked: string[] = []
  readonly assertions: { audience: string; now: number }[] = []
  readonly states: ConnectionState[] = []
  readonly frames: ServerFrame[] = []
  readonly ends: string[] = []
  readonly defects: unknown[] = []
  onOnline: () => void = () => undefined
  readonly down = new Set<string>()
  welcomes = true
  /** How far the servers' clock is ahead. */
  skewMs = 0
  listed: { url: string; load: number }[] = []
  tokenError: FastChatError | undefined
  #tokens = 0

  get link(): FakeLink {
    const link = this.links.at(-1)
    if (!link) throw new Error('Cannot find link: there is none')
    return link
  }

  connect(servers: readonly string[]): Connection {
    const connection = createConnection({
      transport: this.#transport(),
      servers,
      clock: this.clock,
      random: () => 0,
      assert: async request => {
        this.assertions.push(request)
        return 'assertion'
      },
      handlers: {
        onOnline: () => this.onOnline(),
        onFrame: frame => this.frames.push(frame),
        onOffline: () => undefined,
        onChange: state => this.states.push(state),
        onEnd: reason => this.ends.push(reason),
      },
      report: error => this.defects.push(error),
    })
    connection.start()
    return connection
  }

  async online(connection: Connection, url?: string): Promise<void> {
    await waitFor(
      () => connection.state.state === 'online' && (url === undefined || connection.state.server === url),
      {
        what: `a connection to ${url ?? 'a server'}; it is ${JSON.stringify(connection.state)}`,
        intervalMs: 1,
      },
    )
  }

  async offline(connection: Connection): Promise<void> {
    await waitFor(() => connection.state.state === 'offline', { what: 'to be offline', intervalMs: 1 })
  }

  #transport(): Transport {
    return {
      api: url => this.#api(url) as unknown as Api,
      openSocket: async ({ url, token, handlers }) => {
        this.#check(url)
        const link: FakeLink = { url, token, handlers, sent: [] }
        this.links.push(link)
        if (this.welcomes) {
          const now = this.clock.now()
          handlers.onFrame({ t: 'welcome', server: SERVER, device: SERVER, now, prekeysLeft: 100 })
          handlers.onFrame({ t: 'drained' })
        }
        return {
          send: frame => link.sent.push(frame),
          close: () => handlers.onClose({ code: 1000 }),
        }
      },
    }
  }

  #api(url: string): Pick<Api, 'url' | 'servers' | 'token'> {
    return {
      url,
      servers: async () => {
        this.asked.push(url)
        this.#check(url)
        const servers = this.listed.map(server => ({ id: SERVER, ...server }))
        return { self: SERVER, now: this.clock.now() + this.skewMs, servers }
      },
      token: async () => {
        if (this.tokenError) throw this.tokenError
        return { token: `token-${++this.#tokens}`, expiresInMs: 10 * MINUTE_MS }
      },
    }
  }

  #check(url: string): void {
    if (this.down.has(url)) throw new FastChatError('unavailable', `Cannot use server ${url}: it is down`)
  }
}
