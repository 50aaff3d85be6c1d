import { setTimeout as delay } from 'node:timers/promises'

/** How {@link waitFor} waits. */
export interface WaitForOptions {
  /** What is awaited, in words: it is all that the failure message can say. */
  what: string
  /** Gives up after this long. Default 30,000: a machine may have much else to do. */
  timeoutMs?: number
  /** Pause between two probes. Default 20. */
  intervalMs?: number
}

/**
 * Polls until `probe` gives something truthy and returns that. The one way a test waits: never sleep for a
 * length of time that is hoped to be enough.
 *
 * @throws {Error} when the deadline passes, naming `what` and the last error of the probe as `cause`. A probe
 *   that throws is asked again until then.
 */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { what, timeoutMs = 30_000, intervalMs = 20 }: WaitForOptions,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs
  let cause: unknown
  do {
    try {
      const found = await withinDeadline(probe, deadline)
      if (found) return found
      cause = undefined
    } catch (error) {
      cause = error
    }
    await delay(Math.max(0, Math.min(intervalMs, deadline - performance.now())))
  } while (performance.now() < deadline)
  const reason = cause instanceof Error ? `: ${cause.message}` : ''
  throw new Error(`Cannot wait for ${what}: not so after ${timeoutMs} ms${reason}`, { cause })
}

/** A probe that never answers must not outlive the deadline. */
async function withinDeadline<T>(probe: () => T | Promise<T>, deadline: number): Promise<T> {
  const timer = new AbortController()
  const late = delay(Math.max(1, deadline - performance.now()), undefined, { signal: timer.signal }).then(
    () => {
      throw new Error('the probe did not answer')
    },
  )
  late.catch(() => undefined)
  try {
    return await Promise.race([Promise.resolve(probe()), late])
  } finally {
    timer.abort()
  }
}
