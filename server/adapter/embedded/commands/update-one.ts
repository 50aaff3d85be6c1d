import { type Doc, Rec } from '../bson/codec.ts'
import type { Matcher, MatchState } from '../query/matcher.ts'
import type { Row } from '../query/scan.ts'
import type { Collection } from '../storage/catalog.ts'
import type { Store } from '../storage/store.ts'
import { type Update, upsertSeed } from '../update/update.ts'

/** An update that is compiled. */
export interface CompiledUpdate {
  filter: Doc
  matches: Matcher
  apply: Update
  isReplacement: boolean
  replacementId: unknown
}

/** Updates one found document inside the transaction; a change that changes nothing writes nothing. */
export function updateRow(
  store: Store,
  coll: Collection,
  options: { row: Row; statement: CompiledUpdate; bypassValidation: boolean },
): { rec: Rec; isModified: boolean } {
  const { row, statement, bypassValidation } = options
  const state: MatchState = {}
  statement.matches(row.rec.doc, state)
  const changed = statement.apply(row.rec.doc, { matchedIndex: state.index })
  if (changed.isNoop) return { rec: row.rec, isModified: false }
  const rec = store.update(coll, {
    rid: row.rid,
    before: row.rec,
    after: changed.after,
    description: changed.description,
    bypassValidation,
  })
  return { rec, isModified: true }
}

/** Inserts what an upsert makes when nothing matched. */
export function insertUpserted(
  store: Store,
  coll: Collection,
  options: { statement: CompiledUpdate; bypassValidation: boolean },
): { id: unknown; rec: Rec } {
  const { statement, bypassValidation } = options
  const seed = upsertSeed(statement.filter, statement.isReplacement)
  if (statement.isReplacement && seed._id === undefined && statement.replacementId !== undefined) {
    seed._id = statement.replacementId
  }
  const { after } = statement.apply(seed, { isInsert: true })
  const { rid, id } = store.insert(coll, Rec.of(after), { bypassValidation })
  return { id, rec: store.read(coll, rid) ?? Rec.of(after) }
}
