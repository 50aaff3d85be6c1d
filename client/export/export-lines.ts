import type { Chat, ConversationSummary, MessageItem } from '../chat.ts'
import { formatKnownJson, formatReceived } from '../commands/format-received.ts'
import { sanitizeLine } from '../tui/sanitize.ts'

export type ExportFormat = 'json' | 'text'

/** Messages that are read at a time: however long a conversation is, no more of it is in memory. */
const PAGE_MESSAGES = 200

/** The conversations that are exported when none is named: nothing of strangers, and of who is blocked. */
export function exportable(conversations: readonly ConversationSummary[]): ConversationSummary[] {
  return conversations.filter(({ isRequest, isBlocked }) => isRequest !== true && isBlocked !== true)
}

/** The messages of conversations, each from its first to its last, as lines. What the program said is left out. */
export async function* exportLines(
  chat: Pick<Chat, 'history'>,
  { conversations, format }: { conversations: readonly ConversationSummary[]; format: ExportFormat },
): AsyncGenerator<string> {
  let isFirst = true
  for (const conversation of conversations) {
    let isBegun = false
    for await (const item of messagesOf(chat, conversation)) {
      if (format === 'text' && !isBegun) yield `${isFirst ? '' : '\n'}== ${nameOf(conversation)} ==\n`
      isBegun = true
      isFirst = false
      yield format === 'json' ? formatKnownJson({ item, conversation }) : formatReceived({ item })
    }
  }
}

async function* messagesOf(
  chat: Pick<Chat, 'history'>,
  { id: conversation }: ConversationSummary,
): AsyncGenerator<MessageItem> {
  const [newest] = await chat.history({ conversation, limit: 1 })
  const last = newest?.seq ?? 0
  for (let done = 0; done < last; done += PAGE_MESSAGES) {
    const beforeSeq = done + PAGE_MESSAGES + 1
    const page = await chat.history({ conversation, beforeSeq, limit: PAGE_MESSAGES })
    // Where lines are no more, some of the page before come again.
    for (const item of page) if (item.kind === 'message' && item.seq > done && item.seq <= last) yield item
  }
}

function nameOf({ kind, with: other, title }: ConversationSummary): string {
  const name = `${kind === 'group' ? '#' : '@'}${sanitizeLine(other)}`
  return title === undefined ? name : `${name} "${sanitizeLine(title)}"`
}
