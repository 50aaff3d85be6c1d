/**
 * One at a time, and of what is asked for meanwhile only the last one: whoever types faster than it is done is answered for
 * what stands there in the end.
 *
 * @returns asks for one; resolves when it was done, or is wanted no more
 */
export function latestOnly<T>(work: (what: T) => Promise<void>): (what: T) => Promise<void> {
  let running: Promise<void> | undefined
  let waiting: { what: T; done: () => void; fail: (error: unknown) => void } | undefined

  async function run(what: T): Promise<void> {
    try {
      await work(what)
    } finally {
      running = undefined
      const next = waiting
      waiting = undefined
      if (next) {
        running = run(next.what)
        running.then(next.done, next.fail)
      }
    }
  }

  return what => {
    if (!running) {
      running = run(what)
      return running
    }
    waiting?.done()
    return new Promise((done, fail) => {
      waiting = { what, done, fail }
    })
  }
}
