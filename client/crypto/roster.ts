import { createHash } from 'node:crypto'
import { FastChatError } from '../../schema/errors.ts'
import type { Base64Url32, UserId } from '../../schema/ids.ts'
import { RosterClaims, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { applyRosterEvent, type RosterState, type VerifiedEvent } from '../../schema/roster.ts'
import { fromBase64Url, toBase64Url } from './bytes.ts'
import { readUnverified, signJws, verifyJws } from './jws.ts'
import { publicEd25519, thumbprint } from './keys.ts'
import type { PrivateJwk, Roster } from './types.ts'

/**
 * The id of the conversation of two people: SHA-256 of `"fastchat/direct\n"` and the thumbprints of both account keys,
 * sorted and joined by a line feed; base64url. It cannot be given to a third person, whose thumbprint differs.
 */
export function directConversation(one: Base64Url32, other: Base64Url32): Base64Url32 {
  const [first, second] = [one, other].sort()
  return sha256(`fastchat/direct\n${first}\n${second}`)
}

/** Two people as a group of two: epoch 0, and the conversation's id for a hash, since nobody can come or go. */
export function directRoster(
  one: { user: UserId; key: Base64Url32 },
  other: { user: UserId; key: Base64Url32 },
): Roster {
  const conv = directConversation(one.key, other.key)
  return { conv, epoch: 0, hash: conv, members: [one, other] }
}

/**
 * The id of a group's conversation: SHA-256 of `"fastchat/group\n"` and the hash of the event that made the group;
 * base64url. A group that is made again under the same name is another conversation.
 */
export function groupConversation(firstHash: Base64Url32): Base64Url32 {
  return sha256(`fastchat/group\n${firstHash}`)
}

/** A group as it is now, for a chain. `conv` by `groupConversation()`. */
export function groupRoster(state: RosterState, { conv }: { conv: Base64Url32 }): Roster {
  const members = Object.entries(state.members).map(([user, { key }]) => ({ user, key }))
  return { conv, epoch: state.epoch, hash: state.head, members }
}

/** An event of a group, checked: what a server is given and hands out, its hash, what it says. */
export interface RosterEvent {
  /** Compact JWS. */
  event: string
  hash: Base64Url32
  claims: RosterClaims
}

/** An event by the account key of `signer`, and its hash. Whether it may be at all `followRoster()` tells. */
export async function signRosterEvent(
  claims: Omit<RosterClaims, 'by' | 'key'>,
  { userId, accountKey }: { userId: UserId; accountKey: PrivateJwk },
): Promise<{ event: string; hash: Base64Url32 }> {
  const { group, epoch, prev, op, members, iat } = claims
  const key = publicEd25519(accountKey)
  const all: RosterClaims = { group, epoch, prev, op, by: userId, key, members, iat }
  const kid = await thumbprint(accountKey)
  const event = await signJws(all, { key: accountKey, typ: typ.roster, kid })
  return { event, hash: sha256(event) }
}

/**
 * An event that is signed by the key it names. Whether that key may change the group `applyRosterEvent()` tells.
 *
 * @throws FastChatError `bad_roster` whatever is wrong with it
 */
export async function verifyRosterEvent(event: string): Promise<VerifiedEvent> {
  const maxChars = limits.maxRosterJwsChars
  const claimed = readUnverified(event, { claims: RosterClaims, maxChars })
  if (!claimed || !isCanonical(event)) throw badEvent()
  const signer = await thumbprint(claimed.key)
  const claims = await verifyJws(event, {
    ...{ key: claimed.key, typ: typ.roster, kid: signer, claims: RosterClaims },
    ...{ what: 'roster event', code: 'bad_roster', maxChars },
  })
  return { claims, hash: sha256(event), signer }
}

/**
 * The group after one more event, which is verified. `before` is null for the group's first.
 *
 * @throws FastChatError `bad_roster`; `not_an_admin`, `group_full`, `last_admin` as `applyRosterEvent()` has them
 */
export async function followRoster(
  before: RosterState | null,
  event: string,
): Promise<{ state: RosterState; added: RosterEvent }> {
  const verified = await verifyRosterEvent(event)
  const { hash, claims } = verified
  return { state: applyRosterEvent(before, verified), added: { event, hash, claims } }
}

/**
 * The group after several events, each verified and in its turn. Who wants to keep what was good before a bad one takes
 * `followRoster()` for each.
 *
 * @throws FastChatError as `followRoster()` for the first that is bad; `bad_roster` when there is neither group nor event
 */
export async function extendRoster(
  before: RosterState | null,
  events: readonly string[],
): Promise<{ state: RosterState; added: RosterEvent[] }> {
  const added: RosterEvent[] = []
  let state = before
  for (const event of events) {
    const after = await followRoster(state, event)
    state = after.state
    added.push(after.added)
  }
  if (state === null) throw new FastChatError('bad_roster', 'Cannot verify group: it has no first event')
  return { state, added }
}

/**
 * A signature's last character has bits that count for nothing: with others the same event would have another hash, so a
 * server could show two members two ends of one history. Header and payload are what was signed, as they are written.
 */
function isCanonical(event: string): boolean {
  const signature = event.slice(event.lastIndexOf('.') + 1)
  return toBase64Url(fromBase64Url(signature)) === signature
}

function sha256(text: string): Base64Url32 {
  return createHash('sha256').update(text).digest('base64url')
}

function badEvent(): FastChatError {
  return new FastChatError('bad_roster', 'Cannot verify roster event: it is not signed as it must be')
}
