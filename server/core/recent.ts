/** The last `max` values that were added: memory is bounded, the oldest is forgotten first. */
export class Recent<T> {
  readonly #max: number
  readonly #values = new Set<T>()

  constructor(max: number) {
    this.#max = max
  }

  has(value: T): boolean {
    return this.#values.has(value)
  }

  add(value: T): void {
    this.#values.delete(value)
    this.#values.add(value)
    if (this.#values.size > this.#max) {
      const [oldest] = this.#values
      if (oldest !== undefined) this.#values.delete(oldest)
    }
  }

  delete(value: T): void {
    this.#values.delete(value)
  }
}
