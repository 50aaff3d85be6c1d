import { resolve } from 'node:path'
import { type ErrorCode, exitCodes, FastChatError } from '../../schema/errors.ts'
import type { Chat, MessageItem } from '../chat.ts'
import { orStopped } from './asking.ts'
import { type CommandContext, type LineOf, resumeChat, withChat } from './context.ts'
import { formatReceived, formatReceivedJson, type Received } from './format-received.ts'
import { showTransfers } from './transfers.ts'
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
    const printer = new Printer(context, { chat, line })
    const without = line.noRequests ? { withoutRequests: true } : {}
    let left = line.count ?? Number.POSITIVE_INFINITY
    let woken: Woken = 'event'
    try {
      for (;;) {
        // Before `unread`: what had come by then is in it.
        const { drained } = await chat.snapshot()
        const items = await chat.unread({ limit: Math.min(BATCH, left), ...without })
        if (items.length > 0) await printer.print(items)
        left -= items.length
        if (left === 0 || woken === 'stopped' || context.stop.aborted) return printer.code
        if (items.length === BATCH) continue
        if (drained && !isEndless) return printer.code
        if (woken === 'late') return await giveUp(chat, { line, left, code: printer.code })
        woken = await waiter.wait()
      }
    } finally {
      waiter.dispose()
    }
  })
}

/** A file that is lost is lost for good: its message is read all the same. Whatever else happens is tried again. */
const LOST: readonly ErrorCode[] = ['not_found', 'bad_blob', 'unknown_message']

class Printer {
  /** 3 once a file could not be saved. */
  code: number = exitCodes.done
  readonly #context: CommandContext
  readonly #chat: Chat
  readonly #line: LineOf<'recv'>

  constructor(context: CommandContext, { chat, line }: { chat: Chat; line: LineOf<'recv'> }) {
    this.#context = context
    this.#chat = chat
    this.#line = line
  }

  async print(items: readonly MessageItem[]): Promise<void> {
    const chat = this.#chat
    const { conversations } = await chat.snapshot()
    const byId = new Map(conversations.map(summary => [summary.id, summary]))
    const format = this.#line.json ? formatReceivedJson : formatReceived
    const printed = new Map<string, number>()
    try {
      for (const item of items) {
        if (this.#context.stop.aborted) break
        const conversation = byId.get(item.conversation)
        // A stranger does not write to this disk.
        const saved = conversation?.isRequest ? {} : await this.#save(item)
        await this.#context.io.print(format({ item, conversation, ...saved }))
        printed.set(item.conversation, item.seq)
      }
    } finally {
      // Also when the reader has gone in the middle: what it got is read, the rest is not.
      for (const [conversation, upToSeq] of printed) await chat.markRead({ conversation, upToSeq })
    }
  }

  async #save({ id, content }: MessageItem): Promise<Pick<Received, 'path' | 'unsaved'>> {
    const { saveFolder } = this.#line
    if (saveFolder === undefined || content.type !== 'file') return {}
    const { io } = this.#context
    const hide = showTransfers(this.#chat, { io, direction: 'down', label: () => content.name })
    try {
      const saving = this.#chat.saveFile({ id, folder: resolve(saveFolder) })
      return await orStopped(this.#context.stop, saving)
    } catch (error) {
      if (!(error instanceof FastChatError) || !LOST.includes(error.code)) throw error
      io.warn(`fastchat: Cannot save file of message ${id}: it is lost (${error.code})`)
      this.code = exitCodes.refused
      return { unsaved: error.code }
    } finally {
      hide()
    }
  }
}

async function giveUp(
  chat: Chat,
  { line, left, code }: { line: LineOf<'recv'>; left: number; code: number },
): Promise<number> {
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
  if (line.follow) return code
  throw new FastChatError('unavailable', 'Cannot receive: the server did not bring all that waits in time')
}
