import { createHash } from 'node:crypto'
import { FastChatError } from '../../schema/errors.ts'
import type { ServerFrame } from '../../schema/frames.ts'
import type { GroupHeadResponse, RosterEventsResponse } from '../../schema/http.ts'
import type { GroupId, UserId } from '../../schema/ids.ts'
import type { RosterClaims } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { applyRosterEvent, isMember, type RosterState } from '../../schema/roster.ts'
import { subjectsOf } from '../core/roster-history.ts'

interface FakeGroup {
  events: string[]
  claims: RosterClaims[]
  states: RosterState[]
}

/** The rosters of the fake server: they follow the rules, but no signature is checked, and a test may lie with them. */
export class FakeGroups {
  readonly groups = new Map<GroupId, FakeGroup>()
  /** What somebody who asks is answered, in place of the truth. */
  onEvents: (answer: RosterEventsResponse, asks: { userId: UserId; from: number }) => RosterEventsResponse =
    answer => answer
  /** What somebody is told when they connect, and when a group has changed. */
  onHeads: (heads: GroupHeadResponse[], to: UserId) => GroupHeadResponse[] = heads => heads
  /** Called before an event is taken in: for another one that is faster. */
  onAppend: (event: string) => void = () => undefined
  readonly #tell: (users: readonly UserId[], frame: ServerFrame) => void

  constructor({ tell }: { tell: (users: readonly UserId[], frame: ServerFrame) => void }) {
    this.#tell = tell
  }

  append(event: string, { by }: { by: UserId }): GroupHeadResponse {
    this.onAppend(event)
    const claims = claimsOf(event)
    const { group, epoch } = claims
    const known = this.groups.get(group) ?? { events: [], claims: [], states: [] }
    if (known.events[epoch] === event) return head(known.states[epoch])
    if (claims.by !== by) throw new FastChatError('bad_roster', 'Cannot change group: signed by another one')
    if (epoch === 0 && known.events.length > 0)
      throw new FastChatError('group_exists', 'Cannot make group: it is there')
    if (epoch !== known.events.length)
      throw new FastChatError('stale_roster', 'Cannot change group: another was first')
    const before = known.states.at(-1) ?? null
    const signer = before ? (before.members[by]?.key ?? '') : keyThumbprint(claims)
    const hash = createHash('sha256').update(event).digest('base64url')
    const state = applyRosterEvent(before, { claims, hash, signer })
    known.events.push(event)
    known.claims.push(claims)
    known.states.push(state)
    this.groups.set(group, known)
    for (const user of new Set([...Object.keys(state.members), ...subjectsOf(claims)])) {
      for (const one of this.onHeads([head(state)], user)) this.#tell([user], { t: 'group', ...one })
    }
    return head(state)
  }

  events(group: GroupId, { from, userId }: { from: number; userId: UserId }): RosterEventsResponse {
    const known = this.groups.get(group)
    const last = known ? this.#lastFor(known, userId) : -1
    if (!known || last < 0)
      throw new FastChatError('unknown_group', 'Cannot find group: there is no such one')
    const events = known.events.slice(from, Math.min(last + 1, from + limits.maxRosterEvents))
    return this.onEvents({ group, events, last }, { userId, from })
  }

  headsOf(userId: UserId): GroupHeadResponse[] {
    const heads = [...this.groups.values()].flatMap(({ states }) => {
      const state = states.at(-1)
      return state && isMember(state, userId) ? [head(state)] : []
    })
    return this.onHeads(heads, userId)
  }

  membersOf(group: GroupId): UserId[] {
    return Object.keys(this.groups.get(group)?.states.at(-1)?.members ?? {})
  }

  #lastFor({ claims, states }: FakeGroup, userId: UserId): number {
    const state = states.at(-1)
    if (state && isMember(state, userId)) return states.length - 1
    return claims.findLastIndex(one => subjectsOf(one).includes(userId))
  }
}

export function claimsOf(event: string): RosterClaims {
  return JSON.parse(Buffer.from(event.split('.')[1] ?? '', 'base64url').toString()) as RosterClaims
}

/** RFC 7638. */
function keyThumbprint({ key: { x } }: RosterClaims): string {
  return createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url')
}

function head(state: RosterState | undefined): GroupHeadResponse {
  if (!state) throw new FastChatError('unknown_group', 'Cannot find group: there is no such one')
  return { group: state.group, epoch: state.epoch, head: state.head }
}
