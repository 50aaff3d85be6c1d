import type { GroupDocument, RosterEventDocument } from '../../schema/documents.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { GroupHeadResponse, RosterEventsResponse } from '../../schema/http.ts'
import type { GroupId, UserId } from '../../schema/ids.ts'
import { RosterClaims } from '../../schema/jose.ts'
import { applyRosterEvent, type RosterState, type VerifiedEvent } from '../../schema/roster.ts'
import { checkRosterEvent, thumbprint, unverifiedClaims } from '../auth/signatures.ts'
import type { Limits } from '../config/limits.ts'
import type { Store } from '../port/store.ts'

export interface GroupsOptions {
  store: Store
  /** The database's time, ms. */
  now: () => number
  limits: Limits
}

const MAX_REMEMBERED = 500
const EVENTS_PER_READ = 500

/**
 * The rosters of groups, as a server keeps them: events are stored when they follow from those before, by the same rules by
 * which clients judge (schema/roster.ts). The event is the truth, the group's document follows: a server that is killed
 * between the two leaves the document behind, and whoever looks next brings it up.
 */
export class Groups {
  readonly #options: GroupsOptions
  /** The last state of some groups: what it follows from never changes. */
  readonly #states = new Map<GroupId, RosterState>()

  constructor(options: GroupsOptions) {
    this.#options = options
  }

  /**
   * Takes an event in, the first or the next one of a group.
   *
   * @param by whose token came with it
   * @throws FastChatError `bad_roster`, `not_an_admin`, `group_full`, `last_admin`; `group_exists`, `stale_roster` when another
   *   one was first; `unknown_group` when `by` is not in it; `unknown_user` for somebody who does not exist
   */
  async append(event: string, { by, group }: { by: UserId; group?: GroupId }): Promise<GroupHeadResponse> {
    const verified = await this.#verify(event, by)
    const { claims, hash } = verified
    if (group !== undefined && claims.group !== group) throw bad('the event is of another group')
    if ((group === undefined) !== (claims.op === 'create')) throw bad('a group is made by its first event')
    const before = await this.#stateOf(claims.group)
    if (before && before.epoch >= claims.epoch) return await this.#again(before, verified)
    if (claims.op !== 'create' && (!before || !Object.hasOwn(before.members, by))) throw unknown(claims.group)
    const after = applyRosterEvent(before, verified)
    await this.#checkPeople(verified, before)
    const document = toDocument(event, verified, new Date(this.#options.now()))
    const result = await this.#options.store.groups.append(document)
    if (result === 'taken') throw this.#late(claims)
    await this.#keep(after, document.createdAt)
    return { group: claims.group, epoch: claims.epoch, head: hash }
  }

  /**
   * Events for a member, or for somebody who was one: then up to the event that ended it.
   *
   * @throws FastChatError `unknown_group` for everybody else, whether or not it is there
   */
  async events(
    group: GroupId,
    { from, userId }: { from: number; userId: UserId },
  ): Promise<RosterEventsResponse> {
    const { store, limits } = this.#options
    const state = await this.#stateOf(group)
    if (!state) throw unknown(group)
    const isIn = Object.hasOwn(state.members, userId)
    const last = isIn ? state.epoch : (await store.groups.lastEventAbout(group, userId))?.epoch
    if (last === undefined) throw unknown(group)
    const limit = Math.min(limits.maxRosterEvents, last + 1 - from)
    const found = limit > 0 ? await store.groups.events(group, { from, limit }) : []
    return { group, events: found.map(({ event }) => event), last }
  }

  /** The groups that somebody is in. */
  async headsOf(userId: UserId): Promise<GroupHeadResponse[]> {
    const heads = await this.#options.store.groups.headsOf(userId, { limit: this.#options.limits.maxGroups })
    return heads.map(({ _id, epoch, head }) => ({ group: _id, epoch, head }))
  }

  /** The members of a group now: asked of the database each time, so that nobody who was removed counts. */
  async members(group: GroupId): Promise<readonly UserId[]> {
    return (await this.#options.store.groups.find(group))?.memberIds ?? []
  }

  /** An event was stored by some server: brings the group's document up, if that one was killed before it could. */
  async changed(group: GroupId): Promise<GroupDocument | null> {
    await this.#stateOf(group)
    return await this.#options.store.groups.find(group)
  }

  async #verify(event: string, by: UserId): Promise<VerifiedEvent> {
    const user = await this.#options.store.accounts.findUser(by)
    if (!user) throw new FastChatError('unauthorized', 'Cannot change group: there is no such user')
    return await checkRosterEvent(event, { userId: by, accountKey: user.accountKey })
  }

  /** Whoever is added is a person, by the key that they have, and is not in too many groups. */
  async #checkPeople({ claims }: VerifiedEvent, before: RosterState | null): Promise<void> {
    if (claims.op !== 'create' && claims.op !== 'add') return
    const { store, limits } = this.#options
    const named = claims.members.map(({ user }) => user)
    const added = before === null ? [...named, claims.by] : named
    const counts = await store.groups.countsOf(added, { limit: limits.maxGroups })
    const busy = added.find(user => (counts.get(user) ?? 0) >= limits.maxGroups)
    if (busy !== undefined) {
      throw new FastChatError('too_large', `Cannot change group: ${busy} is in ${limits.maxGroups} groups`)
    }
    const accounts = await store.accounts.findUsers(claims.members.map(({ user }) => user))
    const byId = new Map(accounts.map(account => [account._id, account]))
    for (const { user, key } of claims.members) {
      const found = byId.get(user)
      if (!found) throw new FastChatError('unknown_user', `Cannot find ${user}: there is no such user`)
      if ((await thumbprint(found.accountKey)) !== key) throw bad(`${user} has another account key`)
    }
  }

  /** An event of an epoch that is there: the very same is a retry, and is answered the same. */
  async #again(before: RosterState, { claims, hash }: VerifiedEvent): Promise<GroupHeadResponse> {
    const [same] = await this.#options.store.groups.events(claims.group, { from: claims.epoch, limit: 1 })
    if (same?._id === hash) return { group: claims.group, epoch: before.epoch, head: before.head }
    throw this.#late(claims)
  }

  #late({ group, op }: RosterClaims): FastChatError {
    return op === 'create'
      ? new FastChatError('group_exists', `Cannot make group ${group}: the id is taken`)
      : new FastChatError('stale_roster', `Cannot change group ${group}: another change came first`)
  }

  /** The state after the last event that is stored; the group's document is brought up to it. */
  async #stateOf(group: GroupId): Promise<RosterState | null> {
    const { store } = this.#options
    const last = await store.groups.lastEvent(group)
    if (!last) return null
    const known = this.#states.get(group)
    if (known?.head === last._id) return known
    let state = known && known.epoch < last.epoch ? known : null
    while (!state || state.epoch < last.epoch) {
      const from: number = state === null ? 0 : state.epoch + 1
      const events = await store.groups.events(group, { from, limit: EVENTS_PER_READ })
      if (events.length === 0) break
      for (const stored of events) state = applyRosterEvent(state, await verifiedBefore(stored))
    }
    if (!state) return null
    await this.#keep(state, last.createdAt)
    return state
  }

  async #keep(state: RosterState, createdAt: Date): Promise<void> {
    const { group, epoch, head, members } = state
    await this.#options.store.groups.bringUp({
      _id: group,
      adminIds: Object.keys(members).filter(user => members[user]?.isAdmin),
      memberIds: Object.keys(members),
      epoch,
      head,
      createdAt,
    })
    const known = this.#states.get(group)
    if (known && known.epoch > epoch) return
    this.#states.delete(group)
    this.#states.set(group, state)
    if (this.#states.size <= MAX_REMEMBERED) return
    const [oldest] = this.#states.keys()
    if (oldest !== undefined) this.#states.delete(oldest)
  }
}

/** An event that was verified when it was stored. */
async function verifiedBefore({ event, _id }: RosterEventDocument): Promise<VerifiedEvent> {
  const claims = unverifiedClaims(event, { claims: RosterClaims, code: 'internal', what: 'roster event' })
  return { claims, hash: _id, signer: await thumbprint(claims.key) }
}

function toDocument(event: string, { claims, hash }: VerifiedEvent, createdAt: Date): RosterEventDocument {
  const { group, epoch, op, by, members } = claims
  const named = members.map(({ user }) => user)
  return {
    _id: hash,
    group,
    epoch,
    op,
    by,
    subjects: op === 'create' ? [by, ...named] : named,
    event,
    createdAt,
  }
}

function unknown(group: GroupId): FastChatError {
  return new FastChatError('unknown_group', `Cannot find group ${group}: there is none that you are in`)
}

function bad(state: string): FastChatError {
  return new FastChatError('bad_roster', `Cannot change group: ${state}`)
}
