import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  countAllowedSkips,
  type Evidence,
  type FileResult,
  formatCounts,
  formatLine,
  judge,
} from './report.ts'

const test = suite('report')

function evidence({ report, end, allowedSkips = 0 }: Partial<Evidence>): Evidence {
  const all = { suites: 1, passed: 5, failed: 0, skipped: 0, done: true }
  return { report: { ...all, ...report }, end: { exitCode: 0, signal: null, ...end }, allowedSkips }
}

test('`judge()` finds nothing wrong when all tests passed and the process ended well', () => {
  assert.equal(judge(evidence({})), { passed: 5, failed: 0, total: 5, problems: [] })
})

test('`judge()` counts the file itself as a failure when there is no report', () => {
  const end = { exitCode: 1, signal: null }
  assert.equal(judge({ report: undefined, end, allowedSkips: 0 }).failed, 1)
})

test('`judge()` adds the crash to the failed tests when there are both', () => {
  const verdict = judge({
    report: { suites: 1, passed: 3, failed: 2, skipped: 0, done: true },
    end: { exitCode: null, signal: 'SIGSEGV' },
    allowedSkips: 0,
  })
  assert.equal(verdict, { passed: 3, failed: 3, total: 5, problems: ['2 failed', 'killed by SIGSEGV'] })
})

test('`judge()` counts only the skips beyond the allowed ones', () => {
  const report = { suites: 1, passed: 1, failed: 0, skipped: 3, done: true }
  assert.is(judge(evidence({ report, allowedSkips: 3 })).failed, 0)
  assert.is(judge(evidence({ report, allowedSkips: 1 })).failed, 2)
})

test('`countAllowedSkips()` counts lines with a reason for this runtime', () => {
  const source = [
    '// Skip allowed on node: no such signal',
    '  // Skip allowed on any: needs a tape drive',
    '// Skip allowed on deno:',
    '// Skip allowed on bun: never',
  ].join('\n')
  assert.is(countAllowedSkips(source, 'node'), 2)
  assert.is(countAllowedSkips(source, 'deno'), 1)
})

test('`formatLine()` and `formatCounts()` say how many passed, of what, and why it failed', () => {
  const good: FileResult = {
    file: 'schema/a.test.ts',
    runtime: 'node',
    passed: 7,
    failed: 0,
    total: 7,
    durationMs: 12.3,
    problems: [],
    output: '',
  }
  const bad: FileResult = { ...good, runtime: 'deno', passed: 4, failed: 3, problems: ['3 failed'] }
  assert.match(formatLine(good), /^ok {3}node {2}schema\/a\.test\.ts +7\/7 +12 ms$/)
  assert.match(formatLine(bad), /^FAIL deno .* 4\/7 .* \(3 failed\)$/)
  assert.is(formatCounts([good, bad]), '11 passed, 3 failed')
})

test.run()
