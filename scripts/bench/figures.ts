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

/** Runs something and tells how long it took, and for how long at a time nothing else had its turn. */
export async function watched<T>(
  work: () => T | Promise<T>,
): Promise<{ result: T; tookMs: number; blockMs: number }> {
  let last = performance.now()
  let blockMs = 0
  const look = () => {
    const now = performance.now()
    blockMs = Math.max(blockMs, now - last)
    last = now
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
    return { result, tookMs: performance.now() - startedAt, blockMs }
  } finally {
    look()
    isOver = true
    await turns
  }
}
