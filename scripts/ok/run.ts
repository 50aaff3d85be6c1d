/**
 * `npm run ok`: the one gate. Every check in turn, the quick ones first; stops at the first that fails. The last
 * line is the tests' `N passed, N failed`. Changes nothing: `npm run format` does.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { denoPath, nodePath, spawnArgs } from '../runtimes.ts'
import { SOURCE_ROOTS } from '../test/discover.ts'
import { checkArrows, formatViolation } from './arrows.ts'
import { checkLock, type Lock } from './lock.ts'
import { readProject } from './project.ts'
import { runSteps, type Step } from './steps.ts'
import { checkStyle } from './style.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const require = createRequire(import.meta.url)

const STEPS: readonly Step[] = [
  {
    name: 'format and lint',
    help: '`npm run format` sets most of it right',
    check: () => nodeTool('@biomejs/biome', 'biome', ['check', '--error-on-warnings', '--colors=off', '.']),
  },
  {
    name: 'import arrows',
    help: 'the table is scripts/ok/rules.ts',
    check: () => checkArrows(readProject(root)).map(formatViolation).join('\n'),
  },
  {
    name: 'style',
    help: 'what is checked is in scripts/ok/style.ts',
    check: () => [...readProject(root).written].flatMap(([file, text]) => checkStyle(file, text)).join('\n'),
  },
  {
    name: 'lock file',
    help: 'npm install writes it; add by hand the entries of platforms that it could not see',
    check: () => checkLock(readJson('package.json'), readJson('package-lock.json') as Lock).join('\n'),
  },
  {
    name: 'types (tsc)',
    help: 'tsconfig.json',
    check: () => nodeTool('typescript', 'tsc', ['--noEmit', '--pretty', 'false']),
  },
  {
    name: 'types (deno)',
    help: 'Deno checks the same sources against its own library: deno.json',
    check: () => complaints(denoPath(), ['check', '--quiet', ...SOURCE_ROOTS]),
  },
]

process.exitCode = await main()

async function main(): Promise<number> {
  if (!(await runSteps(STEPS, line => console.log(line)))) return 1
  const { command, args } = spawnArgs('node', join(root, 'scripts/test/run.ts'))
  const { code } = await run(command, args, 'inherit')
  return code
}

/** Runs a tool of node_modules, on Node, by its own entry: no npx, no shell. */
function nodeTool(name: string, bin: string, args: readonly string[]): Promise<string> {
  const manifestPath = require.resolve(`${name}/package.json`)
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as { bin: Record<string, string> }
  return complaints(nodePath(), [join(dirname(manifestPath), manifest.bin[bin] ?? bin), ...args])
}

function readJson(file: string): object {
  return JSON.parse(readFileSync(join(root, file), 'utf8')) as object
}

/** What a command that failed has printed; empty when it succeeded. */
async function complaints(command: string, args: readonly string[]): Promise<string> {
  const { code, output } = await run(command, args, 'pipe')
  return code === 0 ? '' : output || `exit code ${code} without a word`
}

function run(
  command: string,
  args: readonly string[],
  output: 'pipe' | 'inherit',
): Promise<{ code: number; output: string }> {
  return new Promise((done, fail) => {
    // A tool's colours would be noise in what is printed later; the tests print as they like.
    const env = output === 'pipe' ? { ...process.env, NO_COLOR: '1' } : process.env
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', output, output], env })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
    }
    child.on('error', fail)
    child.on('close', code => done({ code: code ?? 1, output: text }))
  })
}
