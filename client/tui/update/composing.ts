import { limits } from '../../../schema/limits.ts'
import { addressOf, troubleOf } from '../conversation-name.ts'
import {
  type About,
  type ChatScreen,
  type Conversation,
  draftOf,
  type Model,
  openConversation,
} from '../model.ts'
import type { Next } from '../msg.ts'
import { readLine } from '../slash-commands.ts'
import { cancelAbout, withoutDraft } from './about.ts'
import { runCommand } from './commands.ts'
import { patch } from './conversations.ts'
import { next, wrong } from './next.ts'

/** Enter: sends what stands in the composer, or does what it says. What cannot be done stays there. */
export function submit(model: Model, chat: ChatScreen): Next {
  const { text } = draftOf(chat)
  const open = openConversation(chat)
  if (open?.about?.type === 'edit') return submitEdit(model, chat, { open, about: open.about })
  if (text.trim() === '') return next(model, chat)
  const line = readLine(text)
  switch (line.type) {
    case 'unknown':
      return wrong(
        model,
        chat,
        `There is no command /${line.name}. /help shows them; // begins a text with a slash.`,
      )
    case 'command':
      return runCommand(model, chat, { name: line.name, rest: line.rest })
    case 'text':
      return send(model, chat, line.text)
    default:
      return line satisfies never
  }
}

function send(model: Model, chat: ChatScreen, text: string): Next {
  const open = openConversation(chat)
  if (!open) return wrong(model, chat, 'Nobody to write to: /msg USER opens a conversation.')
  const trouble = troubleOf(open.summary) ?? tooLong(text)
  if (trouble !== null) return wrong(model, chat, trouble)
  const { id } = open.summary
  const sent = patch(withoutDraft(chat, id), id, before => ({ ...before, anchor: null, newFromSeq: null }))
  return next(model, sent, {
    type: 'send',
    conversation: id,
    to: addressOf(open.summary),
    text,
    ...(open.about ? { about: open.about } : {}),
  })
}

/** An edit is a text whatever it begins with: it was one before. */
function submitEdit(
  model: Model,
  chat: ChatScreen,
  { open, about }: { open: Conversation; about: Extract<About, { type: 'edit' }> },
): Next {
  const { text } = open.draft
  const item = open.items.find(({ id }) => id === about.id)
  if (text.trim() === '')
    return wrong(model, chat, 'Nothing is left of it: to delete it, select it and press d.')
  const trouble = troubleOf(open.summary) ?? tooLong(text)
  if (trouble !== null) return wrong(model, chat, trouble)
  const isSame = item?.kind === 'message' && item.content.type === 'text' && item.content.text === text
  if (isSame) return next(model, cancelAbout(chat))
  const { id } = open.summary
  return next(model, withoutDraft(chat, id), { type: 'edit', conversation: id, text, about })
}

function tooLong(text: string): string | null {
  const bytes = new TextEncoder().encode(text).length
  if (bytes <= limits.maxTextBytes) return null
  const most = Math.floor(limits.maxTextBytes / 1024)
  return `Too long by ${bytes - limits.maxTextBytes} bytes: a message holds ${most} KB.`
}
