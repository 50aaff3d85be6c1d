import { randomBytes } from 'node:crypto'
import { Long } from 'bson'
import { type Doc, encode, MAX_DOCUMENT_BYTES, type Rec } from '../bson/codec.ts'
import { MongoError } from '../errors.ts'
import type { ChangeStream } from '../stream/change-stream.ts'
import { encodeArrayField, encodeDocumentField, joinDocuments } from '../wire/message.ts'
import { type CommandContext, checkDeadline } from './context.ts'

/** MongoDB's first batch when the client names no size. */
export const DEFAULT_FIRST_BATCH = 101
export const DEFAULT_IDLE_CURSOR_MS = 10 * 60 * 1000
/** How long one command may keep the event loop before others get a turn. */
const TURN_MS = 8

/** Documents that are found while they are fetched; null is a moment to let others run. */
export type RecStream = Iterator<Rec | null, unknown, undefined>

interface CursorBase {
  id: Long
  ns: string
  usedAtMs: number
  isBusy: boolean
  isKilled: boolean
  noTimeout: boolean
  /** Ends a waiting getMore. */
  abort: AbortController
}
export interface QueryCursor extends CursorBase {
  kind: 'query'
  source: RecStream
  /** Read but not sent: it did not fit. */
  held: Rec | undefined
}
export interface StreamCursor extends CursorBase {
  kind: 'stream'
  stream: ChangeStream
}
export type Cursor = QueryCursor | StreamCursor

/** Open cursors. One that nobody asks for ten minutes is forgotten. */
export class Cursors {
  readonly #open = new Map<string, Cursor>()
  readonly #idleMs: number

  constructor(options: { idleMs?: number } = {}) {
    this.#idleMs = options.idleMs ?? DEFAULT_IDLE_CURSOR_MS
  }

  get count(): number {
    return this.#open.size
  }

  #base(ns: string, noTimeout: boolean): CursorBase {
    const bytes = randomBytes(8)
    bytes[0] = (bytes[0] as number) & 0x7f
    const id = Long.fromBigInt(bytes.readBigInt64BE() | 1n)
    return {
      id,
      ns,
      usedAtMs: performance.now(),
      isBusy: false,
      isKilled: false,
      noTimeout,
      abort: new AbortController(),
    }
  }

  openQuery(ns: string, options: { source: RecStream; held: Rec | undefined; noTimeout: boolean }): Cursor {
    const { noTimeout, source, held } = options
    return this.#add({ ...this.#base(ns, noTimeout), kind: 'query', source, held })
  }

  openStream(ns: string, stream: ChangeStream): StreamCursor {
    return this.#add({ ...this.#base(ns, false), kind: 'stream', stream }) as StreamCursor
  }

  #add(cursor: Cursor): Cursor {
    this.#open.set(String(cursor.id), cursor)
    return cursor
  }

  /** @throws MongoError 43 when there is no such cursor, 12051 when it is in use */
  take(id: unknown): Cursor {
    const cursor = this.#open.get(String(id))
    if (cursor === undefined) throw new MongoError(43, `cursor id ${String(id)} not found`)
    if (cursor.isBusy) throw new MongoError(12051, `cursor id ${String(id)} is already in use`)
    cursor.isBusy = true
    return cursor
  }

  release(cursor: Cursor): void {
    cursor.isBusy = false
    cursor.usedAtMs = performance.now()
  }

  /** Ends a cursor; answers whether there was one. */
  kill(id: unknown): boolean {
    const cursor = this.#open.get(String(id))
    if (cursor === undefined) return false
    this.#open.delete(String(id))
    cursor.isKilled = true
    cursor.abort.abort()
    if (cursor.kind === 'query' && !cursor.isBusy) cursor.source.return?.()
    return true
  }

  killAll(): void {
    for (const id of [...this.#open.keys()]) this.kill(id)
  }

  /** Forgets what has been idle for too long. */
  sweep(nowMs: number = performance.now()): void {
    for (const [id, cursor] of this.#open) {
      if (!cursor.isBusy && !cursor.noTimeout && nowMs - cursor.usedAtMs > this.#idleMs) this.kill(id)
    }
  }
}

/** Lets other work run when this one has had its turn. */
export class Turn {
  #since = performance.now()

  async pass(): Promise<void> {
    if (performance.now() - this.#since < TURN_MS) return
    await new Promise<void>(resolve => setImmediate(resolve))
    this.#since = performance.now()
  }
}

/** Goes through a stream to its end, letting others run in between. @throws MongoError 50 */
export async function forEachRec(
  source: Iterable<Rec | null>,
  options: { context: Pick<CommandContext, 'deadlineMs'>; visit: (rec: Rec) => void },
): Promise<void> {
  const turn = new Turn()
  for (const rec of source) {
    if (rec !== null) options.visit(rec)
    else {
      checkDeadline(options.context)
      await turn.pass()
    }
  }
}

export interface Batch {
  recs: Rec[]
  held: Rec | undefined
  isDone: boolean
}

/** Fetches one batch, of at most `maxDocs` documents and 16 MiB. */
export async function fetchBatch(
  source: RecStream,
  options: { context: Pick<CommandContext, 'deadlineMs'>; maxDocs: number; held?: Rec | undefined },
): Promise<Batch> {
  const recs: Rec[] = []
  const turn = new Turn()
  let bytes = 0
  let held = options.held
  while (recs.length < options.maxDocs) {
    let rec = held
    held = undefined
    if (rec === undefined) {
      const next = source.next()
      if (next.done === true) return { recs, held: undefined, isDone: true }
      if (next.value === null) {
        checkDeadline(options.context)
        await turn.pass()
        continue
      }
      rec = next.value
    }
    const size = rec.bytes.length
    if (recs.length > 0 && bytes + size > MAX_DOCUMENT_BYTES) return { recs, held: rec, isDone: false }
    bytes += size
    recs.push(rec)
  }
  return { recs, held, isDone: false }
}

/** Encodes `{ cursor: { <batch>, ... }, ok: 1 }` around documents that are bytes already. */
export function cursorReply(
  batchName: 'firstBatch' | 'nextBatch',
  options: { recs: readonly Rec[]; id: Long; ns: string; extra?: Doc },
): Uint8Array {
  const cursor = joinDocuments(
    encodeArrayField(batchName, options.recs),
    encode({ ...options.extra, id: options.id, ns: options.ns }),
  )
  return joinDocuments(encodeDocumentField('cursor', cursor), encode({ ok: 1 }))
}

/** Answers with the first batch and keeps the rest under a cursor. */
export async function openCursor(
  context: CommandContext,
  options: {
    source: Iterable<Rec | null>
    ns: string
    batchSize: number | undefined
    isSingle?: boolean
    noTimeout?: boolean
  },
): Promise<Uint8Array> {
  const source = options.source[Symbol.iterator]()
  const maxDocs = options.batchSize ?? DEFAULT_FIRST_BATCH
  const batch = await fetchBatch(source, { context, maxDocs })
  let id = Long.ZERO
  if (!batch.isDone && options.isSingle !== true) {
    const { held } = batch
    id = context.server.cursors.openQuery(options.ns, {
      source,
      held,
      noTimeout: options.noTimeout === true,
    }).id
  } else source.return?.()
  return cursorReply('firstBatch', { recs: batch.recs, id, ns: options.ns })
}
