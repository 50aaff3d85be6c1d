import type { ClientFrame, ServerFrame } from '../../schema/frames.ts'
import type { Api } from './api.ts'

/** The port to the network: `createTransport()` is the real one, a test may script another. */
export interface Transport {
  /** @param url a server's address, normalised */
  api(url: string): Api

  /**
   * Opens a socket. Frames may come before the promise is used: they go to `handlers` from the first one on.
   *
   * @throws FastChatError a code of the server's (`unauthorized`, `device_revoked` …), else `unavailable`
   */
  openSocket(request: { url: string; token: string; handlers: SocketHandlers }): Promise<Socket>
}

export interface SocketHandlers {
  /** In the order in which they came; each validated. */
  onFrame: (frame: ServerFrame) => void
  /** Once, whoever closed it. `code` by RFC 6455 section 7.4; 1006 when the connection was lost. */
  onClose: (close: { code: number }) => void
  /** How long a ping took to come back. */
  onLatency: (latencyMs: number) => void
}

export interface Socket {
  /** Does nothing when the socket has closed. */
  send(frame: ClientFrame): void
  /** Closes it; `onClose` is called. */
  close(): void
}
