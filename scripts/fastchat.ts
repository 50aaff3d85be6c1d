/**
 * The executable `fastchat`: it alone knows client and server, and loads only the one that is asked for.
 */
import { commandNames, isCommandName } from '../client/config/commands/table.ts'
import { commandOverview, sharedHelp } from '../client/config/help.ts'
import { exitCodes } from '../schema/errors.ts'
import { closest } from './closest.ts'

type Run = (argv: readonly string[]) => Promise<number>

/** Commands that are not the client's. */
const others: Record<string, { summary: string; load: () => Promise<Run> }> = {
  start: {
    summary: 'start                    A server here, and the chat in this terminal: npm start.',
    load: async () => (await import('./start.ts')).runStart,
  },
  demo: {
    summary: 'demo                     A tour that runs by itself; nothing of yours is touched.',
    load: async () => (await import('./demo/demo.ts')).runDemo,
  },
  serve: {
    summary: 'serve                    Hosts a server; MONGODB_URI, else an embedded database.',
    load: async () => (await import('../server/cli.ts')).runServe,
  },
  cluster: {
    summary: 'cluster                  Several servers on this machine over one database.',
    load: async () => (await import('./cluster.ts')).runCluster,
  },
  db: {
    summary: 'db                       Runs the embedded database alone.',
    load: async () => (await import('../server/cli.ts')).runDb,
  },
}

const usage = `FastChat: end-to-end-encrypted chat for the terminal; anyone can host

Usage: fastchat COMMAND [OPTIONS]; fastchat COMMAND --help says more

Servers:
${Object.values(others)
  .map(({ summary }) => `  ${summary}`)
  .join('\n')}

${commandOverview}

${sharedHelp}
`

async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv
  const isHelp = command === 'help' || command === '--help' || command === '-h'
  if (isHelp && rest[0] !== undefined && Object.hasOwn(others, rest[0]))
    return await main([rest[0], '--help'])
  if (isHelp && rest.length === 0) {
    process.stdout.write(usage)
    return exitCodes.done
  }
  if (command === undefined) {
    process.stderr.write(usage)
    return exitCodes.usage
  }
  if (Object.hasOwn(others, command)) {
    const run = await others[command]?.load()
    return run ? await run(rest) : exitCodes.internal
  }
  if (isHelp || isCommandName(command) || ['--version', '-V', 'version'].includes(command)) {
    const { runClient } = await import('../client/main.ts')
    return await runClient(argv)
  }
  const meant = closest(command, [...Object.keys(others), ...commandNames])
  const hint = meant === undefined ? 'fastchat --help lists them' : `did you mean "${meant}"?`
  process.stderr.write(
    `fastchat: Cannot run "${command.replace(/[^\x20-\x7e]/g, '?')}": no such command; ${hint}\n`,
  )
  return exitCodes.usage
}

const code = await main(process.argv.slice(2))
// Nothing may keep a process whose work is done; what was printed was waited for.
process.exit(code)
