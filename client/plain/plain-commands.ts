import type { MessageItem, OwnDevice, Verification } from '../chat.ts'
import { addressOf, troubleOf } from '../tui/conversation-name.ts'
import { findEmojis } from '../tui/emoji.ts'
import { canDo, canSelect } from '../tui/message-actions.ts'
import { type ChatScreen, openConversation } from '../tui/model.ts'
import type { ChatCommand } from '../tui/msg.ts'
import { presenceOf } from '../tui/presence.ts'
import { type SlashCommand, takePath } from '../tui/slash-commands.ts'
import { EMPTY_FIELD } from '../tui/text-field.ts'
import { excerpt, longName } from './message-line.ts'

/** What a screen does with keys on what is selected: here things have numbers. The other commands are those of the screen. */
export const plainCommands = [
  { name: 'list', takes: '[COUNT]', does: 'the last messages here, with numbers' },
  { name: 'older', takes: '', does: 'messages from before those' },
  { name: 'chats', takes: '', does: 'all conversations' },
  { name: 'reply', takes: 'N TEXT', does: 'answer message N of /list' },
  { name: 'edit', takes: 'N TEXT', does: 'another text for it (your own)' },
  { name: 'delete', takes: 'N', does: 'delete it for all (your own, or as admin)' },
  { name: 'react', takes: 'N EMOJI|NAME|off', does: 'react to it' },
  { name: 'fetch', takes: 'N [FOLDER]', does: 'save its file' },
  { name: 'verified', takes: 'USER [off]', does: 'the safety numbers are the same, or no more' },
  { name: 'device', takes: 'N name TEXT|revoke|history', does: 'a device of /devices' },
] as const satisfies readonly SlashCommand[]

export type PlainName = (typeof plainCommands)[number]['name']

/** What was told last, that numbers and names refer to. */
export interface Shown {
  listed: readonly MessageItem[]
  devices: readonly OwnDevice[]
  verification: Verification | null
}

/** What comes of a command. */
export interface Outcome {
  lines?: readonly string[]
  commands?: readonly ChatCommand[]
  /** Done only after a `y`. */
  question?: { text: string; commands: readonly ChatCommand[] }
  /** To be told with numbers. */
  listed?: readonly MessageItem[]
}

const DEFAULT_LISTED = 10
const MAX_LISTED = 100
const OLDER = 20

export interface PlainCommand {
  name: PlainName
  rest: string
}

/** The command that a line is, when it is one of these. */
export function readPlainCommand(text: string): PlainCommand | null {
  const [, word, rest = ''] = /^\/(\S+)\s*(.*)$/s.exec(text) ?? []
  const known = plainCommands.find(({ name }) => name === word?.toLowerCase())
  return known ? { name: known.name, rest: rest.trim() } : null
}

export function runPlainCommand(
  { name, rest }: PlainCommand,
  { chat, shown }: { chat: ChatScreen; shown: Shown },
): Outcome {
  switch (name) {
    case 'list':
    case 'older':
      return list(chat, { name, rest })
    case 'chats':
      return say(...chatLines(chat))
    case 'verified':
      return verified(shown, rest)
    case 'device':
      return device(shown, rest)
    case 'reply':
    case 'edit':
    case 'delete':
    case 'react':
    case 'fetch':
      return withMessage(chat, shown, { name, rest })
    default:
      return name satisfies never
  }
}

function say(...lines: string[]): Outcome {
  return { lines }
}

function list(chat: ChatScreen, { name, rest }: { name: 'list' | 'older'; rest: string }): Outcome {
  const open = openConversation(chat)
  if (!open) return say('No conversation is open: /msg USER')
  const [first] = open.items
  if (name === 'older') {
    if (!first || open.isWhole) return say('There is nothing older.')
    const conversation = open.summary.id
    return { commands: [{ type: 'load-history', conversation, beforeSeq: first.seq, limit: OLDER }] }
  }
  const count = Math.min(MAX_LISTED, Number.parseInt(rest, 10) || DEFAULT_LISTED)
  const listed = open.items.filter(canSelect).slice(-count)
  return listed.length === 0 ? say('There are no messages here.') : { listed }
}

function chatLines(chat: ChatScreen): string[] {
  const { conversations, open } = chat
  if (conversations.length === 0) return ['No conversations yet: /msg USER begins one.']
  return conversations.map(({ summary }) => {
    const { unread, isRequest, isBlocked, isVerified, isKeyChanged, isMuted } = summary
    const marks = [
      ...(summary.id === open ? ['open'] : []),
      ...(unread > 0 ? [`${unread} unread`] : []),
      ...(presenceOf(chat, summary) === 'online' ? ['online'] : []),
      ...(isRequest ? ['request'] : []),
      ...(isBlocked ? ['blocked'] : []),
      ...(isVerified ? ['verified'] : []),
      ...(isKeyChanged ? ['key has changed'] : []),
      ...(isMuted ? ['muted'] : []),
    ]
    return longName(summary) + (marks.length === 0 ? '' : `: ${marks.join(', ')}`)
  })
}

function verified({ verification }: Shown, rest: string): Outcome {
  const [name = '', off] = rest.toLowerCase().replace(/^@/, '').split(/\s+/)
  // Only of the number that was seen: the session refuses another one.
  if (!verification || verification.user !== name) return say(`First compare the number: /verify ${name}`)
  const { user, safetyNumber } = verification
  return { commands: [{ type: 'set-verified', user, isVerified: off !== 'off', safetyNumber }] }
}

function device({ devices }: Shown, rest: string): Outcome {
  const [, number = '', what = '', text = ''] = /^(\d+)\s+(\S+)\s*(.*)$/s.exec(rest) ?? []
  const one = devices[Number(number) - 1]
  if (!one) return say('First /devices, then /device N name TEXT, /device N revoke, /device N history')
  const { deviceId, current } = one
  switch (what.toLowerCase()) {
    case 'name':
      return { commands: [{ type: 'name-device', deviceId, name: text === '' ? null : text }] }
    case 'revoke': {
      const which = current ? 'This is the device you are at. Shut it out' : `Shut device ${number} out`
      return {
        question: { text: `${which}, for good?`, commands: [{ type: 'revoke-device', deviceId }] },
      }
    }
    case 'history':
      if (current) return say('That is this device.')
      return { commands: [{ type: 'share-history', deviceId }] }
    default:
      return say('/device N name TEXT, /device N revoke, or /device N history')
  }
}

function withMessage(
  chat: ChatScreen,
  { listed }: Shown,
  {
    name,
    rest,
  }: { name: Exclude<PlainName, 'list' | 'older' | 'chats' | 'verified' | 'device'>; rest: string },
): Outcome {
  const [, number = '', text = ''] = /^(\d+)\s*(.*)$/s.exec(rest) ?? []
  const known = listed[Number(number) - 1]
  const conversation = chat.conversations.find(({ summary }) => summary.id === known?.conversation)
  const item = conversation?.items.find(({ id }) => id === known?.id)
  if (!conversation || item?.kind !== 'message' || !canSelect(item))
    return say(`There is no message ${number}: /list shows them with their numbers.`)
  const { summary } = conversation
  const id = { id: item.id }
  switch (name) {
    case 'reply': {
      const trouble = troubleOf(summary) ?? (text === '' ? '/reply N TEXT' : null)
      if (trouble !== null) return say(trouble)
      const from = item.mine ? 'you' : item.from
      const about = { type: 'reply' as const, ...id, from, excerpt: excerpt(item.content) }
      const to = addressOf(summary)
      return { commands: [{ type: 'send', conversation: summary.id, to, text, about }] }
    }
    case 'edit': {
      if (!canDo('edit', { item, summary })) return say('Only your own texts can be edited.')
      if (text === '') return say('/edit N TEXT')
      const about = { type: 'edit' as const, ...id, excerpt: excerpt(item.content), before: EMPTY_FIELD }
      return { commands: [{ type: 'edit', conversation: summary.id, text, about }] }
    }
    case 'delete': {
      if (!canDo('delete', { item, summary })) return say('Only its author and admins can delete it.')
      const question = `Delete for everybody: ${excerpt(item.content)}?`
      return { question: { text: question, commands: [{ type: 'delete-message', ...id }] } }
    }
    case 'react': {
      const emoji = emojiOf(text)
      if (emoji === undefined) return say('No emoji has that name: /react N EMOJI, or off')
      return { commands: [{ type: 'react', ...id, emoji }] }
    }
    case 'fetch': {
      if (!canDo('save', { item, summary })) return say('There is no file in this message.')
      const { path } = takePath(text)
      return { commands: [{ type: 'save-file', ...id, ...(path === '' ? {} : { folder: path }) }] }
    }
    default:
      return name satisfies never
  }
}

/** An emoji, or the first whose name begins so; null takes it back. */
function emojiOf(text: string): string | null | undefined {
  if (text.toLowerCase() === 'off') return null
  if (text !== '' && !/[a-z]/i.test(text)) return text
  return text === '' ? undefined : findEmojis(text)[0]?.emoji
}
