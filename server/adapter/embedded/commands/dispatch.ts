import { Binary, Long } from 'bson'
import { type Doc, encode } from '../bson/codec.ts'
import { isDocument, toNumber, truthy } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { tsValue } from '../storage/oplog.ts'
import type { Peer } from '../wire/connection.ts'
import { joinDocuments, type Request } from '../wire/message.ts'
import type { CommandContext, ServerState } from './context.ts'
import { explainCommand } from './explain.ts'
import { COMMANDS, GENERAL_FIELDS } from './registry.ts'

const WRITES = new Set([
  'insert',
  'update',
  'delete',
  'findAndModify',
  'findandmodify',
  'create',
  'drop',
  'createIndexes',
  'dropIndexes',
  'collMod',
  'dropDatabase',
  'renameCollection',
])
const NO_SIGNATURE = { hash: new Binary(Buffer.alloc(20), 0), keyId: Long.ZERO }

function failure(error: MongoError): Doc {
  return { ok: 0, errmsg: error.message, code: error.code, codeName: error.codeName, ...error.details }
}

/** Checks what all commands share. @throws MongoError 40415, 263, 72 */
function checkGeneral(name: string, body: Doc, fields: ReadonlySet<string> | undefined): void {
  if (fields !== undefined) {
    for (const field of Object.keys(body)) {
      if (field !== name && !fields.has(field) && !GENERAL_FIELDS.has(field)) {
        throw new MongoError(40415, `BSON field '${name}.${field}' is an unknown field.`)
      }
    }
  }
  if (body.startTransaction !== undefined || body.autocommit !== undefined) {
    if (name === 'commitTransaction' || name === 'abortTransaction') return
    throw new MongoError(263, 'Cannot run a transaction: the embedded database does not support transactions')
  }
  const level: unknown = isDocument(body.readConcern) ? body.readConcern.level : undefined
  if (level !== undefined && !['local', 'available', 'majority', 'linearizable'].includes(String(level))) {
    throw new MongoError(72, `Cannot read with read concern '${String(level)}': it needs a transaction`)
  }
}

/** What a write concern asks for beyond this one node. Every write is on disk before its reply, whatever is asked. */
function writeConcernError(name: string, body: Doc): Doc | undefined {
  if (!WRITES.has(name) || !isDocument(body.writeConcern)) return undefined
  const { w } = body.writeConcern
  const n = toNumber(w)
  if (n !== undefined && n > 1) {
    return { code: 100, codeName: 'UnsatisfiableWriteConcern', errmsg: 'Not enough data-bearing nodes' }
  }
  if (typeof w === 'string' && w !== 'majority') {
    return {
      code: 79,
      codeName: 'UnknownReplWriteConcern',
      errmsg: `No write concern mode named '${w}' found in replica set configuration`,
    }
  }
  return undefined
}

function clusterFields(server: ServerState): Doc {
  const time = tsValue(server.store.oplog.committed)
  return { $clusterTime: { clusterTime: time, signature: NO_SIGNATURE }, operationTime: time }
}

async function run(server: ServerState, request: Request, peer: Peer): Promise<Uint8Array> {
  const { body } = request
  const name = Object.keys(body)[0] ?? ''
  const command = COMMANDS.get(name)
  if (command === undefined) throw new MongoError(59, `no such command: '${name}'`)
  const db: unknown = body.$db
  if (typeof db !== 'string' || db === '')
    throw new MongoError(40571, 'OP_MSG requests require a $db argument')
  checkGeneral(name, body, command.fields)
  const maxTimeMs = name === 'getMore' ? undefined : toNumber(body.maxTimeMS)
  const context: CommandContext = {
    server,
    store: server.store,
    peer,
    db,
    name,
    body,
    sequences: request.sequences,
    deadlineMs: maxTimeMs === undefined || maxTimeMs <= 0 ? undefined : performance.now() + maxTimeMs,
  }
  if (name === 'aggregate' && truthy(body.explain)) {
    const reply = await explainCommand(context, { name, command: body, verbosity: 'queryPlanner' })
    return encode(reply as Doc)
  }
  const reply = await command.run(context)
  const concern = writeConcernError(name, body)
  const bytes = reply instanceof Uint8Array ? reply : encode(reply)
  return concern === undefined ? bytes : joinDocuments(bytes, encode({ writeConcernError: concern }))
}

/** Answers one request; what goes wrong becomes an error reply. */
export async function dispatch(server: ServerState, request: Request, peer: Peer): Promise<Uint8Array> {
  let reply: Uint8Array
  try {
    reply = await run(server, request, peer)
  } catch (error) {
    reply = encode(failure(toMongoError(error)))
  }
  return joinDocuments(reply, encode(clusterFields(server)))
}

function toMongoError(error: unknown): MongoError {
  if (error instanceof MongoError) return error
  // Never the values of a document: only what kind of failure it was.
  const kind = error instanceof Error ? error.name : 'unknown'
  return new MongoError(1, `Cannot answer: internal failure (${kind})`)
}
