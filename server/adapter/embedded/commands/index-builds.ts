import { Rec } from '../bson/codec.ts'
import { MongoError } from '../errors.ts'
import type { Collection, IndexInfo } from '../storage/catalog.ts'
import { docKey, type Store } from '../storage/store.ts'
import { afterPrefix } from '../storage/table.ts'

const CHUNK = 500

/**
 * Builds indexes beside the running work: writes keep a new index in step from the first moment, the builder adds the
 * documents that were there before, in slices, and only then is the index used.
 */
export class IndexBuilds {
  readonly #store: Store
  readonly #running = new Map<number, Promise<void>>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Resolves when the index is ready. @throws MongoError 11000 when documents collide: the index is gone again */
  build(coll: Collection, index: IndexInfo): Promise<void> {
    const running = this.#running.get(index.id)
    if (running !== undefined) return running
    const work = this.#run(coll.db, coll.name, index.id).finally(() => this.#running.delete(index.id))
    this.#running.set(index.id, work)
    return work
  }

  /** Waits for builds of these indexes that others have begun. */
  async settled(indexes: readonly IndexInfo[]): Promise<void> {
    for (const index of indexes) await this.#running.get(index.id)
  }

  async #run(db: string, name: string, indexId: number): Promise<void> {
    const store = this.#store
    // The collection may be dropped, or read again after an undone transaction: looked up anew each time.
    const current = (): { coll: Collection; index: IndexInfo } | undefined => {
      const coll = store.catalog.get(db, name)
      const index = coll?.indexes.find(({ id }) => id === indexId)
      return coll === undefined || index === undefined ? undefined : { coll, index }
    }
    try {
      let rid = 0
      for (let isOver = false; !isOver; ) {
        const from = rid
        const step = await store.write(() => {
          const found = current()
          if (found === undefined)
            throw new MongoError(26, 'Cannot build the index: the collection was dropped')
          const { coll, index } = found
          const entries = store.engine.docs.range({
            start: docKey(coll.id, from + 1),
            end: docKey(coll.id + 1, 0),
            limit: CHUNK,
          })
          let last = from
          for (const { key, value } of entries) {
            last = key.readUIntBE(4, 6)
            store.indexOne(coll, index, { rid: last, rec: new Rec(value) })
          }
          const isLast = entries.length < CHUNK
          if (isLast) {
            index.isBuilding = false
            store.catalog.save(coll)
          }
          return { last, isLast }
        })
        rid = step.last
        isOver = step.isLast
      }
    } catch (error) {
      await store.write(() => {
        const found = current()
        if (found !== undefined) dropIndex(store, found.coll, found.index)
      })
      throw error
    }
  }
}

/** Forgets an index; its keys are swept in the background. Inside a write. */
export function dropIndex(store: Store, coll: Collection, index: IndexInfo): void {
  coll.indexes = coll.indexes.filter(({ id }) => id !== index.id)
  store.catalog.addGarbage('index', index.id)
  store.catalog.save(coll)
}

/** Sweeps what was dropped, slice by slice. */
export async function sweepGarbage(store: Store, signal: AbortSignal): Promise<void> {
  for (const { table, id } of store.catalog.garbage()) {
    const prefix = Buffer.alloc(4)
    prefix.writeUInt32BE(id, 0)
    for (let isOver = false; !isOver && !signal.aborted; ) {
      isOver = await store.write(() => {
        const entries = store.engine[table].range({
          start: prefix,
          end: afterPrefix(prefix),
          limit: CHUNK,
        })
        for (const { key } of entries) store.engine[table].remove(key)
        if (entries.length === CHUNK) return false
        store.catalog.dropGarbage(id)
        return true
      })
    }
  }
}
