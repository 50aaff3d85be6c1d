import type { GroupDocument, RosterEventDocument } from '../../schema/documents.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { GroupHeadResponse, RosterEventsResponse } from '../../schema/http.ts'
import type { GroupId, UserId } from '../../schema/ids.ts'
import type { RosterClaims } from '../../schema/jose.ts'
import { applyRosterEvent, type VerifiedEvent } from '../../schema/roster.ts'
import { checkRosterEvent, thumbprint } from '../auth/signatures.ts'
import type { Limits } from '../config/limits.ts'
import { groupOf, rollForward, rosterOf } from '../core/roster.ts'
import type { GroupHead } from '../port/group-store.ts'
import type { Store } from '../port/store.ts'

export interface GroupsOptions {
  store: Pick<Store, 'accounts' | 'groups'>
  /** The database's time, ms. */
  now: () => number
  limits: Limits
}

const MAX_REMEMBERED = 1_000
/** How many people's groups are counted at the same time for one event. */
const COUNTS_AT_ONCE = 16
/** Of one answer with events, characters: a client reads no answer without end. */
const MAX_EVENTS_CHARS = 2 * 1024 * 1024

/**
 * Groups as a server keeps them: events are stored when they follow from those before, by the same rules by which clients
 * judge (schema/roster.ts). How far a group has come is asked of the database each time, so that nobody is taken for a
 * member a moment longer than they are; who is in it at that point follows from the hash, and is remembered.
 */
export class Groups {
  readonly #options: GroupsOptions
  readonly #known = new Map<GroupId, GroupDocument>()

  constructor(options: GroupsOptions) {
    this.#options = options
  }

  /** A group as it is now; null when there is none. */
  async now(groupId: GroupId): Promise<GroupDocument | null> {
    const last = await this.#options.store.groups.lastEvent(groupId)
    if (!last) return null
    const known = this.#known.get(groupId)
    return known?.head === last.head ? known : await this.#read(groupId)
  }

  /** The members of a group now; nobody when there is none. */
  async members(groupId: GroupId): Promise<readonly UserId[]> {
    return (await this.now(groupId))?.memberIds ?? []
  }

  /** The groups that somebody is in, as far as a frame has room for them. */
  async headsOf(userId: UserId): Promise<GroupHead[]> {
    const { store, limits } = this.#options
    const read = () => store.groups.ofUser(userId, { limit: limits.maxGroups })
    const heads = await read()
    // Nobody may be told of less than they were told before: that looks like a history that was taken back.
    const behind = await store.groups.behind(heads)
    if (behind.length === 0) return heads
    for (const group of behind) await this.now(group)
    return await read()
  }

  /**
   * Takes in the first event of a group; the same again is answered alike.
   *
   * @param by whose token came with it
   * @throws FastChatError `bad_roster`, `group_full`; `group_exists`; `unknown_user` for somebody who does not exist;
   *   `too_large` when somebody is in too many groups
   */
  async create(jws: string, by: UserId): Promise<GroupHeadResponse> {
    const event = await this.#verify(jws, by)
    const { group } = event.claims
    if (await this.#isStored(event)) return headOf(event)
    const isTaken = (await this.#options.store.groups.lastEvent(group)) !== null
    if (isTaken || !(await this.#append(jws, { event, before: null }))) {
      throw new FastChatError('group_exists', `Cannot make group ${group}: the id is taken`)
    }
    return headOf(event)
  }

  /**
   * Takes in the next event of a group; the same again is answered alike, also when others have followed.
   *
   * @throws FastChatError as `create`; `unknown_group` when `by` is not in it; `not_an_admin`, `last_admin`; `stale_roster`
   *   when another event was first
   */
  async change(jws: string, { by, group }: { by: UserId; group: GroupId }): Promise<GroupHeadResponse> {
    const event = await this.#verify(jws, by)
    if (event.claims.group !== group) throw bad('the event is of another group')
    // Also by somebody who has left by it: the answer was lost.
    if (await this.#isStored(event)) return headOf(event)
    const before = await this.now(group)
    if (!before?.memberIds.includes(by)) throw unknown(group)
    if (event.claims.epoch <= before.epoch || !(await this.#append(jws, { event, before }))) {
      throw new FastChatError('stale_roster', `Cannot change group ${group}: somebody else has changed it`)
    }
    return headOf(event)
  }

  /**
   * Events for a member, or for somebody who was one: then up to the one that ended it.
   *
   * @throws FastChatError `unknown_group` for everybody else, whether or not it is there
   */
  async events(
    group: GroupId,
    { from, userId }: { from: number; userId: UserId },
  ): Promise<RosterEventsResponse> {
    const { store, limits } = this.#options
    const [end, about] = await Promise.all([
      store.groups.lastEvent(group),
      store.groups.lastAbout(group, userId),
    ])
    if (!end || !about) throw unknown(group)
    const last = about.op === 'remove' || about.op === 'leave' ? about.epoch : end.epoch
    const found = await store.groups.events(group, { from, to: last, limit: limits.maxRosterEvents })
    return { group, events: withinBounds(found.map(({ event }) => event)), last }
  }

  async #verify(jws: string, by: UserId): Promise<VerifiedEvent> {
    const accountKey = (await this.#options.store.accounts.accountKeys([by])).get(by)
    if (!accountKey) throw new FastChatError('unauthorized', 'Cannot change group: there is no such account')
    return await checkRosterEvent(jws, { by, accountKey })
  }

  /** Whether the very same event was stored before; what follows from it is then made good. */
  async #isStored({ hash, claims }: VerifiedEvent): Promise<boolean> {
    if (!(await this.#options.store.groups.findEvent(hash))) return false
    await this.now(claims.group)
    return true
  }

  /** @returns false when another event was first */
  async #append(
    jws: string,
    { event, before }: { event: VerifiedEvent; before: GroupDocument | null },
  ): Promise<boolean> {
    const { groups } = this.#options.store
    const { by, members } = event.claims
    const keys = await this.#thumbprints([by, ...members.map(({ user }) => user)])
    const roster = before && rosterOf(before, userId => keys.get(userId) ?? '')
    const after = applyRosterEvent(roster, event)
    await this.#checkAdded(event.claims, keys)
    const createdAt = new Date(Math.round(this.#options.now()))
    // The event first: it alone decides. Whoever finds the group behind its events brings it up to them.
    if ((await groups.append(documentOf(event, { jws, createdAt }))) === 'taken') return false
    await groups.bringUp(groupOf(after, before?.createdAt ?? createdAt))
    return true
  }

  /** Whoever is added is a person, by the key that they have, and is not in too many groups. */
  async #checkAdded({ op, by, members }: RosterClaims, keys: ReadonlyMap<UserId, string>): Promise<void> {
    if (op !== 'create' && op !== 'add') return
    for (const { user, key } of members) {
      const known = keys.get(user)
      if (known === undefined) {
        throw new FastChatError('unknown_user', `Cannot add ${user}: there is no such user`)
      }
      if (known !== key) throw bad(`${user} has another account key`)
    }
    const { store, limits } = this.#options
    const added = [...members.map(({ user }) => user), ...(op === 'create' ? [by] : [])]
    for (let from = 0; from < added.length; from += COUNTS_AT_ONCE) {
      await Promise.all(
        added.slice(from, from + COUNTS_AT_ONCE).map(async userId => {
          if ((await store.groups.countOf(userId)) < limits.maxGroups) return
          throw new FastChatError(
            'too_large',
            `Cannot add ${userId}: nobody is in over ${limits.maxGroups} groups`,
          )
        }),
      )
    }
  }

  async #thumbprints(userIds: readonly UserId[]): Promise<Map<UserId, string>> {
    const keys = await this.#options.store.accounts.accountKeys(userIds)
    return new Map(
      await Promise.all([...keys].map(async ([userId, key]) => [userId, await thumbprint(key)] as const)),
    )
  }

  async #read(groupId: GroupId): Promise<GroupDocument | null> {
    const { store, limits } = this.#options
    let group = await store.groups.find(groupId)
    for (;;) {
      const from = (group?.epoch ?? -1) + 1
      const events = await store.groups.events(groupId, { from, limit: limits.maxRosterEvents })
      if (events.length === 0) break
      // A server was killed between the two writes, or is between them now.
      group = rollForward(group, events)
      if (group) await store.groups.bringUp(group)
    }
    if (group) this.#remember(group)
    return group
  }

  #remember(group: GroupDocument): void {
    this.#known.delete(group._id)
    this.#known.set(group._id, group)
    if (this.#known.size <= MAX_REMEMBERED) return
    const [oldest] = this.#known.keys()
    if (oldest !== undefined) this.#known.delete(oldest)
  }
}

function documentOf(
  { hash, claims: { group, epoch, op, by, members } }: VerifiedEvent,
  { jws, createdAt }: { jws: string; createdAt: Date },
): RosterEventDocument {
  const named = members.map(({ user }) => user)
  const subjects = op === 'create' ? [by, ...named] : named
  return { _id: hash, group, epoch, op, by, subjects, event: jws, createdAt }
}

function headOf({ hash, claims: { group, epoch } }: VerifiedEvent): GroupHeadResponse {
  return { group, epoch, head: hash }
}

/** As many events as an answer has room for, at least one. */
function withinBounds(events: readonly string[]): string[] {
  let chars = 0
  const end = events.findIndex((event, index) => {
    chars += event.length
    return index > 0 && chars > MAX_EVENTS_CHARS
  })
  return end === -1 ? [...events] : events.slice(0, end)
}

/** The same for a group that does not exist and for one that is none of somebody's business. */
function unknown(group: GroupId): FastChatError {
  return new FastChatError('unknown_group', `Cannot find group ${group}: there is none that you are in`)
}

function bad(state: string): FastChatError {
  return new FastChatError('bad_roster', `Cannot change group: ${state}`)
}
