import type { GroupId, UserId } from '../../../schema/ids.ts'
import { limits } from '../../../schema/limits.ts'
import {
  type CommandSpec,
  flag,
  type Given,
  readGroupId,
  readTimeout,
  readUserId,
  value,
  wrong,
} from '../arguments.ts'

export type GroupLine = { command: 'group'; json: boolean; timeoutMs: number } & (
  | { action: 'create'; group: GroupId; members: UserId[]; title?: string }
  | { action: 'add' | 'remove'; group: GroupId; members: UserId[] }
  | { action: 'leave'; group: GroupId }
  | { action: 'members'; group: GroupId }
  | { action: 'promote' | 'demote'; group: GroupId; user: UserId }
  | { action: 'title'; group: GroupId; title: string }
  | { action: 'list' }
)

const DEFAULT_TIMEOUT_MS = 60_000
const DEFAULT_LIST_TIMEOUT_MS = 10_000

const group: CommandSpec<GroupLine> = {
  help: `group ACTION             Makes groups; lists and changes their members.
Usage: fastchat group create GROUP [MEMBER]... [--title TEXT]
       fastchat group add GROUP MEMBER... | remove GROUP MEMBER...
       fastchat group promote GROUP USER | demote GROUP USER
       fastchat group title GROUP TEXT
       fastchat group members GROUP | leave GROUP | list
       each with [--json] [--timeout SECONDS] [--as USER] [--server URL]...

GROUP is an id like a person's, the same for everybody and for good, and may be
written #GROUP (in quotes, for the shell); its title can be changed, and no
server can read it. Who makes a group is its first admin; only admins add,
remove, promote, demote and name; there are as many as you like, at least one.
Who is removed cannot read on, who is new cannot read back.

--timeout SECONDS  60 when not given, list: 10. Exit code 4: no server has
                   answered
--json             prints the group as it is now: {"group", "conversation",
                   "title"?, "role", "epoch", "members"}, each member {"user",
                   "isAdmin", "isMe", "isVerified"}; "role" is "admin",
                   "member", "gone" (you left, or were removed) or "refused"
                   (its server shows a list of members that cannot be true).
                   leave prints {"left": GROUP}, list an object a group:
                   {"group", "conversation", "title"?, "role", "memberCount"}

At most ${limits.maxMembers} members. Write to it with: fastchat send '#GROUP' TEXT`,
  options: { json: flag, timeout: value, title: value },
  read: readGroup,
}

export const groupCommands = { group }

function readGroup({ values, positionals }: Given): GroupLine {
  const [action, typed, ...more] = positionals
  const shared = {
    command: 'group',
    json: values.json === true,
    timeoutMs:
      readTimeout(values.timeout) ?? (action === 'list' ? DEFAULT_LIST_TIMEOUT_MS : DEFAULT_TIMEOUT_MS),
  } as const
  if (values.title !== undefined && action !== 'create') {
    throw wrong('--title is for group create; a group that is there: fastchat group title GROUP TEXT')
  }
  switch (action) {
    case 'list':
      if (typed !== undefined) throw wrong('group list takes options only')
      return { ...shared, action }
    case 'create':
      return {
        ...shared,
        action,
        group: readId(typed, action),
        members: readMembers(more),
        ...(values.title === undefined ? {} : { title: readTitle(String(values.title)) }),
      }
    case 'add':
    case 'remove': {
      const id = readId(typed, action)
      if (more.length === 0) throw wrong(`group ${action} takes the group and one person at least`)
      return { ...shared, action, group: id, members: readMembers(more) }
    }
    case 'leave':
    case 'members':
      if (more.length > 0) throw wrong(`group ${action} takes one group`)
      return { ...shared, action, group: readId(typed, action) }
    case 'promote':
    case 'demote': {
      const id = readId(typed, action)
      const [user, ...rest] = more
      if (user === undefined || rest.length > 0) throw wrong(`group ${action} takes the group and one person`)
      return { ...shared, action, group: id, user: readUserId(user) }
    }
    case 'title': {
      const id = readId(typed, action)
      const [title, ...rest] = more
      if (title === undefined) throw wrong('group title takes the group and the title')
      if (rest.length > 0) throw wrong('group title takes one title: put it in quotes')
      return { ...shared, action, group: id, title: readTitle(title) }
    }
    default:
      throw wrong(
        action === undefined
          ? 'group takes what to do: create, add, remove, promote, demote, title, members, leave or list'
          : `group has no "${action}" (see fastchat group --help)`,
      )
  }
}

function readId(typed: string | undefined, action: string): GroupId {
  if (typed === undefined) throw wrong(`group ${action} takes a group`)
  return readGroupId(typed)
}

function readMembers(typed: readonly string[]): UserId[] {
  const members = [...new Set(typed.map(readUserId))]
  if (members.length <= limits.maxMembers) return members
  throw wrong(`a group has at most ${limits.maxMembers} members`)
}

function readTitle(typed: string): string {
  const title = typed.trim()
  if (title === '') throw wrong('the title is empty')
  if (Buffer.byteLength(title) <= limits.maxTitleBytes) return title
  throw wrong(`a title has at most ${limits.maxTitleBytes} bytes`)
}
