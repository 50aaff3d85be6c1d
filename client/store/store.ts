/**
 * The port to one account's data on disk. Every value is sealed; every transaction is durable when it returns.
 * Keys are tuples of strings and non-negative integers, ordered part by part.
 */
export type StoreKey = readonly (string | number)[]

export interface RangeOptions {
  /** Only keys that begin with these parts. */
  prefix?: StoreKey
  /** Only keys after / before this one (exclusive), within the prefix. */
  after?: StoreKey
  before?: StoreKey
  /** From the end. */
  reverse?: boolean
  limit?: number
}

export interface Table<T> {
  get(key: StoreKey): T | undefined
  put(key: StoreKey, value: T): void
  delete(key: StoreKey): void
  /** In the order of the keys. */
  range(options?: RangeOptions): Iterable<{ key: StoreKey; value: T }>
}

export interface Store {
  /**
   * A table by its name. Values are anything that JSON can hold. Writing is allowed within `transaction` only.
   * `secretKeys`: keys are kept as keyed hashes (for tables whose keys would tell with whom one talks): `get`, `put`,
   * `delete` work, `range` is over the whole table in no order.
   */
  table<T>(name: string, options?: { secretKeys?: boolean }): Table<T>

  /**
   * Runs `work` at once and commits what it wrote as one: all of it is on the disk when this returns, or none of it.
   *
   * @throws FastChatError `disk_full` when there is no room; whatever `work` throws, after which nothing is written.
   */
  transaction<T>(work: () => T): T

  close(): Promise<void>
}
