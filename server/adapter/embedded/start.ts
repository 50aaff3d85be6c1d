import { chmodSync, mkdirSync } from 'node:fs'
import { FastChatError } from '../../../schema/errors.ts'
import { EmbeddedServer, SET_NAME, type Tuning } from './server.ts'
import { DatabaseInUse } from './storage/owner.ts'

/** A running embedded database. */
export interface EmbeddedDatabase {
  /** Connection string for the official driver, `mongodb://HOST:PORT/?replicaSet=fastchat`. */
  uri: string
  port: number
  /** Ends all connections, flushes, gives the data directory back. Safe to call twice. */
  stop(): Promise<void>
}

/** The address that a client on this machine uses for a server that listens on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}

/**
 * Starts the embedded database on `dataDir` (made when absent, readable by its owner only).
 *
 * @throws FastChatError code `database_in_use` when another process holds dataDir
 * @throws FastChatError code `port_in_use` when the port is taken
 * @throws FastChatError code `database_unusable` when dataDir cannot be made, read or written
 */
export async function startEmbedded(options: {
  dataDir: string
  /** Default 127.0.0.1. */
  host?: string
  /** Default 0: any free port. */
  port?: number
  /** For tests. */
  tuning?: Tuning
}): Promise<EmbeddedDatabase> {
  const { dataDir, host = '127.0.0.1', port = 0 } = options
  let server: EmbeddedServer
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    chmodSync(dataDir, 0o700)
    server = await EmbeddedServer.open({
      dataDir,
      ...(options.tuning === undefined ? {} : { tuning: options.tuning }),
    })
  } catch (cause) {
    if (cause instanceof DatabaseInUse) {
      throw new FastChatError(
        'database_in_use',
        `Cannot open the database in ${dataDir}: process ${cause.pid} has it open`,
        { cause },
      )
    }
    throw new FastChatError(
      'database_unusable',
      `Cannot open the database in ${dataDir}: it cannot be read and written`,
      { cause },
    )
  }
  try {
    const actual = await server.listen({ host, port })
    return {
      uri: `mongodb://${reachable(host)}:${actual}/?replicaSet=${SET_NAME}`,
      port: actual,
      stop: () => server.stop(),
    }
  } catch (cause) {
    await server.stop()
    if (codeOf(cause) === 'EADDRINUSE') {
      throw new FastChatError('port_in_use', `Cannot listen on ${host}:${port}: the port is taken`, { cause })
    }
    throw new FastChatError(
      'database_unusable',
      `Cannot listen on ${host}:${port}: ${String(codeOf(cause) ?? 'failed')}`,
      { cause },
    )
  }
}
