import { FastChatError } from '../../schema/errors.ts'
import type { ClientFrame, ServerFrame, WelcomeFrame } from '../../schema/frames.ts'
import type { Api } from './api.ts'
import type { Clock } from './clock.ts'
import { readServers } from './learn-servers.ts'
import type { KnownServer } from './server-choice.ts'
import { createTokens } from './tokens.ts'
import type { Socket, Transport } from './transport.ts'

export interface LinkOptions {
  transport: Transport
  url: string
  clock: Clock
  assert: (request: { audience: string; now: number }) => Promise<string>
  /** Gives up when it is aborted before the link is there. */
  signal: AbortSignal
}

/** One socket to one server, welcomed, and the token that it lives on. */
export interface Link {
  readonly url: string
  readonly welcome: WelcomeFrame
  /** The servers that this one named. */
  readonly servers: readonly KnownServer[]
  /** Resolves when the socket has closed. */
  readonly closed: Promise<{ code: number }>
  /** Hands over the frames from the one after `welcome` on. To be called once. */
  begin(handlers: LinkHandlers): void
  send(frame: ClientFrame): void
  /** Asks the same server over HTTP, with a fresh token when the old one has run out. */
  request<T>(ask: (api: Api, token: string) => Promise<T>): Promise<T>
  close(): void
}

export interface LinkHandlers {
  onFrame: (frame: ServerFrame) => void
  onLatency: (latencyMs: number) => void
}

/** How long a server may take from the handshake to `welcome`. */
const WELCOME_TIMEOUT_MS = 10_000

/**
 * Gets a token from a server and opens a socket to it.
 *
 * @throws FastChatError `unavailable`, or what the server refused with
 */
export async function openLink({ transport, url, clock, assert, signal }: LinkOptions): Promise<Link> {
  const api = transport.api(url)
  const tokens = await createTokens({ api, clock, assert })
  const inbox = new Inbox()
  let setClosed: (close: { code: number }) => void = () => undefined
  const closed = new Promise<{ code: number }>(resolve => {
    setClosed = resolve
  })
  const socket = await transport.openSocket({
    url,
    token: tokens.value(),
    handlers: {
      onFrame: frame => inbox.frame(frame),
      onLatency: latencyMs => inbox.latency(latencyMs),
      onClose(close) {
        tokens.stop()
        inbox.end()
        setClosed(close)
      },
    },
  })
  const welcome = await awaitWelcome(inbox, { socket, clock, signal, url })
  tokens.keepFresh(token => socket.send({ t: 'auth', token }))
  return {
    url,
    welcome,
    servers: readServers(tokens.about),
    closed,
    begin: handlers => inbox.begin(handlers),
    send: frame => socket.send(frame),
    async request(ask) {
      try {
        return await ask(api, tokens.value())
      } catch (error) {
        if (!(error instanceof FastChatError && error.code === 'unauthorized')) throw error
        return await ask(api, await tokens.renew())
      }
    },
    close: () => socket.close(),
  }
}

/** What comes before somebody listens is kept for them. */
class Inbox {
  #frames: ServerFrame[] = []
  #latencyMs: number | undefined
  #handlers: LinkHandlers | undefined
  #first: ((frame: ServerFrame | undefined) => void) | undefined
  #hasEnded = false

  frame(frame: ServerFrame): void {
    const first = this.#first
    this.#first = undefined
    if (first) first(frame)
    else if (this.#handlers) this.#handlers.onFrame(frame)
    else this.#frames.push(frame)
  }

  latency(latencyMs: number): void {
    this.#latencyMs = latencyMs
    this.#handlers?.onLatency(latencyMs)
  }

  end(): void {
    this.#hasEnded = true
    this.#first?.(undefined)
  }

  /** The first frame; undefined when the socket closed before. */
  first(): Promise<ServerFrame | undefined> {
    const frame = this.#frames.shift()
    if (frame || this.#hasEnded) return Promise.resolve(frame)
    return new Promise(resolve => {
      this.#first = resolve
    })
  }

  begin(handlers: LinkHandlers): void {
    const frames = this.#frames
    this.#frames = []
    if (this.#latencyMs !== undefined) handlers.onLatency(this.#latencyMs)
    for (const frame of frames) handlers.onFrame(frame)
    this.#handlers = handlers
  }
}

async function awaitWelcome(
  inbox: Inbox,
  { socket, clock, signal, url }: { socket: Socket; clock: Clock; signal: AbortSignal; url: string },
): Promise<WelcomeFrame> {
  const giveUp = () => inbox.end()
  const cancel = clock.after(WELCOME_TIMEOUT_MS, giveUp, { keepsAlive: true })
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  try {
    const frame = await inbox.first()
    if (frame?.t === 'welcome') return frame
    socket.close()
    throw new FastChatError('unavailable', `Cannot connect to ${url}: it did not welcome this device`)
  } finally {
    cancel()
    signal.removeEventListener('abort', giveUp)
  }
}
