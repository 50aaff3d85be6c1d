import type { Clock } from './clock.ts'

/** A clock that stands still until a test moves it. */
export interface TestClock extends Clock {
  /** Moves on, calling in order what has become due. */
  advance(ms: number): void
  /** How many timers wait. */
  readonly waiting: number
}

export function createTestClock(start = Date.UTC(2026, 10, 23, 12)): TestClock {
  let now = start
  const timers = new Set<{ at: number; action: () => void }>()
  return {
    now: () => now,
    after(delayMs, action) {
      const timer = { at: now + delayMs, action }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance(ms) {
      const end = now + ms
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (!next) break
        timers.delete(next)
        now = Math.max(now, next.at)
        next.action()
      }
      now = end
    },
    get waiting() {
      return timers.size
    },
  }
}
