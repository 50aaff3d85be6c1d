import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout } from 'node:timers'
import { createAdaptorServer } from '@hono/node-server'
import { createNodeWebSocket } from '@hono/node-ws'
import type { Hono } from 'hono'
import type { WebSocket } from 'ws'
import { FastChatError } from '../../../schema/errors.ts'
import { errorFields, type Log } from '../../port/log.ts'
import type { Upgrade, Wire } from '../../port/wire.ts'

/** What Hono's handlers are given of the runtime, by @hono/node-server and by @hono/node-ws. */
interface Bindings {
  incoming: IncomingMessage
}

/** As much of a Hono app as is needed here. */
export interface Answering {
  fetch(request: Request, environment?: unknown): Response | Promise<Response>
}

export interface ListenOptions {
  host: string
  /** 0: any free port. */
  port: number
}

export interface Listening {
  port: number
  /** Takes no more connections and ends those that are idle; `cutOff` ends the others. */
  stopAccepting(): void
  /** Resolves when every connection has ended. */
  cutOff(): Promise<void>
}

export interface NodeSockets {
  upgrade: Upgrade
  /** @throws FastChatError `port_in_use`; `bad_config` when the host cannot be listened on */
  listen(app: Answering, options: ListenOptions): Promise<Listening>
}

/** A peer that does not answer a close, of a socket or of a refused upgrade, is cut off after this. */
const CLOSE_TIMEOUT_MS = 2_000
/** A peer that takes nothing is cut off when so much waits for it. */
const MAX_BUFFERED_BYTES = 48 * 1024 * 1024
/** RFC 6455 section 4.1: sixteen bytes in base64. */
const WEBSOCKET_KEY = /^[A-Za-z0-9+/]{22}==$/

/**
 * HTTP and WebSocket on Node's own server, which Deno has too. The only file that knows @hono/node-ws; what that package
 * leaves open is closed here: see `guardUpgrades()`.
 *
 * @param options `maxFrameBytes`: a longer frame closes its socket with 1009
 */
export function createNodeSockets({ maxFrameBytes, log }: { maxFrameBytes: number; log: Log }): NodeSockets {
  let answer: (request: Request, environment: Bindings) => Promise<Response> = () => {
    throw new TypeError('no app is listened for')
  }
  const upgradable = {
    request: (url: string | URL, init: RequestInit, environment: Bindings) =>
      upgradeOrRefuse(answer, { request: new Request(url, init), environment }),
  }
  const { wss, injectWebSocket, upgradeWebSocket } = createNodeWebSocket({
    app: upgradable as unknown as Hono,
  })
  wss.options.maxPayload = maxFrameBytes

  return {
    upgrade: accept =>
      upgradeWebSocket(context => {
        const handlers = accept(context)
        return {
          onOpen(_, { raw }) {
            if (!raw) return
            raw.on('ping', () => handlers.onAlive())
            raw.on('pong', () => handlers.onAlive())
            handlers.onOpen(wireOf(raw))
          },
          onMessage({ data }) {
            if (typeof data === 'string') handlers.onText(data)
            else handlers.onBinary()
          },
          onClose: () => handlers.onClose(),
        }
      }),
    async listen(app, options) {
      answer = async (request, environment) => await app.fetch(request, environment)
      const server = createAdaptorServer({
        fetch: (request, environment) => app.fetch(request, environment),
      }) as Server
      const upgrading = guardUpgrades(server, { injectWebSocket, log })
      const port = await listening(server, options)
      return {
        port,
        stopAccepting() {
          server.close()
          server.closeIdleConnections()
        },
        cutOff: () =>
          new Promise(resolve => {
            for (const socket of wss.clients) socket.terminate()
            server.close(() => resolve())
            // The server counts them, but does not close them.
            for (const socket of upgrading) socket.destroy()
            server.closeAllConnections()
          }),
      }
    },
  }
}

/**
 * Ends the connection of a request whose answer has begun and cannot be finished: @hono/node-server would write the error to
 * standard error.
 *
 * @param environment what the app was given with the request
 * @returns false when there is no connection
 */
export function cutOff(environment: unknown): boolean {
  const { outgoing } = (environment ?? {}) as { outgoing?: ServerResponse }
  outgoing?.destroy()
  return outgoing !== undefined
}

/**
 * @hono/node-ws 1.3.1 works in an async listener that nobody catches: a URL that cannot be read (`GET //`) or a socket that
 * is reset meanwhile would end the process, and a handshake that `ws` refuses would stay in its memory. So it only gets
 * upgrades that will succeed.
 *
 * @returns the connections that have asked for an upgrade and have not ended
 */
function guardUpgrades(
  server: Server,
  { injectWebSocket, log }: { injectWebSocket: (server: Server) => void; log: Log },
): ReadonlySet<Duplex> {
  type Listener = (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>
  let inner: Listener | undefined
  injectWebSocket({
    on(_: string, listener: Listener) {
      inner = listener
    },
  } as unknown as Server)

  const upgrading = new Set<Duplex>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrading.add(socket)
    socket.on('close', () => upgrading.delete(socket))
    socket.on('error', () => socket.destroy())
    if (!isHandshake(request)) {
      endSoon(socket, 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    inner?.(request, socket, head).catch(error => {
      log.error(errorFields(error), 'an upgrade could not be handled')
      socket.destroy()
    })
  })
  return upgrading
}

/**
 * Answers and closes. Once it has asked for an upgrade a connection is out of the HTTP server's hands: a peer that keeps
 * its own half open would keep it for ever.
 */
function endSoon(socket: Duplex, text: string | Uint8Array): void {
  socket.end(text)
  // What nobody reads would keep the peer's end from being seen.
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS)
  timer.unref()
  socket.on('close', () => clearTimeout(timer))
}

function isHandshake({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    url !== undefined &&
    URL.canParse(url, 'http://localhost') &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' &&
    WEBSOCKET_KEY.test(headers['sec-websocket-key'] ?? '')
  )
}

/**
 * Asks the app about an upgrade. When it says yes the response goes to @hono/node-ws; a refusal is written out here, since
 * that package would drop its body, and the package waits for an answer that never comes (and is collected with it).
 */
async function upgradeOrRefuse(
  answer: (request: Request, environment: Bindings) => Promise<Response>,
  { request, environment }: { request: Request; environment: Bindings },
): Promise<Response> {
  const before = Object.getOwnPropertySymbols(environment).length
  const response = await answer(request, environment)
  const accepted = Object.getOwnPropertySymbols(environment).slice(before)
  const { socket } = environment.incoming
  if (accepted.length > 0) {
    // The peer has gone meanwhile: without its mark the package forgets what it waits for.
    if (socket.destroyed) for (const mark of accepted) Reflect.deleteProperty(environment, mark)
    return response
  }
  const body = Buffer.from(await response.arrayBuffer())
  const head = [
    `HTTP/1.1 ${response.status} ${response.status === 401 ? 'Unauthorized' : 'Refused'}`,
    `Content-Type: ${response.headers.get('content-type') ?? 'application/json'}`,
    `Content-Length: ${body.byteLength}`,
    'Connection: close',
  ]
  endSoon(socket, Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]))
  return new Promise(() => undefined)
}

function wireOf(socket: WebSocket): Wire {
  const ignore = () => undefined
  const isOpen = () => socket.readyState === socket.OPEN
  return {
    send(text) {
      if (!isOpen()) return
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) socket.terminate()
      else socket.send(text, ignore)
    },
    close(code, reason) {
      // Deaf to what still comes, but not to the answer of the peer.
      if (socket.isPaused) socket.resume()
      socket.close(code, reason)
      setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS).unref()
    },
    ping() {
      if (isOpen()) socket.ping(undefined, undefined, ignore)
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    terminate: () => socket.terminate(),
  }
}

function listening(server: Server, { host, port }: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const shown = isIPv6(host) ? `[${host}]` : host
      reject(
        cause.code === 'EADDRINUSE'
          ? new FastChatError('port_in_use', `Cannot listen on ${shown}:${port}: the port is taken`, {
              cause,
            })
          : new FastChatError(
              'bad_config',
              `Cannot listen on ${shown}:${port}: ${cause.code ?? 'it is refused'}`,
              { cause },
            ),
      )
    })
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}
