import { FastChatError } from './errors.ts'
import type { Base64Url32, GroupId, UserId } from './ids.ts'
import type { RosterClaims } from './jose.ts'
import { limits } from './limits.ts'

/**
 * What follows from a group's roster events, and which event may come next: the one set of rules, by which servers and
 * clients judge alike (PROTOCOL.md, "Groups"). Pure: signatures and hashes are checked by whoever calls.
 */

/** Somebody in a group: the thumbprint of their account key, and whether they may change the group. */
export interface Member {
  readonly key: Base64Url32
  readonly isAdmin: boolean
}

/** A group after an event. Never changed in place. */
export interface RosterState {
  readonly group: GroupId
  readonly epoch: number
  /** The hash of the event: what the next one's `prev` must be, and what messages are bound to. */
  readonly head: Base64Url32
  readonly members: Readonly<Record<UserId, Member>>
}

/** An event whose signature was verified with `claims.key`. */
export interface VerifiedEvent {
  claims: RosterClaims
  /** SHA-256 of the compact JWS, base64url. */
  hash: Base64Url32
  /** The thumbprint of `claims.key`. */
  signer: Base64Url32
}

/**
 * The group after an event.
 *
 * @param before the group that the event is to follow; null for its first event
 * @throws FastChatError `bad_roster` when the event does not follow (another group, epoch or `prev`, or a member it cannot
 *   be about); `not_an_admin` when whoever signed may not do it; `group_full`; `last_admin` when no admin would be left
 */
export function applyRosterEvent(before: RosterState | null, event: VerifiedEvent): RosterState {
  return before === null ? create(event) : follow(before, event)
}

/** Whether somebody is in the group. */
export function isMember({ members }: Pick<RosterState, 'members'>, userId: UserId): boolean {
  return Object.hasOwn(members, userId)
}

/** Whether somebody may change the group. */
export function isAdmin({ members }: Pick<RosterState, 'members'>, userId: UserId): boolean {
  return Object.hasOwn(members, userId) && members[userId]?.isAdmin === true
}

function create({ claims, hash, signer }: VerifiedEvent): RosterState {
  const { group, epoch, prev, op, by, members } = claims
  if (op !== 'create' || epoch !== 0 || prev !== null) throw bad('the first event must make the group')
  const first: Record<UserId, Member> = { [by]: { key: signer, isAdmin: true } }
  return { group, epoch, head: hash, members: withNew(first, members) }
}

function follow(before: RosterState, { claims, hash, signer }: VerifiedEvent): RosterState {
  const { group, epoch, prev, op, by } = claims
  if (group !== before.group) throw bad('the event is of another group')
  if (epoch !== before.epoch + 1 || prev !== before.head) throw bad('the event does not follow the last one')
  if (!isMember(before, by) || before.members[by]?.key !== signer) {
    throw new FastChatError('not_an_admin', 'Cannot change group: whoever signed is not a member')
  }
  if (op !== 'leave' && !isAdmin(before, by)) {
    throw new FastChatError('not_an_admin', 'Cannot change group: whoever signed is not an admin')
  }
  const members = change(before.members, claims)
  const isEmpty = Object.keys(members).length === 0
  if (!isEmpty && !Object.values(members).some(member => member.isAdmin)) {
    throw new FastChatError('last_admin', 'Cannot change group: nobody would be left to change it again')
  }
  return { group, epoch, head: hash, members }
}

function change(
  before: Readonly<Record<UserId, Member>>,
  { op, by, members: named }: RosterClaims,
): Record<UserId, Member> {
  if (op === 'create') throw bad('the group is there already')
  if (named.length === 0) throw bad('the event is about nobody')
  if (op === 'add') return withNew(before, named)
  const after = { ...before }
  const seen = new Set<UserId>()
  for (const { user, key } of named) {
    const member = Object.hasOwn(before, user) ? before[user] : undefined
    if (!member || member.key !== key || seen.has(user))
      throw bad('the event is about somebody who is not in it')
    seen.add(user)
    switch (op) {
      case 'leave':
        if (user !== by || named.length !== 1) throw bad('one leaves by oneself')
        delete after[user]
        break
      case 'remove':
        if (user === by) throw bad('one leaves by oneself')
        delete after[user]
        break
      case 'promote':
      case 'demote':
        if (member.isAdmin === (op === 'promote')) throw bad('the event changes nothing')
        after[user] = { key, isAdmin: op === 'promote' }
        break
      default:
        op satisfies never
    }
  }
  return after
}

function withNew(
  before: Readonly<Record<UserId, Member>>,
  added: RosterClaims['members'],
): Record<UserId, Member> {
  const after: Record<UserId, Member> = { ...before }
  for (const { user, key } of added) {
    if (Object.hasOwn(after, user)) throw bad('the event adds somebody who is in it already')
    after[user] = { key, isAdmin: false }
  }
  if (Object.keys(after).length > limits.maxMembers) {
    throw new FastChatError('group_full', `Cannot change group: it has at most ${limits.maxMembers} members`)
  }
  return after
}

function bad(state: string): FastChatError {
  return new FastChatError('bad_roster', `Cannot change group: ${state}`)
}
