/** A token bucket: `limit` in every `periodMs` on average, and at most `limit` at once. Pure: time is passed in. */
export interface Bucket {
  left: number
  at: number
}

/** Buckets by key, the longest unused ones forgotten: memory stays bounded whatever comes in. */
export class RateLimit {
  readonly #limit: number
  readonly #periodMs: number
  readonly #maxKeys: number
  readonly #buckets = new Map<string, Bucket>()

  constructor({ limit, periodMs, maxKeys = 10_000 }: { limit: number; periodMs: number; maxKeys?: number }) {
    this.#limit = limit
    this.#periodMs = periodMs
    this.#maxKeys = maxKeys
  }

  /** Takes `count` from a key's bucket; false, and nothing taken, when it does not hold so many. `now` in ms. */
  take(key: string, { now, count = 1 }: { now: number; count?: number }): boolean {
    const bucket = this.#fill(key, now)
    const isAllowed = bucket.left >= count
    this.#buckets.delete(key)
    this.#buckets.set(key, { left: isAllowed ? bucket.left - count : bucket.left, at: now })
    if (this.#buckets.size > this.#maxKeys) {
      const [oldest] = this.#buckets.keys()
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    return isAllowed
  }

  /** Whether a key's bucket holds something, without taking it. */
  allows(key: string, { now }: { now: number }): boolean {
    return this.#fill(key, now).left >= 1
  }

  #fill(key: string, now: number): Bucket {
    const bucket = this.#buckets.get(key)
    if (!bucket) return { left: this.#limit, at: now }
    const earned = (Math.max(0, now - bucket.at) / this.#periodMs) * this.#limit
    return { left: Math.min(this.#limit, bucket.left + earned), at: now }
  }
}
