import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nodePath } from './runtimes.ts'

const test = suite('bin.mjs')

/** On Node 20 no kind of hook reaches the first file of a worker thread, so that has to be JavaScript. */
const WORKER = `
import { parentPort } from 'node:worker_threads'
import { register } from 'tsx/esm/api'
register()
const { shout } = await import('./shout.ts')
parentPort.postMessage(shout('worker'))
`

/** Says where it is and what it was given; has types, imports TypeScript, and starts a worker and a child in it. */
const PROGRAM = `
import { spawnSync } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { shout } from './shout.ts'
const args: readonly string[] = process.argv.slice(2)
const fromWorker = await new Promise<string>((resolve, reject) => {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url))
  worker.on('message', resolve).on('error', reject)
})
if (args[0] === 'child') {
  console.log(shout('child'))
  process.exit()
}
const child = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, 'child'], { encoding: 'utf8' })
console.log(JSON.stringify({ child: child.stdout.trim(), args, cwd: process.cwd(), fromWorker, shout: shout('hi') }))
process.exitCode = 4
`

/** Installs bin.mjs as npm does, in node_modules with a link to it, beside a program that only reports. */
function install(root: string): string {
  const ours = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
  const installed = join(root, 'lib/node_modules/fastchat')
  mkdirSync(join(installed, 'scripts'), { recursive: true })
  for (const file of ['scripts/bin.mjs', 'scripts/node-build.mjs', 'package.json', 'tsconfig.json']) {
    copyFileSync(ours(file), join(installed, file))
  }
  symlinkSync(ours('node_modules'), join(installed, 'node_modules'))
  const write = (file: string, text: string) => writeFileSync(join(installed, 'scripts', file), text)
  write('fastchat.ts', PROGRAM)
  write('shout.ts', 'export function shout(text: string): string {\n  return text.toUpperCase()\n}\n')
  write('worker.mjs', WORKER)
  mkdirSync(join(root, 'bin'))
  symlinkSync('../lib/node_modules/fastchat/scripts/bin.mjs', join(root, 'bin/fastchat'))
  return join(root, 'bin/fastchat')
}

interface Installed {
  root: string
  installed: string
  /** Starts it with arguments and waits for its end. */
  run: (...args: string[]) => SpawnSyncReturns<string>
}

function withInstalled(work: (installed: Installed) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'fastchat-bin-')))
    try {
      const bin = install(root)
      const cwd = join(root, 'elsewhere')
      mkdirSync(cwd)
      // Not our tsconfig: it must not matter to us.
      writeFileSync(join(cwd, 'tsconfig.json'), '{ "extends": "./missing.json" }')
      const run = (...args: string[]) => spawnSync(nodePath(), [bin, ...args], { cwd, encoding: 'utf8' })
      await work({ root, installed: join(root, 'lib/node_modules/fastchat'), run })
    } finally {
      rmSync(root, { recursive: true })
    }
  }
}

function builds(installed: string): string[] {
  return readdirSync(join(installed, '.build'))
}

test(
  '`bin.mjs` runs the program with its arguments when called by a link from elsewhere',
  withInstalled(({ root, run }) => {
    const args = ['send', 'bob', 'two words', '--wait', 'stored']
    const { status, stdout, stderr } = run(...args)
    assert.is(stderr, '')
    const cwd = join(root, 'elsewhere')
    assert.equal(JSON.parse(stdout), { child: 'CHILD', args, cwd, fromWorker: 'WORKER', shout: 'HI' })
    assert.is(status, 4)
  }),
)

test(
  'what was built is used again, and built anew when a source has changed',
  withInstalled(({ installed, run }) => {
    const shoutOf = () => (JSON.parse(run().stdout) as { shout: string }).shout
    assert.is(shoutOf(), 'HI')
    const [first = ''] = builds(installed)
    assert.is(shoutOf(), 'HI')
    assert.equal(builds(installed), [first])
    const louder = 'export const shout = (text: string): string => text + "!!!"\n'
    writeFileSync(join(installed, 'scripts/shout.ts'), louder)
    assert.is(shoutOf(), 'hi!!!')
    assert.is(builds(installed).length, 2)
    // Not the sources as such: what is there for them is what runs.
    const built = builds(installed).find(name => name !== first) ?? ''
    const program = join(installed, '.build', built, 'scripts/fastchat.js')
    writeFileSync(program, 'console.log(JSON.stringify({ shout: "built" }))')
    assert.is(shoutOf(), 'built')
  }),
)

test(
  'old builds are removed, the newest ten stay',
  withInstalled(({ installed, run }) => {
    for (let age = 1; age <= 12; age++) {
      const old = join(installed, '.build', `old-${age}`)
      mkdirSync(old, { recursive: true })
      utimesSync(old, age, age)
    }
    assert.is(run().status, 4)
    assert.is(builds(installed).length, 10)
    assert.not.ok(['old-1', 'old-2', 'old-3'].some(name => builds(installed).includes(name)))
  }),
)

test(
  'where nothing can be built the sources are run one by one',
  withInstalled(({ installed, run }) => {
    writeFileSync(join(installed, '.build'), 'not a folder')
    const { status, stdout, stderr } = run('x')
    assert.is(stderr, '')
    assert.match(stdout, '"shout":"HI"')
    assert.is(status, 4)
  }),
)

test(
  'the first starts of several at once all work',
  withInstalled(async ({ root }) => {
    const starts = Array.from({ length: 3 }, async () => {
      const child = spawn(nodePath(), [join(root, 'bin/fastchat')], { stdio: 'ignore' })
      const [code] = (await once(child, 'exit')) as [number | null]
      return code
    })
    assert.equal(await Promise.all(starts), [4, 4, 4])
  }),
)

test.run()
