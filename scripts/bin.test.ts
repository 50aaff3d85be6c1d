import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
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
  for (const file of ['scripts/bin.mjs', 'package.json', 'tsconfig.json']) {
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

test('`bin.mjs` runs the program with its arguments when called by a link from elsewhere', () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'fastchat-bin-')))
  try {
    const bin = install(root)
    const cwd = join(root, 'elsewhere')
    mkdirSync(cwd)
    // Not our tsconfig: it must not matter to us.
    writeFileSync(join(cwd, 'tsconfig.json'), '{ "extends": "./missing.json" }')
    const args = ['send', 'bob', 'two words', '--wait', 'stored']
    const { status, stdout, stderr } = spawnSync(nodePath(), [bin, ...args], { cwd, encoding: 'utf8' })
    assert.is(stderr, '')
    assert.equal(JSON.parse(stdout), { child: 'CHILD', args, cwd, fromWorker: 'WORKER', shout: 'HI' })
    assert.is(status, 4)
  } finally {
    rmSync(root, { recursive: true })
  }
})

test.run()
