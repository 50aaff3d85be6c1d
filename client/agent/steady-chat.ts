import { v7 as uuidv7 } from 'uuid'
import { FastChatError } from '../../schema/errors.ts'
import type { Chat, ChatEvent, ChatSnapshot } from '../chat.ts'
import { Calls, passOn, type Request } from './calls.ts'
import type { CallName } from './protocol.ts'

/** Lines that are brought again for each conversation after a change of owner: a screenful and more. */
const REPLAYED_LINES = 200
/** What had happened shortly before an owner ended may not have been told any more. */
const REPLAY_MARGIN_MS = 60_000

/** A chat, and what must be done when it is closed. */
export interface Obtained {
  chat: Chat
  /** Whether another process has the session: then its end is not this chat's. */
  isShared: boolean
}

/**
 * A chat that outlives the process whose session it shares: when that ends, it obtains another one (and may become the
 * owner), asks again what had not been answered, and brings as events what may have been missed.
 *
 * @param obtain claims or shares; called at once, and after each loss
 * @throws what `obtain` throws
 */
export async function openSteadyChat(obtain: () => Promise<Obtained>): Promise<Chat> {
  const chat = new SteadyChat(obtain)
  await chat.begin()
  return chat
}

class SteadyChat extends Calls implements Chat {
  readonly #obtain: () => Promise<Obtained>
  readonly #listeners = new Set<(event: ChatEvent) => void>()
  /** The chat to ask now. Replaced at each loss; rejected when there will be none. */
  #current: Promise<Chat>
  #isClosed = false
  /** The chat to ask is this process's own. */
  #isOwn = false

  constructor(obtain: () => Promise<Obtained>) {
    super()
    this.#obtain = obtain
    this.#current = Promise.reject(new Error('not begun'))
    this.#current.catch(() => undefined)
  }

  async begin(): Promise<void> {
    this.#current = this.#next()
    await this.#current
  }

  protected override ask<N extends CallName>(name: N, request: Request<N>): ReturnType<Chat[N]> {
    const again = this.#isOwn ? request : repeatable(name, request)
    return this.#ask<unknown>(chat => passOn(chat, name, again)) as ReturnType<Chat[N]>
  }

  subscribe(listener: (event: ChatEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    if (!this.#isClosed) this.#end({ type: 'closed', reason: 'closed' })
    // When it was lost and no other one came, there is nothing left to close.
    const chat = await this.#current.catch(() => null)
    await chat?.close()
  }

  async #ask<T>(question: (chat: Chat) => Promise<T>): Promise<T> {
    for (;;) {
      const asked = this.#current
      const chat = await asked
      try {
        return await question(chat)
      } catch (error) {
        if (this.#isClosed || !isLoss(error) || asked === this.#current) throw error
      }
    }
  }

  async #next(): Promise<Chat> {
    const { chat, isShared } = await this.#obtain()
    this.#isOwn = !isShared
    const unsubscribe = chat.subscribe(event => {
      if (event.type !== 'closed') return this.#emit(event)
      unsubscribe()
      if (isShared && event.reason === 'lost' && !this.#isClosed) this.#recover()
      else if (!this.#isClosed) this.#end(event)
    })
    return chat
  }

  #recover(): void {
    const lostAt = Date.now()
    const next = this.#next()
    this.#current = next
    this.#emit({ type: 'connection', connection: { state: 'connecting' } })
    this.#emit({ type: 'presence', online: [] })
    next
      .then(chat => this.#replay(chat, lostAt - REPLAY_MARGIN_MS))
      .catch(() => {
        // Another loss has begun another recovery; else there will be no owner any more.
        if (this.#current === next && !this.#isClosed) this.#end({ type: 'closed', reason: 'lost' })
      })
  }

  async #replay(chat: Chat, since: number): Promise<void> {
    const snapshot = await chat.snapshot()
    this.#emit({ type: 'connection', connection: snapshot.connection })
    for (const conversation of changedSince(snapshot, since)) {
      for (const item of await chat.history({ conversation: conversation.id, limit: REPLAYED_LINES })) {
        this.#emit({ type: 'item', item })
      }
      this.#emit({ type: 'conversation', conversation })
    }
    this.#emit({ type: 'presence', online: snapshot.online })
    this.#emit({ type: 'queued', queued: snapshot.queued })
    if (snapshot.drained) this.#emit({ type: 'drained' })
  }

  #end(event: ChatEvent): void {
    this.#isClosed = true
    for (const listener of [...this.#listeners]) listener(event)
    this.#listeners.clear()
  }

  #emit(event: ChatEvent): void {
    if (this.#isClosed) return
    for (const listener of [...this.#listeners]) listener(event)
  }
}

/**
 * A request that does no harm when a second owner is asked, whatever the first one had done: what sends has an id. A
 * session of one's own is never lost, and makes better ids: each greater than all before it.
 */
function repeatable<N extends CallName>(name: N, request: Request<N>): Request<N> {
  if (name !== 'send' && name !== 'sendFile') return request
  const sends = request as Request<'send' | 'sendFile'>
  return { ...sends, id: sends.id ?? uuidv7() } as Request<N>
}

function changedSince({ conversations }: ChatSnapshot, since: number) {
  return conversations.filter(({ lastAt }) => lastAt >= since)
}

function isLoss(error: unknown): boolean {
  return error instanceof FastChatError && error.code === 'unavailable'
}
