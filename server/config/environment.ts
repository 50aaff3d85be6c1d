import { homedir } from 'node:os'
import { join } from 'node:path'
import { FastChatError } from '../../schema/errors.ts'
import { MAX_BLOB_MIB, readMebibytes } from './size.ts'

/** What the environment configures (README.md, "Environment"). */
export interface Environment {
  mongodbUri: string | undefined
  /** Where the embedded database keeps its files, unless `--data` says otherwise. */
  dataDir: string
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  trustProxy: boolean
  /** Whoever shows it may read `/metrics` from another machine. */
  metricsToken: string | undefined
  /** The largest attachment, bytes; undefined: the protocol's default. */
  maxBlobBytes: number | undefined
}

const MIN_METRICS_TOKEN_CHARS = 16
const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

/**
 * The only reader of the environment. An empty variable counts as not set.
 *
 * @throws FastChatError `bad_config`, naming the variable, never its value
 */
export function readEnvironment(
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Environment {
  const mongodbUri = variables.MONGODB_URI || undefined
  if (mongodbUri !== undefined && !/^mongodb(\+srv)?:\/\/./.test(mongodbUri)) {
    throw new FastChatError(
      'bad_config',
      'Cannot read MONGODB_URI: it does not begin with mongodb:// or mongodb+srv://',
    )
  }
  const level = variables.FASTCHAT_LOG || 'warn'
  const logLevel = logLevels.find(known => known === level)
  if (logLevel === undefined) {
    throw new FastChatError('bad_config', `Cannot read FASTCHAT_LOG: it is one of ${logLevels.join(', ')}`)
  }
  const trust = variables.FASTCHAT_TRUST_PROXY || '0'
  if (trust !== '0' && trust !== '1') {
    throw new FastChatError('bad_config', 'Cannot read FASTCHAT_TRUST_PROXY: it is 0 or 1')
  }
  const metricsToken = variables.FASTCHAT_METRICS_TOKEN || undefined
  if (metricsToken !== undefined && metricsToken.length < MIN_METRICS_TOKEN_CHARS) {
    throw new FastChatError(
      'bad_config',
      `Cannot read FASTCHAT_METRICS_TOKEN: it has fewer than ${MIN_METRICS_TOKEN_CHARS} characters`,
    )
  }
  const maxBlobMiB = variables.FASTCHAT_MAX_BLOB_MIB || undefined
  const maxBlobBytes = maxBlobMiB === undefined ? undefined : readMebibytes(maxBlobMiB)
  if (Number.isNaN(maxBlobBytes)) {
    throw new FastChatError(
      'bad_config',
      `Cannot read FASTCHAT_MAX_BLOB_MIB: it is a number from 1 to ${MAX_BLOB_MIB}`,
    )
  }
  const shared = variables.XDG_DATA_HOME || join(homedir(), '.local', 'share')
  return {
    mongodbUri,
    dataDir: variables.FASTCHAT_DATA || join(shared, 'fastchat', 'server'),
    logLevel,
    trustProxy: trust === '1',
    metricsToken,
    maxBlobBytes,
  }
}
