import { type Doc, Rec } from '../bson/codec.ts'
import { identicalValues } from '../bson/compare.ts'
import { isDocument, toNumber, truthy } from '../bson/value.ts'
import { MongoError, notImplemented } from '../errors.ts'
import { compileFilter } from '../query/matcher.ts'
import { type Collection, type IndexInfo, makeIndex } from '../storage/catalog.ts'
import { checkName } from '../storage/store.ts'
import {
  type CommandContext,
  collectionName,
  countField,
  documentField,
  type Reply,
  refuseCollation,
} from './context.ts'
import { openCursor } from './cursors.ts'
import { dropIndex } from './index-builds.ts'

const KNOWN_OPTIONS = new Set([
  'v',
  'key',
  'name',
  'ns',
  'unique',
  'sparse',
  'background',
  'expireAfterSeconds',
  'partialFilterExpression',
  'collation',
])
const MAX_INDEXES = 64
const MAX_FIELDS = 31
const PARTIAL_OPERATORS = new Set(['$eq', '$exists', '$gt', '$gte', '$lt', '$lte', '$type', '$and'])

/** An index as `listIndexes` shows it. */
export function indexDocument(index: IndexInfo | undefined): Doc {
  return { v: 2, ...index?.spec }
}

/** Checks a requested index and gives it MongoDB's form. @throws MongoError 67, 197, 238 */
function checkedSpec(request: unknown): Doc {
  if (!isDocument(request)) throw new MongoError(14, 'An index specification must be an object')
  for (const name of Object.keys(request)) {
    if (!KNOWN_OPTIONS.has(name)) {
      if (
        [
          'weights',
          'default_language',
          '2dsphereIndexVersion',
          'wildcardProjection',
          'hidden',
          'bits',
          'min',
          'max',
          'textIndexVersion',
          'language_override',
          'bucketSize',
        ].includes(name)
      ) {
        throw notImplemented(`an index with ${name}`)
      }
      throw new MongoError(197, `The field '${name}' is not valid for an index specification`)
    }
  }
  refuseCollation(request)
  const { key } = request
  if (!isDocument(key) || Object.keys(key).length === 0)
    throw new MongoError(67, 'Index keys cannot be empty.')
  if (Object.keys(key).length > MAX_FIELDS)
    throw new MongoError(67, `An index may have at most ${MAX_FIELDS} fields`)
  for (const [path, direction] of Object.entries(key)) {
    if (typeof direction === 'string') throw notImplemented(`an index of type '${direction}'`)
    const n = toNumber(direction)
    if (n === undefined || n === 0 || Number.isNaN(n))
      throw new MongoError(67, `Values in the index key pattern must be numbers other than 0`)
    if (path === '' || path.split('.').includes('') || path.split('.').some(part => part.startsWith('$'))) {
      if (path.includes('$**')) throw notImplemented('wildcard indexes')
      throw new MongoError(67, `Index key contains an illegal field name: '${path}'`)
    }
  }
  const isId = Object.keys(key).length === 1 && Object.hasOwn(key, '_id')
  if (typeof request.name !== 'string' || request.name === '')
    throw new MongoError(9, 'The name field is a required property of an index specification')
  const spec: Doc = { key, name: isId ? '_id_' : request.name }
  if (truthy(request.unique) && !isId) spec.unique = true
  if (truthy(request.sparse)) spec.sparse = true
  if (request.partialFilterExpression !== undefined) {
    if (!isDocument(request.partialFilterExpression))
      throw new MongoError(67, 'partialFilterExpression must be an object')
    if (spec.sparse) throw new MongoError(67, 'cannot mix "partialFilterExpression" and "sparse" options')
    checkPartial(request.partialFilterExpression)
    compileFilter(request.partialFilterExpression)
    spec.partialFilterExpression = request.partialFilterExpression
  }
  if (request.expireAfterSeconds !== undefined) {
    const seconds = toNumber(request.expireAfterSeconds)
    if (seconds === undefined || seconds < 0 || seconds > 2147483647)
      throw new MongoError(67, 'TTL index expireAfterSeconds must be a number from 0 to 2147483647')
    if (Object.keys(key).length > 1 || isId)
      throw new MongoError(67, 'TTL indexes are single-field indexes, and _id does not support them')
    spec.expireAfterSeconds = request.expireAfterSeconds
  }
  return spec
}

function checkPartial(filter: Doc): void {
  for (const [name, operand] of Object.entries(filter)) {
    if (name.startsWith('$') && !PARTIAL_OPERATORS.has(name))
      throw new MongoError(67, `unsupported expression in partial index: ${name}`)
    const parts = Array.isArray(operand) ? operand : [operand]
    for (const part of parts)
      if (isDocument(part) && Object.keys(part).some(key => key.startsWith('$'))) checkPartial(part)
  }
}

/** The same index in all that matters; an error when it only looks the same. */
function existing(coll: Collection, spec: Doc): IndexInfo | undefined {
  for (const index of coll.indexes) {
    const sameKey = sameKeyPattern(index.spec.key, spec.key)
    const sameName = index.name === spec.name
    if (!sameKey && !sameName) continue
    if (sameKey && index.name === '_id_') return index
    if (!sameKey)
      throw new MongoError(86, `An existing index has the same name as the requested index: ${index.name}`)
    const sameOptions = ['unique', 'sparse', 'expireAfterSeconds', 'partialFilterExpression'].every(option =>
      sameOption(index.spec[option], spec[option]),
    )
    if (!sameName || !sameOptions) {
      throw new MongoError(85, `Index with name: ${index.name} already exists with different options`)
    }
    return index
  }
  return undefined
}

function sameKeyPattern(a: Doc, b: Doc): boolean {
  const left = Object.entries(a)
  const right = Object.entries(b)
  return (
    left.length === right.length &&
    left.every(
      ([path, direction], i) => right[i]?.[0] === path && toNumber(direction) === toNumber(right[i]?.[1]),
    )
  )
}

function sameOption(a: unknown, b: unknown): boolean {
  const x = toNumber(a)
  return x === undefined ? identicalValues(a, b) : x === toNumber(b)
}

export async function createIndexes(context: CommandContext): Promise<Reply> {
  const { body, store, db } = context
  const name = collectionName(context)
  checkName(db, name)
  if (!Array.isArray(body.indexes) || body.indexes.length === 0)
    throw new MongoError(2, 'Must specify at least one index to create')
  const specs = body.indexes.map(checkedSpec)
  const made = await store.write(() => {
    const isNew = store.catalog.get(db, name) === undefined
    const present = store.catalog.get(db, name)
    // Everything that can be refused, before anything is written.
    if (present !== undefined) for (const spec of specs) existing(present, spec)
    if ((present?.indexes.length ?? 1) + specs.length > MAX_INDEXES)
      throw new MongoError(67, 'add index fails, too many indexes')
    const coll = store.ensureCollection(db, name)
    const before = coll.indexes.length
    const begun: IndexInfo[] = []
    const found: IndexInfo[] = []
    for (const spec of specs) {
      const same = existing(coll, spec)
      if (same !== undefined) found.push(same)
      else {
        const index = makeIndex(store.catalog.newId(), spec, { multikey: 0, isCut: false, isBuilding: true })
        coll.indexes.push(index)
        begun.push(index)
      }
    }
    if (begun.length > 0) store.catalog.save(coll)
    return { coll, isNew, before, begun, found }
  })
  await context.server.builds.settled(made.found)
  for (const index of made.begun) await context.server.builds.build(made.coll, index)
  return {
    createdCollectionAutomatically: made.isNew,
    numIndexesBefore: made.before,
    numIndexesAfter: store.catalog.get(db, name)?.indexes.length ?? made.before,
    ...(made.begun.length === 0 ? { note: 'all indexes already exist' } : {}),
    ok: 1,
  }
}

export async function dropIndexes(context: CommandContext): Promise<Reply> {
  const { body, store, db } = context
  const name = collectionName(context)
  const before = await store.write(() => {
    const coll = store.catalog.get(db, name)
    if (coll === undefined) throw new MongoError(26, 'ns not found')
    const count = coll.indexes.length
    if (body.index === '*') {
      for (const index of coll.indexes.filter(own => own.name !== '_id_')) dropIndex(store, coll, index)
      return count
    }
    const wanted: unknown[] = Array.isArray(body.index) ? body.index : [body.index]
    const found = wanted.map(item => {
      const index = coll.indexes.find(
        own => own.name === item || (isDocument(item) && sameKeyPattern(own.spec.key, item)),
      )
      if (index === undefined)
        throw new MongoError(
          27,
          `index not found with name [${isDocument(item) ? 'key pattern' : String(item)}]`,
        )
      if (index.name === '_id_') throw new MongoError(72, 'cannot drop _id index')
      return index
    })
    for (const index of found) dropIndex(store, coll, index)
    return count
  })
  return { nIndexesWas: before, ok: 1 }
}

export function listIndexes(context: CommandContext): Promise<Reply> {
  const { body, store, db } = context
  const name = collectionName(context)
  const coll = store.catalog.need(db, name)
  const batchSize = countField(documentField(body, 'cursor') ?? {}, 'batchSize')
  const source = coll.indexes.map(index => Rec.of(indexDocument(index)))
  return openCursor(context, { source, ns: `${db}.${name}`, batchSize })
}
