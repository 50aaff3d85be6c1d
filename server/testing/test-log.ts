import type { Log } from '../port/log.ts'

export interface TestLog extends Log {
  /** Every line, as it would be written. */
  lines: string[]
}

export function createTestLog(): TestLog {
  const lines: string[] = []
  const write = (level: string) => (fields: Record<string, unknown>, message: string) => {
    lines.push(JSON.stringify({ level, ...fields, message }))
  }
  return {
    lines,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
}
