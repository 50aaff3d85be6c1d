import { readFileSync } from 'node:fs'

/** What a variant measured: a number for each id of its figures. */
export type Measured = Record<string, number>

/** The value below which so much of all are; 0 of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

/** Three figures that mean something. */
export function rounded(value: number): number {
  return value === 0 ? 0 : Number(value.toPrecision(3))
}

/**
 * For how long this process's first thread was ready and had no core, ms, since it began: on a machine that others use, what
 * they took. 0 where the system does not tell (Linux does, to Node).
 */
function coreWaitMs(): number {
  try {
    // proc(5): ns on a core, ns waiting for one, turns.
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}

/**
 * Runs something and tells how long it took, and for how long at a time nothing else had its turn (less what this thread
 * waited for a core).
 */
export async function watched<T>(
  work: () => T | Promise<T>,
): Promise<{ result: T; tookMs: number; blockMs: number }> {
  let last = performance.now()
  let waited = coreWaitMs()
  let blockMs = 0
  const look = () => {
    const now = performance.now()
    const waitedNow = coreWaitMs()
    blockMs = Math.max(blockMs, now - last - (waitedNow - waited))
    last = now
    waited = waitedNow
  }
  let isOver = false
  const turns = (async () => {
    while (!isOver) {
      await new Promise(resolve => setImmediate(resolve))
      look()
    }
  })()
  const startedAt = last
  try {
    const result = await work()
    const tookMs = performance.now() - startedAt
    // What was done since the last turn counts, too: it may be all of it.
    look()
    return { result, tookMs, blockMs }
  } finally {
    isOver = true
    await turns
  }
}
