import { basename, resolve } from 'node:path'
import { exitCodes, FastChatError, isErrorCode } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import type { Chat, ConversationSummary, MessageItem } from '../chat.ts'
import { type Asking, withLatest } from './asking.ts'
import { type CommandContext, type LineOf, withAsking } from './context.ts'
import { formatSent } from './format.ts'
import { takeText } from './text.ts'
import { isMoving, showTransfers } from './transfers.ts'

/** `fastchat send`: one message, then waits for what `--wait` names. Exits with 0, 2, 3, 4 or 5. */
export async function send(context: CommandContext, line: LineOf<'send'>): Promise<number> {
  const text =
    line.text === undefined ? undefined : await takeText(context, { text: line.text, verb: 'send' })
  const what = `send to "${line.to}"`
  return await withAsking(
    { context, line, what, ...(line.file ? { isProgress: isMoving } : {}) },
    async asking => {
      const { io } = context
      const { chat } = asking
      const label = () => basename(line.file?.path ?? '')
      const hide = line.file ? showTransfers(chat, { io, direction: 'up', label }) : () => undefined
      try {
        await checkCountable(chat, line)
        const accepted = await accept(asking, { line, text })
        if (!accepted) return exitCodes.done
        const { item, error } = await settle(asking, { item: accepted, line })
        if (line.json) await io.print(formatSent(item, { to: line.to }))
        if (error) throw error
        return exitCodes.done
      } finally {
        hide()
      }
    },
  )
}

/** In a large group nobody tells: said before anything is sent. */
async function checkCountable(chat: Chat, { to, wait }: LineOf<'send'>): Promise<void> {
  if (wait !== 'delivered' || to.startsWith('@')) return
  const { conversations } = await chat.snapshot()
  const id = to.replace(/^#/, '')
  const isPerson = !to.startsWith('#') && conversations.some(one => one.kind === 'direct' && one.with === id)
  const group = conversations.find(one => one.kind === 'group' && one.with === id)
  if (isPerson || !isTooLarge(group)) return
  const state = `in groups of more than ${limits.maxReceiptMembers} nobody tells what has come; use --wait stored`
  throw new FastChatError('usage', `Cannot wait for delivery to "${to}": ${state}`)
}

function isTooLarge(conversation: ConversationSummary | undefined): boolean {
  return conversation?.kind === 'group' && (conversation.memberCount ?? 0) > limits.maxReceiptMembers
}

/** The message in the outbox; null when a signal came first. For a first message a server must be asked. */
async function accept(
  asking: Asking,
  { line, text }: { line: LineOf<'send'>; text: string | undefined },
): Promise<MessageItem | null> {
  const { chat, stop } = asking
  const { to, file } = line
  const reply = line.replyTo === undefined ? {} : { replyTo: line.replyTo }
  try {
    return await withLatest(asking, async () => {
      if (!file) return await chat.send({ to, text: text ?? '', ...reply })
      const caption = text === undefined ? {} : { caption: text }
      return await chat.sendFile({ to, path: resolve(file.path), as: file.as, ...caption, ...reply })
    })
  } catch (error) {
    if (stop.aborted) return null
    if (asking.waiter.now() !== 'late' || !(error instanceof FastChatError) || error.code !== 'no_server')
      throw error
    throw new FastChatError(
      'no_server',
      `Cannot send to "${to}": no server answered in time; nothing is sent`,
    )
  }
}

interface Settled {
  item: MessageItem
  error?: FastChatError
}

async function settle(
  { chat, waiter }: Asking,
  { item: accepted, line }: { item: MessageItem; line: LineOf<'send'> },
): Promise<Settled> {
  for (let item = accepted; ; item = (await chat.message({ id: accepted.id })) ?? item) {
    if (item.state === 'failed') return { item, error: refusal(item, line.to) }
    const outcome = await judge(chat, { item, line })
    if (outcome) return outcome
    const woken = waiter.now() ?? (await waiter.wait())
    if (woken === 'event') continue
    // What came in the last moment counts.
    const last = (await chat.message({ id: accepted.id })) ?? item
    if (last.state !== item.state) continue
    return woken === 'stopped' ? { item: last } : { item: last, error: lateness(last, line) }
  }
}

/** Whether there is nothing more to wait for. */
async function judge(
  chat: Chat,
  { item, line }: { item: MessageItem; line: LineOf<'send'> },
): Promise<Settled | undefined> {
  if (item.state === 'delivered' || item.state === 'read') return { item }
  if (item.state !== 'stored') return undefined
  if (line.wait === 'stored') return { item }
  const { conversations } = await chat.snapshot()
  const conversation = conversations.find(({ id }) => id === item.conversation)
  if (conversation?.kind !== 'group') return undefined
  // Nobody else is there.
  if (conversation.memberCount === 1) return { item }
  if (item.receipts || !isTooLarge(conversation)) return undefined
  const state = `stored; in groups of more than ${limits.maxReceiptMembers} nobody tells what has come`
  return { item, error: new FastChatError('not_delivered', `Cannot wait for delivery: ${state}`) }
}

function refusal(item: MessageItem, to: string): FastChatError {
  const { code, message } = item.failure ?? { code: 'internal', message: `Cannot send to "${to}": refused` }
  return new FastChatError(isErrorCode(code) ? code : 'bad_request', message)
}

function lateness(item: MessageItem, { to, timeoutMs }: LineOf<'send'>): FastChatError {
  const seconds = timeoutMs / 1000
  if (item.state === 'stored') {
    const { receipts } = item
    const who = receipts
      ? `only ${receipts.delivered} of ${receipts.of} members have it`
      : `no device of "${to}" has it`
    const state = `stored, but ${who} after ${seconds} s; it is brought when one connects`
    return new FastChatError('not_delivered', `Cannot deliver message: ${state}`)
  }
  const state = `no server has stored it after ${seconds} s; it stays in the outbox and goes out with the next connection`
  return new FastChatError('no_server', `Cannot send to "${to}": ${state}`)
}
