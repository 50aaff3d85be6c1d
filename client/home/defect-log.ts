import { appendFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FastChatError } from '../../schema/errors.ts'

const MAX_BYTES = 1024 * 1024

/**
 * Keeps defects of ours where a person can find them: `client.log` in the home, 0600, until it is full. A line holds the
 * time and where it happened; of a foreign error only its name, since its message may quote what somebody wrote.
 */
export function createDefectLog({ folder }: { folder: string }): (error: unknown) => void {
  const path = join(folder, 'client.log')
  return error => {
    try {
      if (sizeOf(path) < MAX_BYTES) appendFileSync(path, describe(error), { mode: 0o600 })
    } catch {
      // A disk that is full, or a home that is gone: there is nowhere left to say it.
    }
  }
}

function describe(error: unknown): string {
  const at = new Date().toISOString()
  if (!(error instanceof Error)) return `${at} ${typeof error}\n`
  const said = error instanceof FastChatError ? `${error.code}: ${error.message}` : error.name
  const frames = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line))
  return [`${at} ${said}`, ...frames, ''].join('\n')
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
