import { mkdirSync } from 'node:fs'
import { open, type RootDatabase } from 'lmdb'
import { MongoError } from '../errors.ts'
import { DiskSpace } from './disk-space.ts'
import { Table } from './table.ts'

interface Job {
  run: () => unknown
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
  failure?: unknown
  result?: unknown
}

/** Address space for the map, not disk: the file grows only with its data. */
const MAP_BYTES = 256 * 1024 ** 3
/** A group is closed when it has run this long, so that early writers are not kept waiting by later ones. */
const GROUP_MS = 25

/** How long the reason of a failed commit is waited for. */
const COMMIT_ERROR_MS = 200

/** Called around each group of writes. */
export interface EngineHooks {
  /** Last writes of the transaction: counters that changed. */
  beforeCommit(): void
  /** The group is on disk. */
  afterCommit(): void
  /** The group is undone: what memory holds of it must be read again. */
  afterAbort(): void
}

/**
 * The key-value store with group commit. All writes go through `write`; those that arrive while a commit is on its
 * way to the disk share the next one. A promise of `write` resolves only when its transaction is on disk (fsync'd).
 */
export class Engine {
  readonly root: RootDatabase<Buffer, Buffer>
  readonly docs: Table
  readonly index: Table
  readonly oplog: Table
  readonly meta: Table
  #hooks: EngineHooks = { beforeCommit() {}, afterCommit() {}, afterAbort() {} }
  #queue: Job[] = []
  #running: Promise<void> | undefined
  #closed = false
  readonly #disk: DiskSpace

  constructor(dataDir: string) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    this.#disk = new DiskSpace(dataDir)
    // overlappingSync off: a commit returns after its fsync, never before.
    this.root = open<Buffer, Buffer>({
      path: dataDir,
      noSubdir: false,
      maxDbs: 8,
      mapSize: MAP_BYTES,
      overlappingSync: false,
      // Without it a commit that fails would also reject a promise that nobody holds.
      eventTurnBatching: false,
      encoding: 'binary',
      keyEncoding: 'binary',
      cache: false,
    })
    const table = (name: string): Table =>
      new Table(
        this.root.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary', cache: false }),
      )
    this.docs = table('docs')
    this.index = table('index')
    this.oplog = table('oplog')
    this.meta = table('meta')
  }

  setHooks(hooks: EngineHooks): void {
    this.#hooks = hooks
  }

  /**
   * Runs `job` inside the next write transaction and resolves with its result when that is durable.
   * The job is synchronous, may run twice (when a neighbour spoils the group), and must throw a MongoError only
   * before it has written anything of the step that failed: what it wrote before is kept.
   * @throws MongoError 14031 when the disk is full, 91 when the store is closed
   */
  write<T>(job: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new MongoError(91, 'Cannot write: the database is shutting down'))
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ run: job, resolve: resolve as (value: unknown) => void, reject })
      this.#running ??= this.#drain()
    })
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const failed = await this.#commit(() => this.#queue.shift())
      if (failed.length === 1) failed[0]?.reject(failed[0].failure)
      else {
        // Somebody spoiled the group: each on its own.
        for (const job of failed) {
          let next: Job | undefined = job
          const alone = await this.#commit(() => {
            const taken = next
            next = undefined
            return taken
          })
          for (const one of alone) one.reject(one.failure)
        }
      }
    }
    this.#running = undefined
  }

  /** Commits a group; resolves with the jobs that somebody's failure has undone: still to be answered. */
  async #commit(take: () => Job | undefined): Promise<Job[]> {
    const group: Job[] = []
    if (this.#disk.isFull()) {
      for (let job = take(); job !== undefined; job = take()) job.reject(noSpace())
      return []
    }
    try {
      await this.root.childTransaction(() => {
        const end = performance.now() + GROUP_MS
        for (let job = take(); job !== undefined; job = take()) {
          group.push(job)
          job.failure = undefined
          try {
            job.result = job.run()
          } catch (error) {
            if (!(error instanceof MongoError)) throw error
            job.failure = error
          }
          if (performance.now() > end) break
        }
        this.#hooks.beforeCommit()
      })
    } catch (error) {
      const cause = await rootCause(error)
      this.root.resetReadTxn()
      this.#hooks.afterAbort()
      if (this.#disk.explains(cause)) {
        for (const job of group) job.reject(noSpace())
        return []
      }
      for (const job of group) job.failure = cause
      return group
    }
    this.#disk.hasRoom()
    this.#hooks.afterCommit()
    for (const job of group) {
      if (job.failure === undefined) job.resolve(job.result)
      else job.reject(job.failure)
    }
    return []
  }

  /** Waits for the running commits and closes the store. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
    await this.root.close()
  }
}

function noSpace(): MongoError {
  return new MongoError(14031, 'Cannot write: no space is left on the disk')
}

/** The library tells the reason of a failed commit a little later than the failure. */
async function rootCause(error: unknown): Promise<unknown> {
  const pending = (error as { commitError?: Promise<unknown> }).commitError
  if (pending === undefined) return error
  try {
    const settled = await Promise.race([
      pending,
      new Promise(resolve => setTimeout(resolve, COMMIT_ERROR_MS)),
    ])
    return settled ?? error
  } catch (cause) {
    return cause
  }
}
