import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn } from '@lydell/node-pty'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime, spawnArgs } from '../../scripts/test/runtimes.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import type { Recorded } from './command-process.fixture.ts'

const test = suite('password prompt')

/** Types into a command on a real terminal: each answer once its question is there. */
async function type(argv: string[], answers: [question: string, typed: string][]) {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-prompt-'))
  try {
    const [scenario, record] = [join(folder, 'scenario.json'), join(folder, 'record.json')]
    writeFileSync(scenario, '{}')
    const script = fileURLToPath(new URL('command-process.fixture.ts', import.meta.url))
    const { command, args } = spawnArgs(currentRuntime(), script, [scenario, record, ...argv])
    const env = { ...process.env, FASTCHAT_PASSWORD: '' }
    const terminal = spawn(command, args, { cols: 80, rows: 24, env })
    let screen = ''
    terminal.onData(data => {
      screen += data
    })
    const ended = new Promise<number>(resolve => void terminal.onExit(({ exitCode }) => resolve(exitCode)))
    let from = 0
    for (const [question, typed] of answers) {
      const at = await waitFor(() => screen.indexOf(question, from) + 1, {
        what: question,
        timeoutMs: 30_000,
      })
      from = at + question.length - 1
      terminal.write(typed)
    }
    const code = await ended
    return { code, screen, ...(JSON.parse(readFileSync(record, 'utf8')) as Recorded) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('`signup` asks twice and shows nothing of what is typed', async () => {
  const { code, screen, credentials } = await type(
    ['signup', 'bob'],
    [
      ['Password of bob: ', 'wrong\u0015corX\u007frect \u001b[Dhörse\r'],
      ['again: ', 'correct hörse\r'],
    ],
  )
  assert.is(code, 0, screen)
  assert.is(credentials?.password, 'correct hörse')
  assert.not.match(screen, /rrect|rse|wrong|\*/)
})

test('`signup` asks once more when the two differ', async () => {
  const { code, screen, credentials } = await type(
    ['signup', 'bob'],
    [
      ['Password of bob: ', 'one thing\r'],
      ['again: ', 'another\r'],
      ['Password of bob: ', 'the third\r'],
      ['again: ', 'the third\r'],
    ],
  )
  assert.is(code, 0, screen)
  assert.is(credentials?.password, 'the third')
  assert.match(screen, /differ/)
})

test('`login` asks once', async () => {
  const { code, credentials } = await type(['login', 'bob'], [['Password of bob: ', 'correct horse\r']])
  assert.is(code, 0)
  assert.is(credentials?.password, 'correct horse')
})

test('Ctrl-C at the prompt ends with 130 and asks nobody', async () => {
  const { code, credentials } = await type(['login', 'bob'], [['Password of bob: ', 'secret\u0003']])
  assert.is(code, 130)
  assert.is(credentials, undefined)
})

test.run()
