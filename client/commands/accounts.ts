import { exitCodes, FastChatError } from '../../schema/errors.ts'
import { type CommandContext, type LineOf, resumeChat } from './context.ts'
import { readPassword } from './password.ts'
import { visibleJson } from './visible.ts'

/** `fastchat signup`. */
export async function signUp(context: CommandContext, line: LineOf<'signup' | 'login'>): Promise<number> {
  const { userId, isPasswordOnStdin: isOnStdin } = line
  const password = await readPassword(context, { isOnStdin, isNew: true, userId })
  const chat = await context.accounts.signUp({ userId, password })
  await chat.close()
  await context.io.print(`Signed up as ${userId}.\n`)
  return exitCodes.done
}

/** `fastchat login`. */
export async function logIn(context: CommandContext, line: LineOf<'signup' | 'login'>): Promise<number> {
  const { userId, isPasswordOnStdin: isOnStdin } = line
  const password = await readPassword(context, { isOnStdin, isNew: false, userId })
  const chat = await context.accounts.logIn({ userId, password })
  await chat.close()
  await context.io.print(`Logged in as ${userId}.\n`)
  return exitCodes.done
}

/** `fastchat logout`: done already is done, too. */
export async function logOut(context: CommandContext, line: LineOf<'logout' | 'chat'>): Promise<number> {
  try {
    const chat = await resumeChat(context, line)
    try {
      await chat.logOut()
    } finally {
      await chat.close()
    }
  } catch (error) {
    if (!(error instanceof FastChatError) || error.code !== 'not_logged_in') throw error
  }
  await context.io.print('Logged out.\n')
  return exitCodes.done
}

/** `fastchat accounts`. */
export async function listAccounts(context: CommandContext, line: LineOf<'accounts'>): Promise<number> {
  for (const { userId, loggedIn } of await context.accounts.list()) {
    const text = line.json
      ? visibleJson({ userId, loggedIn })
      : `${userId}  ${loggedIn ? 'logged in' : 'logged out'}`
    await context.io.print(`${text}\n`)
  }
  return exitCodes.done
}
