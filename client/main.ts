import { createAccounts } from './accounts.ts'
import { createAgent } from './agent/create-agent.ts'
import { createProcessIo } from './commands/process-io.ts'
import { runCommand } from './commands/run-command.ts'
import { stopOnSignals } from './commands/stop.ts'
import { parseCommandLine } from './config/command-line.ts'
import { readEnvironment, readVersion } from './config/environment.ts'
import { createDefectLog } from './home/defect-log.ts'
import { openHome } from './home/home-folder.ts'

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
            const environment = readEnvironment()
            const home = await openHome({ folder: environment.home })
            const agent = createAgent({ home, runtimeFolder: environment.runtimeFolder })
            const accounts = createAccounts({
              home,
              agent,
              servers: choose(line.servers, environment.servers),
              report: createDefectLog({ folder: home.folder }),
            })
            const { password } = environment
            return { accounts, io, stop, ...(password === undefined ? {} : { password }) }
          },
          async chat({ accounts }, { as, servers }) {
            // Only here: the terminal's driver writes to the terminal by being loaded.
            const { runTui } = await import('./tui/run.ts')
            const { terminal, servers: defaults } = readEnvironment()
            return await runTui({
              accounts,
              servers: choose(servers, defaults),
              terminal,
              stop,
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

function choose(given: readonly string[], otherwise: readonly string[]): readonly string[] {
  return given.length > 0 ? given : otherwise
}
