import { MongoClient, type MongoClientOptions, MongoServerError } from 'mongodb'
import { FastChatError } from '../../../schema/errors.ts'

/** MongoDB 4.4: what the driver speaks, and what change streams of a database need is older. */
const MIN_WIRE_VERSION = 9

const OPTIONS: MongoClientOptions = {
  appName: 'fastchat',
  writeConcern: { w: 'majority' },
  readConcern: { level: 'majority' },
  readPreference: 'primary',
  retryWrites: true,
  retryReads: true,
  maxPoolSize: 20,
  ignoreUndefined: true,
}

/**
 * Connects to a replica set or a sharded cluster, and goes on trying while nobody answers: a database may start later
 * than its servers.
 *
 * @param options `onWaiting`: told once for each attempt that failed; `signal` ends the waiting
 * @throws FastChatError `bad_config` when the URI is none; `database_unusable` when waiting does not help: no change
 *   streams, too old, no permission; `database_unreachable` when `signal` ended the waiting
 */
export async function connectMongo(
  uri: string,
  options: {
    onWaiting?: (error: FastChatError) => void
    signal?: AbortSignal
    serverSelectionTimeoutMs?: number
  },
): Promise<MongoClient> {
  const { onWaiting, signal, serverSelectionTimeoutMs = 5000 } = options
  for (;;) {
    const client = createClient(uri, serverSelectionTimeoutMs)
    try {
      await client.connect()
      await checkDeployment(client)
      return client
    } catch (cause) {
      await client.close().catch(() => undefined)
      const error = explain(cause)
      if (error.code !== 'database_unreachable' || signal?.aborted) throw error
      onWaiting?.(error)
    }
  }
}

function createClient(uri: string, serverSelectionTimeoutMS: number): MongoClient {
  try {
    return new MongoClient(uri, { ...OPTIONS, serverSelectionTimeoutMS })
  } catch {
    // The cause may quote the URI, and that the password.
    throw new FastChatError('bad_config', 'Cannot read MONGODB_URI: it is not a MongoDB connection string')
  }
}

/** What is wrong with a deployment is said now, not by the first message that fails. */
async function checkDeployment(client: MongoClient): Promise<void> {
  const hello = await client.db('admin').command({ isMaster: 1 })
  if (Number(hello.maxWireVersion) < MIN_WIRE_VERSION) throw unusable('it is older than MongoDB 4.4')
  const isSharded = hello.msg === 'isdbgrid'
  if (!isSharded && typeof hello.setName !== 'string') {
    throw unusable('it is neither a replica set nor a sharded cluster, so it has no change streams')
  }
  await client.db().command({ listCollections: 1, nameOnly: true, cursor: { batchSize: 1 } })
}

function unusable(why: string, cause?: unknown): FastChatError {
  return new FastChatError('database_unusable', `Cannot use database: ${why}`, { cause })
}

/** A driver's error as one of ours, without addresses or credentials. */
function explain(error: unknown): FastChatError {
  if (error instanceof FastChatError) return error
  const code = error instanceof MongoServerError ? error.code : undefined
  if (code === 13 || code === 18 || code === 8000)
    return unusable('it refuses these credentials, or what they may do')
  const message = error instanceof Error ? error.message : ''
  if (/wire version|requires at least/i.test(message)) return unusable('it is older than MongoDB 4.4')
  return new FastChatError('database_unreachable', 'Cannot reach database: no primary answers', {
    cause: error,
  })
}

/** Whether an insert failed only because the key is there already. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === 11000
}

/** Runs a database call; what the driver throws becomes `unavailable`, so that clients try again. */
export async function asUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (cause instanceof FastChatError) throw cause
    throw new FastChatError('unavailable', 'Cannot use database: it does not answer as it should', { cause })
  }
}
