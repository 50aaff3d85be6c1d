import { clearInterval, setInterval } from 'node:timers'

export interface Closing {
  /** Aborted at the first SIGINT or SIGTERM. */
  signal: AbortSignal
  /** Resolves then. Until then it keeps the process running. */
  asked: Promise<void>
  /** Gives the signals back. */
  end(): void
}

const KEEP_ALIVE_MS = 60 * 60 * 1000

/** Listens for the signals that ask a process to stop. A second one ends it at once, as it would without us. */
export function untilSignal(): Closing {
  const controller = new AbortController()
  let settle: () => void = () => undefined
  const asked = new Promise<void>(resolve => {
    settle = resolve
  })
  // Without it a process whose other handles are all unreferenced would just end.
  const alive = setInterval(() => undefined, KEEP_ALIVE_MS)
  const onSignal = () => {
    controller.abort()
    settle()
    end()
  }
  function end(): void {
    clearInterval(alive)
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return { signal: controller.signal, asked, end }
}
