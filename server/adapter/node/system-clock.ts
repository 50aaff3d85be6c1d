import { clearTimeout, setTimeout } from 'node:timers'
import type { Clock } from '../../port/clock.ts'

/** This machine's clock. Its timers do not keep the process running. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, work) {
    const timer = setTimeout(work, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
