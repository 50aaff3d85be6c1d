import type { Socket } from 'node:net'
import { Framing } from './framing.ts'
import { buildReply, parseMessage, type Request } from './message.ts'

/** A connection as the commands see it. */
export interface Peer {
  readonly id: number
  /** Address under which this client reaches the server. */
  readonly localAddress: string
  readonly remoteAddress: string
  /** Aborted when the client is gone. */
  readonly closed: AbortSignal
}

/** Answers a request with an encoded document. Must not reject. */
export type Answer = (request: Request, peer: Peer) => Promise<Uint8Array>

/** More unanswered requests than this pause the socket. */
const MAX_WAITING = 32

/** `::ffff:127.0.0.1` is 127.0.0.1; IPv6 in brackets. */
export function hostAndPort(address: string | undefined, port: number | undefined): string {
  const host = (address ?? '127.0.0.1').replace(/^::ffff:/, '')
  return `${host.includes(':') ? `[${host}]` : host}:${port ?? 0}`
}

/** Serves one socket: requests in order, one at a time. What cannot be read ends this connection only. */
export function serveConnection(socket: Socket, options: { id: number; answer: Answer }): void {
  const framing = new Framing()
  const gone = new AbortController()
  const waiting: Buffer[] = []
  let isRunning = false
  const peer: Peer = {
    id: options.id,
    localAddress: hostAndPort(socket.localAddress, socket.localPort),
    remoteAddress: hostAndPort(socket.remoteAddress, socket.remotePort),
    closed: gone.signal,
  }

  async function run(): Promise<void> {
    isRunning = true
    try {
      for (let bytes = waiting.shift(); bytes !== undefined; bytes = waiting.shift()) {
        if (socket.isPaused() && waiting.length < MAX_WAITING / 2) socket.resume()
        const request = parseMessage(bytes)
        const reply = await options.answer(request, peer)
        if (socket.destroyed) return
        if (!request.isUnacknowledged && !socket.write(buildReply(request, reply)))
          await drained(socket, gone.signal)
      }
    } catch {
      socket.destroy()
    } finally {
      isRunning = false
    }
  }

  socket.setNoDelay(true)
  socket.on('data', chunk => {
    try {
      waiting.push(...framing.push(chunk as Buffer))
    } catch {
      socket.destroy()
      return
    }
    if (waiting.length > MAX_WAITING) socket.pause()
    if (!isRunning && waiting.length > 0) void run()
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    waiting.length = 0
    gone.abort()
  })
}

async function drained(socket: Socket, closed: AbortSignal): Promise<void> {
  await new Promise<void>(resolve => {
    const done = (): void => {
      socket.off('drain', done)
      closed.removeEventListener('abort', done)
      resolve()
    }
    socket.on('drain', done)
    closed.addEventListener('abort', done)
    if (closed.aborted) done()
  })
}
