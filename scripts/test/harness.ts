/**
 * The process around one test file: `harness.ts <file> <report>`. It imports the file as if it had been started
 * directly, runs the uvu suites which that queued, and writes what happened as JSON to `<report>` after every suite.
 * Numbers from the runner itself rather than out of its printed summary: a test may print anything, this too.
 */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { HarnessReport } from './report.ts'

/** What `test.run()` queues: errors (true when none), passed, skipped, total without the skipped. */
type QueuedSuite = () => Promise<[errors: string | true, passed: number, skipped: number, total: number]>

const [file, reportPath] = process.argv.slice(2)
if (!file || !reportPath) throw new Error('Cannot run tests: usage is harness.ts <file> <report>')
process.argv.splice(1, 3, resolve(file))

// uvu's own agreement with its command line: with UVU_DEFER, suites are queued and left for the caller to run.
const queue: QueuedSuite[] = []
Object.assign(globalThis, { UVU_DEFER: 1, UVU_INDEX: 0, UVU_QUEUE: [queue] })

const report: HarnessReport = { suites: 0, passed: 0, failed: 0, skipped: 0, done: false }
await import(pathToFileURL(resolve(file)).href)
// By index: a suite may queue another one while it runs.
for (let next = 0; next < queue.length; next++) {
  const [errors, passed, skipped, total] = (await queue[next]?.()) ?? [true, 0, 0, 0]
  if (errors !== true) process.stdout.write(`\n${errors}\n`)
  else if (passed < total) {
    // uvu 0.5.6 returns from a `finally` and so loses the error of a hook; alone, it would even exit with 0.
    console.error('A `before` hook failed, and uvu swallows its error: catch and print it in the hook')
  }
  report.suites++
  report.passed += passed
  report.failed += total - passed
  report.skipped += skipped
  save()
}
report.done = true
save()
// As uvu does: what a test has left in exitCode is not the file's verdict. A crash after this line still shows.
process.exitCode = 0

function save(): void {
  writeFileSync(reportPath ?? '', JSON.stringify(report))
}
