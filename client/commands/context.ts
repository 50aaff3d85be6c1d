import { FastChatError } from '../../schema/errors.ts'
import type { Accounts, Chat, ChatEvent } from '../chat.ts'
import type { CommandLine } from '../config/command-line.ts'
import type { Asking } from './asking.ts'
import type { Io } from './io.ts'
import { createWaiter } from './waiting.ts'

/** What every command is given. */
export interface CommandContext {
  accounts: Accounts
  io: Io
  /** FASTCHAT_PASSWORD. */
  password?: string
  /** Aborted when a signal asks the process to end. */
  stop: AbortSignal
}

/** The part of a command line that belongs to one command. */
export type LineOf<C extends CommandLine['command']> = Extract<CommandLine, { command: C }>

/**
 * The session of `--as`, else of the only account of this home.
 *
 * @throws FastChatError `no_account`, `not_logged_in`; `usage` when there are several to choose from.
 */
export async function resumeChat(context: CommandContext, { as }: { as?: string }): Promise<Chat> {
  return await context.accounts.resume({ userId: as ?? (await onlyAccount(context)) })
}

/** @throws FastChatError `no_account`, `usage` */
export async function onlyAccount({ accounts }: Pick<CommandContext, 'accounts'>): Promise<string> {
  const all = await accounts.list()
  const [first, ...more] = all
  if (!first) {
    throw new FastChatError(
      'no_account',
      'Cannot open account: none on this machine; run: fastchat signup USER',
    )
  }
  if (more.length === 0) return first.userId
  const names = all.map(({ userId }) => userId).join(', ')
  throw new FastChatError(
    'usage',
    `Cannot choose account: this machine has ${names}; say which one with --as USER`,
  )
}

/** Runs with a chat that is closed in the end, whatever happens. */
export async function withChat<T>(chat: Chat, work: (chat: Chat) => Promise<T>): Promise<T> {
  try {
    return await work(chat)
  } finally {
    await chat.close()
  }
}

export interface AskingOptions {
  context: CommandContext
  line: { as?: string; timeoutMs: number }
  /** "Cannot <what>: …" */
  what: string
  /** Events after which the time begins anew. */
  isProgress?: (event: ChatEvent) => boolean
}

/** Runs a command that asks and waits, for `line.timeoutMs` at most, with the session that the line names. */
export async function withAsking<T>(
  { context, line, what, ...rest }: AskingOptions,
  work: (asking: Asking) => Promise<T>,
): Promise<T> {
  const { stop } = context
  return await withChat(await resumeChat(context, line), async chat => {
    const waiter = createWaiter(chat, { timeoutMs: line.timeoutMs, stop, ...rest })
    try {
      return await work({ chat, waiter, stop, what })
    } finally {
      waiter.dispose()
    }
  })
}
