/**
 * Group commit: one flush is under way at a time, and what is added meanwhile is the next one. Under load the batches
 * grow by themselves, without it nothing waits.
 */
export interface BatcherOptions<T, R> {
  /** Handles items in the order in which they were added; gives one result for each. */
  flush: (items: T[]) => Promise<R[]>
  /** The most items of one flush. */
  maxItems: number
}

interface Waiting<T, R> {
  item: T
  resolve: (result: R) => void
  reject: (error: unknown) => void
}

export class Batcher<T, R> {
  readonly #options: BatcherOptions<T, R>
  #waiting: Waiting<T, R>[] = []
  #running: Promise<void> | undefined

  constructor(options: BatcherOptions<T, R>) {
    this.#options = options
  }

  /** Resolves with the item's result. @throws whatever `flush` threw for the batch it was in */
  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing is under way or waiting. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // What is added in the same turn belongs together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#options.maxItems)
      try {
        const results = await this.#options.flush(batch.map(({ item }) => item))
        for (const [index, { resolve, reject }] of batch.entries()) {
          if (index < results.length) resolve(results[index] as R)
          else reject(new RangeError('a flush gave fewer results than items'))
        }
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#running = undefined
  }
}
