import { setImmediate } from 'node:timers/promises'
import { FastChatError } from '../../schema/errors.ts'
import type { Accounts, Chat } from '../chat.ts'
import type { Command, Failure, Msg } from './msg.ts'

/** Does what the model asks for, and answers with messages. The only place of the terminal client that has a `Chat`. */
export interface Effects {
  run(command: Exclude<Command, { type: 'redraw' | 'suspend' | 'quit' }>): Promise<void>
  /** Ends the session, having sent what is under way. */
  close(): Promise<void>
}

/** @param dispatch takes every answer, and the chat's events */
export function createEffects({
  accounts,
  dispatch,
  now,
  as,
}: {
  accounts: Accounts
  dispatch: (msg: Msg) => void
  /** ms since 1970 */
  now: () => number
  /** The account of `--as`, to be opened at once. */
  as?: string
}): Effects {
  let chat: Chat | undefined
  let unsubscribe: () => void = () => undefined
  /** At the start, a home with one account that is logged in leaves nothing to choose. */
  let isFirstList = true

  async function use(open: () => Promise<Chat>): Promise<void> {
    // Deriving a key from a password keeps this thread busy: what says so must be on the screen before.
    await setImmediate()
    const opened = await open()
    chat = opened
    // Before the snapshot is asked for, so that nothing falls between; what comes before its answer is kept back.
    let early: Msg[] | null = []
    unsubscribe = opened.subscribe(event => {
      if (event.type === 'closed' && chat === opened) chat = undefined
      const msg: Msg = { type: 'chat-event', event, now: now() }
      if (early) early.push(msg)
      else dispatch(msg)
    })
    const snapshot = await opened.snapshot()
    dispatch({ type: 'chat-opened', snapshot, now: now() })
    const kept = early
    early = null
    for (const msg of kept) dispatch(msg)
  }

  async function listAccounts(): Promise<void> {
    const all = await accounts.list()
    const [only, ...others] = all
    const asOnly = isFirstList && only?.loggedIn && others.length === 0 ? only.userId : undefined
    isFirstList = false
    const asWanted = as ?? asOnly
    dispatch({ type: 'accounts', accounts: all, ...(asWanted === undefined ? {} : { as: asWanted }) })
  }

  async function work(command: Parameters<Effects['run']>[0]): Promise<void> {
    switch (command.type) {
      case 'list-accounts':
        return await listAccounts()
      case 'sign-up':
        return await use(() => accounts.signUp(command))
      case 'log-in':
        return await use(() => accounts.logIn(command))
      case 'resume':
        return await use(() => accounts.resume(command))
      default:
        return chat ? await workInChat(chat, command) : undefined
    }
  }

  async function workInChat(open: Chat, command: ChatCommand): Promise<void> {
    switch (command.type) {
      case 'load-history': {
        const { type: _type, ...request } = command
        const items = await open.history(request)
        const { conversation, beforeSeq } = request
        const isWhole = items.length < request.limit
        return dispatch({
          type: 'history',
          conversation,
          items,
          isWhole,
          ...(beforeSeq === undefined ? {} : { beforeSeq }),
        })
      }
      case 'open': {
        const summary = await open.open({ with: command.with })
        const { text } = command
        return dispatch({ type: 'conversation-opened', summary, ...(text === undefined ? {} : { text }) })
      }
      case 'send':
        await open.send({ to: command.to, text: command.text })
        return
      case 'mark-read':
        return await open.markRead({ conversation: command.conversation, upToSeq: command.upToSeq })
      case 'log-out':
        return await open.logOut()
      default:
        return command satisfies never
    }
  }

  return {
    async run(command) {
      try {
        await work(command)
      } catch (error) {
        dispatch(refusal(command, failureOf(error)))
      }
    },
    async close() {
      unsubscribe()
      const open = chat
      chat = undefined
      await open?.close()
    },
  }
}

type ChatCommand = Extract<Command, { type: 'load-history' | 'open' | 'send' | 'mark-read' | 'log-out' }>

function refusal(command: Parameters<Effects['run']>[0], failure: Failure): Msg {
  switch (command.type) {
    case 'sign-up':
    case 'log-in':
    case 'resume':
      return { type: 'chat-refused', failure }
    case 'load-history':
      return { type: 'history-failed', conversation: command.conversation, failure }
    case 'open':
      return {
        type: 'open-refused',
        failure,
        ...(command.typed === undefined ? {} : { typed: command.typed }),
      }
    case 'send':
      return { type: 'send-refused', conversation: command.conversation, text: command.text, failure }
    case 'list-accounts':
    case 'mark-read':
    case 'log-out':
      return { type: 'failed', failure }
    default:
      return command satisfies never
  }
}

/** A message that is not ours may hold anything, so it is not shown. */
function failureOf(error: unknown): Failure {
  return error instanceof FastChatError
    ? { code: error.code, message: error.message }
    : { code: 'internal', message: 'Cannot do this: internal error, please report it' }
}
