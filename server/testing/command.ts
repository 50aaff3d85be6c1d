import { runDb, runServe } from '../cli.ts'

/** `command.ts serve|db …`: what the executable does, as a process for tests. */
const [command, ...argv] = process.argv.slice(2)
process.exitCode = await (command === 'db' ? runDb(argv) : runServe(argv))
