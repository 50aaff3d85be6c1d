import { Rec } from '../bson/codec.ts'
import { Int32, isDocument, toInteger } from '../bson/value.ts'
import { MongoError, notImplemented } from '../errors.ts'
import { compileFilter } from '../query/matcher.ts'
import { parseSort } from '../query/planner.ts'
import { compileAddFields, compileProjection } from '../query/projection.ts'
import { sortRows } from '../query/sort.ts'
import { compileExpression } from './expression.ts'
import { compileGroup } from './group.ts'
import { compileLookup, compileUnionWith } from './lookup.ts'
import { compileBucket, compileFacet, compileRedact, compileSample } from './more-stages.ts'
import { type PipelineContext, type Stage, stageEntry } from './stage.ts'
import { compileUnwind } from './unwind.ts'

/** Stages that MongoDB has and this server refuses. */
const REFUSED = new Set([
  '$out',
  '$merge',
  '$geoNear',
  '$graphLookup',
  '$currentOp',
  '$listLocalSessions',
  '$listSessions',
  '$planCacheStats',
  '$indexStats',
  '$bucketAuto',
  '$searchMeta',
  '$search',
])

function each(change: (rec: Rec) => Rec | undefined): Stage {
  return function* stage(rows) {
    for (const rec of rows) {
      if (rec === null) yield null
      else {
        const out = change(rec)
        if (out !== undefined) yield out
      }
    }
  }
}

function limit(count: number): Stage {
  return function* stage(rows) {
    let left = count
    for (const rec of rows) {
      yield rec
      if (rec !== null && --left <= 0) return
    }
  }
}

function skip(count: number): Stage {
  return function* stage(rows) {
    let left = count
    for (const rec of rows) {
      if (rec !== null && left > 0) left--
      else yield rec
    }
  }
}

function wholeNumber(operand: unknown, stage: string, minimum: number): number {
  const n = toInteger(operand)
  if (n === undefined || n < minimum)
    throw new MongoError(
      stage === '$limit' ? 15958 : 15956,
      `the ${stage} must be a number of at least ${minimum}`,
    )
  return n
}

function countStage(operand: unknown): Stage {
  if (typeof operand !== 'string' || operand === '' || operand.startsWith('$') || operand.includes('.')) {
    throw new MongoError(40156, 'the count field must be a non-empty string without dots and dollars')
  }
  return function* stage(rows) {
    let n = 0
    for (const rec of rows) {
      if (rec === null) yield null
      else n++
    }
    if (n > 0) yield Rec.of({ [operand]: new Int32(n) })
  }
}

function replaceRoot(expression: unknown): Stage {
  const compute = compileExpression(expression)
  return each(rec => {
    const root = compute(rec)
    if (!isDocument(root)) throw new MongoError(40228, "'newRoot' expression must evaluate to an object")
    return Rec.of(root)
  })
}

function project(operand: unknown): Stage {
  if (!isDocument(operand)) throw new MongoError(15969, '$project specification must be an object')
  const projection = compileProjection(operand, { isFind: false })
  return each(rec => projection?.(rec) ?? rec)
}

function compileStage(name: string, operand: unknown, context: PipelineContext): Stage {
  switch (name) {
    case '$match': {
      if (!isDocument(operand))
        throw new MongoError(15959, 'the match filter must be an expression in an object')
      const matches = compileFilter(operand)
      return each(rec => (matches(rec.doc) ? rec : undefined))
    }
    case '$project':
      return project(operand)
    case '$unset': {
      const names = Array.isArray(operand) ? operand : [operand]
      if (!names.every(field => typeof field === 'string'))
        throw new MongoError(31002, '$unset specification must be a string or an array of strings')
      return project(Object.fromEntries(names.map(field => [field, 0])))
    }
    case '$addFields':
    case '$set': {
      if (!isDocument(operand)) throw new MongoError(40272, `${name} specification stage must be an object`)
      return each(compileAddFields(operand))
    }
    case '$replaceRoot':
      if (!isDocument(operand) || !Object.hasOwn(operand, 'newRoot'))
        throw new MongoError(40231, 'no newRoot specified for the $replaceRoot stage')
      return replaceRoot(operand.newRoot)
    case '$replaceWith':
      return replaceRoot(operand)
    case '$limit':
      return limit(wholeNumber(operand, name, 1))
    case '$skip':
      return skip(wholeNumber(operand, name, 0))
    case '$sort': {
      const spec = parseSort(operand)
      if (spec.length === 0) throw new MongoError(15976, '$sort stage must have at least one sort key')
      return rows => sortRows(rows, { spec, keep: undefined, recOf: rec => rec })
    }
    case '$count':
      return countStage(operand)
    case '$group':
      return compileGroup(operand)
    case '$sortByCount': {
      const group = compileGroup({ _id: operand, count: { $sum: new Int32(1) } })
      return rows => sortRows(group(rows), { spec: [['count', -1]], keep: undefined, recOf: rec => rec })
    }
    case '$unwind':
      return compileUnwind(operand)
    case '$lookup':
      return compileLookup(operand, { ...context, compile: compileStages })
    case '$unionWith':
      return compileUnionWith(operand, { ...context, compile: compileStages })
    case '$sample':
      return compileSample(operand)
    case '$facet':
      return compileFacet(operand, { ...context, compile: compileStages })
    case '$bucket':
      return compileBucket(operand)
    case '$redact':
      return compileRedact(operand)
    case '$changeStream':
      throw new MongoError(40602, '$changeStream is only valid as the first stage in a pipeline.')
    case '$collStats':
      throw new MongoError(40602, '$collStats is only valid as the first stage in a pipeline.')
    default:
      if (REFUSED.has(name)) throw notImplemented(name)
      throw new MongoError(40324, `Unrecognized pipeline stage name: '${name}'`)
  }
}

/**
 * Compiles the stages of a pipeline into one.
 * @throws MongoError 40324 for an unknown stage, 238 for one that this server refuses
 */
export function compileStages(pipeline: readonly unknown[], context: PipelineContext): Stage {
  const stages = pipeline.map(stage => {
    const [name, operand] = stageEntry(stage)
    return compileStage(name, operand, context)
  })
  return rows => stages.reduce((input, stage) => stage(input), rows)
}
