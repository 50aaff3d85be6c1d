import { exitCodes } from '../../schema/errors.ts'
import type { Chat } from '../chat.ts'
import { sendOut, withLatest } from './asking.ts'
import { type CommandContext, type LineOf, withAsking } from './context.ts'
import { isoTime, jsonLine } from './format.ts'
import { formatTime } from './format-conversation.ts'
import { takeText } from './text.ts'

/** `fastchat edit`. Like all here: waits until a server has it, and exits with 0, 2, 3 or 4. */
export async function edit(context: CommandContext, line: LineOf<'edit'>): Promise<number> {
  const text = await takeText(context, { text: line.text, verb: 'edit' })
  return await change(context, { line, what: 'edit message' }, chat => chat.edit({ id: line.id, text }))
}

/** `fastchat delete`. */
export async function deleteMessage(context: CommandContext, line: LineOf<'delete'>): Promise<number> {
  return await change(context, { line, what: 'delete message' }, chat => chat.deleteMessage({ id: line.id }))
}

/** `fastchat react`. */
export async function react(context: CommandContext, line: LineOf<'react'>): Promise<number> {
  const { id, emoji } = line
  return await change(context, { line, what: 'react' }, chat => chat.react({ id, emoji }))
}

/** `fastchat timer`. */
export async function setTimer(context: CommandContext, line: LineOf<'timer'>): Promise<number> {
  const { to, afterMs, json } = line
  return await withAsking({ context, line, what: 'set timer' }, async asking => {
    const { chat } = asking
    const { id: conversation } = await withLatest(asking, () => chat.open({ with: to }))
    await sendOut(asking, () => chat.setTimer({ conversation, afterMs }))
    const after =
      afterMs === null ? 'do not disappear any more' : `disappear ${formatTime(afterMs)} after they are read`
    await context.io.print(
      json ? jsonLine({ to, conversation, disappearAfterMs: afterMs }) : `New messages to ${to} ${after}.\n`,
    )
    return exitCodes.done
  })
}

/** `fastchat mute` and `unmute`: of this device alone, so no server is waited for once the conversation is known. */
export async function mute(context: CommandContext, line: LineOf<'mute' | 'unmute'>): Promise<number> {
  const { command, to, json } = line
  const forMs = command === 'mute' ? line.forMs : undefined
  return await withAsking({ context, line, what: `${command} "${to}"` }, async asking => {
    const { chat } = asking
    const { id: conversation } = await withLatest(asking, () => chat.open({ with: to }))
    const isMuted = command === 'mute'
    await chat.mute({ conversation, isMuted, ...(forMs === undefined ? {} : { forMs }) })
    const summary = (await chat.snapshot()).conversations.find(({ id }) => id === conversation)
    const until = summary?.mutedUntil === undefined ? {} : { mutedUntil: isoTime(summary.mutedUntil) }
    const time = forMs === undefined ? '' : ` for ${formatTime(forMs)}`
    const said = isMuted ? `Muted ${to}${time}.\n` : `Unmuted ${to}.\n`
    await context.io.print(json ? jsonLine({ to, conversation, muted: isMuted, ...until }) : said)
    return exitCodes.done
  })
}

async function change(
  context: CommandContext,
  { line, what }: { line: LineOf<'edit' | 'delete' | 'react'>; what: string },
  work: (chat: Chat) => Promise<void>,
): Promise<number> {
  return await withAsking({ context, line, what }, async asking => {
    await sendOut(asking, () => work(asking.chat))
    return exitCodes.done
  })
}
