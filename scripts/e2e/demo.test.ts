import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime, spawnArgs } from '../runtimes.ts'
import { runProgram } from './program.ts'
import { openTerminal, type TestTerminal, type TestTerminalOptions } from './terminal.ts'

/** `fastchat demo` in a terminal. */
const test = suite('the demo')

const EXECUTABLE = fileURLToPath(new URL('../fastchat.ts', import.meta.url))

const folder = mkdtempSync(join(tmpdir(), 'fastchat-e2e-demo-'))
const terminals: TestTerminal[] = []

test.after(async () => {
  for (const terminal of terminals) await terminal.close()
  rmSync(folder, { recursive: true, force: true })
})

/** With nowhere to write but a folder of the test's. */
function demo(args: readonly string[], options: Partial<TestTerminalOptions> = {}): TestTerminal {
  const terminal = openTerminal({
    ...spawnArgs(currentRuntime(), EXECUTABLE, ['demo', ...args]),
    // What the person has set is nothing to the tour.
    env: {
      TMPDIR: folder,
      FASTCHAT_HOME: join(folder, 'untouched'),
      FASTCHAT_SERVERS: 'wss://chat.example.org',
      MONGODB_URI: 'mongodb://db.example.org/fastchat',
    },
    ...options,
  })
  terminals.push(terminal)
  return terminal
}

function left(): string[] {
  return readdirSync(folder).filter(name => name.startsWith('fastchat-') || name === 'untouched')
}

test('shows the chat from the first message to the safety number, says what to run next, and leaves nothing', async () => {
  // In the smallest that it takes.
  const terminal = demo(['--fast'], { cols: 60, rows: 18 })
  const { exitCode } = await terminal.ended
  assert.is(exitCode, 0, terminal.screen().join('\n'))
  assert.equal(terminal.leftovers(), [])
  assert.match(terminal.screen().join('\n'), /That was FastChat\. Your turn: .* start/)
  assert.match(terminal.output(), 'Safety number with bob')
  assert.match(terminal.output(), 'is restarting')
  assert.equal(left(), [])
})

test('Space pauses; Ctrl-C in the middle gives the terminal back, and nothing is left', async () => {
  const terminal = demo([])
  await terminal.waitForText('Space pauses')
  terminal.type(' ')
  await terminal.waitForText('Space goes on')
  const [made = ''] = left()
  assert.is(statSync(join(folder, made)).mode & 0o777, 0o700)
  assert.equal(left(), [made])
  terminal.type(' ')
  await terminal.waitForText('Space pauses')
  await terminal.waitForText('> /msg')
  terminal.key('ctrl-c')
  const { exitCode } = await terminal.ended
  assert.is(exitCode, 0, terminal.screen().join('\n'))
  assert.equal(terminal.leftovers(), [])
  assert.match(terminal.screen().join('\n'), 'The tour is over. Your turn')
  assert.equal(left(), [])
})

test('SIGTERM ends it the same way, with 143; what was killed is removed by the next tour', async () => {
  const killed = demo(['--speed', '0.5'])
  await killed.waitForText('Space pauses')
  killed.kill('SIGKILL')
  await killed.ended
  assert.is(left().length, 1)
  const terminal = demo(['--speed', '0.5'])
  await terminal.waitForText('Space pauses')
  assert.is(left().length, 1)
  terminal.kill('SIGTERM')
  assert.is((await terminal.ended).exitCode, 143)
  assert.equal(terminal.leftovers(), [])
  assert.equal(left(), [])
})

test('says what is wrong with a small terminal, a pipe and an option, and makes nothing', async () => {
  const small = demo([], { cols: 59, rows: 24 })
  assert.is((await small.ended).exitCode, 2)
  assert.match(small.screen().join(' '), /Cannot show tour: this terminal has 59x24 cells.*60x18/s)
  const pipe = await runProgram(currentRuntime(), ['demo'], { env: { TMPDIR: folder } })
  assert.is(pipe.code, 2)
  assert.match(pipe.stderr, 'Cannot show tour: standard input and output are no terminal')
  for (const args of [
    ['--speed', '0'],
    ['--speed', '21'],
    ['--speed', 'x'],
    ['--slow'],
    ['--fast', '--speed', '2'],
  ]) {
    const { code, stderr } = await runProgram(currentRuntime(), ['demo', ...args])
    assert.is(code, 2, args.join(' '))
    assert.match(stderr, /Cannot read (speed|command line)/)
  }
  assert.equal(left(), [])
})

test.run()
