import { type Doc, encode, Rec } from '../bson/codec.ts'
import { isDocument, toNumber, truthy } from '../bson/value.ts'
import { MongoError, notImplemented } from '../errors.ts'
import { compileFilter } from '../query/matcher.ts'
import { type Collection, makeIndex } from '../storage/catalog.ts'
import { OP } from '../storage/oplog.ts'
import { checkName, uuidValue } from '../storage/store.ts'
import {
  type CommandContext,
  collectionName,
  countField,
  documentField,
  type Reply,
  refuseCollation,
} from './context.ts'
import { openCursor } from './cursors.ts'
import { indexDocument } from './indexes.ts'
import { sizes } from './stats.ts'

const LEVELS = ['off', 'strict', 'moderate']
const ACTIONS = ['error', 'warn']

/** Validator options of create and collMod. @throws MongoError 2, 9 for what is not one */
function validation(body: Doc): Collection['options'] {
  const options: Collection['options'] = {}
  const validator = documentField(body, 'validator')
  if (validator !== undefined) {
    compileFilter(validator)
    options.validator = validator
  }
  if (body.validationLevel !== undefined) {
    if (!LEVELS.includes(String(body.validationLevel)))
      throw new MongoError(2, `invalid validation level: ${String(body.validationLevel)}`)
    options.validationLevel = String(body.validationLevel)
  }
  if (body.validationAction !== undefined) {
    if (!ACTIONS.includes(String(body.validationAction)))
      throw new MongoError(2, `invalid validation action: ${String(body.validationAction)}`)
    options.validationAction = String(body.validationAction)
  }
  return options
}

export async function create(context: CommandContext): Promise<Reply> {
  const { body, store, db } = context
  const name = collectionName(context)
  checkName(db, name)
  refuseCollation(body)
  if (truthy(body.capped)) throw notImplemented('capped collections')
  if (body.viewOn !== undefined || body.pipeline !== undefined) throw notImplemented('views')
  const options = validation(body)
  await store.write(() => {
    if (store.catalog.get(db, name) !== undefined) {
      throw new MongoError(48, `a collection '${db}.${name}' already exists`)
    }
    store.createCollection(db, name, options)
  })
  return { ok: 1 }
}

export async function collMod(context: CommandContext): Promise<Reply> {
  const { body, store, db } = context
  const name = collectionName(context)
  const options = validation(body)
  const change = documentField(body, 'index')
  const reply: Doc = { ok: 1 }
  await store.write(() => {
    const coll = store.catalog.need(db, name)
    coll.options = { ...coll.options, ...options }
    if (isDocument(coll.options.validator) && Object.keys(coll.options.validator).length === 0)
      delete coll.options.validator
    coll.validates = coll.options.validator === undefined ? undefined : compileFilter(coll.options.validator)
    if (change !== undefined) {
      const at = coll.indexes.findIndex(
        ({ name: own, spec }) =>
          own === change.name ||
          (isDocument(change.keyPattern) && JSON.stringify(spec.key) === JSON.stringify(change.keyPattern)),
      )
      const index = coll.indexes[at]
      const seconds = toNumber(change.expireAfterSeconds)
      if (index === undefined) throw new MongoError(27, 'cannot find index for collMod')
      if (seconds === undefined) throw new MongoError(72, 'no expireAfterSeconds field')
      reply.expireAfterSeconds_old = index.expireAfterSeconds
      reply.expireAfterSeconds_new = seconds
      coll.indexes[at] = makeIndex(index.id, { ...index.spec, expireAfterSeconds: seconds }, index)
    }
    store.catalog.save(coll)
  })
  return reply
}

export async function drop(context: CommandContext): Promise<Reply> {
  const { store, db } = context
  const name = collectionName(context)
  const count = await store.write(() => {
    const coll = store.catalog.get(db, name)
    if (coll === undefined) throw new MongoError(26, 'ns not found')
    store.dropCollection(coll)
    return coll.indexes.length
  })
  return { nIndexesWas: count, ns: `${db}.${name}`, ok: 1 }
}

export async function dropDatabase(context: CommandContext): Promise<Reply> {
  const { store, db } = context
  const had = await store.write(() => {
    const colls = store.catalog.ofDatabase(db)
    for (const coll of colls) store.dropCollection(coll)
    if (colls.length > 0) store.oplog.append({ op: OP.dropDatabase, db, coll: '' })
    return colls.length
  })
  return had > 0 ? { dropped: db, ok: 1 } : { ok: 1 }
}

function splitNamespace(value: unknown): { db: string; name: string } {
  const [, db = '', name = ''] = /^([^.]+)\.(.+)$/s.exec(String(value)) ?? []
  checkName(db, name)
  return { db, name }
}

export async function renameCollection(context: CommandContext): Promise<Reply> {
  const { store, body } = context
  if (context.db !== 'admin')
    throw new MongoError(13, 'renameCollection may only be run against the admin database.')
  const from = splitNamespace(body.renameCollection)
  const to = splitNamespace(body.to)
  await store.write(() => {
    const coll = store.catalog.get(from.db, from.name)
    if (coll === undefined)
      throw new MongoError(26, `Source collection ${String(body.renameCollection)} does not exist`)
    const target = store.catalog.get(to.db, to.name)
    if (target === coll) throw new MongoError(20, "Can't rename a collection to itself")
    if (target !== undefined) {
      if (!truthy(body.dropTarget)) throw new MongoError(48, 'target namespace exists')
      store.dropCollection(target)
    }
    store.catalog.rename(coll, to)
    store.oplog.append({
      op: OP.rename,
      db: from.db,
      coll: from.name,
      payload: encode({ db: to.db, coll: to.name }),
    })
  })
  return { ok: 1 }
}

export function listCollections(context: CommandContext): Promise<Reply> {
  const { store, db, body } = context
  const matches = compileFilter(documentField(body, 'filter') ?? {})
  const nameOnly = truthy(body.nameOnly)
  const recs: Rec[] = []
  for (const coll of store.catalog.ofDatabase(db)) {
    const full: Doc = {
      name: coll.name,
      type: 'collection',
      options: coll.options,
      info: { readOnly: false, uuid: uuidValue(coll) },
      idIndex: indexDocument(coll.indexes[0]),
    }
    if (matches(full)) recs.push(Rec.of(nameOnly ? { name: coll.name, type: 'collection' } : full))
  }
  const batchSize = countField(documentField(body, 'cursor') ?? {}, 'batchSize')
  return openCursor(context, { source: recs, ns: `${db}.$cmd.listCollections`, batchSize })
}

export function listDatabases(context: CommandContext): Reply {
  const { store, body } = context
  const matches = compileFilter(documentField(body, 'filter') ?? {})
  const byName = new Map<string, number>()
  for (const coll of store.catalog.all()) byName.set(coll.db, (byName.get(coll.db) ?? 0) + coll.bytes)
  const nameOnly = truthy(body.nameOnly)
  const databases = [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, sizeOnDisk]) => ({ name, sizeOnDisk, empty: false }))
    .filter(found => matches(found))
  if (nameOnly) return { databases: databases.map(({ name }) => ({ name })), ok: 1 }
  return { databases, totalSize: databases.reduce((sum, { sizeOnDisk }) => sum + sizeOnDisk, 0), ok: 1 }
}

export function collStats(context: CommandContext): Reply {
  const { store, db } = context
  const name = collectionName(context)
  return { ns: `${db}.${name}`, ...sizes(store.catalog.get(db, name)), ok: 1 }
}

export function dbStats(context: CommandContext): Reply {
  const { store, db } = context
  const colls = store.catalog.ofDatabase(db)
  const sum = (of: (coll: Collection) => number): number => colls.reduce((total, coll) => total + of(coll), 0)
  const objects = sum(coll => coll.count)
  const dataSize = sum(coll => coll.bytes)
  return {
    db,
    collections: colls.length,
    views: 0,
    objects,
    avgObjSize: objects === 0 ? 0 : dataSize / objects,
    dataSize,
    storageSize: dataSize,
    indexes: sum(coll => coll.indexes.length),
    indexSize: 0,
    totalSize: dataSize,
    scaleFactor: 1,
    ok: 1,
  }
}
