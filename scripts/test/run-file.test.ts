import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime, runtimeEnv } from '../runtimes.ts'
import type { FileResult } from './report.ts'
import { runFile } from './run-file.ts'
import { waitFor } from './wait-for.ts'

const test = suite('runFile')
const runtime = currentRuntime()
const root = fileURLToPath(new URL('fixtures', import.meta.url))

function run(fixture: string, timeoutMs = 60_000, env = runtimeEnv([runtime])): Promise<FileResult> {
  return runFile(`${fixture}.fixture.ts`, { runtime, root, timeoutMs, env })
}

/** What a verdict comes to, without times and outputs. */
function verdict({ passed, failed, total, problems }: FileResult) {
  return { passed, failed, total, problems }
}

test('`runFile()` counts every suite of a file when all pass, whatever the file prints', async () => {
  const result = await run('passing')
  assert.equal(verdict(result), { passed: 3, failed: 0, total: 3, problems: [] })
})

test('`runFile()` fails a file and keeps its output when a test fails', async () => {
  const result = await run('failing')
  assert.equal(verdict(result), { passed: 1, failed: 1, total: 2, problems: ['1 failed'] })
  assert.match(result.output, 'one is not two')
  assert.match(result.output, 'is wrong')
})

test('`runFile()` fails a file when its suite was never run', async () => {
  const result = await run('no-run')
  assert.equal(verdict(result), {
    passed: 0,
    failed: 1,
    total: 0,
    problems: ['ran no test: a suite without `.run()`?'],
  })
})

test('`runFile()` counts a skipped test as failed unless the file allows it on this runtime', async () => {
  const result = await run('skipping')
  assert.is(result.passed, 1)
  assert.is(result.total, 2)
  assert.is(result.failed, runtime === 'deno' ? 0 : 1)
})

test('`runFile()` fails a file when `only` puts tests aside', async () => {
  const result = await run('only')
  assert.is(result.passed, 1)
  assert.is(result.failed, 2)
})

test('`runFile()` kills a file and says where it was when it does not end in time', async () => {
  const result = await run('hanging', 3_000)
  assert.is(result.failed, 1)
  assert.match(result.problems.join(), 'timed out after 3000 ms: in suite 1')
})

test('`runFile()` fails a file when something keeps its process alive after the last test', async () => {
  const result = await run('open-handle', 3_000)
  assert.is(result.passed, 1)
  assert.is(result.failed, 1)
  assert.match(result.problems.join(), 'all tests ran, but something keeps the process alive')
})

test('`runFile()` fails a file when its process ends while a test is pending', async () => {
  const result = await run('pending')
  assert.is(result.passed, 0)
  assert.is(result.failed, 1)
  assert.match(result.problems.join(), /exit code|ended before/)
})

test('`runFile()` fails a file when a test ends the process with success', async () => {
  const result = await run('exits')
  assert.equal(result.problems, ['the process ended before its tests did'])
  assert.is(result.failed, 1)
})

test('`runFile()` fails a file when a rejection is unhandled after the last test', async () => {
  const result = await run('late-crash')
  assert.is(result.passed, 1)
  assert.equal(result.problems, ['exit code 1 after the last test'])
  assert.match(result.output, 'nobody caught this')
})

test('`runFile()` fails a file when it cannot be loaded', async () => {
  const result = await run('throwing')
  assert.equal(verdict(result), { passed: 0, failed: 1, total: 0, problems: ['exit code 1'] })
  assert.match(result.output, 'the file itself is broken')
})

test('`runFile()` fails a file when a `before` hook fails', async () => {
  const result = await run('before-hook')
  assert.is(result.failed, 1)
  assert.is(result.passed, 0)
  assert.match(result.output, 'A `before` hook failed')
})

test('`runFile()` ends and reports the processes that a file leaves behind', async () => {
  const result = await run('leaves-child')
  if (process.platform !== 'linux') return
  assert.is(result.failed, 1)
  assert.match(result.problems.join(), /left processes behind: \d+ \S*sleep 60/)
  const pid = /behind: (\d+)/.exec(result.problems.join())?.[1] ?? ''
  // By a shell: Deno may not look into /proc. An ended process that nobody has collected has an empty cmdline.
  const look = () => execFileSync('sh', ['-c', `cat /proc/${pid}/cmdline || true`], { encoding: 'utf8' })
  await waitFor(() => look() === '', { what: `the end of ${pid}` })
})

test('`runFile()` passes the environment through unchanged', async () => {
  const MONGODB_URI = 'mongodb://example.invalid/?replicaSet=rs0'
  const result = await run('environment', 60_000, { ...runtimeEnv([runtime]), MONGODB_URI })
  assert.equal(verdict(result), { passed: 2, failed: 0, total: 2, problems: [] })
})

test.run()
