import type { Socket } from 'node:net'
import { FastChatError, isErrorCode } from '../../schema/errors.ts'
import { parse } from '../../schema/parse.ts'
import type { Chat, ChatEvent } from '../chat.ts'
import { Calls, type Request } from './calls.ts'
import { openLines } from './lines.ts'
import { AGENT_PROTOCOL, Answer, type CallName, Hello, maxAnswerBytes } from './protocol.ts'

export interface AttachOptions {
  socket: Socket
  /** The owner's: whoever else listens there is not it. */
  nonce: string
  /** For the owner to begin: it may be opening the data. */
  helloTimeoutMs: number
  /** For the owner to answer one call: it may be waiting for a server. */
  callTimeoutMs: number
}

type Closed = Extract<ChatEvent, { type: 'closed' }>

interface Pending {
  resolve: (value: unknown) => void
  reject: (error: FastChatError) => void
  timer: NodeJS.Timeout
}

/**
 * The owner's chat, through its socket. When the owner ends, what was asked is rejected with `unavailable`, and the last
 * event is `closed` with reason `lost`.
 *
 * @returns null when the owner has ended before it said hello.
 * @throws FastChatError `account_in_use` when it says nothing, or is another version of FastChat.
 */
export async function attachChat(options: AttachOptions): Promise<Chat | null> {
  const chat = new AttachedChat(options)
  const hello = await chat.hello
  return hello ? chat : null
}

/** Those that may move a whole file. */
const slowCalls: ReadonlySet<CallName> = new Set([
  'sendFile',
  'saveFile',
  'picture',
  'shareHistory',
  'answerHistory',
])
const SLOW_FACTOR = 20

class AttachedChat extends Calls implements Chat {
  /** Whether the owner began; rejected when it is not to be talked with. */
  readonly hello: Promise<boolean>
  readonly #callTimeoutMs: number
  readonly #lines: ReturnType<typeof openLines>
  readonly #listeners = new Set<(event: ChatEvent) => void>()
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  /** The last event, once there was one. */
  #closed: Closed | undefined
  #endHello: (outcome: boolean | FastChatError) => void

  constructor({ socket, nonce, helloTimeoutMs, callTimeoutMs }: AttachOptions) {
    super()
    this.#callTimeoutMs = callTimeoutMs
    const { promise, end } = createHello(helloTimeoutMs)
    this.hello = promise
    this.#endHello = end
    let isGreeted = false
    this.#lines = openLines(socket, {
      maxLineBytes: maxAnswerBytes,
      maxUnreadBytes: maxAnswerBytes,
      onValue: value => {
        if (isGreeted) this.#take(value)
        else this.#greet(value, nonce)
        isGreeted = true
      },
      onClose: () => this.#end({ type: 'closed', reason: 'lost' }),
    })
    promise.catch(() => this.#lines.destroy())
  }

  subscribe(listener: (event: ChatEvent) => void): () => void {
    this.#listeners.add(listener)
    // The owner may have ended between its greeting and this.
    const closed = this.#closed
    if (closed) queueMicrotask(() => listener(closed))
    return () => void this.#listeners.delete(listener)
  }

  /** Leaves the session; it goes on for the others. */
  async close(): Promise<void> {
    this.#end({ type: 'closed', reason: 'closed' })
  }

  protected override ask<N extends CallName>(name: N, request: Request<N>): ReturnType<Chat[N]> {
    // The owner is of the same version: what it answers is what its `Chat` says.
    const asked = this.#call(name, request) as ReturnType<Chat[N]>
    if (name !== 'logOut') return asked
    // Ends the session of all who share it.
    return asked.then(() => this.#end({ type: 'closed', reason: 'logged-out' })) as ReturnType<Chat[N]>
  }

  #call(name: CallName, params: unknown): Promise<unknown> {
    if (this.#closed) return Promise.reject(endedError(this.#closed, name))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.#pending.delete(id)
          reject(
            new FastChatError(
              'unavailable',
              `Cannot ${verbOf(name)}: the process that has the account is silent`,
            ),
          )
        },
        this.#callTimeoutMs * (slowCalls.has(name) ? SLOW_FACTOR : 1),
      )
      this.#pending.set(id, { resolve, reject, timer })
      this.#lines.write({ id, call: name, with: params })
    })
  }

  #greet(value: unknown, nonce: string): void {
    try {
      const { hello } = parse(Hello, value, { what: 'greeting' })
      if (hello.protocol !== AGENT_PROTOCOL) {
        throw new FastChatError('account_in_use', 'Cannot open account: another version of FastChat has it')
      }
      this.#endHello(hello.nonce === nonce)
      if (hello.nonce !== nonce) this.#lines.destroy()
    } catch (error) {
      this.#endHello(
        error instanceof FastChatError && error.code === 'account_in_use'
          ? error
          : new FastChatError('account_in_use', 'Cannot open account: what has it is not FastChat'),
      )
    }
  }

  #take(value: unknown): void {
    let answer: Answer
    try {
      answer = parse(Answer, value, { what: 'answer' })
    } catch {
      this.#lines.destroy()
      return
    }
    if ('event' in answer) {
      if (answer.event.type === 'closed') this.#end(answer.event)
      else this.#emit(answer.event)
      return
    }
    const pending = this.#pending.get(answer.id)
    if (!pending) return
    this.#pending.delete(answer.id)
    clearTimeout(pending.timer)
    if ('ok' in answer) {
      pending.resolve(answer.ok)
      return
    }
    const { code, message } = answer.error
    pending.reject(new FastChatError(isErrorCode(code) ? code : 'internal', message))
  }

  #end(event: Closed): void {
    if (this.#closed) return
    // The answer to one's own `logOut` may still come, after the event that it causes.
    const isLoggedOut = event.reason === 'logged-out'
    this.#closed = event
    this.#endHello(false)
    for (const { resolve, reject, timer } of this.#pending.values()) {
      clearTimeout(timer)
      if (isLoggedOut) resolve(undefined)
      else reject(endedError(event, 'ask'))
    }
    this.#pending.clear()
    void this.#lines.end()
    this.#emit(event)
    this.#listeners.clear()
  }

  #emit(event: ChatEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }
}

function createHello(timeoutMs: number) {
  let end: (outcome: boolean | FastChatError) => void = () => undefined
  const promise = new Promise<boolean>((resolve, reject) => {
    const timer = setTimeout(() => {
      end(new FastChatError('account_in_use', 'Cannot open account: the process that has it does not answer'))
    }, timeoutMs)
    end = outcome => {
      clearTimeout(timer)
      if (outcome instanceof FastChatError) reject(outcome)
      else resolve(outcome)
    }
  })
  return { promise, end }
}

function endedError({ reason }: Closed, name: string): FastChatError {
  if (reason === 'revoked') {
    return new FastChatError('device_revoked', `Cannot ${verbOf(name)}: this device was revoked`)
  }
  return new FastChatError(
    'unavailable',
    `Cannot ${verbOf(name)}: the process that had the account has ended`,
  )
}

const verbs: Partial<Record<string, string>> = {
  logOut: 'log out',
  markRead: 'mark as read',
  devices: 'list devices',
  revokeDevice: 'revoke device',
}

function verbOf(name: string): string {
  return verbs[name] ?? name
}
