import type { Timestamp } from 'bson'
import { compileStages } from '../aggregate/pipeline.ts'
import { type Doc, decode, Rec } from '../bson/codec.ts'
import { identicalValues } from '../bson/compare.ts'
import { encodeValue, joinKey } from '../bson/key.ts'
import { tagOf } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { OP, type OplogEntry, tsFromValue, tsValue } from '../storage/oplog.ts'
import { indexPrefix, type Store } from '../storage/store.ts'
import { decodeToken, encodeToken, type Token } from './token.ts'

/** What a stream watches. */
export interface Scope {
  /** undefined: the whole cluster. */
  db: string | undefined
  /** undefined: the whole database. */
  coll: string | undefined
}

const ALLOWED_STAGES = new Set([
  '$match',
  '$project',
  '$addFields',
  '$set',
  '$unset',
  '$replaceRoot',
  '$replaceWith',
  '$redact',
])
const ALLOWED_OPTIONS = new Set([
  'fullDocument',
  'resumeAfter',
  'startAfter',
  'startAtOperationTime',
  'allChangesForCluster',
])
const READ_AT_ONCE = 512
const OPERATION_NAMES: Readonly<Record<number, string>> = {
  [OP.insert]: 'insert',
  [OP.update]: 'update',
  [OP.replace]: 'replace',
  [OP.delete]: 'delete',
  [OP.drop]: 'drop',
  [OP.dropDatabase]: 'dropDatabase',
  [OP.rename]: 'rename',
}

/** Decoded events are shared by all streams that read the same entry. */
const EVENTS = new WeakMap<OplogEntry, Rec>()

function eventOf(entry: OplogEntry): Rec {
  const known = EVENTS.get(entry)
  if (known !== undefined) return known
  const doc: Doc = {
    _id: encodeToken({ ts: entry.ts, kind: 'event' }),
    operationType: OPERATION_NAMES[entry.op],
    clusterTime: tsValue(entry.ts),
  }
  if (entry.op === OP.insert || entry.op === OP.replace) doc.fullDocument = decode(entry.payload)
  doc.ns = entry.op === OP.dropDatabase ? { db: entry.db } : { db: entry.db, coll: entry.coll }
  if (entry.op === OP.rename) doc.to = decode(entry.payload)
  if (entry.op <= OP.delete) doc.documentKey = decode(entry.documentKey)
  if (entry.op === OP.update) doc.updateDescription = decode(entry.payload)
  const rec = Rec.of(doc)
  EVENTS.set(entry, rec)
  return rec
}

/** A batch of events and where the stream stands behind it. */
export interface StreamBatch {
  events: Rec[]
  token: Doc
  /** The stream has ended: no cursor any more. */
  isOver: boolean
}

/** One open change stream: reads the log behind its position. */
export class ChangeStream {
  readonly #store: Store
  readonly #scope: Scope
  readonly #updateLookup: boolean
  readonly #stages: (rows: Iterable<Rec | null>) => Iterable<Rec | null>
  #position: bigint
  #held: Rec | undefined
  #isOver = false
  #endToken: Doc | undefined

  /**
   * @throws MongoError 286 when the point to start from is no longer in the log, 260 for a bad token,
   *   20 for a stage that a stream may not have
   */
  constructor(store: Store, options: { scope: Scope; stream: Doc; pipeline: readonly Doc[] }) {
    this.#store = store
    this.#scope = options.scope
    const { stream, pipeline } = options
    for (const name of Object.keys(stream)) {
      if (!ALLOWED_OPTIONS.has(name))
        throw new MongoError(40415, `BSON field '$changeStream.${name}' is an unknown field.`)
    }
    const full = stream.fullDocument ?? 'default'
    if (full !== 'default' && full !== 'updateLookup') {
      throw new MongoError(
        40575,
        `unrecognized value provided to the 'fullDocument' option of the $changeStream stage`,
      )
    }
    this.#updateLookup = full === 'updateLookup'
    for (const stage of pipeline) {
      const name = Object.keys(stage)[0] ?? ''
      if (compileStages([stage], { store, db: options.scope.db ?? 'admin' }) && !ALLOWED_STAGES.has(name)) {
        throw new MongoError(20, `${name} is not permitted in a $changeStream pipeline`)
      }
    }
    this.#stages = compileStages(pipeline, { store, db: options.scope.db ?? 'admin' })
    this.#position = this.#startingPoint(stream)
  }

  #startingPoint(stream: Doc): bigint {
    const { oplog } = this.#store
    const given = [stream.resumeAfter, stream.startAfter, stream.startAtOperationTime].filter(
      value => value !== undefined && value !== null,
    )
    if (given.length > 1)
      throw new MongoError(40674, 'Only one type of resume option is allowed, but multiple were found')
    if (given.length === 0) return oplog.committed
    let from: bigint
    if (stream.startAtOperationTime !== undefined && stream.startAtOperationTime !== null) {
      const time = stream.startAtOperationTime as Timestamp
      if (typeof time !== 'object' || tagOf(time) !== 'Timestamp')
        throw new MongoError(14, 'startAtOperationTime must be a timestamp')
      from = tsFromValue(time) - 1n
    } else {
      const token: Token = decodeToken(stream.resumeAfter ?? stream.startAfter)
      if (token.kind === 'invalidate' && stream.resumeAfter) {
        throw new MongoError(
          260,
          'Attempting to resume a change stream using resumeAfter is not allowed from an invalidate notification.',
        )
      }
      from = token.ts
      if (from > oplog.committed && token.kind === 'event') throw lost()
    }
    if (from < oplog.trimmedTo) throw lost()
    return from < 0n ? 0n : from
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** What has been read so far. */
  get position(): bigint {
    return this.#position
  }

  #concerns(entry: OplogEntry): boolean {
    const { db, coll } = this.#scope
    if (db === undefined) return entry.db !== 'admin' && entry.db !== 'local' && entry.db !== 'config'
    if (entry.db !== db) return false
    if (coll === undefined) return true
    if (entry.op === OP.dropDatabase) return false
    if (entry.coll === coll) return true
    if (entry.op !== OP.rename) return false
    const to = decode(entry.payload)
    return to.db === db && to.coll === coll
  }

  #endsStream(entry: OplogEntry): boolean {
    const { db, coll } = this.#scope
    if (db === undefined) return false
    if (coll === undefined) return entry.op === OP.dropDatabase
    return entry.op === OP.drop || entry.op === OP.rename
  }

  *#eventsOf(entries: readonly OplogEntry[]): Generator<Rec, void, undefined> {
    for (const entry of entries) {
      this.#position = entry.ts
      if (!this.#concerns(entry)) continue
      const rec = eventOf(entry)
      yield entry.op === OP.update && this.#updateLookup ? this.#lookup(rec) : rec
      if (this.#endsStream(entry)) {
        this.#endToken = encodeToken({ ts: entry.ts, kind: 'invalidate' })
        yield Rec.of({ _id: this.#endToken, operationType: 'invalidate', clusterTime: tsValue(entry.ts) })
        this.#isOver = true
        return
      }
    }
  }

  /** The document as it is now, put where MongoDB puts it. */
  #lookup(rec: Rec): Rec {
    const { _id, operationType, clusterTime, ...rest } = rec.doc
    const { db, coll } = rest.ns as { db: string; coll: string }
    const collection = this.#store.catalog.get(db, coll)
    let current: Doc | null = null
    if (collection !== undefined) {
      const idIndex = collection.indexes[0]
      const key = Buffer.concat([
        indexPrefix(idIndex?.id ?? 0),
        joinKey([encodeValue((rest.documentKey as Doc)._id)]).key,
      ])
      const rid = this.#store.engine.index.get(key)
      const found =
        rid === undefined ? undefined : this.#store.read(collection, Buffer.from(rid).readUIntBE(0, 6))
      current = found?.doc ?? null
    }
    return Rec.of({ _id, operationType, clusterTime, fullDocument: current, ...rest })
  }

  /**
   * Reads what has been committed, up to the limits. An empty batch means: nothing of interest yet.
   * @throws MongoError 280 when the pipeline took the resume token away, 286 when the log was cut off under the stream
   */
  read(limits: { maxDocs: number; maxBytes: number }): StreamBatch {
    const events: Rec[] = []
    let bytes = 0
    const { oplog } = this.#store
    if (this.#position < oplog.trimmedTo) throw lost()
    while (!this.#isOver || this.#held !== undefined) {
      if (this.#held !== undefined) {
        bytes += this.#held.bytes.length
        events.push(this.#held)
        this.#held = undefined
      }
      const room = limits.maxDocs - events.length
      if (room <= 0 || this.#isOver) break
      const before = this.#position
      const entries = oplog.read(before, Math.min(READ_AT_ONCE, room))
      if (entries.length === 0) break
      let stopped = false
      for (const rec of this.#pipeline(entries)) {
        if (events.length > 0 && bytes + rec.bytes.length > limits.maxBytes) {
          this.#held = rec
          stopped = true
          break
        }
        bytes += rec.bytes.length
        events.push(rec)
      }
      if (stopped) break
    }
    return { events, token: this.#token(events), isOver: this.#isOver && this.#held === undefined }
  }

  *#pipeline(entries: readonly OplogEntry[]): Generator<Rec, void, undefined> {
    let source: Rec | undefined
    const tap = function* (events: Iterable<Rec>): Generator<Rec, void, undefined> {
      for (const event of events) {
        source = event
        yield event
      }
    }
    for (const rec of this.#stages(tap(this.#eventsOf(entries)))) {
      if (rec === null) continue
      if (!identicalValues(rec.doc._id, source?.doc._id)) {
        throw new MongoError(
          280,
          'Encountered an event whose _id field, which contains the resume token, was modified by the pipeline. Modifying the _id field of an event makes it impossible to resume the stream from that point.',
        )
      }
      yield rec
    }
  }

  #token(events: readonly Rec[]): Doc {
    if (this.#isOver && this.#held === undefined && this.#endToken !== undefined) return this.#endToken
    if (this.#held !== undefined) {
      const last = events[events.length - 1]
      if (last !== undefined) return last.doc._id as Doc
    }
    const last = events[events.length - 1]?.doc._id as Doc | undefined
    if (last !== undefined && decodeToken(last).ts === this.#position) return last
    return encodeToken({ ts: this.#position, kind: 'mark' })
  }
}

function lost(): MongoError {
  return new MongoError(
    286,
    'Resume of change stream was not possible, as the resume point may no longer be in the oplog.',
    { errorLabels: ['NonResumableChangeStreamError'] },
  )
}
