import { Long } from 'bson'
import { MAX_DOCUMENT_BYTES } from '../bson/codec.ts'
import { toInteger } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import type { CommandContext, Reply } from './context.ts'
import { collectionName, countField } from './context.ts'
import { type Cursor, cursorReply, fetchBatch, type StreamCursor } from './cursors.ts'

/** How long a getMore on a change stream waits when the client names no time. */
const DEFAULT_AWAIT_MS = 1000
const NO_LIMIT = 1_000_000

/** Waits for something to report, at most as long as the client wants. */
async function awaitEvents(
  context: CommandContext,
  options: { cursor: StreamCursor; maxDocs: number; waitMs: number },
): Promise<Reply> {
  const { cursor, maxDocs } = options
  const { oplog } = context.store
  const limits = { maxDocs, maxBytes: MAX_DOCUMENT_BYTES - 64 * 1024 }
  const end = performance.now() + options.waitMs
  let batch = cursor.stream.read(limits)
  while (batch.events.length === 0 && !batch.isOver && !cursor.isKilled && !context.peer.closed.aborted) {
    const left = end - performance.now()
    if (left <= 0) break
    const timer = new AbortController()
    const timeout = setTimeout(() => timer.abort(), left)
    const stop = (): void => timer.abort()
    cursor.abort.signal.addEventListener('abort', stop)
    context.peer.closed.addEventListener('abort', stop)
    await oplog.changed(cursor.stream.position, timer.signal)
    clearTimeout(timeout)
    cursor.abort.signal.removeEventListener('abort', stop)
    context.peer.closed.removeEventListener('abort', stop)
    batch = cursor.stream.read(limits)
  }
  if (cursor.isKilled) throw new MongoError(237, 'operation was interrupted because the cursor was killed')
  const id = batch.isOver ? Long.ZERO : cursor.id
  return cursorReply('nextBatch', {
    recs: batch.events,
    id,
    ns: cursor.ns,
    extra: { postBatchResumeToken: batch.token },
  })
}

async function more(context: CommandContext, cursor: Cursor): Promise<{ reply: Reply; isDone: boolean }> {
  const asked = countField(context.body, 'batchSize')
  const maxDocs = asked === undefined || asked === 0 ? NO_LIMIT : asked
  if (cursor.kind === 'stream') {
    const waitMs = toInteger(context.body.maxTimeMS) ?? DEFAULT_AWAIT_MS
    const reply = await awaitEvents(context, { cursor, maxDocs, waitMs })
    return { reply, isDone: cursor.stream.isOver }
  }
  const batch = await fetchBatch(cursor.source, { context, maxDocs, held: cursor.held })
  cursor.held = batch.held
  const id = batch.isDone ? Long.ZERO : cursor.id
  return { reply: cursorReply('nextBatch', { recs: batch.recs, id, ns: cursor.ns }), isDone: batch.isDone }
}

export async function getMore(context: CommandContext): Promise<Reply> {
  const { cursors } = context.server
  const name = collectionName(context, 'collection')
  const cursor = cursors.take(context.body.getMore)
  if (cursor.ns !== `${context.db}.${name}`) {
    cursors.release(cursor)
    throw new MongoError(
      13,
      `Requested getMore on namespace '${context.db}.${name}', but cursor belongs to another namespace`,
    )
  }
  // A cursor that failed is gone, like one that has given everything.
  let isDone = true
  try {
    const found = await more(context, cursor)
    isDone = found.isDone
    return found.reply
  } finally {
    cursors.release(cursor)
    if (isDone) cursors.kill(cursor.id)
  }
}
