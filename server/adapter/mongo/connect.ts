import { type Db, MongoClient, MongoParseError, MongoServerSelectionError } from 'mongodb'
import { FastChatError } from '../../../schema/errors.ts'
import type { Clock } from '../../port/clock.ts'
import type { Log } from '../../port/log.ts'
import type { Store } from '../../port/store.ts'
import { createAccountStore } from './account-store.ts'
import { type BlobFiles, createBlobFiles } from './blob-files.ts'
import { createBlobStore } from './blob-store.ts'
import { type Collections, collectionsOf, createCollections } from './collections.ts'
import { isMongoCode, mongoCodes } from './errors.ts'
import { createGroupStore } from './group-store.ts'
import { createMessageStore } from './message-store.ts'
import { createPrekeyStore } from './prekey-store.ts'
import { createPresenceStore, createServerStore } from './presence-store.ts'

export interface Database {
  db: Db
  store: Store
  close(): Promise<void>
}

export interface ConnectOptions {
  /** Of `MONGODB_URI`; its path names the database, else it is `fastchat`. */
  uri: string
  clock: Clock
  log: Log
  /** Ends the attempts. */
  signal: AbortSignal
}

/** MongoDB 4.4. */
const MIN_WIRE_VERSION = 9
const DEFAULT_DATABASE = 'fastchat'
const RETRY_MS = 2_000
/** How long an operation waits for a database that is being restarted. */
const SELECTION_TIMEOUT_MS = 5_000

/**
 * Connects, checks that the deployment can do what is needed, and makes the collections. While it cannot be reached it
 * goes on trying, and says so in the log.
 *
 * @throws FastChatError `bad_config` when the URI cannot be read; `database_unusable` when the deployment has no change
 *   streams, is too old, or refuses this user; `database_unreachable` when `signal` ends the attempts
 */
export async function connectDatabase({ uri, clock, log, signal }: ConnectOptions): Promise<Database> {
  const client = createClient(uri)
  try {
    await untilReached(client, { clock, log, signal })
    const name = databaseName(uri)
    const db = client.db(name)
    await checkDeployment(db)
    const files = createBlobFiles(client.db(`${name}_blobs`))
    await Promise.all([createCollections(db), files.createIndexes()])
    return { db, store: createStore(collectionsOf(db), files), close: () => client.close() }
  } catch (error) {
    await client.close().catch(() => undefined)
    throw explain(error)
  }
}

export function createStore(collections: Collections, files: BlobFiles): Store {
  return {
    accounts: createAccountStore(collections),
    prekeys: createPrekeyStore(collections),
    messages: createMessageStore(collections),
    groups: createGroupStore(collections),
    blobs: createBlobStore(collections, files),
    presence: createPresenceStore(collections),
    servers: createServerStore(collections),
  }
}

function createClient(uri: string): MongoClient {
  try {
    return new MongoClient(uri, {
      appName: 'fastchat',
      writeConcern: { w: 'majority' },
      readPreference: 'primary',
      retryWrites: true,
      ignoreUndefined: true,
      ...(/[?&]serverSelectionTimeoutMS=/i.test(uri)
        ? {}
        : { serverSelectionTimeoutMS: SELECTION_TIMEOUT_MS }),
    })
  } catch (error) {
    // The driver's message may quote the URI with its password.
    const why = error instanceof MongoParseError ? 'it is not a MongoDB connection string' : 'it is wrong'
    throw new FastChatError('bad_config', `Cannot read MONGODB_URI: ${why}`)
  }
}

/** The database that the URI's path names. */
function databaseName(uri: string): string {
  const [, path] = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]*)/.exec(uri) ?? []
  return path ? decodeURIComponent(path) : DEFAULT_DATABASE
}

async function untilReached(
  client: MongoClient,
  { clock, log, signal }: Pick<ConnectOptions, 'clock' | 'log' | 'signal'>,
): Promise<void> {
  for (;;) {
    if (signal.aborted) {
      throw new FastChatError('database_unreachable', 'Cannot reach the database: it did not answer')
    }
    try {
      await client.connect()
      return
    } catch (error) {
      if (!(error instanceof MongoServerSelectionError) || isTooOld(error)) throw error
      const hosts = client.options.hosts.map(host => host.toString()).join(', ')
      log.warn({ hosts }, 'Cannot reach the database: it does not answer; trying again')
    }
    await new Promise<void>(resolve => {
      const cancel = clock.after(RETRY_MS, resolve)
      signal.addEventListener('abort', () => {
        cancel()
        resolve()
      })
    })
  }
}

async function checkDeployment(db: Db): Promise<void> {
  const hello = await db.admin().command({ hello: 1 })
  if (Number(hello.maxWireVersion) < MIN_WIRE_VERSION) throw tooOld()
  if (hello.setName === undefined && hello.msg !== 'isdbgrid') throw noChangeStreams()
}

function isTooOld(error: Error): boolean {
  return /wire version/i.test(`${error.message} ${error.cause instanceof Error ? error.cause.message : ''}`)
}

function tooOld(): FastChatError {
  return new FastChatError('database_unusable', 'Cannot use the database: it is older than MongoDB 4.4')
}

function noChangeStreams(): FastChatError {
  return new FastChatError(
    'database_unusable',
    'Cannot use the database: it is neither a replica set nor a sharded cluster, so it has no change streams',
  )
}

function explain(error: unknown): unknown {
  if (error instanceof FastChatError) return error
  if (error instanceof Error && isTooOld(error)) return tooOld()
  if (isMongoCode(error, mongoCodes.changeStreamOnlyOnReplicaSets)) return noChangeStreams()
  if (isMongoCode(error, mongoCodes.authenticationFailed)) {
    return new FastChatError(
      'database_unusable',
      'Cannot use the database: it refuses the user or the password of MONGODB_URI',
      { cause: error },
    )
  }
  if (isMongoCode(error, mongoCodes.unauthorized)) {
    return new FastChatError(
      'database_unusable',
      'Cannot use the database: the user of MONGODB_URI has no permission to make collections, read and write in it and in that of attachments, whose name ends in _blobs',
      { cause: error },
    )
  }
  return error
}
