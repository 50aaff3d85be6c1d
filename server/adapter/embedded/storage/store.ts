import { randomBytes } from 'node:crypto'
import { Binary, ObjectId } from 'bson'
import { type Doc, encode, MAX_DOCUMENT_BYTES, Rec } from '../bson/codec.ts'
import { setOwn } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileFilter } from '../query/matcher.ts'
import { Catalog, type Collection, type IndexInfo, makeIndex, namespaceOf } from './catalog.ts'
import { Engine } from './engine.ts'
import { documentKeys } from './index-keys.ts'
import { OP, Oplog } from './oplog.ts'

// Long because documents and their indexes change in one transaction, or not at all.

const RID_BYTES = 6
const DEFAULT_OPLOG_BYTES = 256 * 1024 * 1024

/** Key of a document: number of the collection, number of the record. */
export function docKey(collectionId: number, rid: number): Buffer {
  const key = Buffer.allocUnsafe(4 + RID_BYTES)
  key.writeUInt32BE(collectionId, 0)
  key.writeUIntBE(rid, 4, RID_BYTES)
  return key
}

export function ridBytes(rid: number): Buffer {
  const bytes = Buffer.allocUnsafe(RID_BYTES)
  bytes.writeUIntBE(rid, 0, RID_BYTES)
  return bytes
}

/** First bytes of all keys of an index. */
export function indexPrefix(id: number): Buffer {
  const prefix = Buffer.allocUnsafe(4)
  prefix.writeUInt32BE(id, 0)
  return prefix
}

/** Where an entry of an index lies: unique keys stand alone, others end with the record's number. */
function entryKey(index: IndexInfo, key: Buffer, rid: number): Buffer {
  return index.unique
    ? Buffer.concat([indexPrefix(index.id), key])
    : Buffer.concat([indexPrefix(index.id), key, ridBytes(rid)])
}

interface Planned {
  index: IndexInfo
  keys: Buffer[]
  multikey: number
  isCut: boolean
}

/** Documents, indexes and the log of changes, kept in step. Everything that writes must run inside `write`. */
export class Store {
  readonly engine: Engine
  readonly catalog: Catalog
  readonly oplog: Oplog

  constructor(options: { dataDir: string; oplogMaxBytes?: number }) {
    this.engine = new Engine(options.dataDir)
    this.catalog = new Catalog(this.engine)
    this.oplog = new Oplog(this.engine, { maxBytes: options.oplogMaxBytes ?? DEFAULT_OPLOG_BYTES })
    this.engine.setHooks({
      beforeCommit: () => {
        this.catalog.flushCounters()
        this.oplog.beforeCommit()
      },
      afterCommit: () => this.oplog.afterCommit(),
      afterAbort: () => {
        this.catalog.reload()
        this.oplog.reload()
      },
    })
  }

  /** Runs a job in the next group of writes; see Engine.write. */
  write<T>(job: () => T): Promise<T> {
    return this.engine.write(job)
  }

  // --- reading

  /** The document under a record number, as a copy. */
  read(coll: Collection, rid: number): Rec | undefined {
    const bytes = this.engine.docs.get(docKey(coll.id, rid))
    return bytes === undefined ? undefined : new Rec(bytes)
  }

  // --- collections

  /** The collection, made when absent. */
  ensureCollection(db: string, name: string): Collection {
    return this.catalog.get(db, name) ?? this.createCollection(db, name, {})
  }

  createCollection(db: string, name: string, options: Collection['options']): Collection {
    checkName(db, name)
    const idIndex = makeIndex(
      this.catalog.newId(),
      { key: { _id: 1 }, name: '_id_' },
      { multikey: 0, isCut: false, isBuilding: false },
    )
    const coll: Collection = {
      id: this.catalog.newId(),
      db,
      name,
      options,
      validates: options.validator === undefined ? undefined : compileFilter(options.validator),
      indexes: [idIndex],
      uuid: uuidBytes(),
      count: 0,
      bytes: 0,
      nextRid: 1,
      isDirty: false,
    }
    this.catalog.add(coll)
    return coll
  }

  dropCollection(coll: Collection): void {
    this.catalog.remove(coll)
    this.oplog.append({ op: OP.drop, db: coll.db, coll: coll.name })
  }

  // --- documents

  /**
   * Inserts a document. `_id` is added when missing and moved to the front.
   * @throws MongoError 11000, 121, 171, 10334, 53
   */
  insert(
    coll: Collection,
    rec: Rec,
    options: { bypassValidation?: boolean } = {},
  ): { rid: number; id: unknown } {
    const { bytes, doc } = withId(rec)
    checkSize(bytes)
    if (!options.bypassValidation) this.#validate(coll, doc)
    const rid = coll.nextRid
    const planned = coll.indexes.flatMap(index => this.#plan(coll, index, doc) ?? [])
    for (const plan of planned) this.#checkUnique(coll, plan, { doc, rid })
    coll.nextRid++
    coll.count++
    coll.bytes += bytes.length
    this.catalog.touch(coll)
    this.engine.docs.put(docKey(coll.id, rid), bytes as Buffer)
    for (const plan of planned) this.#putKeys(coll, plan, rid)
    this.oplog.append({
      op: OP.insert,
      db: coll.db,
      coll: coll.name,
      documentKey: idBytes(doc),
      payload: bytes,
    })
    return { rid, id: doc._id }
  }

  /**
   * Puts a changed document in the place of the old one.
   * @param change.description the updateDescription for the log; undefined for a replacement
   * @throws MongoError as insert does
   */
  update(
    coll: Collection,
    change: {
      rid: number
      before: Rec
      after: Doc
      description?: Doc | undefined
      bypassValidation?: boolean
    },
  ): Rec {
    const { rid, before, after } = change
    const bytes = encode(after)
    checkSize(bytes)
    const rec = new Rec(bytes)
    const doc = rec.doc
    if (!change.bypassValidation) {
      const moderate = coll.options.validationLevel === 'moderate'
      if (!(moderate && coll.validates !== undefined && !coll.validates(before.doc)))
        this.#validate(coll, doc)
    }
    const moves: { add: Planned; remove: Buffer[] }[] = []
    for (const index of coll.indexes) {
      const old = this.#plan(coll, index, before.doc)?.keys ?? []
      const plan = this.#plan(coll, index, doc) ?? { index, keys: [], multikey: 0, isCut: false }
      const had = new Set(old.map(key => key.toString('latin1')))
      const has = new Set(plan.keys.map(key => key.toString('latin1')))
      const add = { ...plan, keys: plan.keys.filter(key => !had.has(key.toString('latin1'))) }
      const remove = old.filter(key => !has.has(key.toString('latin1')))
      if (add.keys.length > 0 || remove.length > 0) moves.push({ add, remove })
    }
    for (const { add } of moves) this.#checkUnique(coll, add, { doc, rid })
    coll.bytes += bytes.length - before.bytes.length
    this.catalog.touch(coll)
    this.engine.docs.put(docKey(coll.id, rid), bytes)
    for (const { add, remove } of moves) {
      for (const key of remove) this.engine.index.remove(entryKey(add.index, key, rid))
      this.#putKeys(coll, add, rid)
    }
    const isReplacement = change.description === undefined
    this.oplog.append({
      op: isReplacement ? OP.replace : OP.update,
      db: coll.db,
      coll: coll.name,
      documentKey: idBytes(doc),
      payload: isReplacement ? bytes : encode(change.description ?? {}),
    })
    return rec
  }

  delete(coll: Collection, rid: number, rec: Rec): void {
    this.engine.docs.remove(docKey(coll.id, rid))
    for (const index of coll.indexes) {
      for (const key of this.#plan(coll, index, rec.doc)?.keys ?? []) {
        this.engine.index.remove(entryKey(index, key, rid))
      }
    }
    coll.count--
    coll.bytes -= rec.bytes.length
    this.catalog.touch(coll)
    this.oplog.append({ op: OP.delete, db: coll.db, coll: coll.name, documentKey: idBytes(rec.doc) })
  }

  /** Adds one existing document to an index that is being built. */
  indexOne(coll: Collection, index: IndexInfo, at: { rid: number; rec: Rec }): void {
    const plan = this.#plan(coll, index, at.rec.doc)
    if (plan === undefined) return
    this.#checkUnique(coll, plan, { doc: at.rec.doc, rid: at.rid })
    this.#putKeys(coll, plan, at.rid)
  }

  #validate(coll: Collection, doc: Doc): void {
    if (coll.validates === undefined || coll.options.validationLevel === 'off') return
    if (coll.validates(doc) || coll.options.validationAction === 'warn') return
    throw new MongoError(121, 'Document failed validation')
  }

  #plan(_coll: Collection, index: IndexInfo, doc: Doc): Planned | undefined {
    if (index.partial !== undefined && !index.partial.matches(doc)) return undefined
    return { index, ...documentKeys(index, doc) }
  }

  #checkUnique(coll: Collection, plan: Planned, at: { doc: Doc; rid: number }): void {
    const { index } = plan
    if (!index.unique) return
    const own = ridBytes(at.rid)
    for (const key of plan.keys) {
      const holder = this.engine.index.get(entryKey(index, key, at.rid))
      if (holder !== undefined && !own.equals(holder)) throw duplicateKey(coll, index, at.doc)
    }
  }

  #putKeys(coll: Collection, plan: Planned, rid: number): void {
    const { index } = plan
    const value = ridBytes(rid)
    for (const key of plan.keys) this.engine.index.put(entryKey(index, key, rid), value)
    if ((plan.multikey & ~index.multikey) !== 0 || (plan.isCut && !index.isCut)) {
      index.multikey |= plan.multikey
      index.isCut ||= plan.isCut
      this.catalog.save(coll)
    }
  }
}

function duplicateKey(coll: Collection, index: IndexInfo, doc: Doc): MongoError {
  const keyValue: Doc = {}
  for (const [path] of index.fields) {
    let at: unknown = doc
    for (const part of path.split('.')) {
      at = at !== null && typeof at === 'object' && Object.hasOwn(at, part) ? (at as Doc)[part] : undefined
    }
    setOwn(keyValue, path, at ?? null)
  }
  const shown = index.fields.map(([path]) => path).join(', ')
  return new MongoError(
    11000,
    `E11000 duplicate key error collection: ${namespaceOf(coll)} index: ${index.name} dup key: { ${shown} }`,
    { keyPattern: index.spec.key, keyValue },
  )
}

/** @throws MongoError 73 when the name cannot be one of a collection */
export function checkName(db: string, name: string): void {
  const bad =
    name === '' ||
    name.includes('\0') ||
    name.includes('$') ||
    name.startsWith('.') ||
    name.endsWith('.') ||
    db === '' ||
    /[/\\. "$\0]/.test(db)
  if (bad || Buffer.byteLength(`${db}.${name}`) > 255) {
    throw new MongoError(73, `Invalid namespace specified '${db}.${name}'`)
  }
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length > MAX_DOCUMENT_BYTES) {
    throw new MongoError(
      10334,
      `BSONObj size: ${bytes.length} is invalid. Size must be between 0 and 16793600(16MB)`,
    )
  }
}

function idBytes(doc: Doc): Uint8Array {
  return encode({ _id: doc._id })
}

/** The first element is `_id`: 4 bytes of length, the type, then the name. */
function beginsWithId(bytes: Uint8Array): boolean {
  return bytes[5] === 0x5f && bytes[6] === 0x69 && bytes[7] === 0x64 && bytes[8] === 0
}

function withId(rec: Rec): { bytes: Uint8Array; doc: Doc } {
  const { doc } = rec
  checkId(doc._id)
  if (beginsWithId(rec.bytes)) return { bytes: rec.bytes, doc }
  const { _id, ...rest } = doc
  const moved: Doc = { _id: Object.hasOwn(doc, '_id') ? _id : newObjectId(), ...rest }
  return { bytes: encode(moved), doc: moved }
}

/** @throws MongoError 53 for an `_id` that MongoDB refuses */
export function checkId(id: unknown): void {
  if (Array.isArray(id)) throw new MongoError(53, "The '_id' value cannot be of type array")
  if (
    id instanceof RegExp ||
    (typeof id === 'object' && id !== null && (id as Doc)._bsontype === 'BSONRegExp')
  ) {
    throw new MongoError(53, "The '_id' value cannot be of type regex")
  }
}

function newObjectId(): ObjectId {
  return new ObjectId()
}

function uuidBytes(): Uint8Array {
  const bytes = randomBytes(16)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  return bytes
}

/** A collection's UUID as listCollections shows it. */
export function uuidValue(coll: Collection): Binary {
  return new Binary(coll.uuid, 4)
}
