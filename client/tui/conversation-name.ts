import type { ConversationSummary } from '../chat.ts'
import { sanitizeLine } from './sanitize.ts'

/** How a conversation is called on the screen: a person's id, a group's title or, while it has none, its id. */
export function nameOf({ kind, title, with: id }: ConversationSummary): string {
  return sanitizeLine(kind === 'group' && title?.trim() ? title : id)
}

/** How the session is told whom a message is for, so that a person is never taken for a group of the same id. */
export function addressOf({ kind, with: id }: ConversationSummary): string {
  return kind === 'group' ? `#${id}` : id
}

/** Why nothing can be written in a conversation, and what to do about it; null when one can. */
export function troubleOf(summary: ConversationSummary): string | null {
  const name = nameOf(summary)
  if (summary.isBlocked) return `${name} is blocked: /unblock to write again`
  if (summary.isKeyChanged) return `${name}'s key has changed: /verify, then /trust to write again`
  if (summary.kind === 'direct') return null
  switch (summary.role) {
    case 'gone':
      return 'You are no longer in this group.'
    case 'refused':
      return 'Refused: the server shows a history of this group that cannot be true.'
    case 'admin':
    case 'member':
    case undefined:
      return null
    default:
      return summary.role satisfies never
  }
}

/** What is said about a conversation above the composer; null when nothing need be. */
export function bannerOf(summary: ConversationSummary): { text: string; isTrouble: boolean } | null {
  const trouble = troubleOf(summary)
  if (trouble !== null) return { text: trouble, isTrouble: true }
  if (!summary.isRequest) return null
  return { text: 'accept with /accept, refuse with /block', isTrouble: false }
}
