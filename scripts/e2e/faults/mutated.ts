import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { currentRuntime, spawnArgs } from '../../test/runtimes.ts'
import type { Mutant } from './mutants.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SOURCES = ['client', 'schema', 'scripts', 'server', 'package.json', 'tsconfig.json', 'deno.json']

/** Another text in one place of one file. */
export type Defect = Pick<Mutant, 'file' | 'from' | 'to'>

/**
 * Makes a copy of the project with one defect in it.
 *
 * @throws {Error} when the text that is to be replaced is not there exactly once: the mutant has to be brought up to date
 */
export function mutate(mutant: Defect): { folder: string; remove: () => void } {
  const source = readFileSync(join(ROOT, mutant.file), 'utf8')
  const parts = source.split(mutant.from)
  if (parts.length !== 2) {
    throw new Error(
      `Cannot put in a defect: ${mutant.file} has the text "${mutant.from}" ${parts.length - 1} times`,
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-mutant-'))
  for (const name of SOURCES) cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, mutant.file), parts.join(mutant.to))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Runs a mutant's fault in a copy that has the defect. @returns what `run.ts` printed, and its exit code */
export async function runMutant(
  mutant: Mutant,
  size: { messages: number; users: number; servers: number },
): Promise<{ code: number | null; printed: string }> {
  const { folder, remove } = mutate(mutant)
  try {
    const sizes = Object.entries(size).flatMap(([name, value]) => [`--${name}`, String(value)])
    const script = join(folder, 'scripts/e2e/faults/run.ts')
    const line = spawnArgs(currentRuntime(), script, [mutant.fault, '--stall', '6', ...sizes])
    const child = spawn(line.command, line.args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', chunk => {
      printed += chunk
    })
    child.stderr.setEncoding('utf8').on('data', chunk => {
      printed += chunk
    })
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    return { code, printed }
  } finally {
    remove()
  }
}
