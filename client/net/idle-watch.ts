import type { Clock } from './clock.ts'

/**
 * Ends a request of which nothing has moved for a while, and one that its caller gives up: a large file on a slow line may
 * take minutes, but it always moves.
 */
export class IdleWatch {
  readonly #controller = new AbortController()
  readonly #clock: Clock
  readonly #idleTimeoutMs: number
  readonly #given: AbortSignal | undefined
  #cancel: () => void = () => undefined
  #isIdle = false

  constructor({
    clock,
    idleTimeoutMs,
    signal,
  }: {
    clock: Clock
    idleTimeoutMs: number
    signal?: AbortSignal | undefined
  }) {
    this.#clock = clock
    this.#idleTimeoutMs = idleTimeoutMs
    this.#given = signal
    signal?.addEventListener('abort', this.#giveUp)
    if (signal?.aborted) this.#giveUp()
    this.moved()
  }

  /** For `fetch`. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** It was this that ended the request, for nothing moved. */
  get isIdle(): boolean {
    return this.#isIdle
  }

  /** Bytes went out or came in: the time begins anew. */
  moved(): void {
    this.#cancel()
    if (this.signal.aborted) return
    const idle = () => {
      this.#isIdle = true
      this.#controller.abort()
    }
    this.#cancel = this.#clock.after(this.#idleTimeoutMs, idle, { keepsAlive: true })
  }

  /** It is the caller's turn now, who may take their time. */
  pause(): void {
    this.#cancel()
  }

  /** The request is over. */
  stop(): void {
    this.#cancel()
    this.#given?.removeEventListener('abort', this.#giveUp)
  }

  readonly #giveUp = (): void => {
    this.#cancel()
    this.#controller.abort()
  }
}
