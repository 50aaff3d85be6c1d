import { exitCodes, FastChatError } from '../../schema/errors.ts'
import { orStopped } from './asking.ts'
import { type CommandContext, type LineOf, onlyAccount, resumeChat } from './context.ts'
import { askTwice, readPassword, readSecretLines } from './password.ts'
import { visibleJson } from './visible.ts'

/** `fastchat signup`. */
export async function signUp(context: CommandContext, line: LineOf<'signup'>): Promise<number> {
  const { userId, isPasswordOnStdin: isOnStdin } = line
  const password = await readPassword(context, { isOnStdin, isNew: true, userId })
  const codes = collectCodes()
  const more = line.isRecoverable ? { tellCode: codes.tellCode } : {}
  const chat = await context.accounts.signUp({ userId, password, ...more })
  await chat.close()
  await context.io.print(`Signed up as ${userId}.\n${codes.text()}`)
  return exitCodes.done
}

/** `fastchat login`. */
export async function logIn(context: CommandContext, line: LineOf<'login'>): Promise<number> {
  const { userId, isPasswordOnStdin: isOnStdin } = line
  const password = await readPassword(context, { isOnStdin, isNew: false, userId })
  const chat = await context.accounts.logIn({ userId, password })
  await chat.close()
  await context.io.print(`Logged in as ${userId}.\n`)
  return exitCodes.done
}

/** `fastchat recover`. */
export async function recover(context: CommandContext, line: LineOf<'recover'>): Promise<number> {
  const { userId } = line
  const { io, stop, accounts } = context
  const [code = '', password = ''] = line.isPasswordOnStdin
    ? await readSecretLines(context, 2)
    : [
        await orStopped(stop, io.askSecret(`Recovery code of ${userId}: `)),
        context.password ?? (await askTwice(context, 'New password: ')),
      ]
  const codes = collectCodes()
  try {
    const chat = await accounts.recover({ userId, code, password, tellCode: codes.tellCode })
    await chat.close()
    await io.print(`Recovered ${userId}: it has the new password now, and is open here.\n`)
  } finally {
    // The old code is void already, whatever came afterwards.
    if (codes.text() !== '') await io.print(codes.text())
  }
  return exitCodes.done
}

/** `fastchat password`. */
export async function changePassword(context: CommandContext, line: LineOf<'password'>): Promise<number> {
  const { io, stop, accounts } = context
  const userId = line.as ?? (await onlyAccount(context))
  const [password = '', newPassword = ''] = line.isPasswordOnStdin
    ? await readSecretLines(context, 2)
    : [
        context.password ?? (await orStopped(stop, io.askSecret(`Present password of ${userId}: `))),
        await askTwice(context, 'New password: '),
      ]
  const codes = collectCodes()
  const more = line.isNewCode ? { tellCode: codes.tellCode } : {}
  await accounts.changePassword({ userId, password, newPassword, ...more })
  await io.print(`Changed the password of ${userId}.\n${codes.text()}`)
  return exitCodes.done
}

/** Takes the recovery code, and says it in words; nothing when none was told. */
function collectCodes() {
  let told: string | undefined
  return {
    tellCode: (code: string) => {
      told = code
    },
    text: () =>
      told === undefined
        ? ''
        : `Recovery code: ${told}\nWrite it down, it is shown only now: without it a forgotten password cannot be replaced.\n`,
  }
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
