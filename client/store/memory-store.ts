import { checkTableName, encodeKey } from './key-encoding.ts'
import type { RangeOptions, Store, StoreKey, Table } from './store.ts'

interface Entry {
  key: StoreKey
  json: string
}
/** By the hex form of the encoded key, whose order is that of the keys. */
type Entries = Map<string, Entry>

/**
 * A store that lives as long as the process: for tests, and for anything that must leave nothing behind. The same
 * contract as the one on disk (`store-contract.ts`) but for durability.
 */
export function createMemoryStore(): Store {
  const tables = new Map<string, Entries>()
  /** What takes back the changes of the open transactions, the last one at the end. */
  const undos: (() => void)[] = []
  let depth = 0
  let closed = false

  function change(name: string, id: string, entry: Entry | undefined): void {
    if (closed) throw new TypeError('Cannot write: the store is closed')
    if (depth === 0) throw new TypeError('Cannot write: no transaction is open')
    const entries = tables.get(name) ?? new Map<string, Entry>()
    tables.set(name, entries)
    const before = entries.get(id)
    undos.push(() => set(entries, id, before))
    set(entries, id, entry)
  }

  function createTable<T>(name: string, secretKeys: boolean): Table<T> {
    return {
      get(key) {
        const entry = tables.get(name)?.get(hex(key))
        return entry && (JSON.parse(entry.json) as T)
      },
      put(key, value) {
        change(name, hex(key), { key: [...key], json: JSON.stringify(value) })
      },
      delete(key) {
        change(name, hex(key), undefined)
      },
      *range(options: RangeOptions = {}) {
        if (secretKeys && (options.prefix || options.after || options.before)) {
          throw new TypeError(`Cannot read range of table "${name}": its keys have no order`)
        }
        for (const { key, json } of select(tables.get(name) ?? new Map(), options)) {
          yield { key, value: JSON.parse(json) as T }
        }
      },
    }
  }

  return {
    table(name, { secretKeys = false } = {}) {
      checkTableName(name)
      return createTable(name, secretKeys)
    },
    transaction(work) {
      const begun = undos.length
      depth++
      try {
        const result = work()
        if (result instanceof Promise) {
          throw new TypeError('Cannot commit transaction: its work must be synchronous')
        }
        return result
      } catch (error) {
        for (const undo of undos.splice(begun).reverse()) undo()
        throw error
      } finally {
        depth--
        if (depth === 0) undos.length = 0
      }
    },
    async close() {
      closed = true
    },
  }
}

function set(entries: Entries, id: string, entry: Entry | undefined): void {
  if (entry) entries.set(id, entry)
  else entries.delete(id)
}

function select(entries: Entries, options: RangeOptions): Entry[] {
  const prefix = options.prefix ? hex(options.prefix) : ''
  const after = options.after && hex(options.after)
  const before = options.before && hex(options.before)
  const ids = [...entries.keys()]
    .filter(id => id.startsWith(prefix))
    .filter(id => after === undefined || id > after)
    .filter(id => before === undefined || id < before)
    .sort()
  if (options.reverse) ids.reverse()
  return ids.slice(0, options.limit).flatMap(id => entries.get(id) ?? [])
}

function hex(key: StoreKey): string {
  return encodeKey(key).toString('hex')
}
