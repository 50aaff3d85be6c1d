/** A running embedded database. */
export interface EmbeddedDatabase {
  /** Connection string for the official driver, `mongodb://HOST:PORT/?replicaSet=fastchat`. */
  uri: string
  port: number
  /** Ends all connections, flushes, gives the data directory back. Safe to call twice. */
  stop(): Promise<void>
}

/**
 * Starts the embedded database on `dataDir` (made 0700 when absent).
 *
 * @throws FastChatError code `database_in_use` when another process holds dataDir
 * @throws FastChatError code `port_in_use` when the port is taken
 */
export async function startEmbedded(options: {
  dataDir: string
  /** Default 127.0.0.1. */
  host?: string
  /** Default 0: any free port. */
  port?: number
}): Promise<EmbeddedDatabase> {
  throw new Error(`Cannot start the embedded database in ${options.dataDir}: it is being written`)
}
