import * as v from 'valibot'
import type { GroupDocument, RosterEventDocument } from '../../schema/documents.ts'
import type { Base64Url32, UserId } from '../../schema/ids.ts'
import { RosterClaims } from '../../schema/jose.ts'
import { applyRosterEvent, type RosterState, type VerifiedEvent } from '../../schema/roster.ts'

/** Between a group as the database keeps it and a roster as schema/roster.ts judges it. */

const Op = RosterClaims.entries.op
/** Stands for all keys where they were compared before. */
const CHECKED: Base64Url32 = ''

/** @param keyOf the thumbprint of a member's account key */
export function rosterOf(
  { _id: group, epoch, head, memberIds, adminIds }: GroupDocument,
  keyOf: (userId: UserId) => Base64Url32,
): RosterState {
  const admins = new Set(adminIds)
  const members = memberIds.map(
    userId => [userId, { key: keyOf(userId), isAdmin: admins.has(userId) }] as const,
  )
  return { group, epoch, head, members: Object.fromEntries(members) }
}

export function groupOf({ group, epoch, head, members }: RosterState, createdAt: Date): GroupDocument {
  const memberIds = Object.keys(members).sort()
  const adminIds = memberIds.filter(userId => members[userId]?.isAdmin)
  return { _id: group, adminIds, memberIds, epoch, head, createdAt }
}

/**
 * A group as it follows from what was stored of it and the events after that. They were judged when they were stored, so
 * signatures and keys are not looked at again.
 *
 * @param before null when only events were stored
 * @param events in their order, the first right behind `before`
 * @returns null when there is nothing at all
 * @throws FastChatError of `applyRosterEvent` for events that no server of ours has stored
 */
export function rollForward(
  before: GroupDocument | null,
  events: readonly RosterEventDocument[],
): GroupDocument | null {
  const [first] = events
  if (!first) return before
  let roster = before && rosterOf(before, () => CHECKED)
  for (const event of events) roster = applyRosterEvent(roster, judged(event, roster))
  return roster && groupOf(roster, before?.createdAt ?? first.createdAt)
}

function judged(
  { _id: hash, group, epoch, op, by, subjects, createdAt }: RosterEventDocument,
  before: RosterState | null,
): VerifiedEvent {
  const named = op === 'create' ? subjects.filter(userId => userId !== by) : subjects
  return {
    hash,
    signer: CHECKED,
    claims: {
      ...{ group, epoch, by },
      prev: before?.head ?? null,
      op: v.parse(Op, op),
      key: { kty: 'OKP', crv: 'Ed25519', x: CHECKED },
      members: named.map(user => ({ user, key: CHECKED })),
      iat: createdAt.getTime(),
    },
  }
}
