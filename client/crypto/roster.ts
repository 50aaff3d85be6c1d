import { createHash } from 'node:crypto'
import type { Base64Url32, UserId } from '../../schema/ids.ts'
import type { Roster } from './types.ts'

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
