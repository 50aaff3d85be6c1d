/** The port to time: everything that waits takes it, so that a test can say when it is later. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number

  /**
   * Calls `action` once, `delayMs` from now. Returns what cancels it.
   *
   * @param keepsAlive whether the process waits for it; default false
   */
  after(delayMs: number, action: () => void, options?: { keepsAlive?: boolean }): () => void
}

/** The machine's own. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, action, { keepsAlive = false } = {}) {
    const timer = setTimeout(action, delayMs)
    if (!keepsAlive) timer.unref()
    return () => clearTimeout(timer)
  },
}

/**
 * Resolves `delayMs` from now, or at once when `signal` is aborted: look at the signal afterwards.
 */
export function sleep(
  clock: Clock,
  { delayMs, signal, keepsAlive = false }: { delayMs: number; signal?: AbortSignal; keepsAlive?: boolean },
): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const cancel = clock.after(delayMs, finish, { keepsAlive })
    function finish(): void {
      signal?.removeEventListener('abort', finish)
      cancel()
      resolve()
    }
    signal?.addEventListener('abort', finish)
  })
}
