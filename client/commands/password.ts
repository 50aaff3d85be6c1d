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
    const input = await io.readInput({ maxBytes: limits.maxPasswordBytes + 1024 })
    const [line = ''] = new TextDecoder().decode(input).split(/\r?\n/)
    if (line === '') throw new FastChatError('usage', 'Cannot read password: standard input has no line')
    return line
  }
  if (password !== undefined) return password
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const typed = await orStopped(stop, io.askSecret(`Password of ${userId}: `))
    if (!isNew || typed === (await orStopped(stop, io.askSecret('The same again: ')))) return typed
    io.warn('These two differ.')
  }
  throw new FastChatError('usage', 'Cannot read password: typed differently each time')
}
