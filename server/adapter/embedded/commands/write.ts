import { type Doc, Rec } from '../bson/codec.ts'
import { cloneValue, isDocument, toInteger, toNumber, truthy } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileFilter } from '../query/matcher.ts'
import { scan } from '../query/scan.ts'
import { checkName, type Store } from '../storage/store.ts'
import { compileUpdate } from '../update/update.ts'
import {
  type CommandContext,
  collectionName,
  commandDocuments,
  documentField,
  type Reply,
  refuseCollation,
} from './context.ts'
import { Turn } from './cursors.ts'
import { firstRow, prepareQuery } from './query.ts'
import { earlierState, rememberState, retryId } from './retry.ts'
import { insertUpserted, updateRow } from './update-one.ts'

/** How long one command may hold the write transaction before others get theirs. */
const SLICE_MS = 20
/** A multi-document write that touches more than this is done in several transactions. */
const SLICE_DOCS = 1000
const MAX_WRITE_BATCH = 100000

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
/** Records of a multi-document statement that are still to be written. */
type Pending = { statement: number; rids: number[]; at: number } | undefined

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

export function writeError(index: number, error: MongoError): Doc {
  return { index, code: error.code, errmsg: error.message, ...error.details }
}

/** One statement, inside the write transaction. Answers records for later when there are too many for one. */
type Statement = (index: number, state: WriteState) => number[] | undefined
/** One record of a statement that was put off. */
type Continuation = (statement: number, rid: number, state: WriteState) => void

/** Runs the statements of a write command in as many transactions as they need. */
async function runStatements(
  context: CommandContext,
  options: { count: number; isOrdered: boolean; run: Statement; resume?: Continuation },
): Promise<WriteState> {
  const { store } = context
  const id = retryId(context.body)
  const turn = new Turn()
  let state = freshState()
  let pending: Pending
  let isFirst = true
  while (!state.isDone) {
    const from = state
    const before = pending
    const first = isFirst
    const result = await store.write(() => {
      const earlier = first ? earlierState(store, id) : undefined
      const next: WriteState = earlier === undefined ? cloneState(from) : restoredState(earlier)
      let rest: Pending = before === undefined ? undefined : { ...before }
      if (next.isDone) return { next, rest: undefined }
      const end = performance.now() + SLICE_MS
      while (!next.isDone && performance.now() < end) {
        if (rest !== undefined) rest = continueStatement(rest, { next, resume: options.resume, end })
        else if (next.next >= options.count) next.isDone = true
        else {
          const index = next.next
          try {
            const rids = options.run(index, next)
            if (rids !== undefined) rest = { statement: index, rids, at: 0 }
          } catch (error) {
            if (!(error instanceof MongoError)) throw error
            next.writeErrors.push(writeError(index, error))
            if (options.isOrdered) next.isDone = true
          }
          next.next = index + 1
        }
        if (rest === undefined && next.next >= options.count) next.isDone = true
      }
      rememberState(store, id, next as unknown as Doc)
      return { next, rest }
    })
    isFirst = false
    state = result.next
    pending = result.rest
    if (!state.isDone) await turn.pass()
  }
  return state
}

function continueStatement(
  rest: { statement: number; rids: number[]; at: number },
  options: { next: WriteState; resume: Continuation | undefined; end: number },
): Pending {
  let { at } = rest
  const stop = Math.min(rest.rids.length, at + SLICE_DOCS)
  while (at < stop && performance.now() < options.end) {
    try {
      options.resume?.(rest.statement, rest.rids[at] as number, options.next)
    } catch (error) {
      if (!(error instanceof MongoError)) throw error
      options.next.writeErrors.push(writeError(rest.statement, error))
      return undefined
    }
    at++
  }
  return at >= rest.rids.length ? undefined : { ...rest, at }
}

function cloneState(state: WriteState): WriteState {
  return { ...state, upserted: state.upserted.slice(), writeErrors: state.writeErrors.slice() }
}

function checkBatch(count: number): void {
  if (count < 1 || count > MAX_WRITE_BATCH) {
    throw new MongoError(
      16,
      `Write batch sizes must be between 1 and ${MAX_WRITE_BATCH}. Got ${count} operations.`,
    )
  }
}

function isOrdered(body: Doc): boolean {
  return body.ordered === undefined || truthy(body.ordered)
}

export async function insert(context: CommandContext): Promise<Reply> {
  const name = collectionName(context)
  checkName(context.db, name)
  const docs = commandDocuments(context, 'documents', Rec.of)
  checkBatch(docs.length)
  const { store, db, body } = context
  const bypassValidation = truthy(body.bypassDocumentValidation)
  const state = await runStatements(context, {
    count: docs.length,
    isOrdered: isOrdered(body),
    run: (index, next) => {
      const rec = docs[index] as Rec
      const dollar = Object.keys(rec.doc).find(field => field.startsWith('$'))
      if (dollar !== undefined)
        throw new MongoError(2, `Document can't have $ prefixed field names: ${dollar}`)
      store.insert(store.ensureCollection(db, name), rec, { bypassValidation })
      next.n++
      return undefined
    },
  })
  return { n: state.n, ...(state.writeErrors.length > 0 ? { writeErrors: state.writeErrors } : {}), ok: 1 }
}

/** Records that match, or `rids` for later when they are more than one transaction should write. */
function matching(
  store: Store,
  coll: Parameters<typeof scan>[1],
  spec: { filter: Doc; hint: unknown },
): number[] {
  const query = prepareQuery(coll, spec)
  const rids: number[] = []
  for (const row of scan(store, coll, query)) if (row !== null) rids.push(row.rid)
  return rids
}

const UPDATE_FIELDS = new Set(['q', 'u', 'c', 'multi', 'upsert', 'collation', 'arrayFilters', 'hint'])
const DELETE_FIELDS = new Set(['q', 'limit', 'collation', 'hint'])

function checkStatement(doc: Doc, known: ReadonlySet<string>, name: string): void {
  for (const field of Object.keys(doc)) {
    if (!known.has(field)) throw new MongoError(40415, `BSON field '${name}.${field}' is an unknown field.`)
  }
  refuseCollation(doc)
}

export async function update(context: CommandContext): Promise<Reply> {
  const name = collectionName(context)
  checkName(context.db, name)
  const statements = commandDocuments(context, 'updates', Rec.of)
  checkBatch(statements.length)
  const { store, db, body } = context
  const bypassValidation = truthy(body.bypassDocumentValidation)
  const compiled = new Map<number, ReturnType<typeof compileStatement>>()
  const statementAt = (index: number): ReturnType<typeof compileStatement> => {
    let found = compiled.get(index)
    if (found === undefined) {
      found = compileStatement((statements[index] as Rec).doc)
      compiled.set(index, found)
    }
    return found
  }
  const state = await runStatements(context, {
    count: statements.length,
    isOrdered: isOrdered(body),
    run: (index, next) => {
      const statement = statementAt(index)
      const existing = store.catalog.get(db, name)
      if (existing !== undefined) {
        if (statement.isMulti) {
          const rids = matching(store, existing, statement)
          if (rids.length > SLICE_DOCS) return rids
          for (const rid of rids) updateRecord(index, rid, next)
          if (rids.length > 0) return undefined
        } else {
          const row = firstRow(store, existing, prepareQuery(existing, statement))
          if (row !== undefined) {
            const done = updateRow(store, existing, { row, statement, bypassValidation })
            next.n++
            if (done.isModified) next.nModified++
            return undefined
          }
        }
      }
      if (!statement.isUpsert) return undefined
      const made = insertUpserted(store, store.ensureCollection(db, name), { statement, bypassValidation })
      next.n++
      next.upserted.push({ index, _id: made.id })
      return undefined
    },
    resume: updateRecord,
  })

  function updateRecord(index: number, rid: number, next: WriteState): void {
    const coll = store.catalog.get(db, name)
    const rec = coll === undefined ? undefined : store.read(coll, rid)
    const statement = statementAt(index)
    if (coll === undefined || rec === undefined || !statement.matches(rec.doc)) return
    const done = updateRow(store, coll, { row: { rid, rec }, statement, bypassValidation })
    next.n++
    if (done.isModified) next.nModified++
  }

  return {
    n: state.n,
    nModified: state.nModified,
    ...(state.upserted.length > 0 ? { upserted: state.upserted } : {}),
    ...(state.writeErrors.length > 0 ? { writeErrors: state.writeErrors } : {}),
    ok: 1,
  }
}

function compileStatement(doc: Doc) {
  checkStatement(doc, UPDATE_FIELDS, 'update.updates')
  const filter = documentField(doc, 'q')
  if (filter === undefined)
    throw new MongoError(40414, "BSON field 'update.updates.q' is missing but a required field")
  if (doc.u === undefined)
    throw new MongoError(40414, "BSON field 'update.updates.u' is missing but a required field")
  const { apply, isReplacement } = compileUpdate(doc.u, { arrayFilters: doc.arrayFilters })
  const isMulti = truthy(doc.multi)
  if (isMulti && isReplacement)
    throw new MongoError(9, 'multi update is not supported for replacement-style update')
  return {
    filter,
    matches: compileFilter(filter),
    hint: doc.hint as unknown,
    apply,
    isReplacement,
    isMulti,
    isUpsert: truthy(doc.upsert),
    replacementId: isReplacement && isDocument(doc.u) ? (cloneValue(doc.u)._id as unknown) : undefined,
  }
}

export async function remove(context: CommandContext): Promise<Reply> {
  const name = collectionName(context)
  checkName(context.db, name)
  const statements = commandDocuments(context, 'deletes', Rec.of)
  checkBatch(statements.length)
  const { store, db, body } = context
  const filterAt = (index: number): Doc => {
    const filter = documentField((statements[index] as Rec).doc, 'q')
    if (filter === undefined)
      throw new MongoError(40414, "BSON field 'delete.deletes.q' is missing but a required field")
    return filter
  }
  const state = await runStatements(context, {
    count: statements.length,
    isOrdered: isOrdered(body),
    run: (index, next) => {
      const { doc } = statements[index] as Rec
      checkStatement(doc, DELETE_FIELDS, 'delete.deletes')
      const filter = filterAt(index)
      const limit = toInteger(doc.limit)
      if (limit !== 0 && limit !== 1)
        throw new MongoError(9, 'The limit field in delete objects must be 0 or 1')
      const coll = store.catalog.get(db, name)
      if (coll === undefined) {
        compileFilter(filter)
        return undefined
      }
      if (limit === 1) {
        const row = firstRow(store, coll, prepareQuery(coll, { filter, hint: doc.hint }))
        if (row !== undefined) {
          store.delete(coll, row.rid, row.rec)
          next.n++
        }
        return undefined
      }
      const rids = matching(store, coll, { filter, hint: doc.hint })
      if (rids.length > SLICE_DOCS) return rids
      for (const rid of rids) removeRecord(index, rid, next)
      return undefined
    },
    resume: removeRecord,
  })

  function removeRecord(index: number, rid: number, next: WriteState): void {
    const coll = store.catalog.get(db, name)
    const rec = coll === undefined ? undefined : store.read(coll, rid)
    if (coll === undefined || rec === undefined || !compileFilter(filterAt(index))(rec.doc)) return
    store.delete(coll, rid, rec)
    next.n++
  }

  return { n: state.n, ...(state.writeErrors.length > 0 ? { writeErrors: state.writeErrors } : {}), ok: 1 }
}

export type UpdateStatement = ReturnType<typeof compileStatement>
