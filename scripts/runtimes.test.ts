import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isDenoNewEnough, RUNTIMES, runtimeEnv, spawnArgs } from './runtimes.ts'

const test = suite('runtimes')

test('`spawnArgs()` runs a TypeScript file with its arguments on each runtime from any directory', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'fastchat-runtimes-'))
  try {
    const script = join(cwd, 'hello.ts')
    writeFileSync(
      script,
      "const who: string = 'deno' in process.versions ? 'deno' : 'node'\nconsole.log(who, ...process.argv.slice(2))\n",
    )
    for (const runtime of RUNTIMES) {
      const { command, args } = spawnArgs(runtime, script, ['--flag', 'two words'])
      assert.is(execFileSync(command, args, { cwd, encoding: 'utf8' }), `${runtime} --flag two words\n`)
    }
  } finally {
    rmSync(cwd, { recursive: true })
  }
})

test('`runtimeEnv()` names both runtimes and keeps the rest of the environment', () => {
  const env = runtimeEnv(RUNTIMES)
  assert.ok(env.FASTCHAT_DENO)
  assert.ok(env.FASTCHAT_NODE)
  assert.is(env.HOME, process.env.HOME)
  const version = execFileSync('deno', ['--version'], { env, encoding: 'utf8' })
  assert.ok(isDenoNewEnough(version.split('\n')[0] ?? ''))
  assert.ok(env.PATH?.split(delimiter).length)
})

test('`isDenoNewEnough()` accepts 2.9 and later', () => {
  assert.ok(isDenoNewEnough('deno 2.9.0 (stable, release, x86_64-unknown-linux-gnu)'))
  assert.ok(isDenoNewEnough('deno 2.10.1 (stable)'))
  assert.ok(isDenoNewEnough('deno 3.0.0 (stable)'))
  assert.not.ok(isDenoNewEnough('deno 2.8.9 (stable)'))
  assert.not.ok(isDenoNewEnough('deno 1.46.3'))
  assert.not.ok(isDenoNewEnough('not found'))
})

test.run()
