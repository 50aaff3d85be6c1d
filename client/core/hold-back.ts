/** Where the receiver of a chain is. */
export interface ChainPosition {
  /** The number of the next message. */
  next: number
  /** Numbers whose keys are kept, since their messages were missing when later ones were let through. */
  skipped: readonly number[]
}

/**
 * What to do with message `n` of a chain.
 *
 * - `open`: it is the next one.
 * - `late`: it was missing, and comes now.
 * - `hold`: others come before it.
 * - `used`: its key was used already, so it is a copy.
 */
export type Place = 'open' | 'late' | 'hold' | 'used'

export function placeOf(n: number, { next, skipped }: ChainPosition): Place {
  if (n === next) return 'open'
  if (n > next) return 'hold'
  return skipped.includes(n) ? 'late' : 'used'
}

/** A message that is held back. */
export interface Held {
  /** When it came, by this device's clock, ms. */
  at: number
}

/**
 * When a held message's predecessors are given up: `timeoutMs` after it came, and after all that waited on the server has
 * been received (what is missing may still lie there).
 *
 * @returns undefined while that is not so
 */
export function gapDueAt(
  held: Held,
  { drainedAt, timeoutMs }: { drainedAt: number | undefined; timeoutMs: number },
): number | undefined {
  return drainedAt === undefined ? undefined : Math.max(held.at, drainedAt) + timeoutMs
}

/**
 * How many messages are missing before `n`, without those that are known to be unreadable and have been told of.
 */
export function missingBefore(n: number, { next, told }: { next: number; told: readonly number[] }): number {
  return n - next - told.filter(number => number >= next && number < n).length
}
