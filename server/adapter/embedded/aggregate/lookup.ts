import { type Doc, Rec } from '../bson/codec.ts'
import { isDocument, setOwn, tagOf } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileFilter } from '../query/matcher.ts'
import { leafValues } from '../query/path.ts'
import { plan } from '../query/planner.ts'
import { scan } from '../query/scan.ts'
import { compileExpression } from './expression.ts'
import { type NestingContext, type PipelineContext, type Stage, stageEntry } from './stage.ts'

/** The documents of another collection that pass a filter, by its indexes. */
function* foreign(
  context: PipelineContext,
  from: string,
  filter: Doc,
): Generator<Rec | null, void, undefined> {
  const coll = context.store.catalog.get(context.db, from)
  if (coll === undefined) return
  for (const row of scan(context.store, coll, {
    plan: plan(coll, { filter }),
    matches: compileFilter(filter),
  })) {
    yield row?.rec ?? null
  }
}

/** Puts the values of `let` into a pipeline in the place of their variables. */
function bind(node: unknown, variables: ReadonlyMap<string, unknown>): unknown {
  if (typeof node === 'string' && node.startsWith('$$')) {
    const [name = '', ...rest] = node.slice(2).split('.')
    if (!variables.has(name)) return node
    let value = variables.get(name)
    for (const part of rest) value = isDocument(value) ? value[part] : undefined
    return { $literal: value ?? null }
  }
  if (Array.isArray(node)) return node.map(item => bind(item, variables))
  if (!isDocument(node) || tagOf(node) !== undefined) return node
  const out: Doc = {}
  for (const [name, value] of Object.entries(node)) setOwn(out, name, bind(value, variables))
  return out
}

function leadingMatch(pipeline: readonly unknown[]): { filter: Doc; rest: readonly unknown[] } {
  if (pipeline.length === 0) return { filter: {}, rest: [] }
  const [name, operand] = stageEntry(pipeline[0])
  return name === '$match' && isDocument(operand)
    ? { filter: operand, rest: pipeline.slice(1) }
    : { filter: {}, rest: pipeline }
}

/** @throws MongoError 9 for a specification that is neither of the two forms */
export function compileLookup(operand: unknown, context: NestingContext): Stage {
  if (!isDocument(operand) || typeof operand.from !== 'string' || typeof operand.as !== 'string') {
    throw new MongoError(9, "$lookup must specify 'from' and 'as' as strings")
  }
  const { from, as, localField, foreignField } = operand
  const known = ['from', 'as', 'localField', 'foreignField', 'let', 'pipeline']
  const unknown = Object.keys(operand).find(name => !known.includes(name))
  if (unknown !== undefined) throw new MongoError(9, `unknown argument to $lookup: ${unknown}`)
  const find = operand.pipeline === undefined ? byField(localField, foreignField) : byPipeline(operand)
  return function* lookup(rows) {
    for (const rec of rows) {
      if (rec === null) {
        yield null
        continue
      }
      const found: Doc[] = []
      for (const other of find(rec)) {
        if (other === null) yield null
        else found.push(other.doc)
      }
      yield Rec.of(withField(rec.doc, as.split('.'), found))
    }
  }

  function byField(local: unknown, remote: unknown): (rec: Rec) => Iterable<Rec | null> {
    if (typeof local !== 'string' || typeof remote !== 'string') {
      throw new MongoError(
        9,
        "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified",
      )
    }
    return rec => {
      const values = leafValues(rec.doc, local).map(value => value ?? null)
      return foreign(context, from as string, { [remote]: { $in: values.length === 0 ? [null] : values } })
    }
  }

  function byPipeline(spec: Doc): (rec: Rec) => Iterable<Rec | null> {
    const { pipeline } = spec
    if (!Array.isArray(pipeline)) throw new MongoError(9, "'pipeline' of $lookup must be an array")
    if (localField !== undefined || foreignField !== undefined) {
      throw new MongoError(9, "$lookup with 'pipeline' may not specify 'localField' or 'foreignField'")
    }
    const variables = Object.entries(isDocument(spec.let) ? spec.let : {}).map(
      ([name, expression]) => [name, compileExpression(expression)] as const,
    )
    if (variables.length === 0) context.compile(pipeline, context)
    return rec => {
      const values = new Map(variables.map(([name, compute]) => [name, compute(rec)]))
      const bound = bind(pipeline, values) as unknown[]
      const { filter, rest } = leadingMatch(bound)
      return context.compile(rest, context)(foreign(context, from as string, filter))
    }
  }
}

function withField(doc: Doc, path: readonly string[], value: unknown): Doc {
  const [name = '', ...rest] = path
  const out: Doc = { ...doc }
  const child = Object.hasOwn(doc, name) ? doc[name] : undefined
  setOwn(out, name, rest.length === 0 ? value : withField(isDocument(child) ? child : {}, rest, value))
  return out
}

export function compileUnionWith(operand: unknown, context: NestingContext): Stage {
  const spec: Doc = typeof operand === 'string' ? { coll: operand } : isDocument(operand) ? operand : {}
  if (typeof spec.coll !== 'string') throw new MongoError(9, '$unionWith must name a collection')
  const name = spec.coll
  const pipeline = Array.isArray(spec.pipeline) ? spec.pipeline : []
  const { filter, rest } = leadingMatch(pipeline)
  const stages = context.compile(rest, context)
  return function* union(rows) {
    yield* rows
    yield* stages(foreign(context, name, filter))
  }
}
