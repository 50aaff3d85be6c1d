/**
 * `run.ts [fault…] [--messages N] [--users N] [--servers N] [--stall SECONDS]
 * [--mutants]`: breaks things while people write, counts at the recipients,
 * prints a line a fault, and ends with 1 when anything was lost, came twice or came out of order.
 */
import { parseArgs } from 'node:util'
import { faults } from './catalog.ts'
import { createCluster } from './cluster.ts'
import { createCrowd } from './crowd.ts'
import type { Fault, Outcome } from './fault.ts'
import { mutants } from './mutants.ts'
import { runMutant } from './mutated.ts'
import { formatHeader, formatOutcome, formatSkipped, isGood, isUnfinished } from './report.ts'
import { nothing } from './tally.ts'

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      messages: { type: 'string', default: '1000' },
      users: { type: 'string', default: '20' },
      servers: { type: 'string', default: '5' },
      stall: { type: 'string', default: '20' },
      mutants: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const unknown = positionals.filter(name => !faults.some(fault => fault.name === name))
  if (values.help || unknown.length > 0) {
    const list = faults.map(({ name, what }) => `  ${name.padEnd(22)} ${what}`).join('\n')
    process.stdout.write(
      `Usage: run.ts [FAULT…] [--messages 1000] [--users 20] [--servers 5] [--stall 20] [--mutants]\n\n${list}\n`,
    )
    if (unknown.length > 0) process.stderr.write(`Cannot inject ${unknown.join(', ')}: no such fault\n`)
    return unknown.length > 0 ? 2 : 0
  }
  const size = {
    messages: Number(values.messages),
    users: Number(values.users),
    servers: Number(values.servers),
  }
  if (values.mutants) return await runMutants(size)
  const chosen = positionals.length === 0 ? faults : faults.filter(({ name }) => positionals.includes(name))
  return await run(chosen, { ...size, stallMs: Number(values.stall) * 1000 })
}

/** Each defect in a copy of the sources, under the fault that has to show it. */
async function runMutants(size: { messages: number; users: number; servers: number }): Promise<number> {
  let areAllFound = true
  for (const mutant of mutants) {
    const { code, printed } = await runMutant(mutant, size)
    const line = printed.split('\n').find(printedLine => printedLine.startsWith(mutant.fault))
    const isFound = code === 1 && line !== undefined && !isUnfinished(line)
    areAllFound &&= isFound
    process.stdout.write(`${isFound ? 'found' : 'NOT FOUND'}: ${mutant.name}\n  ${line ?? printed}\n`)
  }
  return areAllFound ? 0 : 1
}

async function run(
  chosen: readonly Fault[],
  {
    messages,
    users,
    servers,
    stallMs,
  }: { messages: number; users: number; servers: number; stallMs: number },
): Promise<number> {
  const print = (line: string) => process.stdout.write(`${line}\n`)
  const cluster = await createCluster({ servers })
  try {
    const crowd = await createCrowd(cluster, { users })
    print(`${users} users, ${crowd.devices.length} devices, ${servers} servers, ${messages} messages a fault`)
    print(formatHeader())
    let isAllGood = true
    for (const fault of chosen) {
      const reason = fault.skip?.({ cluster })
      if (reason !== undefined) {
        print(formatSkipped(fault, reason))
        continue
      }
      const startedAt = performance.now()
      const outcome = await fault.run({ cluster, crowd, messages, stallMs }).catch(failed)
      isAllGood &&= isGood(outcome)
      print(formatOutcome(fault, outcome, performance.now() - startedAt))
    }
    await crowd.close()
    return isAllGood ? 0 : 1
  } finally {
    await cluster.close()
  }
}

/** A fault that could not be brought to its end has shown nothing. */
function failed(error: unknown): Outcome {
  const note = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { ...nothing, gaps: 0, notes: [note], isWrong: true }
}

process.exit(await main())
