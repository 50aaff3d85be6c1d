import type { Base64Url32, UserId } from '../../schema/ids.ts'
import type { RosterClaims } from '../../schema/jose.ts'
import { isAdmin, isMember, type RosterState } from '../../schema/roster.ts'

/** From one epoch to another somebody was in the group in one and the same way. */
export interface Span {
  key: Base64Url32
  isAdmin: boolean
  /** The epoch of the event that it begins with. */
  since: number
  /** The epoch of the event that it ended with; absent while it lasts. */
  until?: number
}

/** Who was in a group when: enough to judge what was written at any epoch that was verified. Plain data. */
export interface RosterHistory {
  state: RosterState
  /** The hash of the event of each epoch. */
  hashes: readonly Base64Url32[]
  spans: Readonly<Record<UserId, readonly Span[]>>
}

/**
 * The history after one more event.
 *
 * @param next what `applyRosterEvent()` made of `before` and the event
 */
export function extendHistory(
  before: RosterHistory | null,
  { next, claims }: { next: RosterState; claims: RosterClaims },
): RosterHistory {
  const spans: Record<UserId, readonly Span[]> = { ...before?.spans }
  const { epoch } = next
  for (const user of subjectsOf(claims)) {
    const known = Object.hasOwn(spans, user) ? (spans[user] ?? []) : []
    const ended = known.map(span => (span.until === undefined ? { ...span, until: epoch } : span))
    const key = isMember(next, user) ? next.members[user]?.key : undefined
    spans[user] = key === undefined ? ended : [...ended, { key, isAdmin: isAdmin(next, user), since: epoch }]
  }
  return { state: next, hashes: [...(before?.hashes ?? []), next.head], spans }
}

/** How somebody was in the group at an epoch; undefined when not. */
export function memberAt(
  { spans }: Pick<RosterHistory, 'spans'>,
  { user, epoch }: { user: UserId; epoch: number },
): Span | undefined {
  if (!Object.hasOwn(spans, user)) return undefined
  return spans[user]?.find(({ since, until }) => since <= epoch && (until === undefined || epoch < until))
}

/** Everybody whom an event is about. */
export function subjectsOf({ op, by, members }: Pick<RosterClaims, 'op' | 'by' | 'members'>): UserId[] {
  const named = members.map(({ user }) => user)
  return op === 'create' ? [by, ...named] : named
}
