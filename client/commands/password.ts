import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import { orStopped } from './asking.ts'
import type { CommandContext } from './context.ts'

const MAX_TRIES = 3

/**
 * The password, from `--password-stdin` (the first line), FASTCHAT_PASSWORD, or the terminal, in this order.
 *
 * @param isNew asks twice on the terminal, since nobody could see what was typed
 * @throws FastChatError `usage`, `no_terminal`; Interrupted.
 */
export async function readPassword(
  { io, password, stop }: CommandContext,
  { isOnStdin, isNew, userId }: { isOnStdin: boolean; isNew: boolean; userId: string },
): Promise<string> {
  if (isOnStdin) {
    const [line = ''] = await readSecretLines({ io }, 1)
    return line
  }
  if (password !== undefined) return password
  const question = `Password of ${userId}: `
  return isNew ? await askTwice({ io, stop }, question) : await orStopped(stop, io.askSecret(question))
}

/**
 * The first lines of standard input.
 *
 * @throws FastChatError `usage` when there are fewer, or one is empty
 */
export async function readSecretLines({ io }: Pick<CommandContext, 'io'>, count: number): Promise<string[]> {
  const input = await io.readInput({ maxBytes: count * (limits.maxPasswordBytes + 1024) })
  const lines = new TextDecoder().decode(input).split(/\r?\n/).slice(0, count)
  if (lines.length === count && lines.every(line => line !== '')) return lines
  const missing = count === 1 ? 'no line' : `not ${count} lines`
  throw new FastChatError('usage', `Cannot read password: standard input has ${missing}`)
}

/** What nobody can see is typed twice. @throws FastChatError `usage`, `no_terminal`; Interrupted. */
export async function askTwice(
  { io, stop }: Pick<CommandContext, 'io' | 'stop'>,
  question: string,
): Promise<string> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const typed = await orStopped(stop, io.askSecret(question))
    if (typed === (await orStopped(stop, io.askSecret('The same again: ')))) return typed
    io.warn('These two differ.')
  }
  throw new FastChatError('usage', 'Cannot read password: typed differently each time')
}
