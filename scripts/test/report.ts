import type { Runtime } from '../runtimes.ts'

/** What the harness inside the test process knows. `done` is false until every suite has run. */
export interface HarnessReport {
  suites: number
  passed: number
  failed: number
  /** Tests under `test.skip`, and those that a `test.only` has put aside. */
  skipped: number
  done: boolean
}

/** How the test process ended, as seen from outside. */
export interface ProcessEnd {
  exitCode: number | null
  signal: string | null
  timedOutAfterMs?: number
  /** Processes which the file started and left running. */
  leftBehind?: readonly string[]
}

/** One file on one runtime, judged. */
export interface FileResult {
  file: string
  runtime: Runtime
  passed: number
  /** Failed tests, skips that the file does not allow, and one for each thing wrong with the file as a whole. */
  failed: number
  /** All tests that the file has, skipped ones too. */
  total: number
  durationMs: number
  /** Why it failed, for people; empty when all is well. */
  problems: string[]
  /** Everything that the process printed. */
  output: string
}

export interface Evidence {
  report: HarnessReport | undefined
  end: ProcessEnd
  allowedSkips: number
}

type Verdict = Pick<FileResult, 'passed' | 'failed' | 'total' | 'problems'>

/**
 * Judges one run of one file. Whatever is not plainly a success is a failure: a file that ran no test, a skip
 * without a reason, an exit code after the last test, a process that would not end.
 */
export function judge({ report, end, allowedSkips }: Evidence): Verdict {
  const { passed, failed, skipped, done, suites } = report ?? NOTHING
  const ofFile: string[] = []
  if (end.timedOutAfterMs !== undefined) {
    const where = done ? 'all tests ran, but something keeps the process alive' : `in suite ${suites + 1}`
    ofFile.push(`timed out after ${end.timedOutAfterMs} ms: ${where}`)
  } else if (end.signal) ofFile.push(`killed by ${end.signal}`)
  else if (end.exitCode !== 0) ofFile.push(`exit code ${end.exitCode}${done ? ' after the last test' : ''}`)
  else if (!done) ofFile.push('the process ended before its tests did')
  if (done && passed + failed + skipped === 0) ofFile.push('ran no test: a suite without `.run()`?')
  if (end.leftBehind?.length) ofFile.push(`left processes behind: ${end.leftBehind.join('; ')}`)

  const badSkips = Math.max(0, skipped - allowedSkips)
  const problems = [...ofFile]
  if (failed > 0) problems.unshift(`${failed} failed`)
  if (badSkips > 0) problems.push(`${badSkips} skipped without \`// Skip allowed on node|deno|any: reason\``)
  return { passed, failed: failed + badSkips + ofFile.length, total: passed + failed + skipped, problems }
}

const NOTHING: HarnessReport = { suites: 0, passed: 0, failed: 0, skipped: 0, done: false }

/**
 * How many tests a file may skip on a runtime: one for each line `// Skip allowed on node: reason` in it (or
 * `deno`, or `any`).
 */
export function countAllowedSkips(source: string, runtime: Runtime): number {
  const allowed = source.matchAll(/^\s*\/\/ Skip allowed on (node|deno|any): \S/gm)
  return [...allowed].filter(([, on]) => on === 'any' || on === runtime).length
}

/** The line that is printed for a file. */
export function formatLine({
  runtime,
  file,
  passed,
  failed,
  total,
  durationMs,
  problems,
}: FileResult): string {
  const mark = failed > 0 ? 'FAIL' : 'ok  '
  const counts = `${passed}/${total}`.padStart(9)
  const reasons = problems.length > 0 ? `  (${problems.join(', ')})` : ''
  return `${mark} ${runtime}  ${file.padEnd(52)} ${counts} ${String(Math.round(durationMs)).padStart(7)} ms${reasons}`
}

/** `N passed, N failed` over some files. */
export function formatCounts(results: readonly FileResult[]): string {
  const sum = (of: 'passed' | 'failed') => results.reduce((total, result) => total + result[of], 0)
  return `${sum('passed')} passed, ${sum('failed')} failed`
}
