import { compileExpression } from '../aggregate/expression.ts'
import { type Doc, decode, encode, Rec } from '../bson/codec.ts'
import { compareValues, identicalValues } from '../bson/compare.ts'
import { isDocument, setOwn } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileAddFields, compileProjection } from '../query/projection.ts'
import type { Changed, Update } from './update.ts'

/** @throws MongoError 72 for a stage that an update may not hold */
export function compilePipelineUpdate(stages: readonly unknown[]): Update {
  const steps = stages.map(compileStage)
  return before => {
    let rec = Rec.of(before)
    for (const step of steps) rec = step(rec)
    // Through bytes and back: computed numbers get their BSON types.
    const after = decode(encode({ _id: before._id, ...rec.doc }))
    if (before._id !== undefined && compareValues(before._id, after._id) !== 0) {
      throw new MongoError(
        66,
        "Performing an update on the path '_id' would modify the immutable field '_id'",
      )
    }
    return describe(before, after)
  }
}

function compileStage(stage: unknown): (rec: Rec) => Rec {
  const [name, operand] = isDocument(stage) ? (Object.entries(stage)[0] ?? []) : []
  switch (name) {
    case '$set':
    case '$addFields':
      if (!isDocument(operand)) throw new MongoError(40272, `${name} specification stage must be an object`)
      return compileAddFields(operand)
    case '$unset':
    case '$project': {
      const names = Array.isArray(operand) ? operand : [operand]
      const spec = name === '$project' ? operand : Object.fromEntries(names.map(field => [String(field), 0]))
      const project = compileProjection(spec, { isFind: false })
      return rec => project?.(rec) ?? rec
    }
    case '$replaceRoot':
    case '$replaceWith': {
      const compute = compileExpression(name === '$replaceWith' ? operand : (operand as Doc).newRoot)
      return rec => {
        const root = compute(rec)
        if (!isDocument(root)) throw new MongoError(40228, `'newRoot' expression must evaluate to an object`)
        return Rec.of(root)
      }
    }
    default:
      throw new MongoError(72, `${String(name)} is not allowed to be used within an update`)
  }
}

function describe(before: Doc, after: Doc): Changed {
  const updatedFields: Doc = {}
  const removedFields: string[] = []
  for (const [name, value] of Object.entries(after)) {
    if (!Object.hasOwn(before, name) || !identicalValues(before[name], value))
      setOwn(updatedFields, name, value)
  }
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) removedFields.push(name)
  const isNoop = Object.keys(updatedFields).length === 0 && removedFields.length === 0
  return { after, description: { updatedFields, removedFields }, isNoop }
}
