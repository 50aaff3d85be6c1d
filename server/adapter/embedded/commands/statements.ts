import type { Doc } from '../bson/codec.ts'
import { toNumber, truthy } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { type CommandContext, checkDeadline } from './context.ts'
import { Turn } from './cursors.ts'
import { earlierState, rememberState, retryId } from './retry.ts'

/** How long one command may hold the write transaction before others get theirs. */
const SLICE_MS = 20
/** A multi-document write that touches more than this is done in several transactions. */
export const SLICE_DOCS = 1000

/** What a write command has done so far: goes into the retry record and, at last, into the reply. */
export interface WriteState {
  /** Next statement. */
  next: number
  n: number
  nModified: number
  upserted: Doc[]
  writeErrors: Doc[]
  isDone: boolean
}

/** Answer of a statement that is too large for one transaction. */
export const LATER = Symbol('later')
/** A statement that was put off: its records, once they are found, and how many of them are done. */
interface PutOff {
  statement: number
  rids: readonly number[] | undefined
  at: number
}

export interface Statements {
  count: number
  isOrdered: boolean
  /** Does a whole statement inside the transaction, or puts it off having written nothing. */
  run(index: number, state: WriteState): typeof LATER | undefined
  /** Finds the records of a statement that was put off, outside of any transaction. */
  search?(index: number): Iterable<number | null>
  /** Does one record of such a statement, if it still matches. */
  resume?(index: number, rid: number, state: WriteState): void
}

function freshState(): WriteState {
  return { next: 0, n: 0, nModified: 0, upserted: [], writeErrors: [], isDone: false }
}

function restoredState(doc: Doc): WriteState {
  return {
    next: toNumber(doc.next) ?? 0,
    n: toNumber(doc.n) ?? 0,
    nModified: toNumber(doc.nModified) ?? 0,
    upserted: (doc.upserted ?? []) as Doc[],
    writeErrors: (doc.writeErrors ?? []) as Doc[],
    isDone: truthy(doc.isDone),
  }
}

function cloneState(state: WriteState): WriteState {
  return { ...state, upserted: state.upserted.slice(), writeErrors: state.writeErrors.slice() }
}

function writeError(index: number, error: unknown): Doc {
  if (!(error instanceof MongoError)) throw error
  return { index, code: error.code, errmsg: error.message, ...error.details }
}

/**
 * Runs the statements of a write command in as many transactions as they need; each transaction takes the retry record
 * along, so that a retry goes on where the last one ended.
 */
export async function runStatements(context: CommandContext, statements: Statements): Promise<WriteState> {
  const { store } = context
  const id = retryId(context.body)
  const turn = new Turn()
  let state = freshState()
  let putOff: PutOff | undefined
  for (let isFirst = true; !state.isDone; isFirst = false) {
    if (putOff !== undefined && putOff.rids === undefined) {
      putOff = { ...putOff, rids: await find(context, statements.search?.(putOff.statement) ?? []) }
    }
    const from = { state, putOff, isFirst }
    const result = await store.write(() => {
      const earlier = from.isFirst ? earlierState(store, id) : undefined
      const next = earlier === undefined ? cloneState(from.state) : restoredState(earlier)
      const rest = next.isDone ? undefined : slice(statements, next, from.putOff)
      if (earlier === undefined || !restoredState(earlier).isDone) rememberState(store, id, { ...next })
      return { next, rest }
    })
    state = result.next
    putOff = result.rest
    if (!state.isDone) await turn.pass()
  }
  return state
}

async function find(context: CommandContext, records: Iterable<number | null>): Promise<number[]> {
  const turn = new Turn()
  const rids: number[] = []
  for (const rid of records) {
    if (rid !== null) rids.push(rid)
    else {
      checkDeadline(context)
      await turn.pass()
    }
  }
  return rids
}

/** Does statements, inside the transaction, until the slice of time is over or one must be put off. */
function slice(statements: Statements, next: WriteState, from: PutOff | undefined): PutOff | undefined {
  const end = performance.now() + SLICE_MS
  let rest = from
  while (!next.isDone && performance.now() < end) {
    if (rest !== undefined) {
      if (rest.rids === undefined) return rest
      rest = goOn(statements, next, { ...rest, rids: rest.rids, end })
    } else if (next.next < statements.count) {
      const index = next.next++
      try {
        if (statements.run(index, next) === LATER) rest = { statement: index, rids: undefined, at: 0 }
      } catch (error) {
        next.writeErrors.push(writeError(index, error))
        if (statements.isOrdered) next.isDone = true
      }
    }
    if (rest === undefined && next.next >= statements.count) next.isDone = true
  }
  return next.isDone ? undefined : rest
}

function goOn(
  statements: Statements,
  next: WriteState,
  rest: { statement: number; rids: readonly number[]; at: number; end: number },
): PutOff | undefined {
  const { statement, rids, end } = rest
  const stop = Math.min(rids.length, rest.at + SLICE_DOCS)
  let { at } = rest
  try {
    while (at < stop && performance.now() < end) statements.resume?.(statement, rids[at++] as number, next)
  } catch (error) {
    next.writeErrors.push(writeError(statement, error))
    if (statements.isOrdered) next.isDone = true
    return undefined
  }
  return at >= rids.length ? undefined : { statement, rids, at }
}
