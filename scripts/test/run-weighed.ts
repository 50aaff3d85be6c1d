/**
 * Runs jobs in their order, as many at a time as `capacity` allows for their weights; one that is heavier than all of it
 * runs alone. Resolves when all are done.
 *
 * @throws what `run` throws first; the rest is not begun
 */
export async function runWeighed<T>(
  jobs: readonly T[],
  {
    capacity,
    weightOf,
    run,
  }: { capacity: number; weightOf: (job: T) => number; run: (job: T) => Promise<void> },
): Promise<void> {
  const running = new Set<Promise<void>>()
  let used = 0
  for (const job of jobs) {
    const weight = weightOf(job)
    while (running.size > 0 && used + weight > capacity) await Promise.race(running)
    used += weight
    const done = run(job).finally(() => {
      used -= weight
      running.delete(done)
    })
    running.add(done)
  }
  await Promise.all(running)
}
