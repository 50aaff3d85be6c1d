import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/**
 * Turns the first signal into an abort, whose reason is the exit code that shells expect (128 + number), so that a command
 * can end its session; the second one ends the process at once.
 *
 * @returns what undoes it
 */
export function stopOnSignals(controller: AbortController): () => void {
  // Windows has not all of them.
  const handlers = SIGNALS.filter(name => constants.signals[name] !== undefined).map(name => {
    const code = 128 + constants.signals[name]
    const handle = () => {
      if (controller.signal.aborted) process.exit(code)
      controller.abort(code)
    }
    process.on(name, handle)
    return () => void process.off(name, handle)
  })
  return () => {
    for (const undo of handlers) undo()
  }
}
