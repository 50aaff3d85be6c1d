import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime, spawnArgs } from './runtimes.ts'

const test = suite('soak')

function soak(...argv: string[]) {
  const script = fileURLToPath(new URL('soak.ts', import.meta.url))
  const { command, args } = spawnArgs(currentRuntime(), script, argv)
  const env = { ...process.env, npm_lifecycle_event: undefined }
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env })
  return { status, stdout, stderr }
}

test('`soak` counts what it wrote at the recipients, and tells the memory of every process', () => {
  const { status, stdout, stderr } = soak(
    '--minutes',
    '0.1',
    '--users',
    '5',
    '--servers',
    '2',
    '--chaos',
    '3',
  )
  assert.is(status, 0, stdout + stderr)
  assert.match(stdout, /^written 120 in \d+ s, refused 0, killed [1-9]/m)
  assert.match(stdout, /^expected \d{3}, lost 0, duplicated 0, disordered 0, gaps 0$/m)
  assert.match(stdout, 'left in the database 0, defects 0')
  for (const name of ['server 1', 'server 2', 'clients'])
    assert.match(stdout, new RegExp(`^${name} +\\d+`, 'm'))
})

test('a command line that says nothing is exit code 2', () => {
  assert.is(soak('--minutes', 'long').status, 2)
  assert.is(soak('now').status, 2)
})

test.run()
