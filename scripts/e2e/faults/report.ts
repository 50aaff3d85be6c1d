import type { Fault, Outcome } from './fault.ts'
import { isClean } from './tally.ts'

const NAME_WIDTH = 20

export function isGood(outcome: Outcome): boolean {
  return isClean(outcome) && outcome.isWrong !== true
}

export function formatHeader(): string {
  return columns('fault', ['expected', 'lost', 'duplicated', 'disordered', 'gaps', 'seconds'])
}

export function formatOutcome({ name }: Pick<Fault, 'name'>, outcome: Outcome, durationMs: number): string {
  const { expected, lost, duplicated, disordered, gaps, notes } = outcome
  const seconds = (durationMs / 1000).toFixed(1)
  const line = columns(name, [expected, lost, duplicated, disordered, gaps, seconds])
  const mark = isGood(outcome) ? 'ok' : 'FAIL'
  return `${line}  ${[mark, ...notes].join('; ')}`
}

export function formatSkipped({ name }: Pick<Fault, 'name'>, reason: string): string {
  return `${name.padEnd(NAME_WIDTH)} not tried: ${reason}`
}

function columns(name: string, cells: readonly (string | number)[]): string {
  return name.padEnd(NAME_WIDTH) + cells.map(cell => String(cell).padStart(11)).join('')
}

/** Whether a printed line is that of a fault which was not brought to its end: nothing was counted. */
export function isUnfinished(line: string): boolean {
  return /^\S+\s+0\s/.test(line)
}
