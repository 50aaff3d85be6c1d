import type { CommandLine } from '../config/command-line.ts'
import { changePassword, listAccounts, logIn, logOut, recover, signUp } from './accounts.ts'
import { deleteMessage, edit, mute, react, setTimer } from './changes.ts'
import type { CommandContext } from './context.ts'
import { conversations, requests, settings } from './conversations.ts'
import { devices } from './devices.ts'
import { group } from './groups.ts'
import { accept, block } from './people.ts'
import { recv } from './recv.ts'
import { save } from './save.ts'
import { exportMessages, search } from './search.ts'
import { send } from './send.ts'
import { trust, verify } from './trust.ts'

/** The line of a command that does one thing and ends. */
export type OneShotLine = Exclude<CommandLine, { command: 'help' | 'version' | 'chat' | 'doctor' }>

/** Runs it. @returns the exit code */
export async function runOneShot(open: () => Promise<CommandContext>, line: OneShotLine): Promise<number> {
  switch (line.command) {
    case 'signup':
      return await signUp(await open(), line)
    case 'login':
      return await logIn(await open(), line)
    case 'recover':
      return await recover(await open(), line)
    case 'password':
      return await changePassword(await open(), line)
    case 'logout':
      return await logOut(await open(), line)
    case 'accounts':
      return await listAccounts(await open(), line)
    case 'send':
      return await send(await open(), line)
    case 'recv':
      return await recv(await open(), line)
    case 'edit':
      return await edit(await open(), line)
    case 'delete':
      return await deleteMessage(await open(), line)
    case 'react':
      return await react(await open(), line)
    case 'save':
      return await save(await open(), line)
    case 'mute':
    case 'unmute':
      return await mute(await open(), line)
    case 'timer':
      return await setTimer(await open(), line)
    case 'conversations':
      return await conversations(await open(), line)
    case 'search':
      return await search(await open(), line)
    case 'export':
      return await exportMessages(await open(), line)
    case 'group':
      return await group(await open(), line)
    case 'requests':
      return await requests(await open(), line)
    case 'accept':
      return await accept(await open(), line)
    case 'block':
    case 'unblock':
      return await block(await open(), line)
    case 'verify':
      return await verify(await open(), line)
    case 'trust':
      return await trust(await open(), line)
    case 'devices':
      return await devices(await open(), line)
    case 'settings':
      return await settings(await open(), line)
    default:
      return line satisfies never
  }
}
