import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listSources } from '../test/discover.ts'
import type { Project } from './arrows.ts'

const SOURCE = /\.(?:ts|mjs)$/
/** What people write and read; the rest (JSON vectors, pictures) is data. */
const WRITTEN = /\.(?:ts|mjs|md|sh|yaml|yml)$/

/** Everything that the checks read, as text, by path. */
export function readProject(root: string): Project & { written: ReadonlyMap<string, string> } {
  const files = listSources(root)
  const topLevel = readdirSync(root, { withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.name.startsWith('.'))
    .map(entry => entry.name)
  const written = new Map(
    [...topLevel, ...files]
      .filter(file => WRITTEN.test(file))
      .map(file => [file, readFileSync(join(root, file), 'utf8')] as const),
  )
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>
    devDependencies?: Record<string, string>
  }
  return {
    written,
    sources: new Map([...written].filter(([file]) => SOURCE.test(file))),
    files: new Set([...topLevel, ...files]),
    dependencies: new Set(Object.keys(manifest.dependencies ?? {})),
    devDependencies: new Set(Object.keys(manifest.devDependencies ?? {})),
  }
}
