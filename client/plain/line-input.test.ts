import { EventEmitter } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import { Interrupted } from '../commands/io.ts'
import { createLineInput } from './line-input.ts'
import { isLineTerminal } from './line-terminal.ts'

const test = suite('lines of standard input')

/** Standard input, of which a test says what comes. */
function stage({ isTTY = false } = {}) {
  const modes: boolean[] = []
  const stdin = Object.assign(new EventEmitter(), {
    isTTY,
    setRawMode: (is: boolean) => void modes.push(is),
    pause: () => undefined,
    resume: () => undefined,
  })
  const input = createLineInput(stdin as unknown as Parameters<typeof createLineInput>[0])
  return {
    input,
    modes,
    comes: (bytes: string | Uint8Array) => stdin.emit('data', Buffer.from(bytes)),
    ends: () => stdin.emit('end'),
  }
}

test('`line()` gives lines however they are cut, letters of several bytes too, and null at the end', async () => {
  const { input, comes, ends } = stage()
  const bytes = Buffer.from('grüße 日本\r\nsecond\nlast')
  for (const byte of bytes) comes(Uint8Array.of(byte))
  ends()
  assert.equal(await input.line(), { text: 'grüße 日本' })
  assert.equal(await input.line(), { text: 'second' })
  assert.equal(await input.line(), { text: 'last' })
  assert.is(await input.line(), null)
  input.close()
})

test('`line()` is the same promise until the line has come', async () => {
  const { input, comes } = stage()
  const [first, again] = [input.line(), input.line()]
  comes('one\ntwo\n')
  assert.equal(await first, { text: 'one' })
  assert.equal(await again, { text: 'one' })
  assert.equal(await input.line(), { text: 'two' })
  input.close()
})

test('`line()` takes keys and controls out that the terminal has left in', async () => {
  const { input, comes } = stage()
  comes('a\x1b[Ab\x1bOPc\td\x00\x07e\x9b\n')
  assert.equal(await input.line(), { text: 'abc de' })
  input.close()
})

test('`line()` throws a line away that is longer than any message', async () => {
  const { input, comes } = stage()
  for (let kb = 0; kb < limits.maxTextBytes / 1024 + 4; kb++) comes('x'.repeat(1024))
  comes('\nnext\n')
  assert.is(await input.line(), 'too-long')
  assert.equal(await input.line(), { text: 'next' })
  input.close()
})

test('`secret()` turns the echo off before it is answered and on afterwards, and knows erasing', async () => {
  const { input, modes, comes } = stage({ isTTY: true })
  const answer = input.secret()
  assert.equal(modes, [true])
  comes('wrong\x15pass\x1b[Dwort\x7f\x7f\x7frd\r')
  assert.equal(await answer, { text: 'passwrd' })
  assert.equal(modes, [true, false])
  input.close()
})

test('`secret()` throws Interrupted at Ctrl-C and, when nothing was typed, at Ctrl-D', async () => {
  for (const key of ['\x03', 'half\x03', '\x04']) {
    const { input, modes, comes } = stage({ isTTY: true })
    const answer = input.secret()
    comes(key)
    const error = await answer.catch((thrown: unknown) => thrown)
    assert.instance(error, Interrupted)
    assert.equal(modes, [true, false])
    input.close()
  }
})

test('`close()` gives the echo back while a secret is asked for', () => {
  const { input, modes } = stage({ isTTY: true })
  void input.secret()
  input.close()
  assert.equal(modes, [true, false])
})

test('`secret()` reads a line of a pipe like any other', async () => {
  const { input, modes, comes } = stage()
  const answer = input.secret()
  comes('pass\n')
  assert.equal(await answer, { text: 'pass' })
  assert.equal(modes, [])
  input.close()
})

test('`isLineTerminal()` is true where TERM says nothing or that there is little', () => {
  assert.is(isLineTerminal({}, 'linux'), true)
  assert.is(isLineTerminal({ TERM: '' }, 'darwin'), true)
  assert.is(isLineTerminal({ TERM: 'dumb' }, 'linux'), true)
  assert.is(isLineTerminal({ TERM: 'vt100' }, 'linux'), false)
  assert.is(isLineTerminal({ TERM: 'xterm-256color' }, 'linux'), false)
  assert.is(isLineTerminal({}, 'win32'), false)
})

test.run()
