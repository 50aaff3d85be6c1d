import type { ConversationSummary } from '../../chat.ts'
import { addressOf } from '../conversation-name.ts'
import { type ChatScreen, type Conversation, draftOf, type Model } from '../model.ts'
import type { Next } from '../msg.ts'
import { show, withSummary } from './conversations.ts'
import { next } from './next.ts'

/** The conversation that `@user`, `#group` or a bare id means; a person comes before a group of the same id. */
export function findConversation(chat: ChatScreen, typed: string): Conversation | undefined {
  const id = typed.replace(/^[@#]/, '')
  const find = (kind: ConversationSummary['kind']) =>
    chat.conversations.find(({ summary }) => summary.kind === kind && summary.with === id)
  return (
    (typed.startsWith('#') ? undefined : find('direct')) ??
    (typed.startsWith('@') ? undefined : find('group'))
  )
}

/** Starts or opens the conversation with a person or a group, and sends a first text there. */
export function openWith(model: Model, chat: ChatScreen, { to, text }: { to: string; text?: string }): Next {
  const known = findConversation(chat, to)
  if (known) return opened(model, chat, { summary: known.summary, ...(text ? { text } : {}) })
  const typed = draftOf(chat).text
  return next(
    model,
    { ...chat, busy: `looking for ${to}`, flash: null },
    { type: 'open', with: to, ...(text ? { text } : {}), ...(typed ? { typed } : {}) },
  )
}

/** Shows a conversation that was asked for, and sends the first text there. */
export function opened(
  model: Model,
  chat: ChatScreen,
  { summary, text }: { summary: ConversationSummary; text?: string },
): Next {
  const shown = show(model, { ...withSummary(chat, summary), busy: null }, summary.id)
  if (text === undefined) return shown
  return {
    model: shown.model,
    commands: [...shown.commands, { type: 'send', conversation: summary.id, to: addressOf(summary), text }],
  }
}
