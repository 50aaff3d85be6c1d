/** How many are put into one batch at most. */
const DEFAULT_MAX_BATCH = 1000

/**
 * Group commit: one flush is under way at a time; what arrives meanwhile is the next one. So batches grow with the load,
 * a single item waits for nobody, and the order is kept.
 */
export class Batcher<Item, Result> {
  readonly #flush: (items: Item[]) => Promise<Result[]>
  readonly #maxBatch: number
  #waiting: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = []
  #running: Promise<void> | undefined

  /** @param flush gives one result for each item, in their order; when it throws, each of them fails */
  constructor(flush: (items: Item[]) => Promise<Result[]>, { maxBatch = DEFAULT_MAX_BATCH } = {}) {
    this.#flush = flush
    this.#maxBatch = maxBatch
  }

  /** Resolves once the item's batch was flushed. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // What comes in the same turn belongs together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#maxBatch)
      try {
        const results = await this.#flush(batch.map(({ item }) => item))
        batch.forEach(({ resolve, reject }, index) => {
          const result = results[index]
          if (index < results.length) resolve(result as Result)
          else reject(new Error('Cannot flush batch: a result is missing'))
        })
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#running = undefined
  }
}
