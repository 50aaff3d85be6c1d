import type { ConversationSummary } from '../../chat.ts'
import { nameOf } from '../conversation-name.ts'
import type { ChatScreen, Model } from '../model.ts'
import type { Next } from '../msg.ts'
import { patch } from './conversations.ts'

/** A burst in one conversation is told once. */
const QUIET_MS = 3_000

/**
 * Tells the person of a message that they do not see: it is in another conversation, or the window has not the focus. Who has
 * written stands there, never what: others may look at the screen. Nothing is told of strangers, of what is muted (but where one is named) or blocked, nor
 * of what came while nobody was here.
 *
 * @param before the screen without the news
 * @param after what else comes of it
 */
export function notifying(model: Model, before: ChatScreen, news: ConversationSummary, after: Next): Next {
  const { screen } = after.model
  if (screen.type !== 'chat' || !isNews(model, before, news)) return after
  const { notifies } = screen.settings
  const told = screen.conversations.find(({ summary }) => summary.id === news.id)
  if (notifies === 'off' || model.now - (told?.notifiedAt ?? 0) < QUIET_MS) return after
  const was = before.conversations.find(({ summary }) => summary.id === news.id)?.summary
  // A locked screen says not even who.
  const where = model.lock ? 'a message' : fromWhom(news, (news.mentions ?? 0) > (was?.mentions ?? 0))
  return {
    model: {
      ...after.model,
      screen: patch(screen, news.id, conversation => ({ ...conversation, notifiedAt: model.now })),
    },
    commands: [...after.commands, { type: 'notify', how: notifies, text: where }],
  }
}

function fromWhom(news: ConversationSummary, isNamed: boolean): string {
  if (news.kind === 'direct') return `a message from ${nameOf(news)}`
  return isNamed ? `you are named in ${nameOf(news)}` : `a message in ${nameOf(news)}`
}

function isNews({ isFocused, lock }: Model, chat: ChatScreen, news: ConversationSummary): boolean {
  if (news.isBlocked || news.isRequest || !chat.isDrained) return false
  const before = chat.conversations.find(({ summary }) => summary.id === news.id)?.summary
  // Who is named is told of it, also where it is muted.
  if (news.isMuted && (news.mentions ?? 0) <= (before?.mentions ?? 0)) return false
  if (news.unread <= (before?.unread ?? 0)) return false
  return !isFocused || lock !== null || chat.open !== news.id
}
