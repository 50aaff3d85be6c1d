import { exitCodes, FastChatError } from '../../schema/errors.ts'
import type { ConversationSummary } from '../chat.ts'
import { answered, catchUp, tellOthers } from './asking.ts'
import { type CommandContext, type LineOf, withAsking } from './context.ts'
import { jsonLine } from './format.ts'

/** `fastchat block` and `unblock`. Like all here it exits with 0, 2, 3 or 4. */
export async function block(context: CommandContext, line: LineOf<'block' | 'unblock'>): Promise<number> {
  const { command, user, json } = line
  const isBlocked = command === 'block'
  return await withAsking({ context, line, what: `${command} "${user}"` }, async asking => {
    await answered(asking, asking.chat.block({ user, isBlocked }))
    await tellOthers(asking)
    const done = isBlocked ? 'Blocked' : 'Unblocked'
    await context.io.print(json ? jsonLine({ user, blocked: isBlocked }) : `${done} ${user}.\n`)
    return exitCodes.done
  })
}

/** `fastchat accept`: what is accepted already is done, too. */
export async function accept(context: CommandContext, line: LineOf<'accept'>): Promise<number> {
  const { to, json } = line
  return await withAsking({ context, line, what: `accept "${to}"` }, async asking => {
    const { chat } = asking
    const find = async () => findRequest(to, (await chat.snapshot()).conversations)
    let found = await find()
    if (!found && (await catchUp(asking))) found = await find()
    if (!found) {
      const state = 'nothing has come from there; fastchat requests lists what has'
      throw new FastChatError('not_found', `Cannot accept "${to}": ${state}`)
    }
    const { id: conversation } = found
    await chat.accept({ conversation })
    await tellOthers(asking)
    await context.io.print(json ? jsonLine({ accepted: to, conversation }) : `Accepted ${to}.\n`)
    return exitCodes.done
  })
}

/** What is meant: of a person and a group with the same id, the one that is a request. */
function findRequest(
  to: string,
  conversations: readonly ConversationSummary[],
): ConversationSummary | undefined {
  const id = to.replace(/^[@#]/, '')
  const meant = conversations.filter(
    one => one.with === id && (one.kind === 'group' ? !to.startsWith('@') : !to.startsWith('#')),
  )
  const requests = meant.filter(({ isRequest }) => isRequest)
  if (requests.length > 1) {
    const state = 'there is a person and a group of that name; write @ or # before it'
    throw new FastChatError('usage', `Cannot accept "${to}": ${state}`)
  }
  return requests[0] ?? meant[0]
}
