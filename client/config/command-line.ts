import { type Common, readArguments, readCommon, wrong } from './arguments.ts'
import { type CommandName, commandTable, isCommandName } from './commands/table.ts'

/** What a command line asks for, validated. */
export type CommandLine =
  | { command: 'help'; topic?: CommandName }
  | { command: 'version' }
  | { [C in CommandName]: Common & ReturnType<(typeof commandTable)[C]['read']> }[CommandName]

/**
 * Reads the client's part of a command line.
 *
 * @param argv the command and what follows it
 * @throws FastChatError `usage` with one sentence that says what is wrong.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const [first, ...rest] = argv
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    const [topic] = rest
    return topic !== undefined && isCommandName(topic) ? { command: 'help', topic } : { command: 'help' }
  }
  if (first === '--version' || first === '-V' || first === 'version') return { command: 'version' }
  if (!isCommandName(first)) throw wrong(`there is no command "${first}"`)
  refusePassword(rest)
  const { options, read } = commandTable[first]
  const given = readArguments(rest, { name: first, options })
  if (given.values.help === true) return { command: 'help', topic: first }
  return { ...readCommon(given.values), ...read(given) }
}

/** Said before anything else is looked at, and without the value. */
function refusePassword(args: readonly string[]): void {
  const end = args.indexOf('--')
  const options = end < 0 ? args : args.slice(0, end)
  if (!options.some(arg => arg === '--password' || arg.startsWith('--password='))) return
  throw wrong(
    'a password on the command line is seen by everyone on this machine; use FASTCHAT_PASSWORD, --password-stdin or the prompt',
  )
}
