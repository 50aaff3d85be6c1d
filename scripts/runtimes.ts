import { execFileSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, delimiter, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The runtimes that FastChat promises to run on, from the same sources. */
export const RUNTIMES = ['node', 'deno'] as const
export type Runtime = (typeof RUNTIMES)[number]

/** The Deno that `npx` fetches where none is installed. */
export const PINNED_DENO = '2.9.6'
const MIN_DENO = [2, 9] as const

/**
 * What a FastChat process may do on Deno, and no more: no `-A`, so neither remote imports nor a prompt.
 * `ffi` is for the key-value store's native library, `sys` for host name and interfaces, `run` for `$EDITOR`
 * and for tests that start processes.
 */
export const DENO_FLAGS = [
  '--quiet',
  '--no-prompt',
  '--allow-net',
  '--allow-read',
  '--allow-write',
  '--allow-env',
  '--allow-ffi',
  '--allow-sys',
  '--allow-run',
] as const

/** A command line as `child_process.spawn(command, args)` wants it. */
export interface CommandLine {
  command: string
  args: string[]
}

/** The runtime that executes this very file. */
export function currentRuntime(): Runtime {
  return 'deno' in process.versions ? 'deno' : 'node'
}

/**
 * The command line that runs a TypeScript file on a runtime, from any working directory. On Node the program itself is run by
 * `bin.mjs`, as everybody runs it.
 *
 * @throws {Error} when the runtime is not installed (see {@link denoPath}, {@link nodePath}).
 */
export function spawnArgs(runtime: Runtime, script: string, args: readonly string[] = []): CommandLine {
  if (runtime === 'deno') return { command: denoPath(), args: ['run', ...DENO_FLAGS, script, ...args] }
  if (basename(script) === 'fastchat.ts') {
    return { command: nodePath(), args: [join(dirname(script), 'bin.mjs'), ...args] }
  }
  // The URL of tsx rather than its name: a bare name is looked up from the child's working directory.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  return { command: nodePath(), args: ['--import', tsx, script, ...args] }
}

let knownDeno: string | undefined

/**
 * The path of a Deno of at least 2.9: `FASTCHAT_DENO`, else this process when it is Deno, else `deno` in `PATH`,
 * else the pinned one through `npx`, which needs the npm registry once. Looked up once a process.
 *
 * @throws {Error} when there is none and npx cannot fetch it.
 */
export function denoPath(): string {
  knownDeno ??= process.env.FASTCHAT_DENO ?? (currentRuntime() === 'deno' ? process.execPath : findDeno())
  return knownDeno
}

/**
 * The path of Node: this process when it is Node, else `FASTCHAT_NODE`, else `node` in `PATH`.
 *
 * @throws {Error} when there is none.
 */
export function nodePath(): string {
  if (currentRuntime() === 'node') return process.execPath
  const found = process.env.FASTCHAT_NODE ?? findInPath('node')[0]
  if (!found) throw new Error('Cannot run on Node: no `node` in PATH')
  return found
}

/**
 * The environment in which a test finds both runtimes: `FASTCHAT_DENO`, `FASTCHAT_NODE`, and Deno's directory in
 * `PATH`. Everything else (`MONGODB_URI`, …) passes through as it is.
 */
export function runtimeEnv(runtimes: readonly Runtime[]): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env }
  if (runtimes.includes('node')) env.FASTCHAT_NODE = nodePath()
  if (runtimes.includes('deno')) {
    env.FASTCHAT_DENO = denoPath()
    env.PATH = [dirname(denoPath()), ...(process.env.PATH ?? '').split(delimiter)]
      .filter(Boolean)
      .join(delimiter)
  }
  return env
}

/**
 * Whether `deno --version`'s first line is new enough.
 */
export function isDenoNewEnough(versionLine: string): boolean {
  const [, major, minor] = /^deno (\d+)\.(\d+)\./.exec(versionLine) ?? []
  if (major === undefined || minor === undefined) return false
  const [wantedMajor, wantedMinor] = MIN_DENO
  return Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor)
}

function findDeno(): string {
  for (const candidate of findInPath('deno')) {
    // A node_modules/.bin/deno is a script of npm's, and starting Node each time would falsify every timing.
    const path = ask(candidate, ['eval', 'console.log(Deno.execPath())'])
    if (path && isDenoNewEnough(ask(path, ['--version']) ?? '')) return path
  }
  const npx = ['-y', `deno@${PINNED_DENO}`, 'eval', 'console.log(Deno.execPath())']
  const fetched = ask('npx', npx, 'inherit')
  if (fetched) return fetched
  throw new Error(
    `Cannot run on Deno: no deno >= ${MIN_DENO.join('.')} in PATH and \`npx ${npx.slice(0, 2).join(' ')}\` failed`,
  )
}

/** The last line that a command prints, or undefined when it fails. */
function ask(command: string, args: string[], stderr: 'ignore' | 'inherit' = 'ignore'): string | undefined {
  try {
    const out = execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', stderr],
      timeout: 300_000,
    })
    return args[0] === '--version' ? out.split('\n')[0] : out.trim().split('\n').at(-1)
  } catch {
    return undefined
  }
}

function findInPath(name: string): string[] {
  const names = process.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name]
  return (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap(directory => names.map(file => join(directory, file)))
    .filter(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
