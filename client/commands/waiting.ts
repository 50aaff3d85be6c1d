import { type ErrorCode, FastChatError } from '../../schema/errors.ts'
import type { Chat, ChatEvent } from '../chat.ts'

/** 24 days, the most that a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Why a wait was over: something happened, the time was up, or the process was asked to end. */
export type Woken = 'event' | Over
type Over = 'late' | 'stopped'

/**
 * Waits for a chat to say anything at all, so that its state can be looked at again: the state is the truth, an event
 * only the hint. What was said between two waits ends the second at once.
 */
export interface Waiter {
  /** @throws FastChatError when the session has ended: for good or for bad, nothing more will come. */
  wait(): Promise<Woken>
  /** Whether the time is up or the process was asked to end, without waiting. */
  now(): Over | undefined
  /** Resolves when the time is up or the process is asked to end. */
  over: Promise<Over>
  dispose(): void
}

/**
 * @param timeoutMs from now; undefined waits for ever
 * @param isProgress events after which the time begins anew
 */
export function createWaiter(
  chat: Pick<Chat, 'subscribe'>,
  {
    timeoutMs,
    stop,
    isProgress = () => false,
  }: { timeoutMs: number | undefined; stop: AbortSignal; isProgress?: (event: ChatEvent) => boolean },
): Waiter {
  let heard = false
  let late = false
  let closed: Extract<ChatEvent, { type: 'closed' }> | undefined
  let wake: (() => void) | undefined

  let end: (over: Over) => void = () => undefined
  const over = new Promise<Over>(resolve => {
    end = resolve
  })

  function poke(): void {
    const ended = now()
    if (ended) end(ended)
    wake?.()
    wake = undefined
  }
  function now(): Over | undefined {
    if (stop.aborted) return 'stopped'
    return late ? 'late' : undefined
  }
  const unsubscribe = chat.subscribe(event => {
    if (event.type === 'closed') closed = event
    if (!late && isProgress(event)) startTimer()
    heard = true
    poke()
  })
  let timer: NodeJS.Timeout | undefined
  function startTimer(): void {
    clearTimeout(timer)
    timer = setTimeout(
      () => {
        if (timeoutMs === undefined) return
        late = true
        poke()
      },
      // Without a limit too, there must be something that keeps the process: a session may have nothing under way.
      timeoutMs ?? MAX_TIMER_MS,
    )
  }
  startTimer()
  stop.addEventListener('abort', poke)
  poke()

  return {
    now,
    over,
    async wait() {
      if (!heard && !now()) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
      const ended = now()
      if (ended) return ended
      heard = false
      if (closed) throw sessionEnded(closed.reason)
      return 'event'
    },
    dispose() {
      unsubscribe()
      clearTimeout(timer)
      stop.removeEventListener('abort', poke)
    },
  }
}

const endings: Record<Extract<ChatEvent, { type: 'closed' }>['reason'], [ErrorCode, string]> = {
  closed: ['unavailable', 'it was closed'],
  'logged-out': ['not_logged_in', 'the account was logged out'],
  revoked: ['device_revoked', 'the account has revoked this device'],
  replaced: ['account_in_use', 'another process of this device has taken its place'],
  lost: ['unavailable', 'the process that had it has ended, and it cannot be opened again'],
}

function sessionEnded(reason: Extract<ChatEvent, { type: 'closed' }>['reason']): FastChatError {
  const [code, state] = endings[reason]
  return new FastChatError(code, `Cannot go on with the session: ${state}`)
}
