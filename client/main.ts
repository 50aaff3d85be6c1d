import { createProcessIo } from './commands/process-io.ts'
import { runCommand } from './commands/run-command.ts'
import { stopOnSignals } from './commands/stop.ts'
import { parseCommandLine } from './config/command-line.ts'
import { readConfigFile } from './config/config-file.ts'
import { readEnvironment, readVersion } from './config/environment.ts'
import { createDefectLog } from './home/defect-log.ts'
import { openHome } from './home/home-folder.ts'
import { lazyAccounts } from './lazy-accounts.ts'
import { normalizeServerUrl } from './net/urls.ts'

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
            const { terminal, configFile } = readEnvironment()
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

/**
 * The accounts of this home, at the servers of the command line, else of the environment. What is wrong with either is said
 * here; what opens an account is loaded when one is wanted.
 */
async function openAccounts(given: readonly string[]) {
  const environment = readEnvironment()
  const servers = given.length > 0 ? given : environment.servers
  const normalized = servers.map(normalizeServerUrl)
  const home = await openHome({ folder: environment.home })
  const accounts = lazyAccounts({
    home,
    async load() {
      const { createAccounts } = await import('./accounts.ts')
      const { createAgent } = await import('./agent/create-agent.ts')
      const agent = createAgent({ home, runtimeFolder: environment.runtimeFolder })
      const report = createDefectLog({ folder: home.folder })
      return createAccounts({ home, agent, servers: normalized, isForced: given.length > 0, report })
    },
  })
  return { accounts, servers: normalized }
}
