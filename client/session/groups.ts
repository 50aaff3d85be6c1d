import { FastChatError } from '../../schema/errors.ts'
import type { GroupHeadResponse, RosterEventsResponse } from '../../schema/http.ts'
import type { Base64Url32, GroupId, MessageId, UserId } from '../../schema/ids.ts'
import type { ChainClaims } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { applyRosterEvent, isAdmin, isMember, type VerifiedEvent } from '../../schema/roster.ts'
import type { ConversationSummary, RosterTrouble } from '../chat.ts'
import { extendHistory, memberAt, type RosterHistory } from '../core/roster-history.ts'
import { groupConversation, verifyRosterEvent } from '../crypto/roster.ts'
import type { Clock } from '../net/clock.ts'
import type { Connection } from '../net/connection.ts'
import { writeRosterNotices } from './group-notices.ts'
import { Mutex } from './mutex.ts'
import type { GroupRecord, Identity, Thread } from './records.ts'
import type { State, Tx } from './state.ts'
import { appendNotice, changeConversation } from './timeline.ts'

export interface GroupsOptions {
  identity: Identity
  state: State
  clock: Clock
  connection: Pick<Connection, 'request'>
  /** Of this account's key. */
  thumbprint: Base64Url32
  report: (error: unknown) => void
  /** A group's roster has grown: what waited for it may be taken in, and chains for the old one are over. */
  onExtended: (record: GroupRecord) => void
}

/** A place in a roster that a message is bound to. */
export type RosterPlace = Pick<ChainClaims, 'conv' | 'epoch' | 'roster'> & { group: GroupId; user: UserId }

const MAX_TOLD = 100

/**
 * The groups that this account is in, by what this device has verified itself: the server brings signed events, and is
 * believed nothing. What it shows must extend what is known, or it is refused and said why.
 *
 * Long because all of it keeps one thing: that a record only ever grows by verified events.
 */
export class Groups {
  readonly #options: GroupsOptions
  /** All records, as they are in the store: a roster of a thousand is not to be read anew for each message. */
  readonly #records: Map<GroupId, GroupRecord>
  readonly #mutexes = new Map<GroupId, Mutex>()
  readonly #checking = new Set<Promise<void>>()

  constructor(options: GroupsOptions) {
    this.#options = options
    const records = Array.from(options.state.tables.groups.range(), ({ value }) => value)
    this.#records = new Map(records.map(record => [record.group, record]))
  }

  get(group: GroupId): GroupRecord | undefined {
    return this.#records.get(group)
  }

  all(): GroupRecord[] {
    return [...this.#records.values()]
  }

  /** What this account is in a group. */
  roleOf({ state, trouble }: GroupRecord): NonNullable<ConversationSummary['role']> {
    const { userId } = this.#options.identity
    if (!isMember(state, userId)) return 'gone'
    if (trouble !== undefined) return 'refused'
    return isAdmin(state, userId) ? 'admin' : 'member'
  }

  /** @throws FastChatError `not_a_member`, `roster_forked` when nothing may be written to a group */
  checkWritable(record: GroupRecord): void {
    const role = this.roleOf(record)
    if (role === 'gone') {
      throw new FastChatError('not_a_member', `Cannot send to group "${record.group}": you are not in it`)
    }
    if (role === 'refused') {
      throw new FastChatError(
        'roster_forked',
        `Cannot send to group "${record.group}": the server shows a list of members that cannot be true`,
      )
    }
  }

  /**
   * Asks for what is new in a group's roster, verifies it and keeps it.
   *
   * @throws FastChatError `unknown_group`; `roster_forked`, `bad_roster` when what the server shows does not extend what is
   *   known: then a notice has said so; `no_server` and what the server says
   */
  catchUp(group: GroupId): Promise<GroupRecord> {
    return this.#mutexOf(group).run(async () => {
      for (;;) {
        const before = this.get(group)
        const answer = await this.#ask(group, before)
        const record = await this.#take(answer.events, { group, before })
        if (answer.events.length === 0 || record.state.epoch >= answer.last) return record
        if (before && record.state.epoch === before.state.epoch) {
          throw new FastChatError(
            'unavailable',
            'Cannot read group: the server promises events that it does not show',
          )
        }
      }
    })
  }

  /** Takes in the event by which this device has changed a group. */
  extendBy(event: string, { group }: { group: GroupId }): Promise<GroupRecord> {
    return this.#mutexOf(group).run(() => this.#take([event], { group, before: this.get(group) }))
  }

  /** What a server says of the rosters there are: asks for what is news, or cannot be. */
  check(heads: readonly GroupHeadResponse[], { isAll }: { isAll: boolean }): void {
    const checking = this.#check(heads, isAll).finally(() => this.#checking.delete(checking))
    this.#checking.add(checking)
  }

  /** Resolves when all that servers have said so far was looked at. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.#checking)
  }

  async #check(heads: readonly GroupHeadResponse[], isAll: boolean): Promise<void> {
    const news = heads.filter(head => this.#isNews(head, isAll)).map(({ group }) => group)
    const shown = new Set(heads.map(({ group }) => group))
    const hidden = isAll ? this.all().filter(record => !shown.has(record.group) && this.#isIn(record)) : []
    for (const group of [...news, ...hidden.map(record => record.group)]) {
      await this.catchUp(group).catch((error: unknown) => {
        // What the person must know of it stands in the conversation.
        if (!(error instanceof FastChatError)) this.#options.report(error)
      })
    }
  }

  /** Where the roster that a message names stands, as far as it is verified; undefined when it is not. */
  find({
    group,
    conv,
    epoch,
    roster,
    user,
  }: RosterPlace): { conv: Base64Url32; memberKey: Base64Url32 } | undefined {
    const record = this.get(group)
    if (!record || record.conversation !== conv || record.hashes[epoch] !== roster) return undefined
    const member = memberAt(record, { user, epoch })
    const { identity, thumbprint } = this.#options
    // By one's own key too: a member of one's name with another key is somebody else.
    const isReader = memberAt(record, { user: identity.userId, epoch })?.key === thumbprint
    return member && isReader ? { conv, memberKey: member.key } : undefined
  }

  /** Why a place in a roster is not accepted. */
  troubleOf({ group, conv, epoch, roster }: RosterPlace): RosterTrouble {
    const record = this.get(group)
    if (!record || (record.conversation === conv && record.hashes[epoch] === undefined)) return 'unreachable'
    if (record.conversation !== conv || record.hashes[epoch] !== roster) return 'forked'
    return 'not-a-member'
  }

  /** Whether somebody may still be heard: those who are in it and, of what was on its way, those who were until just now. */
  mayBeHeard(record: GroupRecord, user: UserId): boolean {
    if (isMember(record.state, user)) return true
    const at = Object.hasOwn(record.removedAt, user) ? record.removedAt[user] : undefined
    return at !== undefined && this.#options.clock.now() - at < limits.removedGraceMs
  }

  /**
   * Whether somebody may do what an admin may, by a message that is bound to an epoch: they were one then, and are one now
   * or were until just now. Else whoever was one once could for ever choose the epoch in which they were.
   */
  mayChange(record: GroupRecord, { user, epoch }: { user: UserId; epoch: number }): boolean {
    if (memberAt(record, { user, epoch })?.isAdmin !== true) return false
    if (isAdmin(record.state, user)) return true
    const ended = record.adminUntil ?? {}
    const at = Object.hasOwn(ended, user) ? ended[user] : undefined
    return at !== undefined && this.#options.clock.now() - at < limits.removedGraceMs
  }

  /** A title that an admin gave; an older one than the last changes nothing. */
  setTitle(tx: Tx, group: GroupId, title: { text: string; at: number; id: MessageId; by: UserId }): void {
    const record = this.get(group)
    if (!record) return
    // By the clock of whoever said it, right or wrong: so all agree. The next one is said later than the last, see #sendTitle.
    const { text, at, id, by } = title
    const last = record.title
    if (last && (last.at > at || (last.at === at && last.id >= id))) return
    this.#put(tx, { ...record, title: { text, at, id } })
    if (last?.text === text) return
    changeConversation(tx, { conversation: record.conversation, title: text })
    appendNotice(tx, { notice: { type: 'title', by, title: text }, thread: threadOf(record) })
  }

  /** The title as another device of one's own knows it, where this one knows none. */
  adoptTitle(tx: Tx, group: GroupId, text: string): void {
    const record = this.get(group)
    if (!record || record.title) return
    this.#put(tx, { ...record, title: { text, at: 0, id: '' } })
    changeConversation(tx, { conversation: record.conversation, title: text })
  }

  /** Says once in a group's conversation why something is not shown. */
  refuse(
    tx: Tx,
    group: GroupId,
    { reason, from, key }: { reason: RosterTrouble; from?: UserId; key: string },
  ): void {
    const record = this.get(group)
    if (!record || record.told?.includes(key) || !tx.tables.conversations.get([record.conversation])) return
    this.#put(tx, { ...record, told: [...(record.told ?? []), key].slice(-MAX_TOLD) })
    const notice = { type: 'roster-refused' as const, reason, ...(from === undefined ? {} : { from }) }
    appendNotice(tx, { notice, thread: threadOf(record) })
  }

  #isIn({ state }: GroupRecord): boolean {
    return isMember(state, this.#options.identity.userId)
  }

  #isNews({ group, epoch, head }: GroupHeadResponse, isAll: boolean): boolean {
    const record = this.get(group)
    if (!record || epoch > record.state.epoch || record.hashes[epoch] !== head) return true
    // In a list of all an older roster than the known one is none that the server could have by mistake.
    return record.trouble !== undefined || (isAll && epoch < record.state.epoch)
  }

  async #ask(group: GroupId, before: GroupRecord | undefined): Promise<RosterEventsResponse> {
    // The last known event comes again: what follows something else shows at once.
    const from = before?.state.epoch ?? 0
    try {
      const answer = await this.#options.connection.request((api, token) =>
        api.rosterEvents({ group, from, token }),
      )
      if (before && answer.last < from) throw this.#distrust(before, 'forked')
      return answer
    } catch (error) {
      const isHidden =
        error instanceof FastChatError && (error.code === 'unknown_group' || error.code === 'not_found')
      if (before && isHidden && this.#isIn(before)) throw this.#distrust(before, 'unreachable')
      throw isHidden ? unknownGroup(group) : error
    }
  }

  async #take(
    events: readonly string[],
    { group, before }: { group: GroupId; before: GroupRecord | undefined },
  ): Promise<GroupRecord> {
    let history: RosterHistory | null = before ?? null
    const added: VerifiedEvent[] = []
    for (const event of events) {
      try {
        const verified = await verifyRosterEvent(event)
        if (history && verified.claims.epoch <= history.state.epoch) {
          // Known already: it must be the very same.
          if (history.hashes[verified.claims.epoch] === verified.hash) continue
          throw this.#distrust(before, 'forked')
        }
        if (verified.claims.group !== group)
          throw new FastChatError('bad_roster', 'Cannot read group: it is another one')
        if (history && verified.claims.prev !== history.state.head) throw this.#distrust(before, 'forked')
        const next = applyRosterEvent(history?.state ?? null, verified)
        history = extendHistory(history, { next, claims: verified.claims })
        added.push(verified)
      } catch (error) {
        if (error instanceof FastChatError && error.code === 'roster_forked') throw error
        throw this.#distrust(before, 'invalid')
      }
    }
    if (!history) throw unknownGroup(group)
    return this.#keep(history, { group, before, added })
  }

  /** Writes a history that was verified, and tells what has happened in it. */
  #keep(
    history: RosterHistory,
    {
      group,
      before,
      added,
    }: { group: GroupId; before: GroupRecord | undefined; added: readonly VerifiedEvent[] },
  ): GroupRecord {
    if (before && added.length === 0 && before.trouble === undefined) return before
    const { state, identity, onExtended } = this.#options
    return state.commit(tx => {
      // What was written to the record meanwhile (a title) stays.
      const latest = this.get(group)
      const { trouble: _, ...kept } = latest ?? {
        group,
        conversation: groupConversation(history.hashes[0] ?? ''),
        removedAt: {},
        adminUntil: {},
      }
      const removedAt = { ...kept.removedAt }
      const adminUntil = { ...kept.adminUntil }
      for (const { claims } of added) {
        const isAdminsEnd = claims.op === 'demote' || claims.op === 'remove' || claims.op === 'leave'
        for (const { user } of isAdminsEnd ? claims.members : []) adminUntil[user] = tx.now
        const isEnd = claims.op === 'remove' || claims.op === 'leave'
        for (const { user } of isEnd ? claims.members : []) removedAt[user] = tx.now
      }
      const { state: roster, hashes, spans } = history
      const record: GroupRecord = { ...kept, state: roster, hashes, spans, removedAt, adminUntil }
      this.#put(tx, record)
      const thread = threadOf(record)
      writeRosterNotices(tx, {
        me: identity.userId,
        thread,
        added,
        wasIn: before !== undefined && this.#isIn(before),
        now: this.roleOf(record),
      })
      changeConversation(tx, {
        conversation: record.conversation,
        role: this.roleOf(record),
        memberCount: Object.keys(record.state.members).length,
        ...(record.title ? { title: record.title.text } : {}),
      })
      tx.after(() => onExtended(record))
      return record
    })
  }

  /** The server shows what cannot be: nothing is sent to the group any more, and the person is told why, once. */
  #distrust(before: GroupRecord | undefined, reason: RosterTrouble): FastChatError {
    const error = new FastChatError(
      'roster_forked',
      'Cannot read group: the server shows a list of members that does not follow from the one that is known',
    )
    if (!before) return error
    this.#options.state.commit(tx => {
      const record = this.get(before.group) ?? before
      this.#put(tx, { ...record, trouble: reason })
      this.refuse(tx, before.group, { reason, key: `server ${reason} ${before.state.epoch}` })
      changeConversation(tx, {
        conversation: record.conversation,
        role: this.roleOf({ ...record, trouble: reason }),
      })
    })
    return error
  }

  #put(tx: Tx, record: GroupRecord): void {
    const { group } = record
    const before = this.#records.get(group)
    tx.tables.groups.put([group], record)
    // Seen at once by what the same transaction does further, and taken back with it.
    this.#records.set(group, record)
    tx.onFailure(() => {
      if (before) this.#records.set(group, before)
      else this.#records.delete(group)
    })
  }

  #mutexOf(group: GroupId): Mutex {
    const mutex = this.#mutexes.get(group) ?? new Mutex()
    this.#mutexes.set(group, mutex)
    return mutex
  }
}

/** A group's conversation. */
export function threadOf({ conversation, group }: Pick<GroupRecord, 'conversation' | 'group'>): Thread {
  return { conversation, kind: 'group', with: group }
}

export function unknownGroup(group: GroupId): FastChatError {
  return new FastChatError('unknown_group', `Cannot find group "${group}": there is none that you are in`)
}
