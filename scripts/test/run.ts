/**
 * `npm test`: every test file on Node and on Deno, each in a process of its own: N end-to-end ones at a time, or half as many
 * again of the others, which wait more than they work.
 *
 *     npm test -- [--node | --deno] [--jobs N] [part of a path …]
 *
 * The last line is always `N passed, N failed`; the exit code is 1 when anything failed, or when there was nothing to run.
 */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { RUNTIMES, type Runtime, runtimeEnv } from '../runtimes.ts'
import { findTestFiles, isEndToEnd, timeoutMsOf } from './discover.ts'
import { type FileResult, formatCounts, formatLine } from './report.ts'
import { killAll, runFile } from './run-file.ts'
import { runWeighed } from './run-weighed.ts'

const DEFAULT_JOBS = Math.min(2, availableParallelism())

process.exitCode = await main()

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      node: { type: 'boolean', default: false },
      deno: { type: 'boolean', default: false },
      jobs: { type: 'string', default: String(DEFAULT_JOBS) },
    },
  })
  const jobs = Number(values.jobs)
  if (!Number.isInteger(jobs) || jobs < 1) throw new Error(`Cannot run tests: --jobs is ${values.jobs}`)
  const runtimes = values.node === values.deno ? RUNTIMES : RUNTIMES.filter(runtime => values[runtime])
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const files = findTestFiles(root, positionals)
  if (files.length === 0) {
    console.log(`No test file${positionals.length > 0 ? ` has ${positionals.join(' or ')} in its path` : ''}`)
    console.log('0 passed, 1 failed')
    return 1
  }

  const env = runtimeEnv(runtimes)
  stopOnSignals()
  const queue = files.flatMap(file => runtimes.map(runtime => ({ file, runtime })))
  const results: FileResult[] = []
  await runWeighed(queue, {
    capacity: 3 * jobs,
    weightOf: ({ file }) => (isEndToEnd(file) ? 3 : 2),
    run: async ({ file, runtime }) => {
      const result = await runFile(file, { runtime, root, env, timeoutMs: timeoutMsOf(file) })
      results.push(result)
      console.log(formatLine(result))
      if (result.failed > 0) console.log(indent(result.output))
    },
  })
  return summarise(results, runtimes)
}

function summarise(results: readonly FileResult[], runtimes: readonly Runtime[]): number {
  const bad = results.filter(result => result.failed > 0)
  if (bad.length > 0) console.log(`\nFailed:\n${bad.map(formatLine).join('\n')}`)
  console.log()
  for (const runtime of runtimes) {
    const ofRuntime = results.filter(result => result.runtime === runtime)
    const label = { node: 'Node', deno: 'Deno' }[runtime]
    console.log(`${label}: ${formatCounts(ofRuntime)} (${ofRuntime.length} files)`)
  }
  console.log(formatCounts(results))
  return bad.length > 0 ? 1 : 0
}

function indent(output: string): string {
  return output.replace(/^(?=.)/gm, '     | ')
}

/** Interrupted, we take the test processes with us: they are in groups of their own and would live on. */
function stopOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void killAll().then(() => process.exit(1))
    })
  }
}
