import { setTimeout as delay } from 'node:timers/promises'

/** How fast the tour goes: a person's pace, times a speed, and not at all while it is paused. */
export interface Pace {
  readonly isPaused: boolean
  toggle(): void
  /** Passes so much of a person's time. @throws the signal's AbortError */
  rest(ms: number): Promise<void>
}

/** A pause is noticed within it. */
const STEP_MS = 40

/**
 * @param speed 1 is a person's; Infinity passes no time
 */
export function createPace({ speed, signal }: { speed: number; signal: AbortSignal }): Pace {
  let isPaused = false
  return {
    get isPaused() {
      return isPaused
    },
    toggle() {
      isPaused = !isPaused
    },
    async rest(ms) {
      let leftMs = ms / speed
      do {
        const stepMs = isPaused ? STEP_MS : Math.min(leftMs, STEP_MS)
        await delay(stepMs, undefined, { signal })
        if (!isPaused) leftMs -= stepMs
      } while (isPaused || leftMs > 0)
    },
  }
}
