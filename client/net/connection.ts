import { FastChatError } from '../../schema/errors.ts'
import type { ClientFrame, ServerFrame, WelcomeFrame } from '../../schema/frames.ts'
import type { Connection as ConnectionState } from '../chat.ts'
import { backoffMs } from '../core/backoff.ts'
import type { Api } from './api.ts'
import type { Clock } from './clock.ts'
import { sleep } from './clock.ts'
import { type AfterClose, afterClose } from './close-policy.ts'
import { learnServers } from './learn-servers.ts'
import { type Link, openLink } from './link.ts'
import { chooseServers, type KnownServer } from './server-choice.ts'
import type { Transport } from './transport.ts'

export interface ConnectionOptions {
  transport: Transport
  /** The addresses that the person gave, normalised; at least one. */
  servers: readonly string[]
  /** Which of them, or of those that they name, is tried first. */
  prefer?: string | undefined
  clock: Clock
  /** From 0 to 1 at each call. */
  random: () => number
  /** Signs an assertion for a server; `now` is that server's time, ms. */
  assert: (request: { audience: string; now: number }) => Promise<string>
  handlers: ConnectionHandlers
  /** Gets what must not happen: a defect of ours. */
  report: (error: unknown) => void
}

export interface ConnectionHandlers {
  /** A socket is there; frames follow. */
  onOnline: (welcome: WelcomeFrame) => void
  /** Every frame but `welcome`, in order. */
  onFrame: (frame: ServerFrame) => void
  /** The socket is gone: whatever it had not answered is open again. */
  onOffline: () => void
  onChange: (state: ConnectionState) => void
  /** No connection will come any more. */
  onEnd: (reason: 'revoked' | 'replaced') => void
}

/** A connection to some server of the deployment, made again for ever. */
export interface Connection {
  readonly state: ConnectionState
  start(): void
  /** Sends a frame; false when there is no socket now. */
  send(frame: ClientFrame): boolean
  /**
   * Asks the server that the socket is at, or the next one when it has just gone: so `ask` must be harmless when it is done
   * twice. Waits for a connection that is being made.
   *
   * @throws FastChatError `no_server` when no server can be reached now; `device_revoked`; what `ask` throws
   */
  request<T>(ask: (api: Api, token: string) => Promise<T>): Promise<T>
  close(): Promise<void>
}

const backoff = { baseMs: 500, maxMs: 30_000 }
/** A connection that held so long was a good one: the next loss counts from the start. */
const STABLE_MS = 10_000
/** How long `request` waits for a connection that is being made. */
const REQUEST_WAIT_MS = 20_000
/** So soon after a request has failed the socket shows whether its server is gone. */
const LOSS_MS = 500
const elsewhere: ReadonlySet<string> = new Set(['unavailable', 'server_stopping'])
/** A request that is under way is not waited for longer. */
const CLOSE_TIMEOUT_MS = 2_000

type Ended = { next: 'failed'; reason: string } | AfterClose

export function createConnection(options: ConnectionOptions): Connection {
  return new Reconnecting(options)
}

class Reconnecting implements Connection {
  readonly #options: ConnectionOptions
  readonly #closing = new AbortController()
  readonly #waiting = new Set<(outcome: Link | FastChatError) => void>()
  #state: ConnectionState = { state: 'connecting' }
  #link: Link | undefined
  #learned: readonly KnownServer[] = []
  #lost: string | undefined
  /** Whether the last round over all servers found none. */
  #hasFailed = false
  #finalError: FastChatError | undefined
  #running: Promise<void> | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  get state(): ConnectionState {
    return this.#state
  }

  start(): void {
    this.#running ??= this.#run()
  }

  send(frame: ClientFrame): boolean {
    if (!this.#link) return false
    this.#link.send(frame)
    return true
  }

  async request<T>(ask: (api: Api, token: string) => Promise<T>): Promise<T> {
    const link = this.#link ?? (await this.#nextLink())
    try {
      return await link.request(ask)
    } catch (error) {
      if (!(error instanceof FastChatError && elsewhere.has(error.code))) throw error
      // A server that has just gone: its socket says so too, and another server may answer.
      const pause = new AbortController()
      const { clock } = this.#options
      await Promise.race([link.closed, sleep(clock, { delayMs: LOSS_MS, signal: pause.signal })])
      pause.abort()
      if (this.#link === link) throw error
      return await (this.#link ?? (await this.#nextLink())).request(ask)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#finalError ??= new FastChatError('unavailable', 'Cannot use server: the session has ended')
    this.#settle(this.#finalError)
    this.#link?.close()
    const limit = new AbortController()
    const tooLong = sleep(this.#options.clock, { delayMs: CLOSE_TIMEOUT_MS, signal: limit.signal })
    await Promise.race([this.#running, tooLong])
    limit.abort()
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options
    let failures = 0
    while (!this.#closing.signal.aborted) {
      const startedAt = clock.now()
      const ended = await this.#once().catch((error: unknown) => this.#unexpected(error))
      this.#hasFailed = ended.next === 'failed'
      if (this.#closing.signal.aborted) return
      if (ended.next === 'never') return this.#end(ended.reason)
      if (ended.next !== 'failed' && clock.now() - startedAt >= STABLE_MS) failures = 0
      const delayMs = backoffMs(failures, { ...backoff, random: random() })
      failures++
      this.#change({ state: 'offline', reason: ended.reason, retryInMs: delayMs })
      if (ended.next === 'failed') {
        this.#settle(new FastChatError('no_server', `Cannot reach any server: ${ended.reason}`))
      }
      // The process must not end while it waits to be online again.
      await sleep(clock, { delayMs, signal: this.#closing.signal, keepsAlive: true })
    }
  }

  /** One round over the servers, and the life of the connection that it gave. */
  async #once(): Promise<Ended> {
    const { servers, prefer, random, transport } = this.#options
    // Who gave one address wants that one; among several the less loaded is as good, and better for all.
    if (this.#learned.length === 0 && servers.length > 1) {
      const { signal } = this.#closing
      this.#learned = safeServers(await learnServers(servers, { transport, random, signal }), servers)
    }
    const order = chooseServers({ given: servers, learned: this.#learned, prefer, avoid: this.#lost, random })
    let reason = 'no server is known'
    for (const url of order) {
      if (this.#closing.signal.aborted) break
      this.#change({ state: 'connecting', server: url })
      try {
        const link = await openLink({ ...this.#options, url, signal: this.#closing.signal })
        return await this.#live(link)
      } catch (error) {
        if (!(error instanceof FastChatError)) throw error
        if (error.code === 'device_revoked') return { next: 'never', reason: 'revoked' }
        reason = error.message
        // What was learned may be stale: a server that does not answer is not the first choice of the next round.
        this.#lost = url
      }
    }
    return { next: 'failed', reason }
  }

  /** A defect of ours, in whatever was told of the connection, must not be the end of it. */
  #unexpected(error: unknown): Ended {
    this.#options.report(error)
    this.#link?.close()
    this.#link = undefined
    return { next: 'failed', reason: 'something unexpected happened' }
  }

  async #live(link: Link): Promise<Ended> {
    const { handlers, servers } = this.#options
    if (this.#closing.signal.aborted) {
      link.close()
      return { next: 'failed', reason: 'the session has ended' }
    }
    this.#learned = safeServers(link.servers, servers)
    this.#link = link
    this.#change({ state: 'online', server: link.url })
    handlers.onOnline(link.welcome)
    link.begin({
      onFrame: handlers.onFrame,
      onLatency: latencyMs => this.#change({ state: 'online', server: link.url, latencyMs }),
    })
    this.#settle(link)
    const { code } = await link.closed
    this.#link = undefined
    handlers.onOffline()
    const after = afterClose(code)
    this.#lost = after.next === 'elsewhere' ? link.url : undefined
    return after
  }

  #nextLink(): Promise<Link> {
    if (this.#finalError) return Promise.reject(this.#finalError)
    // After a loss the next server is usually there at once; after a whole round without any there is no use in waiting.
    if (this.#hasFailed && this.#state.state === 'offline') {
      return Promise.reject(new FastChatError('no_server', `Cannot reach any server: ${this.#state.reason}`))
    }
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(REQUEST_WAIT_MS, () => {
        finish(new FastChatError('no_server', 'Cannot reach any server: none has answered yet'))
      })
      const finish = (outcome: Link | FastChatError) => {
        cancel()
        this.#waiting.delete(finish)
        if (outcome instanceof FastChatError) reject(outcome)
        else resolve(outcome)
      }
      this.#waiting.add(finish)
    })
  }

  #settle(outcome: Link | FastChatError): void {
    for (const finish of [...this.#waiting]) finish(outcome)
  }

  #end(reason: 'revoked' | 'replaced'): void {
    const revoked = reason === 'revoked'
    const text = revoked ? 'this device was revoked' : 'this device is connected from somewhere else'
    this.#finalError = new FastChatError(
      revoked ? 'device_revoked' : 'unavailable',
      `Cannot use server: ${text}`,
    )
    this.#settle(this.#finalError)
    this.#change({ state: 'offline', reason: text })
    this.#options.handlers.onEnd(reason)
  }

  #change(state: ConnectionState): void {
    if (this.#closing.signal.aborted) return
    this.#state = state
    this.#options.handlers.onChange(state)
  }
}

/** A person who gave `wss://` only is never led to a plain `ws://` by what a server says. */
function safeServers(learned: readonly KnownServer[], given: readonly string[]): KnownServer[] {
  const isPlainFine = given.some(url => url.startsWith('ws://'))
  return learned.filter(({ url }) => isPlainFine || url.startsWith('wss://'))
}
