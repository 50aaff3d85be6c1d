import type { Doc, Rec } from '../bson/codec.ts'
import { truthy } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileFilter, type MatchState } from '../query/matcher.ts'
import { compileProjection } from '../query/projection.ts'
import { checkName } from '../storage/store.ts'
import { compileUpdate } from '../update/update.ts'
import { type CommandContext, collectionName, documentField, type Reply, refuseCollation } from './context.ts'
import { firstRow, prepareQuery, sortOf } from './query.ts'
import { earlierState, rememberState, retryId } from './retry.ts'
import { insertUpserted, updateRow } from './update-one.ts'

/** findAndModify: found, changed and answered in one transaction. */
export async function findAndModify(context: CommandContext): Promise<Reply> {
  const { store, db, body } = context
  const name = collectionName(context)
  checkName(db, name)
  refuseCollation(body)
  const filter = documentField(body, 'query') ?? {}
  const isRemove = truthy(body.remove)
  const wantsNew = truthy(body.new)
  const isUpsert = truthy(body.upsert)
  if (isRemove && body.update !== undefined)
    throw new MongoError(9, 'Cannot specify both an update and remove=true')
  if (!isRemove && body.update === undefined)
    throw new MongoError(9, 'Either an update or remove=true must be specified')
  if (isRemove && wantsNew)
    throw new MongoError(
      9,
      "Cannot specify both new=true and remove=true; 'remove' always returns the deleted document",
    )
  if (isRemove && isUpsert) throw new MongoError(9, 'Cannot specify both upsert=true and remove=true')
  const sort = sortOf(body.sort)
  const project = compileProjection(body.fields, { isFind: true })
  const matches = compileFilter(filter)
  const bypassValidation = truthy(body.bypassDocumentValidation)
  const compiled = isRemove ? undefined : compileUpdate(body.update, { arrayFilters: body.arrayFilters })
  const id = retryId(body)

  function answer(rec: Rec | undefined, lastErrorObject: Doc): Doc {
    if (rec === undefined) return { lastErrorObject, value: null }
    const state: MatchState = {}
    if (project !== undefined) matches(rec.doc, state)
    return { lastErrorObject, value: (project?.(rec, state.index) ?? rec).doc }
  }

  const reply = await store.write(() => {
    const earlier = earlierState(store, id)
    if (earlier !== undefined) return earlier
    const done = run()
    rememberState(store, id, done)
    return done
  })
  return { ...reply, ok: 1 }

  function run(): Doc {
    const existing = store.catalog.get(db, name)
    const row =
      existing === undefined
        ? undefined
        : firstRow(store, existing, prepareQuery(existing, { filter, sort, hint: body.hint }))
    if (compiled === undefined) {
      if (existing === undefined || row === undefined) return answer(undefined, { n: 0 })
      store.delete(existing, row.rid, row.rec)
      return answer(row.rec, { n: 1 })
    }
    const { apply, isReplacement } = compiled
    const replacementId = isReplacement ? (body.update as Doc)._id : undefined
    const statement = { filter, matches, apply, isReplacement, replacementId }
    if (existing !== undefined && row !== undefined) {
      const { rec } = updateRow(store, existing, { row, statement, bypassValidation })
      return answer(wantsNew ? rec : row.rec, { n: 1, updatedExisting: true })
    }
    if (!isUpsert) return answer(undefined, { n: 0, updatedExisting: false })
    const made = insertUpserted(store, store.ensureCollection(db, name), { statement, bypassValidation })
    return answer(wantsNew ? made.rec : undefined, { n: 1, updatedExisting: false, upserted: made.id })
  }
}
