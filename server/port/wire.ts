import type { Context, MiddlewareHandler } from 'hono'

/** One open WebSocket, as the server's inside sees it. Nothing here throws: a dead socket swallows what it is given. */
export interface Wire {
  send(text: string): void
  /** Closes with a code of `closeCodes` (RFC 6455 section 7.4); a peer that does not answer is cut off. */
  close(code: number, reason: string): void
  ping(): void
  /** Stops and goes on reading: what a client sends too fast stays with the client. */
  pause(): void
  resume(): void
  terminate(): void
}

/** What happens on a WebSocket. */
export interface WireHandlers {
  onOpen(wire: Wire): void
  onText(text: string): void
  onBinary(): void
  /** A ping or a pong came. */
  onAlive(): void
  /** Once, whoever closed it. */
  onClose(): void
}

/** Makes the Hono handler of a route that becomes a WebSocket; it calls `next` when the request asks for none. */
export type Upgrade = (accept: (context: Context) => WireHandlers) => MiddlewareHandler
