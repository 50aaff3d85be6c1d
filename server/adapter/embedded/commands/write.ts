import { type Doc, Rec } from '../bson/codec.ts'
import { cloneValue, isDocument, toInteger, truthy } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileFilter } from '../query/matcher.ts'
import { scan } from '../query/scan.ts'
import type { Collection } from '../storage/catalog.ts'
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
import { firstRow, prepareQuery } from './query.ts'
import { LATER, runStatements, SLICE_DOCS, type WriteState } from './statements.ts'
import { insertUpserted, updateRow } from './update-one.ts'

const MAX_WRITE_BATCH = 100000
/** Stretches of a scan, of up to 512 documents, that a statement may look at inside the transaction. */
const SEARCH_STRETCHES = 20

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

/** Records that match; LATER when they are too many, or take too long to find, for one transaction. */
function matching(
  store: Store,
  coll: Collection,
  spec: { filter: Doc; hint: unknown; mayWait: boolean },
): number[] | typeof LATER {
  const query = prepareQuery(coll, spec)
  const rids: number[] = []
  let stretches = 0
  for (const row of scan(store, coll, query)) {
    if (row !== null) rids.push(row.rid)
    else stretches++
    if (rids.length > SLICE_DOCS || (spec.mayWait && stretches > SEARCH_STRETCHES)) return LATER
  }
  return rids
}

/** The same outside of the transaction, to the end. */
function* search(
  store: Store,
  coll: Collection | undefined,
  spec: { filter: Doc; hint: unknown },
): Generator<number | null> {
  if (coll === undefined) return
  for (const row of scan(store, coll, prepareQuery(coll, spec))) yield row?.rid ?? null
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
          // An upsert must know inside the transaction that nothing matches.
          const rids = matching(store, existing, { ...statement, mayWait: !statement.isUpsert })
          if (rids === LATER) return LATER
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
    search: index => search(store, store.catalog.get(db, name), statementAt(index)),
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
      const rids = matching(store, coll, { filter, hint: doc.hint, mayWait: true })
      if (rids === LATER) return LATER
      for (const rid of rids) removeRecord(index, rid, next)
      return undefined
    },
    search: index => {
      const { hint } = (statements[index] as Rec).doc
      return search(store, store.catalog.get(db, name), { filter: filterAt(index), hint })
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
