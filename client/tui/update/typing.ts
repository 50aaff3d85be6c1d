import { limits } from '../../../schema/limits.ts'
import type { ChatEvent } from '../../chat.ts'
import { troubleOf } from '../conversation-name.ts'
import { type ChatScreen, draftOf, type Model, openConversation } from '../model.ts'
import type { Command, Next } from '../msg.ts'
import { next } from './next.ts'

/** Somebody writes, or has stopped. */
export function typingHeard(
  { now }: Model,
  chat: ChatScreen,
  { conversation, user, isTyping }: Extract<ChatEvent, { type: 'typing' }>,
): ChatScreen {
  const others = chat.typing.filter(one => one.conversation !== conversation || one.user !== user)
  const until = now + limits.typingTtlMs
  return { ...chat, typing: isTyping ? [...others, { conversation, user, until }] : others }
}

/** Time has passed: who was heard of too long ago writes no more, and what was told is due again. */
export function typingTick({ now }: Model, chat: ChatScreen): ChatScreen {
  const typing = chat.typing.filter(({ until }) => until > now)
  const { told } = chat
  const at = told?.at ?? now
  const after = told && {
    ...told,
    at,
    wroteAt: told.wroteAt ?? now,
    isDue: now - at >= limits.typingRepeatMs,
  }
  const isSame = typing.length === chat.typing.length && told === null
  return isSame ? chat : { ...chat, typing, told: after }
}

/**
 * Tells the others of the open conversation that this person writes, after a step in which the draft may have changed: with
 * the first letter, again while it goes on, and that it has stopped, when the draft was sent or emptied, the conversation left,
 * or nothing written for long. Commands are nobody's business, and strangers who ask are told nothing.
 */
export function tellTyping(before: ChatScreen, { model, commands }: Next): Next {
  const { screen: chat } = model
  if (chat.type !== 'chat') return { model, commands }
  const { told } = chat
  const conversation = writesIn(chat)
  const isIdle = told?.wroteAt != null && model.now - told.wroteAt >= limits.typingTtlMs
  const isWriting = before.open === chat.open && draftOf(before).text !== draftOf(chat).text
  const stopped: Command[] =
    told && (told.conversation !== conversation || isIdle)
      ? [{ type: 'typing', conversation: told.conversation, isTyping: false }]
      : []
  const going = stopped.length > 0 ? null : told
  if (conversation === null || !isWriting) {
    return next(model, going === told ? chat : { ...chat, told: going }, ...commands, ...stopped)
  }
  if (going && !going.isDue) return next(model, { ...chat, told: { ...going, wroteAt: null } }, ...commands)
  return next(
    model,
    { ...chat, told: { conversation, at: null, wroteAt: null, isDue: false } },
    ...commands,
    ...stopped,
    { type: 'typing', conversation, isTyping: true },
  )
}

/** The conversation that a message is being written in, as far as others may know. */
function writesIn(chat: ChatScreen): string | null {
  const open = openConversation(chat)
  if (!open || !chat.settings.sendsTyping || open.summary.isRequest || troubleOf(open.summary) !== null)
    return null
  const { text } = open.draft
  const isCommand = open.about?.type !== 'edit' && text.startsWith('/') && !text.startsWith('//')
  return text.trim() === '' || isCommand ? null : open.summary.id
}
