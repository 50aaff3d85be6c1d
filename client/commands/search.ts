import { resolve } from 'node:path'
import { exitCodes, FastChatError } from '../../schema/errors.ts'
import type { Chat, ConversationSummary } from '../chat.ts'
import { exportable, exportLines } from '../export/export-lines.ts'
import { writeNewFile } from '../export/new-file.ts'
import { type Asking, catchUp } from './asking.ts'
import { type CommandContext, type LineOf, withAsking } from './context.ts'
import { formatKnownJson, formatReceived } from './format-received.ts'
import type { Io } from './io.ts'

/** `fastchat search`: messages of this device, the best first. Exits with 0 also when nothing was found. */
export async function search(context: CommandContext, line: LineOf<'search'>): Promise<number> {
  const { query, in: whom, limit, json } = line
  return await withAsking({ context, line, what: 'search' }, async asking => {
    const { chat } = asking
    await catchUpOrSay(asking, context.io)
    const { conversations } = await chat.snapshot()
    const place = whom === undefined ? {} : { conversation: findConversation(conversations, whom).id }
    const { hits, total } = await chat.search({ query, ...place, limit })
    const byId = new Map(conversations.map(summary => [summary.id, summary]))
    for (const { id, conversation } of hits) {
      const item = await chat.message({ id })
      if (!item) continue
      const known = { item, conversation: byId.get(conversation), isPlaced: true }
      await context.io.print(json ? formatKnownJson(known) : formatReceived(known))
    }
    if (total > hits.length) context.io.warn(`fastchat: ${hits.length} of ${total}; --limit shows more`)
    return exitCodes.done
  })
}

/** `fastchat export`: all messages of a conversation, or of all that were accepted. */
export async function exportMessages(context: CommandContext, line: LineOf<'export'>): Promise<number> {
  const { whom, format, output } = line
  const { io, stop } = context
  return await withAsking({ context, line, what: 'export' }, async asking => {
    const { chat } = asking
    await catchUpOrSay(asking, io)
    const all = (await chat.snapshot()).conversations
    const conversations = whom === undefined ? exportable(all) : [findConversation(all, whom)]
    const lines = untilStopped(chat, { conversations, format, stop })
    if (output === undefined) for await (const text of lines) await io.print(text)
    else await writeNewFile(resolve(output), lines)
    return exitCodes.done
  })
}

/** A file that is broken off is no export: it is taken away again. */
async function* untilStopped(
  chat: Chat,
  { stop, ...what }: Parameters<typeof exportLines>[1] & { stop: AbortSignal },
): AsyncGenerator<string> {
  for await (const line of exportLines(chat, what)) {
    if (stop.aborted) throw new FastChatError('unavailable', 'Cannot export: stopped by a signal')
    yield line
  }
}

async function catchUpOrSay(asking: Asking, io: Io): Promise<void> {
  if ((await catchUp(asking)) || asking.stop.aborted) return
  io.warn('fastchat: no server has told what is new: this is what is known here')
}

/**
 * A conversation that is there: none is made for this.
 *
 * @param whom `@user`, `#group`, or a bare id: a person before a group
 * @throws FastChatError `not_found`
 */
function findConversation(conversations: readonly ConversationSummary[], whom: string): ConversationSummary {
  const id = whom.replace(/^[@#]/, '')
  const find = (kind: ConversationSummary['kind']) =>
    conversations.find(summary => summary.kind === kind && summary.with === id)
  const found =
    (whom.startsWith('#') ? undefined : find('direct')) ?? (whom.startsWith('@') ? undefined : find('group'))
  if (found) return found
  throw new FastChatError('not_found', `Cannot find conversation with "${whom}": there is none here`)
}
