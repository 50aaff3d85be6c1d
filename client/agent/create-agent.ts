import { FastChatError } from '../../schema/errors.ts'
import type { UserId } from '../../schema/ids.ts'
import type { Chat, ChatEvent } from '../chat.ts'
import type { Home } from '../home/home.ts'
import type { Agent } from './agent.ts'
import { attachChat } from './attach-chat.ts'
import { Calls, passOn, type Request } from './calls.ts'
import { type Claim, claim } from './claim.ts'
import type { CallName } from './protocol.ts'
import { type Serving, serveChat } from './serve-chat.ts'
import { type Obtained, openSteadyChat } from './steady-chat.ts'

export interface AgentOptions {
  home: Home
  /** XDG_RUNTIME_DIR, for the sockets of accounts whose folder is too deep. */
  runtimeFolder?: string | undefined
  /** How long an owner may take from its claim until it answers. Default 20,000. */
  helloTimeoutMs?: number
  /** How long an owner may take for one call. Default 90,000. */
  callTimeoutMs?: number
}

/** Owners that ended just when they were found. */
const MAX_ROUNDS = 20

export function createAgent({
  home,
  runtimeFolder,
  helloTimeoutMs = 20_000,
  callTimeoutMs = 90_000,
}: AgentOptions): Agent {
  async function obtain(folder: string, start: () => Promise<Chat>): Promise<Obtained> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const claimed = await claim(folder, { runtimeFolder })
      if (claimed.owner) return { chat: await ownChat(claimed, start), isShared: false }
      const { socket, record } = claimed
      const chat = await attachChat({ socket, nonce: record.nonce, helloTimeoutMs, callTimeoutMs })
      if (chat) return { chat, isShared: true }
    }
    throw new FastChatError(
      'account_in_use',
      'Cannot open account: other processes keep opening and closing it',
    )
  }

  return {
    async openChat(userId: UserId, start: () => Promise<Chat>): Promise<Chat> {
      const account = await home.account(userId)
      if (!account) throw new FastChatError('no_account', `Cannot open account "${userId}": not in this home`)
      return await openSteadyChat(() => obtain(account.folder, start))
    },
  }
}

/** The owner's own chat: its end gives the account up. */
class OwnChat extends Calls implements Chat {
  readonly #chat: Chat
  readonly #finish: () => Promise<void>

  constructor(chat: Chat, finish: () => Promise<void>) {
    super()
    this.#chat = chat
    this.#finish = finish
  }

  protected override ask<N extends CallName>(name: N, request: Request<N>): ReturnType<Chat[N]> {
    const asked = passOn(this.#chat, name, request)
    return name === 'logOut' ? (asked.finally(this.#finish) as ReturnType<Chat[N]>) : asked
  }

  subscribe(listener: (event: ChatEvent) => void): () => void {
    return this.#chat.subscribe(listener)
  }

  close(): Promise<void> {
    return this.#finish()
  }
}

type Owned = Extract<Claim, { owner: true }>

/** Starts the chat as its owner, shares it with whoever connects, and gives the account up when the chat has ended. */
async function ownChat(owned: Owned, start: () => Promise<Chat>): Promise<Chat> {
  let chat: Chat
  try {
    chat = await start()
  } catch (error) {
    await owned.release()
    throw error
  }
  const servings = new Set<Serving>()
  let finished: Promise<void> | undefined
  async function finish(): Promise<void> {
    // `close` after any other end only waits until the data is closed: nobody else may open it before.
    await chat.close().catch(() => undefined)
    await Promise.all([...servings].map(serving => serving.end()))
    await owned.release()
  }
  function finishOnce(): Promise<void> {
    finished ??= finish()
    return finished
  }
  owned.accept(socket => {
    // Whoever comes at the end is not greeted; when the account is given up, they are let go and claim it.
    if (finished !== undefined) return
    const serving = serveChat(chat, { socket, nonce: owned.nonce })
    servings.add(serving)
    socket.once('close', () => servings.delete(serving))
  })
  chat.subscribe(event => {
    if (event.type === 'closed') void finishOnce()
  })
  return new OwnChat(chat, finishOnce)
}
