import { systemClock } from '../adapter/node/system-clock.ts'
import { type RunningServer, type ServeOptions, serve } from '../main.ts'
import { createTestLog, type TestLog } from './test-log.ts'

export interface TestServer extends RunningServer {
  log: TestLog
}

/** A whole server in this process, on a free port. */
export async function startTestServer(uri: string, options: Partial<ServeOptions> = {}): Promise<TestServer> {
  const log = createTestLog()
  const server = await serve({
    host: '127.0.0.1',
    port: 0,
    database: { kind: 'uri', uri },
    clock: systemClock,
    log,
    ...options,
    // So many log in from one address only in tests.
    limits: { maxLoginsPerMinute: 10_000, ...options.limits },
  })
  return { ...server, log }
}
