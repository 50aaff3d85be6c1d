import { type ErrorCode, FastChatError, isErrorCode } from '../../schema/errors.ts'
import type { Chat, Notice } from '../chat.ts'
import { createWaiter, type Waiter } from './waiting.ts'

/** What every command of one question shares: it asks, waits until it is answered or stored, and gives up in time. */
export interface Asking {
  chat: Chat
  waiter: Waiter
  stop: AbortSignal
  /** For sentences: "Cannot <what>: …". */
  what: string
}

/**
 * What a server must answer, in time.
 *
 * @throws FastChatError `no_server` when it does not
 */
export async function answered<T>({ waiter, what }: Asking, asked: Promise<T>): Promise<T> {
  // Awaited below in every case but that of giving up, where nobody listens any more.
  asked.catch(() => undefined)
  const first = await Promise.race([asked, waiter.over])
  if (first === 'stopped') throw new FastChatError('unavailable', `Cannot ${what}: stopped by a signal`)
  if (first === 'late') throw new FastChatError('no_server', `Cannot ${what}: no server has answered in time`)
  return await asked
}

/** Waiting for something ends with a signal. */
export async function orStopped<T>(stop: AbortSignal, asked: Promise<T>): Promise<T> {
  asked.catch(() => undefined)
  let leave: () => void = () => undefined
  const stopped = new Promise<never>((_, reject) => {
    leave = () => reject(new FastChatError('unavailable', 'Cannot go on: stopped by a signal'))
    stop.addEventListener('abort', leave)
    if (stop.aborted) leave()
  })
  try {
    return await Promise.race([asked, stopped])
  } finally {
    stop.removeEventListener('abort', leave)
  }
}

/** Waits until all that waited on the server is here; false when that cannot be, or not in time. */
export async function catchUp({ chat, waiter }: Pick<Asking, 'chat' | 'waiter'>): Promise<boolean> {
  for (;;) {
    const { drained, connection } = await chat.snapshot()
    if (drained) return true
    if (connection.state === 'offline') return false
    if ((waiter.now() ?? (await waiter.wait())) !== 'event') return false
  }
}

const FRESHEN_MS = 10_000

/** The same for what can be said without a server too: there the time for it is short. */
export async function freshen({ chat, stop }: Pick<Asking, 'chat' | 'stop'>): Promise<boolean> {
  const waiter = createWaiter(chat, { timeoutMs: FRESHEN_MS, stop })
  try {
    return await catchUp({ chat, waiter })
  } finally {
    waiter.dispose()
  }
}

/** What may be said of something that is only still on its way to here. */
const ON_ITS_WAY: readonly ErrorCode[] = ['unknown_group', 'unknown_message', 'not_a_member', 'not_found']
const ROSTER_GRACE_MS = 3000

/** Does something that may need what waits on the server: when it fails for that, once more after it has come. */
export async function withLatest<T>(asking: Asking, work: () => Promise<T>): Promise<T> {
  const { chat, stop } = asking
  try {
    return await answered(asking, work())
  } catch (error) {
    if (!isOnItsWay(error)) throw error
    const { drained } = await chat.snapshot()
    if (drained || !(await catchUp(asking))) throw error
  }
  // Rosters are asked for while the rest comes in, so they may be a little later.
  const grace = createWaiter(chat, { timeoutMs: ROSTER_GRACE_MS, stop })
  try {
    for (;;) {
      try {
        return await answered(asking, work())
      } catch (error) {
        const isRoster = error instanceof FastChatError && error.code === 'unknown_group'
        if (!isRoster || (await grace.wait()) !== 'event') throw error
      }
    }
  } finally {
    grace.dispose()
  }
}

function isOnItsWay(error: unknown): boolean {
  return error instanceof FastChatError && ON_ITS_WAY.includes(error.code)
}

/**
 * Does something that goes out by the outbox, and waits until a server has it.
 *
 * @throws FastChatError `no_server` when none has it in time: it stays in the outbox; what it was refused with
 */
export async function sendOut<T>(asking: Asking, work: () => Promise<T>): Promise<T> {
  const { chat, waiter, what } = asking
  let failure: Extract<Notice, { type: 'change-failed' }> | undefined
  const unsubscribe = chat.subscribe(event => {
    if (event.type !== 'item' || event.item.kind !== 'notice') return
    const { notice } = event.item
    if (notice.type === 'change-failed') failure = notice
  })
  try {
    const done = await withLatest(asking, work)
    for (;;) {
      const { unsent } = await chat.snapshot()
      if (failure) {
        throw new FastChatError(isErrorCode(failure.code) ? failure.code : 'bad_request', failure.message)
      }
      const over = waiter.now()
      if (unsent === 0 || over === 'stopped') return done
      if (over === 'late') {
        const state =
          'no server has stored it in time; it stays in the outbox and goes out with the next connection'
        throw new FastChatError('no_server', `Cannot ${what}: ${state}`)
      }
      await waiter.wait()
    }
  } finally {
    unsubscribe()
  }
}

const TELLING_MS = 5000

/** One's other devices are told of what was decided here: now when that can be, else with the next connection. */
export async function tellOthers({ chat, stop }: Pick<Asking, 'chat' | 'stop'>): Promise<void> {
  const waiter = createWaiter(chat, { timeoutMs: TELLING_MS, stop })
  try {
    while ((await chat.snapshot()).unsent > 0) {
      if ((waiter.now() ?? (await waiter.wait())) !== 'event') return
    }
  } finally {
    waiter.dispose()
  }
}
