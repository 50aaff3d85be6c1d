import { setImmediate } from 'node:timers/promises'

/** So many curve operations are a few ms. */
const SLICE = 8

/**
 * `work` on each, in their order, a few at a time: between two slices everything else has its turn. What a platform calls
 * asynchronous may be done at once all the same.
 */
export async function inSlices<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let at = 0; at < items.length; at += SLICE) {
    if (at > 0) await setImmediate()
    results.push(...(await Promise.all(items.slice(at, at + SLICE).map(work))))
  }
  return results
}
