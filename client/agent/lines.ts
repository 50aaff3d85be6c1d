import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** JSON lines over a socket: one JSON value a line, of bounded length. */
export interface Lines {
  /** Writes one value. Nothing happens when the socket is closed. */
  write(value: unknown): void
  /** Writes what is under way, then closes; resolves when the peer has got it, or after a second all the same. */
  end(): Promise<void>
  /** Closes at once. */
  destroy(): void
}

export interface LinesOptions {
  /** A longer line closes the socket. */
  maxLineBytes: number
  /** A peer that lets more than this lie unread is put out. */
  maxUnreadBytes: number
  /** Called for each value, in order. A line that is not JSON closes the socket. */
  onValue: (value: unknown) => void
  /** Called once, when the socket is closed for whatever reason. */
  onClose: () => void
}

const NEWLINE = 0x0a
const END_TIMEOUT_MS = 1000

export function openLines(socket: Socket, options: LinesOptions): Lines {
  const { maxLineBytes, maxUnreadBytes, onValue, onClose } = options
  let pieces: Buffer[] = []
  let pendingBytes = 0

  function take(chunk: Buffer): void {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      if (!keep(chunk.subarray(from, at))) return
      const line = Buffer.concat(pieces).toString('utf8')
      pieces = []
      pendingBytes = 0
      from = at + 1
      if (!deliver(line)) return
    }
    keep(chunk.subarray(from))
  }

  function keep(piece: Buffer): boolean {
    pendingBytes += piece.length
    pieces.push(piece)
    if (pendingBytes <= maxLineBytes) return true
    socket.destroy()
    return false
  }

  function deliver(line: string): boolean {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      socket.destroy()
      return false
    }
    onValue(value)
    return !socket.destroyed
  }

  // A peer that is killed resets the connection: `close` follows, and is all that matters.
  socket.on('error', () => undefined)
  if (socket.closed) setImmediate(onClose)
  else socket.on('close', onClose)
  socket.on('data', take)
  return {
    write(value) {
      if (socket.destroyed || socket.writableEnded) return
      socket.write(`${JSON.stringify(value)}\n`)
      if (socket.writableLength > maxUnreadBytes) socket.destroy()
    },
    async end() {
      if (socket.destroyed) return
      const timer = new AbortController()
      const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
      socket.end()
      const late = delay(END_TIMEOUT_MS, undefined, { signal: timer.signal }).catch(() => undefined)
      await Promise.race([closed, late])
      timer.abort()
      socket.destroy()
    },
    destroy: () => void socket.destroy(),
  }
}
