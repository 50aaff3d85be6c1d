import { errorTable, exitCodes, FastChatError } from '../../schema/errors.ts'
import type { CommandLine } from '../config/command-line.ts'
import { helpText } from '../config/help.ts'
import { sanitizeLine } from '../tui/sanitize.ts'
import { listAccounts, logIn, logOut, signUp } from './accounts.ts'
import { deleteMessage, edit, react, setTimer } from './changes.ts'
import type { CommandContext } from './context.ts'
import { conversations, requests, settings } from './conversations.ts'
import { devices } from './devices.ts'
import { group } from './groups.ts'
import { Interrupted, type Io, OutputClosed } from './io.ts'
import { accept, block } from './people.ts'
import { recv } from './recv.ts'
import { save } from './save.ts'
import { exportMessages, search } from './search.ts'
import { send } from './send.ts'
import { trust, verify } from './trust.ts'

/** 128 + SIGINT, as shells say it. */
const INTERRUPTED = 130

/** What runs a command line; the terminal is loaded only where it is wanted. */
export interface Commands {
  /** Opens what the commands work with. Called only by commands that need it. */
  open(line: Exclude<CommandLine, { command: 'help' | 'version' }>): Promise<CommandContext>
  /** `fastchat chat`. */
  chat(context: CommandContext, line: Extract<CommandLine, { command: 'logout' | 'chat' }>): Promise<number>
  version: () => string
}

/** Runs one command; the exit code. Every error ends as one sentence on standard error. */
export async function runCommand(
  { io, stop, commands }: { io: Io; stop: AbortSignal; commands: Commands },
  readLine: () => CommandLine,
): Promise<number> {
  try {
    const line = readLine()
    const code = await dispatch({ io, commands }, line)
    return stop.aborted && code === exitCodes.done ? signalCode(stop) : code
  } catch (error) {
    if (error instanceof OutputClosed) return exitCodes.done
    if (error instanceof Interrupted) return INTERRUPTED
    if (stop.aborted) return signalCode(stop)
    if (error instanceof FastChatError) {
      // Some of what it says may come from a server.
      io.warn(`fastchat: ${sanitizeLine(error.message)}`)
      if (error.code !== 'internal') return errorTable[error.code].exit
    }
    io.warn(`fastchat: internal error, please report it\n${describe(error)}`)
    return exitCodes.internal
  }
}

async function dispatch(
  { io, commands }: { io: Io; commands: Commands },
  line: CommandLine,
): Promise<number> {
  switch (line.command) {
    case 'help':
      await io.print(helpText(line.topic))
      return exitCodes.done
    case 'version':
      await io.print(`${commands.version()}\n`)
      return exitCodes.done
    case 'signup':
      return await signUp(await commands.open(line), line)
    case 'login':
      return await logIn(await commands.open(line), line)
    case 'logout':
      return await logOut(await commands.open(line), line)
    case 'accounts':
      return await listAccounts(await commands.open(line), line)
    case 'chat':
      return await commands.chat(await commands.open(line), line)
    case 'send':
      return await send(await commands.open(line), line)
    case 'recv':
      return await recv(await commands.open(line), line)
    case 'edit':
      return await edit(await commands.open(line), line)
    case 'delete':
      return await deleteMessage(await commands.open(line), line)
    case 'react':
      return await react(await commands.open(line), line)
    case 'save':
      return await save(await commands.open(line), line)
    case 'timer':
      return await setTimer(await commands.open(line), line)
    case 'conversations':
      return await conversations(await commands.open(line), line)
    case 'search':
      return await search(await commands.open(line), line)
    case 'export':
      return await exportMessages(await commands.open(line), line)
    case 'group':
      return await group(await commands.open(line), line)
    case 'requests':
      return await requests(await commands.open(line), line)
    case 'accept':
      return await accept(await commands.open(line), line)
    case 'block':
    case 'unblock':
      return await block(await commands.open(line), line)
    case 'verify':
      return await verify(await commands.open(line), line)
    case 'trust':
      return await trust(await commands.open(line), line)
    case 'devices':
      return await devices(await commands.open(line), line)
    case 'settings':
      return await settings(await commands.open(line), line)
    default:
      return line satisfies never
  }
}

/** The reason of the abort is the signal's exit code, 130 or 143. */
function signalCode(stop: AbortSignal): number {
  return typeof stop.reason === 'number' ? stop.reason : INTERRUPTED
}

/** Where it happened. A message that is not ours may hold anything, so it is left out. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const frames = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line))
  return [error.name, ...frames].join('\n')
}
