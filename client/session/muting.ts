import { FastChatError } from '../../schema/errors.ts'
import type { Clock } from '../net/clock.ts'
import type { State } from './state.ts'
import { changeConversation } from './timeline.ts'

export interface MutingOptions {
  state: State
  clock: Clock
  report: (error: unknown) => void
}

/** A timer of a machine runs at most some weeks: it is looked again after this. */
const MAX_WAIT_MS = 24 * 60 * 60 * 1000
/** After the disk was full. */
const RETRY_MS = 60_000

/** Tells of conversations again whose time is over; of those whose time was over while no session ran, at the start. */
export class Muting {
  readonly #options: MutingOptions
  readonly #unsubscribe: () => void
  #cancel: () => void = () => undefined

  constructor(options: MutingOptions) {
    this.#options = options
    this.#unsubscribe = options.state.subscribe(event => {
      if (event.type === 'conversation' && event.conversation.mutedUntil !== undefined) this.start()
    })
  }

  start(): void {
    const { state, clock, report } = this.#options
    this.#cancel()
    try {
      const now = clock.now()
      const timed = [...state.tables.conversations.range()].flatMap(({ value: { id, mutedUntil } }) =>
        mutedUntil === undefined ? [] : { id, mutedUntil },
      )
      const over = timed.filter(({ mutedUntil }) => mutedUntil <= now)
      if (over.length > 0) {
        state.commit(tx => {
          for (const { id } of over) {
            changeConversation(tx, { conversation: id, isMuted: undefined, mutedUntil: undefined })
          }
        })
      }
      const next = Math.min(...timed.filter(one => !over.includes(one)).map(({ mutedUntil }) => mutedUntil))
      if (next !== Number.POSITIVE_INFINITY) this.#wakeIn(next - now)
    } catch (error) {
      this.#wakeIn(RETRY_MS)
      if (!(error instanceof FastChatError)) report(error)
    }
  }

  stop(): void {
    this.#unsubscribe()
    this.#cancel()
  }

  #wakeIn(delayMs: number): void {
    const { clock } = this.#options
    this.#cancel()
    this.#cancel = clock.after(Math.min(Math.max(0, delayMs), MAX_WAIT_MS), () => this.start())
  }
}
