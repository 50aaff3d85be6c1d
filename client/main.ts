import { createProcessIo } from './commands/process-io.ts'
import { runCommand } from './commands/run-command.ts'
import { stopOnSignals } from './commands/stop.ts'
import { parseCommandLine } from './config/command-line.ts'
import { readConfigFile } from './config/config-file.ts'
import { readEnvironment, readVersion } from './config/environment.ts'
import { accountsOfHome } from './home-accounts.ts'
import { normalizeServerUrl } from './net/urls.ts'
import { isLineTerminal } from './plain/line-terminal.ts'

const LINES_ONLY =
  'This terminal cannot draw a screen (TERM is dumb or not set): the chat is in lines, as with --plain.'

/**
 * The client's composition root: runs one command line of `fastchat` to its end.
 *
 * @param argv the command and what follows it
 * @returns the exit code (`exitCodes` in schema/errors.ts, or 128 + a signal's number). The caller ends the process with it.
 */
export async function runClient(argv: readonly string[]): Promise<number> {
  const io = createProcessIo()
  const controller = new AbortController()
  const { signal: stop } = controller
  const undo = stopOnSignals(controller)
  try {
    return await runCommand(
      {
        io,
        stop,
        commands: {
          version: readVersion,
          async open(line) {
            const { password } = readEnvironment()
            const { accounts } = await openAccounts(line.servers)
            return { accounts, io, stop, ...(password === undefined ? {} : { password }) }
          },
          async doctor({ servers: given, json }) {
            const environment = readEnvironment()
            const { doctor } = await import('./doctor/doctor.ts')
            const { checksOf } = await import('./doctor/checks.ts')
            const { columns: cols, rows } = process.stdout
            const checks = checksOf({
              environment,
              version: readVersion(),
              runtime:
                'deno' in process.versions
                  ? `Deno ${process.versions.deno}`
                  : `Node ${process.versions.node}`,
              size: process.stdout.isTTY ? { cols, rows } : null,
              openAccounts: async () => (await openAccounts(given)).accounts,
            })
            return await doctor(checks, { io, json })
          },
          async chat({ as, servers: given, plain = false }) {
            const { accounts, servers } = await openAccounts(given)
            const { terminal, password, configFile } = readEnvironment()
            const isTerminal = process.stdin.isTTY && process.stdout.isTTY
            const isPoor = isTerminal && isLineTerminal(terminal, process.platform)
            if (plain || isPoor) {
              accounts.prepare()
              const { runPlain } = await import('./plain/run.ts')
              const { createLineInput } = await import('./plain/line-input.ts')
              const { createTranscoder, showsUtf8 } = await import('./tui/ascii.ts')
              // A pipe or a file has no letters that it could not hold, whatever the locale says.
              const transcode = process.stdin.isTTY ? createTranscoder(terminal) : undefined
              return await runPlain({
                ...{ accounts, servers, io, stop, input: createLineInput(process.stdin, transcode) },
                isUtf8: !io.isTerminal() || showsUtf8(terminal),
                ...(plain ? {} : { reason: LINES_ONLY }),
                ...(as ? { as } : {}),
                ...(password === undefined ? {} : { password }),
              })
            }
            // Only here: the terminal's driver writes to the terminal by being loaded.
            const { runTui } = await import('./tui/run.ts')
            const preferences = await readConfigFile(configFile)
            const onDrawn = () => accounts.prepare()
            return await runTui({
              accounts,
              servers,
              preferences,
              terminal,
              stop,
              onDrawn,
              ...(as ? { as } : {}),
            })
          },
        },
      },
      () => parseCommandLine(argv),
    )
  } finally {
    undo()
  }
}

/** The accounts of this person's home, at the servers of the command line, else of the environment. */
async function openAccounts(given: readonly string[]) {
  const { home: folder, runtimeFolder, servers: usual } = readEnvironment()
  const isForced = given.length > 0
  const servers = (isForced ? given : usual).map(normalizeServerUrl)
  return { accounts: await accountsOfHome({ folder, servers, isForced, runtimeFolder }), servers }
}
