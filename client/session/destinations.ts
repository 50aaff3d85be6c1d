import { FastChatError } from '../../schema/errors.ts'
import { GroupId, normalizeUserId, type Recipient, UserId } from '../../schema/ids.ts'
import { parse } from '../../schema/parse.ts'
import { type Groups, threadOf, unknownGroup } from './groups.ts'
import { keyChanged, type People } from './people.ts'
import type { GroupRecord, Identity, Person, Thread } from './records.ts'
import type { State } from './state.ts'
import { threadWith } from './timeline.ts'

export interface DestinationsOptions {
  identity: Identity
  state: State
  people: People
  groups: Groups
}

/** Whom something is for, and in which conversation it stands. */
export interface Place {
  to: Recipient
  thread: Thread
}

/**
 * A user id as a person typed it, in its one form.
 *
 * @throws FastChatError `usage`
 */
export function readUserId(typed: string): UserId {
  return parse(UserId, normalizeUserId(typed).replace(/^@/, ''), { what: 'user id', code: 'usage' })
}

/** The same for a group's. @throws FastChatError `usage` */
export function readGroupId(typed: string): GroupId {
  return parse(GroupId, normalizeUserId(typed).replace(/^#/, ''), { what: 'group id', code: 'usage' })
}

/**
 * Whom a person means, as far as something may be sent to them now: `@user`, `#group`, or a bare id (`Chat.SendRequest`).
 *
 * @throws FastChatError `usage`; `unknown_user`, `unknown_group`; `not_a_member`, `roster_forked`, `blocked`,
 *   `account_key_changed`; `no_server` when somebody new cannot be asked for
 */
export async function findDestination(typed: string, options: DestinationsOptions): Promise<Place> {
  const { groups, people } = options
  const record = findGroup(typed, options)
  if (record) {
    groups.checkWritable(record)
    return { to: { group: record.group }, thread: threadOf(record) }
  }
  const person = await findWritable(readUserId(typed), people)
  return { to: { user: person.userId }, thread: threadWith(person) }
}

/** The thread that a person means, whether or not anything may be sent to it. @throws FastChatError as above */
export async function findThread(typed: string, options: DestinationsOptions): Promise<Thread> {
  const record = findGroup(typed, options)
  return record ? threadOf(record) : threadWith(await options.people.ensure(readUserId(typed)))
}

/** Whom a conversation that is there is with. @throws FastChatError `not_found` */
export function placeOf(conversation: string, { state }: Pick<DestinationsOptions, 'state'>): Place {
  const record = state.tables.conversations.get([conversation])
  if (!record) throw new FastChatError('not_found', 'Cannot find conversation: there is no such one')
  const { kind, with: other } = record
  const to = kind === 'group' ? { group: other } : { user: other }
  return { to, thread: { conversation, kind, with: other } }
}

/** The group that is meant; undefined when it is a person. */
function findGroup(typed: string, { groups, people, state }: DestinationsOptions): GroupRecord | undefined {
  const name = normalizeUserId(typed)
  if (name.startsWith('@')) return undefined
  if (name.startsWith('#')) {
    const group = readGroupId(name)
    const record = groups.get(group)
    if (record) return record
    throw unknownGroup(group)
  }
  // A bare id is that of whom one has accepted: no stranger, and no stranger's group, takes the place of another one.
  const { conversations } = state.tables
  const person = people.get(name)
  const isAccepted = (id: string | undefined) => {
    const conversation = id === undefined ? undefined : conversations.get([id])
    return conversation !== undefined && conversation.isRequest !== true
  }
  if (isAccepted(person?.conversation)) return undefined
  const record = groups.get(name)
  return isAccepted(record?.conversation) ? record : undefined
}

async function findWritable(userId: UserId, people: People): Promise<Person> {
  const person = await people.ensure(userId)
  if (person.isBlocked) {
    throw new FastChatError('blocked', `Cannot send to "${userId}": you have blocked them`)
  }
  if (person.changedTo === undefined) return person
  // It may have been a mistake of one server's: another one is asked, when there is one.
  const asked = await people.refresh(userId).catch(() => undefined)
  if (asked && asked.changedTo === undefined) return asked
  throw keyChanged(userId)
}
