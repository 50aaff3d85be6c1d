import { abort } from './kitty.ts'

/** Sends pictures to a terminal piece by piece, so that a key waits for a piece and not for a picture. */
export interface Sender {
  /** Sends all sequences of a picture, after those that wait already. */
  send(chunks: readonly string[], onSent: () => void): void
  /** Goes on, when the terminal takes something again. */
  resume(): void
  /**
   * No other picture may be spoken of while one is half sent: it begins anew afterwards.
   *
   * @returns what is to be written first; empty when none is half sent
   */
  interrupt(): string
  /** Forgets what was not sent. */
  clear(): void
}

/** What is sent in one turn of the event loop, characters. */
const MAX_TURN_CHARS = 64 * 1024

/** @param write writes to the terminal; false when it takes no more, and `resume()` will be called */
export function createSender(write: (text: string) => boolean): Sender {
  let queue: { chunks: readonly string[]; sent: number; onSent: () => void }[] = []
  let isDue = false

  function pump(): void {
    isDue = false
    let room = MAX_TURN_CHARS
    for (let first = queue[0]; first; first = queue[0]) {
      const chunk = first.chunks[first.sent++] ?? ''
      const isTaken = write(chunk)
      if (first.sent === first.chunks.length) {
        queue.shift()
        first.onSent()
      }
      room -= chunk.length
      if (!isTaken) return
      if (room > 0) continue
      isDue = true
      setImmediate(pump)
      return
    }
  }

  const resume = () => {
    if (!isDue) pump()
  }

  return {
    resume,
    send(chunks, onSent) {
      queue.push({ chunks, sent: 0, onSent })
      resume()
    },
    interrupt() {
      const [first] = queue
      if (!first || first.sent === 0) return ''
      first.sent = 0
      return abort()
    },
    clear() {
      queue = []
    },
  }
}
