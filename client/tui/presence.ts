import type { ConversationSummary } from '../chat.ts'
import type { ChatScreen } from './model.ts'

/**
 * Whether the other one of a conversation is there; null where that is not known, or nothing is shown of it: in groups, of
 * strangers, blocked people and oneself, while there is no connection, and when the person wants none of it. Who shows
 * nothing looks like somebody who is away.
 */
export function presenceOf(
  { connection, settings, online, me }: ChatScreen,
  { kind, with: user, isRequest, isBlocked, isKeyChanged }: ConversationSummary,
): 'online' | 'offline' | null {
  if (connection.state !== 'online' || !settings.showsPresence) return null
  if (kind === 'group' || user === me || isRequest || isBlocked || isKeyChanged) return null
  return online.has(user) ? 'online' : 'offline'
}
