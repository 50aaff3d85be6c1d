import { Long } from 'bson'
import { compileStages } from '../aggregate/pipeline.ts'
import { stageEntry } from '../aggregate/stage.ts'
import { type Doc, MAX_DOCUMENT_BYTES, Rec } from '../bson/codec.ts'
import { valueId } from '../bson/key.ts'
import { Int32, isDocument, toInteger, toNumber, truthy } from '../bson/value.ts'
import { MongoError, notImplemented } from '../errors.ts'
import { compileFilter } from '../query/matcher.ts'
import { leafValues } from '../query/path.ts'
import { compileProjection } from '../query/projection.ts'
import { ChangeStream } from '../stream/change-stream.ts'
import {
  type CommandContext,
  collectionName,
  countField,
  documentField,
  type Reply,
  refuseCollation,
} from './context.ts'
import { cursorReply, forEachRec, openCursor } from './cursors.ts'
import { prepareQuery, type QuerySpec, runFind, runQuery, sortOf } from './query.ts'
import { collectionStats } from './stats.ts'

const REFUSED_FIND = ['min', 'max', 'returnKey', 'showRecordId', 'tailable', 'awaitData'] as const

/** The query of a find command. */
export function findSpec(body: Doc): QuerySpec & { isSingle: boolean } {
  refuseCollation(body)
  for (const field of REFUSED_FIND) {
    const value: unknown = body[field]
    if (value !== undefined && value !== null && value !== false) throw notImplemented(`find with ${field}`)
  }
  const limit = toInteger(body.limit)
  return {
    filter: documentField(body, 'filter') ?? {},
    sort: sortOf(body.sort),
    skip: countField(body, 'skip'),
    limit: limit === undefined || limit === 0 ? undefined : Math.abs(limit),
    hint: body.hint as unknown,
    isSingle: truthy(body.singleBatch) || (limit !== undefined && limit < 0),
  }
}

export async function find(context: CommandContext): Promise<Reply> {
  const { body, store, db } = context
  const name = collectionName(context)
  const spec = findSpec(body)
  const batchSize = countField(body, 'batchSize')
  const ns = `${db}.${name}`
  const coll = store.catalog.get(db, name)
  compileFilter(spec.filter)
  compileProjection(body.projection, { isFind: true })
  if (coll === undefined) return cursorReply('firstBatch', { recs: [], id: Long.ZERO, ns })
  const query = prepareQuery(coll, spec)
  const source = runFind(store, coll, { ...query, projection: body.projection })
  return openCursor(context, {
    source,
    ns,
    batchSize,
    isSingle: spec.isSingle,
    noTimeout: truthy(body.noCursorTimeout),
  })
}

export async function count(context: CommandContext): Promise<Reply> {
  const { body, store, db } = context
  refuseCollation(body)
  const coll = store.catalog.get(db, collectionName(context))
  const filter = documentField(body, 'query') ?? {}
  const skip = countField(body, 'skip') ?? 0
  const limit = Math.abs(toInteger(body.limit) ?? 0)
  compileFilter(filter)
  if (coll === undefined) return { n: new Int32(0), ok: 1 }
  let n = 0
  if (Object.keys(filter).length === 0) n = coll.count
  else {
    const query = prepareQuery(coll, {
      filter,
      limit: limit === 0 ? undefined : limit + skip,
      hint: body.hint,
    })
    const recs = (function* (): Generator<Rec | null> {
      for (const row of runQuery(store, coll, query)) yield row?.rec ?? null
    })()
    await forEachRec(recs, { context, visit: () => n++ })
  }
  n = Math.max(0, n - skip)
  return { n: limit === 0 ? n : Math.min(n, limit), ok: 1 }
}

export async function distinct(context: CommandContext): Promise<Reply> {
  const { body, store, db } = context
  refuseCollation(body)
  const { key } = body
  if (typeof key !== 'string')
    throw new MongoError(14, "BSON field 'distinct.key' is the wrong type, expected type 'string'")
  const coll = store.catalog.get(db, collectionName(context))
  const filter = documentField(body, 'query') ?? {}
  compileFilter(filter)
  if (coll === undefined) return { values: [], ok: 1 }
  const values: unknown[] = []
  const seen = new Set<string>()
  let bytes = 0
  const source = runFind(store, coll, {
    ...prepareQuery(coll, { filter, hint: body.hint }),
    projection: undefined,
  })
  await forEachRec(source, {
    context,
    visit: rec => {
      for (const value of leafValues(rec.doc, key)) {
        if (value === undefined) continue
        const id = valueId(value)
        if (seen.has(id)) continue
        seen.add(id)
        bytes += id.length
        if (bytes > MAX_DOCUMENT_BYTES) throw new MongoError(17217, 'distinct too big, 16mb cap')
        values.push(value)
      }
    },
  })
  return { values, ok: 1 }
}

/** What of a pipeline the indexes can do: its leading `$match`, `$sort`, `$skip` and `$limit`. */
export function splitPipeline(pipeline: readonly unknown[]): { spec: QuerySpec; rest: readonly unknown[] } {
  const spec: QuerySpec = { filter: {} }
  let at = 0
  const operandOf = (name: string): unknown => {
    if (at >= pipeline.length) return undefined
    const [stage, operand] = stageEntry(pipeline[at])
    if (stage !== name) return undefined
    at++
    return operand
  }
  for (let match = operandOf('$match'); match !== undefined; match = operandOf('$match')) {
    if (!isDocument(match)) throw new MongoError(15959, 'the match filter must be an expression in an object')
    spec.filter = Object.keys(spec.filter).length === 0 ? match : { $and: [spec.filter, match] }
  }
  const sort = operandOf('$sort')
  if (sort !== undefined) spec.sort = sortOf(sort)
  const skip = operandOf('$skip')
  const limit = operandOf('$limit')
  const skipCount = toInteger(skip)
  const limitCount = toInteger(limit)
  // What is not a whole number is left to the stage itself, which says so.
  if (skip !== undefined && (skipCount === undefined || skipCount < 0)) at--
  else spec.skip = skipCount
  if (limit !== undefined && (limitCount === undefined || limitCount <= 0)) at--
  else spec.limit = limitCount
  return { spec, rest: pipeline.slice(at) }
}

function pipelineOf(body: Doc): Doc[] {
  const { pipeline } = body
  if (!Array.isArray(pipeline)) throw new MongoError(14, "'pipeline' option must be specified as an array")
  for (const stage of pipeline) stageEntry(stage)
  return pipeline as Doc[]
}

/** Only `$count`s of everything need no look at the documents. */
function isCountOfAll(spec: QuerySpec, rest: readonly unknown[]): string | undefined {
  if (
    Object.keys(spec.filter).length > 0 ||
    spec.skip !== undefined ||
    spec.limit !== undefined ||
    rest.length !== 1
  )
    return undefined
  const [name, operand] = stageEntry(rest[0])
  if (name !== '$group' || !isDocument(operand) || Object.keys(operand).length !== 2) return undefined
  const [, accumulator] = Object.entries(operand).find(([field]) => field !== '_id') ?? []
  const isOne =
    isDocument(accumulator) && toNumber(accumulator.$sum) === 1 && toNumber(operand._id) !== undefined
  return isOne ? Object.keys(operand).find(field => field !== '_id') : undefined
}

export async function aggregate(context: CommandContext): Promise<Reply> {
  const { body, store, db } = context
  refuseCollation(body)
  const pipeline = pipelineOf(body)
  const cursor = documentField(body, 'cursor')
  if (cursor === undefined && body.explain === undefined) {
    throw new MongoError(9, "The 'cursor' option is required, except for aggregate with the explain argument")
  }
  const target: unknown = body.aggregate
  const isDatabase = toNumber(target) === 1
  if (!isDatabase && (typeof target !== 'string' || target === ''))
    throw new MongoError(73, 'Invalid collection name for aggregate')
  const name = isDatabase ? '$cmd.aggregate' : String(target)
  const ns = `${db}.${name}`
  const first = pipeline[0]
  const batchSize = countField(cursor ?? {}, 'batchSize')
  const [firstName, firstOperand] = first === undefined ? [undefined, undefined] : stageEntry(first)
  if (firstName === '$changeStream') {
    return openStream(context, {
      ns,
      stream: isDocument(firstOperand) ? firstOperand : {},
      pipeline: pipeline.slice(1),
      isDatabase,
    })
  }
  if (isDatabase)
    throw new MongoError(
      73,
      `{aggregate: 1} is not valid for '${firstName ?? 'an empty pipeline'}'; a collection is required.`,
    )
  const coll = store.catalog.get(db, name)
  if (firstName === '$collStats') {
    const stages = compileStages(pipeline.slice(1), context)
    return openCursor(context, {
      source: stages([Rec.of(collectionStats(context, coll, firstOperand))]),
      ns,
      batchSize,
    })
  }
  const { spec, rest } = splitPipeline(pipeline)
  const stages = compileStages(rest, context)
  compileFilter(spec.filter)
  if (coll === undefined) return openCursor(context, { source: stages([]), ns, batchSize })
  const countField1 = isCountOfAll(spec, rest)
  if (countField1 !== undefined && coll.count > 0) {
    const operand = stageEntry(rest[0])[1] as Doc
    return openCursor(context, {
      source: [Rec.of({ _id: operand._id, [countField1]: coll.count })],
      ns,
      batchSize,
    })
  }
  const query = prepareQuery(coll, { ...spec, hint: body.hint })
  const source = stages(runFind(store, coll, { ...query, projection: undefined }))
  return openCursor(context, { source, ns, batchSize })
}

function openStream(
  context: CommandContext,
  options: { ns: string; stream: Doc; pipeline: readonly Doc[]; isDatabase: boolean },
): Reply {
  const { store, db } = context
  const { stream, ns } = options
  const isCluster = truthy(stream.allChangesForCluster)
  if (isCluster && (db !== 'admin' || !options.isDatabase)) {
    throw new MongoError(
      72,
      'A $changeStream with allChangesForCluster:true may only be opened on the admin database',
    )
  }
  const coll = options.isDatabase ? undefined : String(context.body.aggregate)
  const opened = new ChangeStream(store, {
    scope: { db: isCluster ? undefined : db, coll },
    stream,
    pipeline: options.pipeline,
  })
  const batchSize = countField(documentField(context.body, 'cursor') ?? {}, 'batchSize') ?? 101
  const batch = opened.read({ maxDocs: batchSize, maxBytes: MAX_DOCUMENT_BYTES - 64 * 1024 })
  const id = batch.isOver ? Long.ZERO : context.server.cursors.openStream(ns, opened).id
  return cursorReply('firstBatch', {
    recs: batch.events,
    id,
    ns,
    extra: { postBatchResumeToken: batch.token },
  })
}
