import { setImmediate } from 'node:timers/promises'
import { FastChatError } from '../../schema/errors.ts'
import type { Accounts, Chat } from '../chat.ts'
import type { PasswordChecker } from '../locking.ts'
import { passwordStrength } from '../password/strength.ts'
import { searchInChat, workInChat } from './chat-effects.ts'
import { latestOnly } from './latest-only.ts'
import type { Command, Failure, Msg, TerminalCommand } from './msg.ts'
import { type Paths, pathsOf } from './paths.ts'
import { refusal } from './refusals.ts'

/**
 * Does what the model asks for, and answers with messages. With chat-effects.ts the only place of the terminal client that has
 * a `Chat`.
 */
export interface Effects {
  run(command: Exclude<Command, TerminalCommand>): Promise<void>
  /** Ends the session, having sent what is under way. */
  close(): Promise<void>
}

type SearchCommand = Extract<Command, { type: 'search' }>

/** @param dispatch takes every answer, and the chat's events */
export function createEffects({
  accounts,
  dispatch,
  now,
  as,
  paths = pathsOf(),
  judge = passwordStrength,
  drawsQr = true,
}: {
  accounts: Accounts & PasswordChecker
  dispatch: (msg: Msg) => void
  /** ms since 1970 */
  now: () => number
  /** The account of `--as`, to be opened at once. */
  as?: string
  paths?: Paths
  /** How good a password is; keeps this thread free. */
  judge?: typeof passwordStrength
  /** Whether the screen has letters for a QR code; else a safety number is shown without one. Default true. */
  drawsQr?: boolean
}): Effects {
  let chat: Chat | undefined
  let unsubscribe: () => void = () => undefined
  /** At the start, a home with one account that is logged in leaves nothing to choose. */
  let isFirstList = true

  const ask = async (command: SearchCommand) => {
    if (chat) await searchInChat(command, { chat, dispatch })
  }
  /** Somebody may type faster than is searched. */
  const searches = { here: latestOnly(ask), everywhere: latestOnly(ask) }

  async function search(command: SearchCommand): Promise<void> {
    // The next page of what is found is nothing that is typed.
    if (command.before !== undefined) return await ask(command)
    await searches[command.conversation === undefined ? 'everywhere' : 'here'](command)
  }

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

  const tellCode = (code: string) => dispatch({ type: 'recovery-code', code })
  async function unlock(credentials: { userId: string; password: string }): Promise<void> {
    try {
      if (await accounts.checkPassword(credentials)) return dispatch({ type: 'unlocked' })
      dispatch({
        type: 'unlock-refused',
        failure: { code: 'login_refused', message: 'That is not the password.' },
      })
    } catch (error) {
      dispatch({ type: 'unlock-refused', failure: failureOf(error) })
    }
  }

  async function work(command: Exclude<Command, TerminalCommand>): Promise<void> {
    switch (command.type) {
      case 'list-accounts':
        return await listAccounts()
      case 'sign-up':
        return await use(() => accounts.signUp({ ...command, tellCode }))
      case 'recover':
        return await use(() => accounts.recover({ ...command, tellCode }))
      case 'log-in':
        return await use(() => accounts.logIn(command))
      case 'measure-servers':
        return await accounts.measure({
          ...(command.url === undefined ? {} : { url: command.url }),
          found: server => dispatch({ type: 'server-measured', server, isOwn: command.url !== undefined }),
        })
      case 'judge-password': {
        const judged = { password: command.password, ...(await judge(command)) }
        return dispatch({ type: 'password-judged', judged })
      }
      case 'resume':
        return await use(() => accounts.resume(command))
      case 'unlock':
        return await unlock(command)
      case 'complete-path':
        return dispatch({ type: 'paths', typed: command.typed, found: await paths.complete(command.typed) })
      case 'search':
        return await search(command)
      default:
        return chat ? await workInChat(command, { chat, paths, drawsQr, dispatch }) : undefined
    }
  }

  return {
    async run(command) {
      try {
        await work(command)
      } catch (error) {
        const answer = refusal(command, failureOf(error))
        if (answer) dispatch(answer)
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

/** A message that is not ours may hold anything, so it is not shown. */
export function failureOf(error: unknown): Failure {
  return error instanceof FastChatError
    ? { code: error.code, message: error.message }
    : { code: 'internal', message: 'Cannot do this: internal error, please report it' }
}
