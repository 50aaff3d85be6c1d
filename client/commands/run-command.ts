import { errorTable, exitCodes, FastChatError } from '../../schema/errors.ts'
import type { CommandLine } from '../config/command-line.ts'
import { helpText } from '../config/help.ts'
import { sanitizeLine } from '../tui/sanitize.ts'
import type { CommandContext, LineOf } from './context.ts'
import { Interrupted, type Io, OutputClosed } from './io.ts'
import type { OneShotLine } from './one-shot.ts'

/** 128 + SIGINT, as shells say it. */
const INTERRUPTED = 130

/** What runs a command line; the terminal is loaded only where it is wanted. */
export interface Commands {
  /** Opens what the one-shot commands work with. */
  open(line: OneShotLine): Promise<CommandContext>
  /** `fastchat chat`. */
  chat(line: LineOf<'chat'>): Promise<number>
  /** `fastchat doctor`: also when what the others need cannot be opened. */
  doctor(line: LineOf<'doctor'>): Promise<number>
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
    case 'chat':
      return await commands.chat(line)
    case 'doctor':
      return await commands.doctor(line)
    default: {
      // Loaded here only: the chat in a terminal is to be there at once, and needs none of them.
      const { runOneShot } = await import('./one-shot.ts')
      return await runOneShot(() => commands.open(line), line)
    }
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
