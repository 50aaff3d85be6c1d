import type { Hono } from 'hono'
import { connectDatabase, type Database } from '../adapter/mongo/connect.ts'
import { createAddressOf } from '../adapter/node/address.ts'
import { systemClock } from '../adapter/node/system-clock.ts'
import { assemble } from '../assemble.ts'
import { makeServerKey } from '../auth/server-key.ts'
import { type Limits, limitsWith } from '../config/limits.ts'
import type { Lease } from '../delivery/lease.ts'
import type { Carried } from '../http/context.ts'
import type { Clock } from '../port/clock.ts'
import type { Store } from '../port/store.ts'
import type { Answer } from './test-client.ts'
import { createTestLog, type TestLog } from './test-log.ts'

/** The routes of a server without port, socket or change stream. */
export interface TestApp {
  app: Hono<Carried>
  serverId: string
  lease: Lease
  log: TestLog
  database: Database
  /** `address`: whose request it is. A body of bytes, or a stream of them, is sent as it is. */
  ask(request: AppRequest): Promise<Answer & { headers: Headers }>
  close(): Promise<void>
}

export interface AppRequest {
  path: string
  body?: unknown
  token?: string
  method?: string
  address?: string
  headers?: Record<string, string>
}

export async function openTestApp(
  uri: string,
  {
    limits = {},
    clock = systemClock,
    trustProxy = false,
    isStopping = () => false,
    wrapStore = store => store,
  }: {
    limits?: Partial<Limits>
    clock?: Clock
    trustProxy?: boolean
    isStopping?: () => boolean
    wrapStore?: (store: Store) => Store
  } = {},
): Promise<TestApp> {
  const log = createTestLog()
  const signal = new AbortController().signal
  const database = await connectDatabase({ uri, clock: systemClock, log, signal })
  const key = await makeServerKey()
  const { app, lease } = assemble({
    ...{ key, clock, log, isStopping },
    store: wrapStore(database.store),
    limits: limitsWith({ maxLoginsPerMinute: 10_000, ...limits }),
    upgrade: () => (_, next) => next(),
    addressOf: createAddressOf({ trustProxy }),
    url: () => 'ws://127.0.0.1:1',
  })
  await lease.renew()
  return {
    app,
    serverId: key.serverId,
    lease,
    log,
    database,
    async ask({ path, body, token, method, address = '192.0.2.1', headers = {} }) {
      const isRaw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream
      const sent = (isRaw ? body : JSON.stringify(body)) as NonNullable<RequestInit['body']>
      const response = await app.request(
        path,
        {
          method: method ?? (body === undefined ? 'GET' : 'POST'),
          headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
          ...(body === undefined ? {} : { body: sent }),
          ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
        },
        { incoming: { socket: { remoteAddress: address } } },
      )
      return { status: response.status, body: await response.json(), headers: response.headers }
    },
    async close() {
      await lease.end()
      await database.close()
    },
  }
}
