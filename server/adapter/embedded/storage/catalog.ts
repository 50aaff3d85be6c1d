import { type Doc, decode, encode } from '../bson/codec.ts'
import { toNumber, truthy } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileFilter, type Matcher } from '../query/matcher.ts'
import type { Engine } from './engine.ts'
import type { KeyPattern } from './index-keys.ts'
import { afterPrefix } from './table.ts'

/** One index of a collection. */
export interface IndexInfo extends KeyPattern {
  /** Never used twice in the life of a store: first four bytes of its keys. */
  readonly id: number
  readonly name: string
  /** As `listIndexes` shows it, without `v`. */
  readonly spec: Doc
  readonly unique: boolean
  readonly partial: { filter: Doc; matches: Matcher } | undefined
  expireAfterSeconds: number | undefined
  /** Bit i is set when some document has an array on path i. */
  multikey: number
  /** Some key is cut: the index gives no order. */
  isCut: boolean
  /** Not all documents are in it yet: kept in step, but not used. */
  isBuilding: boolean
}

/** What `create` and `collMod` set. */
export interface CollectionOptions {
  validator?: Doc
  validationLevel?: string
  validationAction?: string
}

/** A collection as memory holds it; its documents are in the store only. */
export interface Collection {
  readonly id: number
  db: string
  name: string
  options: CollectionOptions
  validates: Matcher | undefined
  indexes: IndexInfo[]
  uuid: Uint8Array
  count: number
  bytes: number
  nextRid: number
  isDirty: boolean
}

const COLLECTION = 0x43
const COUNTER = 0x4e
const GARBAGE = 0x47
const NEXT_ID = Buffer.from('next-id')

function metaKey(kind: number, id: number): Buffer {
  const key = Buffer.alloc(5)
  key[0] = kind
  key.writeUInt32BE(id, 1)
  return key
}

/** Namespace as the protocol writes it. */
export function namespaceOf(coll: { db: string; name: string }): string {
  return `${coll.db}.${coll.name}`
}

/** Index from its stored or requested specification. */
export function makeIndex(
  id: number,
  spec: Doc,
  flags: { multikey: number; isCut: boolean; isBuilding: boolean },
): IndexInfo {
  const key = spec.key as Record<string, unknown>
  const partial = spec.partialFilterExpression as Doc | undefined
  const expire = toNumber(spec.expireAfterSeconds)
  return {
    id,
    name: String(spec.name),
    spec,
    fields: Object.entries(key).map(
      ([path, direction]) => [path, (toNumber(direction) ?? 1) < 0 ? -1 : 1] as const,
    ),
    unique: truthy(spec.unique) || String(spec.name) === '_id_',
    sparse: truthy(spec.sparse),
    partial: partial === undefined ? undefined : { filter: partial, matches: compileFilter(partial) },
    expireAfterSeconds: expire,
    multikey: flags.multikey,
    isCut: flags.isCut,
    isBuilding: flags.isBuilding,
  }
}

/** All collections and indexes: in memory, mirrored in the store. Changed only inside `engine.write`. */
export class Catalog {
  readonly #engine: Engine
  #byName = new Map<string, Collection>()
  #dirty = new Set<Collection>()
  #nextId = 1
  /** Grows with every change of collections or indexes. */
  version = 0

  constructor(engine: Engine) {
    this.#engine = engine
    this.reload()
  }

  /** Reads everything from the store again: at start and after an undone transaction. */
  reload(): void {
    this.version++
    this.#byName = new Map()
    this.#dirty = new Set()
    const next = this.#engine.meta.get(NEXT_ID)
    this.#nextId = next === undefined ? 1 : Buffer.from(next).readUInt32BE(0)
    const start = Buffer.from([COLLECTION])
    for (const { value } of this.#engine.meta.range({ start, end: afterPrefix(start) })) {
      const coll = this.#parse(decode(value))
      this.#byName.set(namespaceOf(coll), coll)
    }
  }

  #parse(doc: Doc): Collection {
    const id = toNumber(doc.id) ?? 0
    const stored = this.#engine.meta.get(metaKey(COUNTER, id))
    const counter = stored === undefined ? {} : decode(stored)
    const options = (doc.options ?? {}) as CollectionOptions
    return {
      id,
      db: String(doc.db),
      name: String(doc.name),
      options,
      validates: options.validator === undefined ? undefined : compileFilter(options.validator),
      indexes: (doc.indexes as Doc[]).map(index =>
        makeIndex(toNumber(index.id) ?? 0, index.spec as Doc, {
          multikey: toNumber(index.multikey) ?? 0,
          isCut: truthy(index.isCut),
          isBuilding: truthy(index.isBuilding),
        }),
      ),
      uuid: (doc.uuid as { buffer: Uint8Array }).buffer,
      count: toNumber(counter.count) ?? 0,
      bytes: toNumber(counter.bytes) ?? 0,
      nextRid: toNumber(counter.nextRid) ?? 1,
      isDirty: false,
    }
  }

  get(db: string, name: string): Collection | undefined {
    return this.#byName.get(`${db}.${name}`)
  }

  /** @throws MongoError 26 when there is no such collection */
  need(db: string, name: string): Collection {
    const coll = this.get(db, name)
    if (coll === undefined) throw new MongoError(26, `ns does not exist: ${db}.${name}`)
    return coll
  }

  all(): Collection[] {
    return [...this.#byName.values()]
  }

  ofDatabase(db: string): Collection[] {
    return this.all().filter(coll => coll.db === db)
  }

  /** A number for a new collection or index, never given out before. */
  newId(): number {
    const id = this.#nextId++
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(this.#nextId)
    this.#engine.meta.put(NEXT_ID, bytes)
    return id
  }

  add(coll: Collection): void {
    this.#byName.set(namespaceOf(coll), coll)
    this.save(coll)
    this.touch(coll)
  }

  /** Writes a collection's description after a change of options or indexes. */
  save(coll: Collection): void {
    this.version++
    const doc = {
      id: coll.id,
      db: coll.db,
      name: coll.name,
      uuid: coll.uuid,
      options: coll.options,
      indexes: coll.indexes.map(({ id, spec, multikey, isCut, isBuilding }) => ({
        id,
        spec,
        multikey,
        isCut,
        isBuilding,
      })),
    }
    this.#engine.meta.put(metaKey(COLLECTION, coll.id), encode(doc))
  }

  /** Forgets a collection; its documents and index keys become garbage that is swept in the background. */
  remove(coll: Collection): void {
    this.version++
    this.#byName.delete(namespaceOf(coll))
    this.#dirty.delete(coll)
    this.#engine.meta.remove(metaKey(COLLECTION, coll.id))
    this.#engine.meta.remove(metaKey(COUNTER, coll.id))
    this.addGarbage('docs', coll.id)
    for (const index of coll.indexes) this.addGarbage('index', index.id)
  }

  rename(coll: Collection, to: { db: string; name: string }): void {
    this.#byName.delete(namespaceOf(coll))
    coll.db = to.db
    coll.name = to.name
    this.#byName.set(namespaceOf(coll), coll)
    this.save(coll)
  }

  /** Marks everything under a number as to be swept. */
  addGarbage(table: 'docs' | 'index', id: number): void {
    this.#engine.meta.put(metaKey(GARBAGE, id), Buffer.from(table))
  }

  garbage(): { table: 'docs' | 'index'; id: number }[] {
    const start = Buffer.from([GARBAGE])
    return this.#engine.meta.range({ start, end: afterPrefix(start) }).map(({ key, value }) => ({
      table: value.toString() === 'docs' ? 'docs' : 'index',
      id: key.readUInt32BE(1),
    }))
  }

  dropGarbage(id: number): void {
    this.#engine.meta.remove(metaKey(GARBAGE, id))
  }

  /** Remembers that the counters of a collection changed in this transaction. */
  touch(coll: Collection): void {
    this.#dirty.add(coll)
  }

  /** Writes the counters that changed: once a group, not once a document. */
  flushCounters(): void {
    for (const { id, count, bytes, nextRid } of this.#dirty) {
      this.#engine.meta.put(metaKey(COUNTER, id), encode({ count, bytes, nextRid }))
    }
    this.#dirty.clear()
  }
}
