import { exitCodes } from '../../schema/errors.ts'
import type { ConversationSummary } from '../chat.ts'
import { catchUp } from './asking.ts'
import { type CommandContext, type LineOf, withAsking } from './context.ts'
import { jsonLine } from './format.ts'
import { formatConversation, formatConversationJson } from './format-conversation.ts'

export interface Listing {
  line: { as?: string; timeoutMs: number; json: boolean }
  isListed: (summary: ConversationSummary) => boolean
  format: (summary: ConversationSummary) => string
}

/** Prints conversations as they are once all that waited on the server is here; without a server, as they were known. */
export async function listConversations(
  context: CommandContext,
  { line, isListed, format }: Listing,
): Promise<number> {
  return await withAsking({ context, line, what: 'list' }, async asking => {
    const { io, stop } = context
    const isLatest = await catchUp(asking)
    if (!isLatest && !stop.aborted) {
      io.warn('fastchat: no server has told what is new: this is what is known here')
    }
    const { conversations } = await asking.chat.snapshot()
    for (const summary of conversations.filter(isListed)) await io.print(format(summary))
    return exitCodes.done
  })
}

/** `fastchat conversations`. */
export async function conversations(context: CommandContext, line: LineOf<'conversations'>): Promise<number> {
  const format = line.json ? formatConversationJson : formatConversation
  return await listConversations(context, { line, isListed: () => true, format })
}

/** `fastchat requests`: those that are blocked are answered already. */
export async function requests(context: CommandContext, line: LineOf<'requests'>): Promise<number> {
  const format = line.json ? formatConversationJson : formatConversation
  const isListed = ({ isRequest, isBlocked }: ConversationSummary) => isRequest === true && isBlocked !== true
  return await listConversations(context, { line, isListed, format })
}

/** `fastchat settings`: changes what is named, and prints how they are. */
export async function settings(context: CommandContext, line: LineOf<'settings'>): Promise<number> {
  const { readReceipts, typing, presence, json } = line
  const change = {
    ...(readReceipts === undefined ? {} : { sendsReadReceipts: readReceipts }),
    ...(typing === undefined ? {} : { sendsTyping: typing }),
    ...(presence === undefined ? {} : { showsPresence: presence }),
  }
  return await withAsking(
    { context, line: { ...line, timeoutMs: 0 }, what: 'change settings' },
    async ({ chat }) => {
      if (Object.keys(change).length > 0) await chat.setSettings(change)
      const { sendsReadReceipts, sendsTyping, showsPresence } = (await chat.snapshot()).settings
      await context.io.print(
        json
          ? jsonLine({ readReceipts: sendsReadReceipts, typing: sendsTyping, presence: showsPresence })
          : `read receipts  ${onOff(sendsReadReceipts)}\ntyping         ${onOff(sendsTyping)}\npresence       ${onOff(showsPresence)}\n`,
      )
      return exitCodes.done
    },
  )
}

function onOff(isOn: boolean): string {
  return isOn ? 'on' : 'off'
}
