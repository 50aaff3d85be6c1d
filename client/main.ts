import { createProcessIo } from './commands/process-io.ts'
import { runCommand } from './commands/run-command.ts'
import { stopOnSignals } from './commands/stop.ts'
import { parseCommandLine } from './config/command-line.ts'
import { readEnvironment, readVersion } from './config/environment.ts'
import { accountsOfHome } from './home-accounts.ts'

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
          async chat({ as, servers: given }) {
            const { accounts, servers } = await openAccounts(given)
            // Only here: the terminal's driver writes to the terminal by being loaded.
            const { runTui } = await import('./tui/run.ts')
            const { terminal } = readEnvironment()
            const onDrawn = () => accounts.prepare()
            return await runTui({ accounts, servers, terminal, stop, onDrawn, ...(as ? { as } : {}) })
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
  const servers = given.length > 0 ? given : usual
  return { accounts: await accountsOfHome({ folder, servers, runtimeFolder }), servers }
}
