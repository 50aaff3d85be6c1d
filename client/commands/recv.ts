import { exitCodes, FastChatError } from '../../schema/errors.ts'
import type { Chat, MessageItem } from '../chat.ts'
import { type CommandContext, type LineOf, resumeChat, withChat } from './context.ts'
import { formatReceived, formatReceivedJson } from './format.ts'
import type { Io } from './io.ts'
import { createWaiter, type Woken } from './waiting.ts'

/** Printed, and then marked as read, together. */
const BATCH = 100
const DRAIN_TIMEOUT_MS = 30_000

/** `fastchat recv`: prints what is unread, and marks it as read after it was written. Exits with 0, 3, 4 or 5. */
export async function recv(context: CommandContext, line: LineOf<'recv'>): Promise<number> {
  return await withChat(await resumeChat(context, line), async chat => {
    const isEndless = line.follow || line.count !== undefined
    const timeoutMs = line.timeoutMs ?? (isEndless ? undefined : DRAIN_TIMEOUT_MS)
    const waiter = createWaiter(chat, { timeoutMs, stop: context.stop })
    const format = line.json ? formatReceivedJson : formatReceived
    let left = line.count ?? Number.POSITIVE_INFINITY
    let woken: Woken = 'event'
    try {
      for (;;) {
        // Before `unread`: what had come by then is in it.
        const { drained } = await chat.snapshot()
        const items = await chat.unread({ limit: Math.min(BATCH, left) })
        if (items.length > 0) await printAll(chat, { io: context.io, items, format })
        left -= items.length
        if (left === 0 || woken === 'stopped') return exitCodes.done
        if (items.length === BATCH) continue
        if (drained && !isEndless) return exitCodes.done
        if (woken === 'late') return await giveUp(chat, line, left)
        woken = await waiter.wait()
      }
    } finally {
      waiter.dispose()
    }
  })
}

interface Printing {
  io: Io
  items: MessageItem[]
  format: (item: MessageItem) => string
}

async function printAll(chat: Chat, { io, items, format }: Printing): Promise<void> {
  const printed = new Map<string, number>()
  try {
    for (const item of items) {
      await io.print(format(item))
      printed.set(item.conversation, item.seq)
    }
  } finally {
    // Also when the reader has gone in the middle: what it got is read, the rest is not.
    for (const [conversation, upToSeq] of printed) await chat.markRead({ conversation, upToSeq })
  }
}

async function giveUp(chat: Chat, line: LineOf<'recv'>, left: number): Promise<number> {
  const { connection } = await chat.snapshot()
  if (connection.state !== 'online') {
    throw new FastChatError('no_server', 'Cannot receive: no server was reached in time')
  }
  if (line.count !== undefined) {
    throw new FastChatError(
      'not_delivered',
      `Cannot receive ${line.count} messages: ${line.count - left} came in time`,
    )
  }
  if (line.follow) return exitCodes.done
  throw new FastChatError('unavailable', 'Cannot receive: the server did not bring all that waits in time')
}
