import { FastChatError } from '../../schema/errors.ts'
import type { UserId } from '../../schema/ids.ts'
import type { RosterClaims, RosterMember } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { isAdmin, isMember, type RosterState } from '../../schema/roster.ts'
import type { GroupInfo, GroupMember } from '../chat.ts'
import { timeAfter } from '../core/changes.ts'
import { signRosterEvent } from '../crypto/roster.ts'
import { type Clock, sleep } from '../net/clock.ts'
import type { Connection } from '../net/connection.ts'
import type { Courier } from './courier.ts'
import { readGroupId, readUserId } from './destinations.ts'
import { type Groups, unknownGroup } from './groups.ts'
import { keyChanged, type People } from './people.ts'
import type { GroupRecord, Identity } from './records.ts'
import type { State } from './state.ts'
import { changeConversation } from './timeline.ts'

export interface GroupChangesOptions {
  identity: Identity
  state: State
  groups: Groups
  people: People
  courier: Pick<Courier, 'enqueue'>
  clock: Clock
  connection: Pick<Connection, 'request'>
}

type Op = Exclude<RosterClaims['op'], 'create'>

/** So long a person who asks for the members waits for a server. */
const ASK_MS = 3_000

/** How often a change is made again after another admin's came first. */
const MAX_REBASES = 8

/** What a person does to groups. See `Chat`. */
export class GroupChanges {
  readonly #options: GroupChangesOptions

  constructor(options: GroupChangesOptions) {
    this.#options = options
  }

  async create(request: { group: string; title?: string; members?: string[] }): Promise<GroupInfo> {
    const { groups, identity } = this.#options
    const group = readGroupId(request.group)
    if (request.title !== undefined) checkTitle(request.title)
    const known = groups.get(group)
    if (known && isMember(known.state, identity.userId)) throw exists(group)
    const wanted = await this.#membersOf(request.members ?? [])
    const others = wanted.filter(({ user }) => user !== identity.userId)
    const first = others.slice(0, limits.maxEventMembers)
    const claims = { group, epoch: 0, prev: null, op: 'create' as const, members: first }
    const { event } = await this.#sign(claims)
    await this.#options.connection.request((api, token) => api.createGroup({ event, token }))
    await groups.extendBy(event, { group })
    if (others.length > first.length) await this.#add(group, others.slice(first.length))
    if (request.title !== undefined) this.#sendTitle(group, request.title)
    return this.info({ group })
  }

  /** See `Chat.groupInfo`: as it is now or, when nobody can be asked in a moment, as it was last known. */
  async current(request: { group: string }): Promise<GroupInfo> {
    const { groups, clock } = this.#options
    const { group } = this.#known(request.group)
    const late = new AbortController()
    const asked = groups.catchUp(group).catch((error: unknown) => {
      if (!(error instanceof FastChatError)) throw error
    })
    await Promise.race([asked, sleep(clock, { delayMs: ASK_MS, signal: late.signal })])
    late.abort()
    return this.info({ group })
  }

  info(request: { group: string }): GroupInfo {
    const { groups, people, identity } = this.#options
    const record = this.#known(request.group)
    const members = Object.entries(record.state.members).map(
      ([user, member]): GroupMember => ({
        user,
        isAdmin: member.isAdmin,
        isMe: user === identity.userId,
        isVerified: people.get(user)?.verified === member.key,
      }),
    )
    return {
      group: record.group,
      conversation: record.conversation,
      ...(record.title ? { title: record.title.text } : {}),
      role: groups.roleOf(record),
      epoch: record.state.epoch,
      members: members.sort((a, b) => Number(b.isAdmin) - Number(a.isAdmin) || (a.user < b.user ? -1 : 1)),
    }
  }

  async add(request: { group: string; members: string[] }): Promise<GroupInfo> {
    const { group } = this.#known(request.group)
    await this.#add(group, await this.#membersOf(request.members))
    return this.info({ group })
  }

  async remove(request: { group: string; members: string[] }): Promise<GroupInfo> {
    const { group, state } = this.#known(request.group)
    const users = request.members.map(readUserId)
    for (const user of users) this.#checkIn(state, { group, user })
    if (users.includes(this.#options.identity.userId)) {
      throw new FastChatError('usage', `Cannot remove yourself from "${group}": leave it`)
    }
    for (let from = 0; from < users.length; from += limits.maxEventMembers) {
      const part = users.slice(from, from + limits.maxEventMembers)
      await this.#change(group, 'remove', now =>
        named(
          now,
          part.filter(user => isMember(now, user)),
        ),
      )
    }
    return this.info({ group })
  }

  async setAdmin(request: { group: string; user: string; isAdmin: boolean }): Promise<GroupInfo> {
    const { group, state } = this.#known(request.group)
    const user = readUserId(request.user)
    this.#checkIn(state, { group, user })
    await this.#change(group, request.isAdmin ? 'promote' : 'demote', now => {
      this.#checkIn(now, { group, user })
      return isAdmin(now, user) === request.isAdmin ? [] : named(now, [user])
    })
    return this.info({ group })
  }

  async setTitle(request: { group: string; title: string }): Promise<GroupInfo> {
    const { groups, identity } = this.#options
    checkTitle(request.title)
    const { group } = this.#known(request.group)
    // Who has just been made an admin is one.
    const record = await groups.catchUp(group)
    groups.checkWritable(record)
    if (!isAdmin(record.state, identity.userId)) throw notAnAdmin(record.group)
    this.#sendTitle(record.group, request.title)
    return this.info(request)
  }

  async leave(request: { group: string }): Promise<void> {
    const { identity } = this.#options
    const { group } = this.#known(request.group)
    await this.#change(group, 'leave', now =>
      named(now, isMember(now, identity.userId) ? [identity.userId] : []),
    )
  }

  async #add(group: string, members: readonly RosterMember[]): Promise<void> {
    for (let from = 0; from < members.length; from += limits.maxEventMembers) {
      const part = members.slice(from, from + limits.maxEventMembers)
      await this.#change(group, 'add', now => part.filter(({ user }) => !isMember(now, user)))
    }
    // Whoever is new knows neither title nor timer yet.
    const title = this.#options.groups.get(group)?.title
    // As it was said: another title that is on its way here is later than this one.
    if (title !== undefined && members.length > 0) this.#sendTitle(group, title.text, title.at)
    if (members.length > 0) this.#sendTimer(group)
  }

  /**
   * Makes one event on top of the newest roster; when another admin was first, on top of theirs.
   *
   * @param whom by the roster of the moment; nobody: it is so already
   */
  async #change(group: string, op: Op, whom: (now: RosterState) => readonly RosterMember[]): Promise<void> {
    const { groups, connection, identity } = this.#options
    for (let tries = 0; ; tries++) {
      const record = await groups.catchUp(group)
      groups.checkWritable(record)
      const { state } = record
      if (op !== 'leave' && !isAdmin(state, identity.userId)) throw notAnAdmin(group)
      const members = [...whom(state)]
      if (members.length === 0) return
      const { event } = await this.#sign({ group, epoch: state.epoch + 1, prev: state.head, op, members })
      try {
        await connection.request((api, token) => api.addRosterEvent({ group, event, token }))
        await groups.extendBy(event, { group })
        return
      } catch (error) {
        const isLate = error instanceof FastChatError && error.code === 'stale_roster'
        if (!isLate || tries >= MAX_REBASES) throw error
      }
    }
  }

  #sign(claims: Omit<RosterClaims, 'by' | 'key' | 'iat'>): Promise<{ event: string }> {
    const { identity, clock } = this.#options
    return signRosterEvent({ ...claims, iat: clock.now() }, identity)
  }

  /** A title goes to the members like a message, so that no server reads it. */
  #sendTitle(group: string, title: string, saidAt?: number): void {
    const { state, groups, courier, identity } = this.#options
    const record = groups.get(group)
    if (!record) return
    state.commit(tx => {
      const id = tx.nextId()
      const at = saidAt ?? timeAfter(groups.get(group)?.title, tx.now)
      groups.setTitle(tx, group, { text: title, at, id, by: identity.userId })
      courier.enqueue(tx, {
        id,
        conversation: record.conversation,
        to: { group },
        sentAt: at,
        content: { type: 'title', title },
      })
    })
  }

  /** Says again after how long messages disappear, when they do. */
  #sendTimer(group: string): void {
    const { state, groups, courier } = this.#options
    const conversation = groups.get(group)?.conversation ?? ''
    const { disappearAfterMs: afterMs, timer } = state.tables.conversations.get([conversation]) ?? {}
    if (afterMs === undefined) return
    state.commit(tx => {
      const said = { id: tx.nextId(), at: timeAfter(timer, tx.now) }
      const content = { type: 'timer' as const, afterMs }
      courier.enqueue(tx, { id: said.id, conversation, to: { group }, sentAt: said.at, content })
      changeConversation(tx, { conversation, timer: said })
    })
  }

  /** People by what was typed, each with the account key that is pinned for them. */
  async #membersOf(typed: readonly string[]): Promise<RosterMember[]> {
    const { people } = this.#options
    const members: RosterMember[] = []
    const users = [...new Set(typed.map(readUserId))]
    await people.refreshMany(users.filter(user => people.get(user) === undefined))
    for (const user of users) {
      const person = await people.ensure(user)
      if (person.changedTo !== undefined) throw keyChanged(user)
      members.push({ user, key: person.thumbprint })
    }
    return members
  }

  #known(typed: string): GroupRecord {
    const group = readGroupId(typed)
    const record = this.#options.groups.get(group)
    if (!record) throw unknownGroup(group)
    return record
  }

  #checkIn(state: RosterState, { group, user }: { group: string; user: UserId }): void {
    if (isMember(state, user)) return
    throw new FastChatError('not_a_member', `Cannot change group "${group}": "${user}" is not in it`)
  }
}

function named(state: RosterState, users: readonly UserId[]): RosterMember[] {
  return users.flatMap(user => {
    const member = isMember(state, user) ? state.members[user] : undefined
    return member ? [{ user, key: member.key }] : []
  })
}

function checkTitle(title: string): void {
  if (title.trim() === '') throw new FastChatError('usage', 'Cannot name group: the title is empty')
  if (/\p{Surrogate}/u.test(title)) throw new FastChatError('usage', 'Cannot name group: it is not Unicode')
  if (new TextEncoder().encode(title).length <= limits.maxTitleBytes) return
  throw new FastChatError('usage', `Cannot name group: a title has at most ${limits.maxTitleBytes} bytes`)
}

function exists(group: string): FastChatError {
  return new FastChatError('group_exists', `Cannot make group "${group}": the id is taken`)
}

function notAnAdmin(group: string): FastChatError {
  return new FastChatError('not_an_admin', `Cannot change group "${group}": you are not an admin of it`)
}
