import { pino } from 'pino'
import type { Log } from '../../port/log.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** JSON lines on standard error, written at once, so that the last line before an end is there. */
export function createJsonLog({ level, name }: { level: LogLevel; name: string }): Log {
  return pino({ level, name, base: { name } }, pino.destination({ dest: 2, sync: true }))
}
