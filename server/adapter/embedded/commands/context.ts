import type { Doc, Rec } from '../bson/codec.ts'
import { isDocument, toInteger } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import type { Store } from '../storage/store.ts'
import type { Peer } from '../wire/connection.ts'
import type { Cursors } from './cursors.ts'
import type { IndexBuilds } from './index-builds.ts'

/** What lives as long as the server. */
export interface ServerState {
  readonly store: Store
  readonly cursors: Cursors
  readonly builds: IndexBuilds
  readonly startedAtMs: number
  readonly setName: string
  readonly electionId: unknown
  readonly dataDir: string
  /** Open connections now and since the start. */
  readonly connections: { current: number; total: number }
}

/** One command on its way. */
export interface CommandContext {
  readonly server: ServerState
  readonly store: Store
  readonly peer: Peer
  readonly db: string
  readonly name: string
  readonly body: Doc
  readonly sequences: ReadonlyMap<string, Rec[]>
  /** Monotonic milliseconds at which `maxTimeMS` is over; undefined when there is none. */
  readonly deadlineMs: number | undefined
}

/** A reply as fields, or encoded already (without `operationTime`). */
export type Reply = Doc | Uint8Array
export type Handler = (context: CommandContext) => Promise<Reply> | Reply

/** @throws MongoError 73 when the command names no collection */
export function collectionName(context: CommandContext, field: string = context.name): string {
  const name = context.body[field]
  if (typeof name !== 'string')
    throw new MongoError(73, `collection name has invalid type for ${context.name}`)
  if (name === '' || name.includes('\0'))
    throw new MongoError(73, `Invalid namespace specified '${context.db}.${name}'`)
  return name
}

/** A field that must be a document when it is there. @throws MongoError 14 */
export function documentField(body: Doc, field: string): Doc | undefined {
  const value: unknown = body[field]
  if (value === undefined || value === null) return undefined
  if (!isDocument(value))
    throw new MongoError(14, `BSON field '${field}' is the wrong type, expected type 'object'`)
  return value
}

/** A field that must be a whole number of at least zero when it is there. @throws MongoError 9, 51024 */
export function countField(body: Doc, field: string): number | undefined {
  const value: unknown = body[field]
  if (value === undefined || value === null) return undefined
  const n = toInteger(value)
  if (n === undefined) throw new MongoError(9, `Failed to parse: ${field} must be a whole number`)
  if (n < 0) throw new MongoError(51024, `BSON field '${field}' value must be >= 0`)
  return n
}

/** Documents of a write command: from its sequence or from its body. */
export function commandDocuments(context: CommandContext, field: string, wrap: (doc: Doc) => Rec): Rec[] {
  const sequence = context.sequences.get(field)
  if (sequence !== undefined) return sequence
  const list: unknown = context.body[field]
  if (!Array.isArray(list))
    throw new MongoError(40414, `BSON field '${context.name}.${field}' is missing but a required field`)
  return list.map(item => {
    if (!isDocument(item)) throw new MongoError(14, `BSON field '${context.name}.${field}' must hold objects`)
    return wrap(item)
  })
}

/** Only the simple collation is known. @throws MongoError 238 */
export function refuseCollation(spec: Doc): void {
  const collation: unknown = spec.collation
  if (collation === undefined || collation === null) return
  if (isDocument(collation) && (collation.locale === 'simple' || Object.keys(collation).length === 0)) return
  throw new MongoError(238, 'Cannot serve a collation: the embedded database compares strings by their bytes')
}

/** @throws MongoError 50 when `maxTimeMS` is over */
export function checkDeadline(context: Pick<CommandContext, 'deadlineMs'>): void {
  if (context.deadlineMs !== undefined && performance.now() > context.deadlineMs) {
    throw new MongoError(50, 'operation exceeded time limit')
  }
}
