import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** The folders that hold sources. */
export const SOURCE_ROOTS = ['client', 'schema', 'server', 'scripts'] as const

const DEFAULT_TIMEOUT_MS = 120_000
/** Real processes, key derivations and faults take their time, on two cores all the more. */
const E2E_TIMEOUT_MS = 300_000

/** Every file below the source roots, as sorted paths with `/`, relative to `root`. */
export function listSources(root: string): string[] {
  const walk = (directory: string): string[] =>
    readdirSync(directory, { withFileTypes: true }).flatMap(entry => {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') return []
      const path = join(directory, entry.name)
      return entry.isDirectory() ? walk(path) : [relative(root, path).split(sep).join('/')]
    })
  return SOURCE_ROOTS.flatMap(folder => walk(join(root, folder))).sort()
}

/** The test files, those that take longest first, so that two of them share the machine with nothing waiting behind. */
export function findTestFiles(root: string, filters: readonly string[] = []): string[] {
  return listSources(root)
    .filter(file => file.endsWith('.test.ts'))
    .filter(file => filters.length === 0 || filters.some(filter => file.includes(filter)))
    .sort((a, b) => Number(isEndToEnd(b)) - Number(isEndToEnd(a)))
}

/** How long a test file may take. */
export function timeoutMsOf(file: string): number {
  return isEndToEnd(file) ? E2E_TIMEOUT_MS : DEFAULT_TIMEOUT_MS
}

/** Whether a test file is made of real processes, and so needs a whole core. */
export function isEndToEnd(file: string): boolean {
  return file.startsWith('scripts/e2e/')
}
