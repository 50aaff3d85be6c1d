import type { UserId } from '../../schema/ids.ts'
import type { RosterClaims } from '../../schema/jose.ts'
import type { VerifiedEvent } from '../../schema/roster.ts'
import type { ConversationSummary, Notice } from '../chat.ts'
import type { Thread } from './records.ts'
import type { Tx } from './state.ts'
import { appendNotice, ensureConversation } from './timeline.ts'

/** What has happened to a group's roster. */
export interface RosterNews {
  me: UserId
  thread: Thread
  added: readonly VerifiedEvent[]
  /** One was a member before it. */
  wasIn: boolean
  /** What one is after it. */
  now: NonNullable<ConversationSummary['role']>
}

/**
 * Tells in a group's conversation what has happened to it while one was in it. It begins with the event that took one in;
 * taken in by somebody who was never written to, it is a request.
 */
export function writeRosterNotices(tx: Tx, { me, thread, added, wasIn, now }: RosterNews): void {
  // Taken in and out again meanwhile: there is nothing to tell.
  if (!wasIn && now === 'gone') return
  let isIn = wasIn
  for (const { claims } of added) {
    const isAboutMe = claims.members.some(({ user }) => user === me)
    if (!isIn && (isAboutMe || claims.by === me) && (claims.op === 'create' || claims.op === 'add')) {
      isIn = true
      begin(tx, { me, thread, by: claims.by, isOwn: now === 'admin' })
    } else if (isIn) {
      // Whom one has blocked begins no conversation.
      const isShown = tx.tables.conversations.get([thread.conversation]) !== undefined
      for (const notice of isShown ? noticesOf(claims) : []) appendNotice(tx, { notice, thread })
      if (isAboutMe && (claims.op === 'remove' || claims.op === 'leave')) isIn = false
    }
  }
}

function begin(
  tx: Tx,
  { me, thread, by, isOwn }: { me: UserId; thread: Thread; by: UserId; isOwn: boolean },
): void {
  const isNew = tx.tables.conversations.get([thread.conversation]) === undefined
  if (isNew && isBlocked(tx, by)) return
  // Of a group that one administers oneself a new device knows nobody yet.
  const isRequest = isNew && by !== me && !isOwn && !isKnown(tx, by)
  ensureConversation(tx, thread, isRequest ? { isRequest } : {})
  const notice: Notice = by === me ? { type: 'group-created', by } : { type: 'joined', by }
  appendNotice(tx, { notice, thread })
}

/** Whether one has written to somebody, or has accepted them. */
function isKnown(tx: Tx, userId: UserId): boolean {
  const person = tx.tables.people.get([userId])
  const record = person && tx.tables.conversations.get([person.conversation])
  return record !== undefined && record.isRequest !== true && person?.isBlocked !== true
}

function isBlocked(tx: Tx, userId: UserId): boolean {
  return tx.tables.people.get([userId])?.isBlocked === true || tx.tables.blocked.get([userId]) !== undefined
}

function noticesOf({ op, by, members }: RosterClaims): Notice[] {
  const users = members.map(({ user }) => user)
  switch (op) {
    case 'create':
      return []
    case 'add':
      return [{ type: 'members-added', by, users }]
    case 'remove':
      return [{ type: 'members-removed', by, users }]
    case 'leave':
      return [{ type: 'member-left', user: by }]
    case 'promote':
    case 'demote':
      return users.map(user => ({ type: 'admin-changed', by, user, isAdmin: op === 'promote' }))
    default:
      return op satisfies never
  }
}
