import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { commandNames } from '../client/config/commands/table.ts'
import { currentRuntime, spawnArgs } from './runtimes.ts'

const test = suite('fastchat')

function fastchat(...argv: string[]) {
  const script = fileURLToPath(new URL('fastchat.ts', import.meta.url))
  const { command, args } = spawnArgs(currentRuntime(), script, argv)
  const home = mkdtempSync(join(tmpdir(), 'fastchat-cli-'))
  try {
    const env = { ...process.env, FASTCHAT_HOME: join(home, 'home') }
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env })
    return { status, stdout, stderr, made: readdirSync(home) }
  } finally {
    rmSync(home, { recursive: true })
  }
}

test('`--help` lists every command of client and server, and leaves nothing behind', () => {
  const { status, stdout, stderr, made } = fastchat('--help')
  assert.equal({ status, stderr, made }, { status: 0, stderr: '', made: [] })
  for (const name of ['start', 'serve', 'cluster', 'db', ...commandNames]) {
    assert.is(stdout.match(new RegExp(`^  ${name} `, 'gm'))?.length, 1, name)
  }
  for (const heading of ['Servers', 'Messages', 'Groups', 'People', 'Your account']) {
    assert.match(stdout, new RegExp(`^${heading}:$`, 'm'))
  }
})

test('without a command the same goes to standard error, with exit code 2', () => {
  const { status, stdout, stderr } = fastchat()
  assert.equal({ status, stdout }, { status: 2, stdout: '' })
  assert.match(stderr, 'Usage: fastchat COMMAND')
})

test('a command that does not exist is exit code 2, with the one that was meant', () => {
  const slip = fastchat('sned', 'bob', 'hi')
  assert.is(slip.status, 2)
  assert.match(slip.stderr, 'did you mean "send"?')
  const far = fastchat('frob\u001b[2J')
  assert.is(far.status, 2)
  assert.match(far.stderr, '--help')
  assert.not.match(far.stderr, '\u001b')
})

test('`start --help` explains itself, a wrong port is exit code 2', () => {
  assert.match(fastchat('help', 'start').stdout, 'Usage: fastchat start')
  assert.is(fastchat('start', '--port', '99999').status, 2)
  assert.is(fastchat('start', 'now').status, 2)
})

test.run()
