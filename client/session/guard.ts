import { FastChatError } from '../../schema/errors.ts'
import type { Store, Table } from '../store/store.ts'

/**
 * A store that can be taken away: what is still under way when a session ends (an answer of a server, a signature) must not
 * get at data that is closed, or that another process owns by then.
 */
export function guard(store: Store, isClosed: () => boolean): Store {
  function check(): void {
    if (isClosed()) throw new FastChatError('unavailable', 'Cannot use account: the session has ended')
  }
  return {
    table<T>(name: string, options?: { secretKeys?: boolean }): Table<T> {
      const table = store.table<T>(name, options)
      return {
        get(key) {
          check()
          return table.get(key)
        },
        put: (key, value) => table.put(key, value),
        delete: key => table.delete(key),
        range(range) {
          check()
          return table.range(range)
        },
      }
    },
    transaction(work) {
      check()
      return store.transaction(work)
    },
    close: () => store.close(),
  }
}
