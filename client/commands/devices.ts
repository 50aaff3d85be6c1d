import { exitCodes, FastChatError } from '../../schema/errors.ts'
import type { DeviceId } from '../../schema/ids.ts'
import type { Chat } from '../chat.ts'
import { type CommandContext, type LineOf, resumeChat, withChat } from './context.ts'
import { formatDevice, formatDeviceJson } from './format.ts'
import { visibleJson } from './visible.ts'

/** `fastchat devices`: lists them, or revokes one. Exits with 0, 3 or 4. */
export async function devices(context: CommandContext, line: LineOf<'devices'>): Promise<number> {
  return await withChat(await resumeChat(context, line), async chat => {
    const { revoke, json } = line
    if (revoke === undefined) {
      for (const device of await orStopped(context, chat.devices())) {
        await context.io.print(json ? formatDeviceJson(device) : formatDevice(device))
      }
    } else {
      await orStopped(context, revokeOne(chat, revoke))
      await context.io.print(json ? `${visibleJson({ revoked: revoke })}\n` : `Revoked ${revoke}.\n`)
    }
    return exitCodes.done
  })
}

async function revokeOne(chat: Chat, deviceId: DeviceId): Promise<void> {
  const current = (await chat.devices()).find(device => device.current)
  try {
    await chat.revokeDevice({ deviceId })
  } catch (error) {
    // Its session may end before the answer is here.
    const isDone = error instanceof FastChatError && error.code === 'device_revoked'
    if (!isDone || current?.deviceId !== deviceId) throw error
  }
}

/** Waiting for a server ends with a signal. */
async function orStopped<T>({ stop }: CommandContext, asked: Promise<T>): Promise<T> {
  let leave: () => void = () => undefined
  const stopped = new Promise<never>((_, reject) => {
    leave = () => reject(new FastChatError('unavailable', 'Cannot go on: stopped by a signal'))
    stop.addEventListener('abort', leave)
    if (stop.aborted) leave()
  })
  try {
    return await Promise.race([asked, stopped])
  } finally {
    stop.removeEventListener('abort', leave)
  }
}
