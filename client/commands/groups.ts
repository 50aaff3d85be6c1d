import { exitCodes, FastChatError } from '../../schema/errors.ts'
import type { GroupInfo } from '../chat.ts'
import { type Asking, freshen, sendOut, withLatest } from './asking.ts'
import { type CommandContext, type LineOf, withAsking } from './context.ts'
import { listConversations } from './conversations.ts'
import { jsonLine } from './format.ts'
import {
  formatGroup,
  formatGroupEntry,
  formatGroupEntryJson,
  formatGroupJson,
} from './format-conversation.ts'

/** `fastchat group …`: makes groups and changes them; prints how the group is then. Exits with 0, 2, 3 or 4. */
export async function group(context: CommandContext, line: LineOf<'group'>): Promise<number> {
  if (line.action === 'list') {
    return await listConversations(context, {
      line,
      isListed: ({ kind }) => kind === 'group',
      format: line.json ? formatGroupEntryJson : formatGroupEntry,
    })
  }
  const what = `${verbs[line.action]} group "${line.group}"`
  return await withAsking({ context, line, what }, async asking => {
    const { io } = context
    if (line.action === 'leave') {
      await leave(asking, line.group)
      await io.print(line.json ? jsonLine({ left: line.group }) : `Left #${line.group}.\n`)
      return exitCodes.done
    }
    const info = await act(asking, line)
    await io.print(line.json ? formatGroupJson(info) : formatGroup(info))
    return exitCodes.done
  })
}

type GroupLine = LineOf<'group'>

const verbs: Record<Exclude<GroupLine['action'], 'list'>, string> = {
  create: 'create',
  add: 'add to',
  remove: 'remove from',
  promote: 'make an admin of',
  demote: 'take an admin from',
  title: 'name',
  members: 'list members of',
  leave: 'leave',
}

async function act(
  asking: Asking,
  line: Exclude<GroupLine, { action: 'list' | 'leave' }>,
): Promise<GroupInfo> {
  const { chat } = asking
  const { group } = line
  switch (line.action) {
    case 'create': {
      const { members, title } = line
      return await sendOut(asking, () =>
        chat.createGroup({
          group,
          ...(members.length > 0 ? { members } : {}),
          ...(title === undefined ? {} : { title }),
        }),
      )
    }
    case 'add':
      return await sendOut(asking, () => chat.addMembers({ group, members: line.members }))
    case 'remove':
      return await sendOut(asking, () => chat.removeMembers({ group, members: line.members }))
    case 'promote':
    case 'demote': {
      const isAdmin = line.action === 'promote'
      return await sendOut(asking, () => chat.setAdmin({ group, user: line.user, isAdmin }))
    }
    case 'title':
      return await sendOut(asking, () => chat.setTitle({ group, title: line.title }))
    case 'members':
      // What is news comes first; without a server it is said as it was known.
      await freshen(asking)
      return await withLatest(asking, () => chat.groupInfo({ group }))
    default:
      return line satisfies never
  }
}

async function leave(asking: Asking, group: string): Promise<void> {
  try {
    await sendOut(asking, () => asking.chat.leaveGroup({ group }))
  } catch (error) {
    if (!(error instanceof FastChatError) || error.code !== 'last_admin') throw error
    throw new FastChatError('last_admin', `${error.message}; first: fastchat group promote ${group} USER`)
  }
}
