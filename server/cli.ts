import { resolve } from 'node:path'
import { FastChatError } from '../schema/errors.ts'
import { startEmbedded } from './adapter/embedded/start.ts'
import { createJsonLog } from './adapter/node/json-log.ts'
import { type Closing, untilSignal } from './adapter/node/signals.ts'
import { systemClock } from './adapter/node/system-clock.ts'
import { dbHelp, readDbFlags, readServeFlags, serveHelp } from './config/command-line.ts'
import { readEnvironment } from './config/environment.ts'
import { type RunningServer, serve } from './main.ts'

/**
 * `fastchat serve`: runs a server until SIGINT or SIGTERM.
 *
 * @param argv what stands after `serve`
 * @returns the exit code; errors are told on standard error, in one sentence
 */
export function runServe(argv: readonly string[]): Promise<number> {
  return running(async closing => {
    const flags = readServeFlags(argv)
    if (!flags) return help(serveHelp)
    const environment = readEnvironment()
    const dataDir = resolve(flags.dataDir ?? environment.dataDir)
    const server: RunningServer = await serve({
      host: flags.host,
      port: flags.port,
      url: flags.url,
      database:
        environment.mongodbUri === undefined
          ? { kind: 'embedded', dataDir }
          : { kind: 'uri', uri: environment.mongodbUri },
      log: createJsonLog({ level: environment.logLevel, name: 'fastchat' }),
      clock: systemClock,
      trustProxy: environment.trustProxy,
      metricsToken: environment.metricsToken,
      maxBlobBytes: flags.maxBlobBytes ?? environment.maxBlobBytes,
      signal: closing.signal,
    })
    const where = environment.mongodbUri === undefined ? `embedded database in ${dataDir}` : 'MONGODB_URI'
    process.stdout.write(`FastChat server listening on ${server.url} (${where})\n`)
    await closing.asked
    await server.stop()
  })
}

/**
 * `fastchat db`: runs the embedded database alone until SIGINT or SIGTERM.
 *
 * @param argv what stands after `db`
 * @returns the exit code
 */
export function runDb(argv: readonly string[]): Promise<number> {
  return running(async closing => {
    const flags = readDbFlags(argv)
    if (!flags) return help(dbHelp)
    const dataDir = resolve(flags.dataDir ?? readEnvironment().dataDir)
    const database = await startEmbedded({ dataDir, host: flags.host, port: flags.port })
    // With the servers' database in it, or a shell would open another one, which is empty.
    const uri = new URL(database.uri)
    uri.pathname = '/fastchat'
    process.stdout.write(`${uri}\nLook inside: npx -y mongosh '${uri}'\n`)
    await closing.asked
    await database.stop()
  })
}

function help(text: string): void {
  process.stdout.write(text)
}

async function running(work: (closing: Closing) => Promise<void>): Promise<number> {
  const closing = untilSignal()
  try {
    await work(closing)
    return 0
  } catch (error) {
    if (closing.signal.aborted) return 0
    if (!(error instanceof FastChatError)) throw error
    process.stderr.write(`fastchat: ${error.message}\n`)
    return error.exitCode
  } finally {
    closing.end()
  }
}
