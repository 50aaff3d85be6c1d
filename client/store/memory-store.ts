import { checkTableName, encodeKey } from './key-encoding.ts'
import type { RangeOptions, Store, StoreKey, Table } from './store.ts'

interface Entry {
  key: StoreKey
  json: string
}
/** By the hex form of the encoded key, whose order is that of the keys. */
type Entries = ReadonlyMap<string, Entry>

/**
 * A store that lives as long as the process: for tests, and for anything that must leave nothing behind. The same
 * contract as the one on disk (`store-contract.ts`) but for durability.
 */
export function createMemoryStore(): Store {
  let tables: ReadonlyMap<string, Entries> = new Map()
  let depth = 0
  let closed = false

  function change(name: string, action: (entries: Map<string, Entry>) => void): void {
    if (closed) throw new TypeError('Cannot write: the store is closed')
    if (depth === 0) throw new TypeError('Cannot write: no transaction is open')
    const entries = new Map(tables.get(name))
    action(entries)
    tables = new Map(tables).set(name, entries)
  }

  function createTable<T>(name: string, secretKeys: boolean): Table<T> {
    return {
      get(key) {
        const entry = tables.get(name)?.get(hex(key))
        return entry && (JSON.parse(entry.json) as T)
      },
      put(key, value) {
        const id = hex(key)
        const json = JSON.stringify(value)
        change(name, entries => entries.set(id, { key: [...key], json }))
      },
      delete(key) {
        const id = hex(key)
        change(name, entries => entries.delete(id))
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
      const before = tables
      depth++
      try {
        const result = work()
        if (result instanceof Promise) {
          throw new TypeError('Cannot commit transaction: its work must be synchronous')
        }
        return result
      } catch (error) {
        tables = before
        throw error
      } finally {
        depth--
      }
    },
    async close() {
      closed = true
    },
  }
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
