import { WebSocket } from 'ws'
import { FastChatError } from '../../schema/errors.ts'
import type { ClientFrame } from '../../schema/frames.ts'
import { limits } from '../../schema/limits.ts'
import { jsonOrNothing } from './answer.ts'
import type { Clock } from './clock.ts'
import { readFrame } from './frames.ts'
import { remoteError } from './remote-error.ts'
import type { Socket, SocketHandlers } from './transport.ts'
import { socketUrl } from './urls.ts'

export interface SocketOptions {
  url: string
  token: string
  handlers: SocketHandlers
  clock: Clock
  /** How long the handshake may take. Default 5,000. */
  connectTimeoutMs?: number
  /** A ping goes out so often; the socket is dropped when nothing came for twice as long. Default 20,000. */
  pingIntervalMs?: number
  /** How long the other side may take to answer a close. Default 1,000. */
  closeTimeoutMs?: number
}

/** The most that is read of a refused handshake. */
const MAX_REFUSAL_BYTES = 4096

/**
 * Opens a WebSocket (RFC 6455) to a server, the token in `Authorization`, never in the URL.
 *
 * @throws FastChatError what the server refused the handshake with, else `unavailable`
 */
export function openSocket({
  url,
  token,
  handlers,
  clock,
  connectTimeoutMs = 5_000,
  pingIntervalMs = limits.pingIntervalMs,
  closeTimeoutMs = 1_000,
}: SocketOptions): Promise<Socket> {
  const socket = new WebSocket(socketUrl(url), {
    headers: { authorization: `Bearer ${token}` },
    handshakeTimeout: connectTimeoutMs,
    maxPayload: limits.maxFrameBytes,
    // Compression before encryption leaks lengths, after it gains nothing.
    perMessageDeflate: false,
    followRedirects: false,
  })
  let isOpen = false
  let stopPinging: () => void = () => undefined

  return new Promise((resolve, reject) => {
    let refusal: FastChatError | undefined
    socket.on('unexpected-response', (request, response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
        if (body.length > MAX_REFUSAL_BYTES) response.destroy()
      })
      const refuse = () => {
        refusal ??= remoteError(response.statusCode ?? 0, jsonOrNothing(body))
        reject(refusal)
        request.destroy()
      }
      response.on('end', refuse)
      response.on('close', refuse)
      response.on('error', refuse)
    })
    socket.on('error', error => {
      // After the handshake `close` follows and says it all.
      if (isOpen || refusal) return
      reject(
        new FastChatError('unavailable', `Cannot connect to ${url}: it cannot be reached`, { cause: error }),
      )
    })
    socket.on('open', () => {
      isOpen = true
      stopPinging = keepPinging(socket, { clock, pingIntervalMs, onLatency: handlers.onLatency })
      resolve({
        send(frame: ClientFrame) {
          if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame), () => undefined)
        },
        close() {
          socket.once(
            'close',
            clock.after(closeTimeoutMs, () => socket.terminate(), { keepsAlive: true }),
          )
          socket.close(1000)
        },
      })
    })
    socket.on('message', (data, isBinary) => {
      if (isBinary) return
      const frame = readFrame(data.toString())
      if (frame) handlers.onFrame(frame)
    })
    socket.on('close', code => {
      stopPinging()
      if (isOpen) handlers.onClose({ code })
      else
        reject(refusal ?? new FastChatError('unavailable', `Cannot connect to ${url}: it cannot be reached`))
    })
  })
}

/** Measures latency and notices silence; both sides may be silent for long, so somebody has to ask. */
function keepPinging(
  socket: WebSocket,
  {
    clock,
    pingIntervalMs,
    onLatency,
  }: { clock: Clock; pingIntervalMs: number; onLatency: (ms: number) => void },
): () => void {
  let heardAt = clock.now()
  let pingedAt: number | undefined
  let cancel: () => void = () => undefined
  const heard = () => {
    heardAt = clock.now()
  }
  socket.on('message', heard)
  socket.on('ping', heard)
  socket.on('pong', () => {
    heard()
    if (pingedAt !== undefined) onLatency(Math.max(0, heardAt - pingedAt))
    pingedAt = undefined
  })
  const tick = () => {
    if (clock.now() - heardAt >= 2 * pingIntervalMs) return socket.terminate()
    pingedAt ??= clock.now()
    socket.ping(undefined, undefined, () => undefined)
    cancel = clock.after(pingIntervalMs, tick)
  }
  tick()
  return () => cancel()
}
