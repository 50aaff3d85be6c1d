import { exitCodes, FastChatError, isErrorCode } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import type { Chat, MessageItem } from '../chat.ts'
import { type CommandContext, type LineOf, resumeChat, withChat } from './context.ts'
import { formatSent } from './format.ts'
import { createWaiter, type Waiter } from './waiting.ts'

/** `fastchat send`: one message, then waits for what `--wait` names. Exits with 0, 3, 4 or 5. */
export async function send(context: CommandContext, line: LineOf<'send'>): Promise<number> {
  const text = line.text ?? (await readText(context))
  checkSize(text)
  return await withChat(await resumeChat(context, line), async chat => {
    const waiter = createWaiter(chat, { timeoutMs: line.timeoutMs, stop: context.stop })
    try {
      const accepted = await accept(chat, { line, text, waiter })
      if (!accepted) return exitCodes.done
      const { item, error } = await settle(chat, { item: accepted, line, waiter })
      if (line.json) await context.io.print(formatSent(item, { to: line.to }))
      if (error) throw error
      return exitCodes.done
    } finally {
      waiter.dispose()
    }
  })
}

interface Sending {
  line: LineOf<'send'>
  text: string
  waiter: Waiter
}

/** The message in the outbox; null when a signal came first. For a first message a server must be asked. */
async function accept(chat: Chat, { line, text, waiter }: Sending): Promise<MessageItem | null> {
  const sent = chat.send({ to: line.to, text })
  // It is awaited below in every case but that of giving up, where nobody listens any more.
  sent.catch(() => undefined)
  const first = await Promise.race([sent, waiter.over])
  if (first === 'stopped') return null
  if (first === 'late') {
    throw new FastChatError(
      'no_server',
      `Cannot send to "${line.to}": no server answered in time; nothing is sent`,
    )
  }
  return await sent
}

interface Settled {
  item: MessageItem
  error?: FastChatError
}

async function settle(
  chat: Chat,
  { item: accepted, line, waiter }: { item: MessageItem; line: LineOf<'send'>; waiter: Waiter },
): Promise<Settled> {
  for (let item = accepted; ; item = (await chat.message({ id: accepted.id })) ?? item) {
    if (item.state === 'delivered' || (item.state === 'stored' && line.wait === 'stored')) return { item }
    if (item.state === 'failed') return { item, error: refusal(item, line.to) }
    const woken = waiter.now() ?? (await waiter.wait())
    if (woken === 'event') continue
    // What came in the last moment counts.
    const last = (await chat.message({ id: accepted.id })) ?? item
    if (last.state !== item.state) continue
    return woken === 'stopped' ? { item } : { item, error: lateness(item, line) }
  }
}

function refusal(item: MessageItem, to: string): FastChatError {
  const { code, message } = item.failure ?? { code: 'internal', message: `Cannot send to "${to}": refused` }
  return new FastChatError(isErrorCode(code) ? code : 'bad_request', message)
}

function lateness(item: MessageItem, { to, timeoutMs }: LineOf<'send'>): FastChatError {
  const seconds = timeoutMs / 1000
  if (item.state === 'stored') {
    const state = `stored, but no device of "${to}" has it after ${seconds} s; it is brought when one connects`
    return new FastChatError('not_delivered', `Cannot deliver message: ${state}`)
  }
  const state = `no server has stored it after ${seconds} s; it stays in the outbox and goes out with the next connection`
  return new FastChatError('no_server', `Cannot send to "${to}": ${state}`)
}

/** The line break at the end, which is dropped. */
const NEWLINE_BYTES = 2

async function readText({ io }: CommandContext): Promise<string> {
  const bytes = await io.readInput({ maxBytes: limits.maxTextBytes + NEWLINE_BYTES }).catch(error => {
    throw error instanceof FastChatError && error.code === 'too_large' ? tooLarge() : error
  })
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new FastChatError('usage', 'Cannot send: standard input is not UTF-8')
  }
  text = text.replace(/\r?\n$/, '')
  if (text === '') throw new FastChatError('usage', 'Cannot send: the text is empty')
  return text
}

function checkSize(text: string): void {
  if (Buffer.byteLength(text) > limits.maxTextBytes) throw tooLarge()
}

function tooLarge(): FastChatError {
  return new FastChatError('too_large', `Cannot send: the text has more than ${limits.maxTextBytes} bytes`)
}
