/**
 * `fastchat db` with an oplog of FASTCHAT_OPLOG_BYTES: for the fault "the oplog has gone past a stream" only, since the
 * oplog of the product is too large to be filled in a test. Nothing that ships imports it.
 */
import { parseArgs } from 'node:util'
import { startEmbedded } from '../../../server/adapter/embedded/start.ts'

const { values } = parseArgs({
  options: { port: { type: 'string' }, data: { type: 'string' } },
  allowPositionals: true,
})
const database = await startEmbedded({
  dataDir: values.data ?? '',
  port: Number(values.port),
  tuning: { oplogMaxBytes: Number(process.env.FASTCHAT_OPLOG_BYTES) },
})
process.stdout.write(`${database.uri}\n`)
