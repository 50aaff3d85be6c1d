import { createHash } from 'node:crypto'
import { FastChatError } from '../../schema/errors.ts'
import type { Base64Url32, UserId } from '../../schema/ids.ts'
import { RosterClaims, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import type { RosterState, VerifiedEvent } from '../../schema/roster.ts'
import { readUnverified, signJws, verifyJws } from './jws.ts'
import { publicEd25519, thumbprint } from './keys.ts'
import type { PrivateJwk, Roster } from './types.ts'

/**
 * The id of the conversation of two people: SHA-256 of `"fastchat/direct\n"` and the thumbprints of both account keys,
 * sorted and joined by a line feed; base64url. It cannot be given to a third person, whose thumbprint differs.
 */
export function directConversation(one: Base64Url32, other: Base64Url32): Base64Url32 {
  const [first, second] = [one, other].sort()
  return createHash('sha256').update(`fastchat/direct\n${first}\n${second}`).digest('base64url')
}

/** Two people as a group of two: epoch 0, and the conversation's id for a hash, since nobody can come or go. */
export function directRoster(
  one: { user: UserId; key: Base64Url32 },
  other: { user: UserId; key: Base64Url32 },
): Roster {
  const conv = directConversation(one.key, other.key)
  return { conv, epoch: 0, hash: conv, members: [one, other] }
}

/** The id of a group's conversation, bound to its first event. */
export function groupConversation(firstHash: Base64Url32): Base64Url32 {
  return createHash('sha256').update(`fastchat/group\n${firstHash}`).digest('base64url')
}

export function groupRoster(state: RosterState, { conv }: { conv: Base64Url32 }): Roster {
  const members = Object.entries(state.members).map(([user, { key }]) => ({ user, key }))
  return { conv, epoch: state.epoch, hash: state.head, members }
}

export async function signRosterEvent(
  claims: Omit<RosterClaims, 'by' | 'key'>,
  { userId, accountKey }: { userId: UserId; accountKey: PrivateJwk },
): Promise<{ event: string; hash: Base64Url32 }> {
  const kid = await thumbprint(accountKey)
  const whole: RosterClaims = { ...claims, by: userId, key: publicEd25519(accountKey) }
  const event = await signJws(whole, { key: accountKey, typ: typ.roster, kid })
  return { event, hash: hashOf(event) }
}

export async function verifyRosterEvent(event: string): Promise<VerifiedEvent> {
  const claimed = readUnverified(event, { claims: RosterClaims, maxChars: limits.maxRosterJwsChars })
  if (!claimed) throw new FastChatError('bad_roster', 'Cannot read group: an event is none')
  const claims = await verifyJws(event, {
    key: claimed.key,
    typ: typ.roster,
    claims: RosterClaims,
    what: 'roster event',
    code: 'bad_roster',
    maxChars: limits.maxRosterJwsChars,
  })
  return { claims, hash: hashOf(event), signer: await thumbprint(claims.key) }
}

function hashOf(event: string): Base64Url32 {
  return createHash('sha256').update(event).digest('base64url')
}
