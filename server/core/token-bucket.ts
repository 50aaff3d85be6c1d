/**
 * Token buckets: a rate with a burst. Time is passed in; the number of buckets is bounded, the least recently used one
 * goes first, so that a flood of made-up keys costs no memory.
 */
export interface BucketOptions {
  /** How much may be taken at once after a rest. */
  capacity: number
  /** How much comes back in a second. */
  perSecond: number
  /** How many keys are remembered. Default 10,000. */
  maxKeys?: number
}

interface Bucket {
  left: number
  at: number
}

export class TokenBuckets {
  readonly #capacity: number
  readonly #perSecond: number
  readonly #maxKeys: number
  /** In the order of use. */
  readonly #buckets = new Map<string, Bucket>()

  constructor({ capacity, perSecond, maxKeys = 10_000 }: BucketOptions) {
    this.#capacity = capacity
    this.#perSecond = perSecond
    this.#maxKeys = maxKeys
  }

  get size(): number {
    return this.#buckets.size
  }

  /** Takes `cost` for `key` if there is as much; says whether there was. `nowMs` must not go back by much. */
  take(key: string, { nowMs, cost = 1 }: { nowMs: number; cost?: number }): boolean {
    const bucket = this.#fill(key, nowMs)
    if (bucket.left < cost) return false
    bucket.left -= cost
    return true
  }

  /** Whether `take` would succeed. */
  has(key: string, { nowMs, cost = 1 }: { nowMs: number; cost?: number }): boolean {
    return this.#fill(key, nowMs).left >= cost
  }

  #fill(key: string, nowMs: number): Bucket {
    const old = this.#buckets.get(key)
    this.#buckets.delete(key)
    const earned = old ? (Math.max(0, nowMs - old.at) / 1000) * this.#perSecond : 0
    const bucket = {
      left: old ? Math.min(this.#capacity, old.left + earned) : this.#capacity,
      at: Math.max(nowMs, old?.at ?? nowMs),
    }
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > this.#maxKeys) {
      const [oldest] = this.#buckets.keys()
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    return bucket
  }
}

/** A bucket that lets `limit` through in a minute. */
export function perMinute(limit: number, options: { maxKeys?: number } = {}): TokenBuckets {
  return new TokenBuckets({ capacity: limit, perSecond: limit / 60, ...options })
}

/** A bucket that lets `limit` through in a second, averaged over ten. */
export function perSecondOverTen(limit: number): TokenBuckets {
  return new TokenBuckets({ capacity: limit * 10, perSecond: limit, maxKeys: 1 })
}
