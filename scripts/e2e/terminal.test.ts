import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toSvg } from './picture.ts'
import { openTerminal, type TestTerminal } from './terminal.ts'

const test = suite('e2e/terminal')

const open: TestTerminal[] = []

test.after(async () => {
  for (const terminal of open) await terminal.close()
})

function shell(script: string): TestTerminal {
  const terminal = openTerminal({ command: 'sh', args: ['-c', script], cols: 30, rows: 5 })
  open.push(terminal)
  return terminal
}

test('`leftovers()` is empty after a program that puts everything back, and has its exit code', async () => {
  const terminal = shell("printf '\\033[?1049h\\033[?25l'; printf '\\033[?25h\\033[?1049l'; exit 7")
  assert.equal(await terminal.ended, { exitCode: 7, signal: 0 })
  assert.equal(terminal.leftovers(), [])
})

test('`leftovers()` names each thing that a program leaves behind', async () => {
  const modes = ['1049h', '25l', '1000h', '2004h', '1004h', '7l'].map(mode => `\\033[?${mode}`).join('')
  const terminal = shell(`printf '${modes}'; stty raw -echo`)
  await terminal.ended
  const left = terminal.leftovers().join(', ')
  const expected = ['alternate screen', 'hidden cursor', 'mouse (vt200)', 'bracketed paste', 'focus reports']
  for (const what of [...expected, 'no line wrap', 'settings ']) assert.match(left, what)
})

test('`screen()` and `cells()` show what a program has drawn, and `waitForText()` fails with it', async () => {
  const terminal = shell(
    'printf \'\\033[31;1mred\\033[0m 日本 plain\'; read line; echo "got $line"; read line',
  )
  await terminal.waitForText(/^red 日本 plain$/m)
  const [first] = terminal.cells()
  assert.is(first?.[0]?.color, 1)
  assert.ok(first?.[0]?.isBold)
  assert.is(first?.[4]?.width, 2)
  assert.is(first?.[9]?.color, null)
  terminal.type('typed')
  terminal.key('enter')
  await terminal.waitForText('got typed')
  let message = ''
  await terminal.waitForText('never', 50).catch((error: unknown) => {
    message = error instanceof Error ? error.message : ''
  })
  assert.match(message, 'got typed')
})

test('`resize()` tells the program, and `kill()` reaches it', async () => {
  const terminal = shell("trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done")
  await terminal.waitForText('ready')
  terminal.resize({ cols: 40, rows: 9 })
  await terminal.waitForText('9 40')
  terminal.kill('SIGKILL')
  assert.is((await terminal.ended).exitCode, 137)
})

test('`toSvg()` draws colours, wide cells and the cursor, and escapes what is markup', async () => {
  const terminal = shell("printf '\\033[38;5;196ma\\033[7mb\\033[0m<日'; read line")
  await terminal.waitForText('ab<日')
  const svg = toSvg(terminal.cells(), { x: 5, y: 0 })
  assert.match(svg, /^<svg [^>]*width="270" height="100"/)
  assert.match(svg, /fill="#ff0000"[^>]*>a<\/text>/)
  assert.match(svg, '&lt;</text>')
  assert.match(svg, '>日</text>')
  assert.match(svg, '<rect x="45" y="0" width="2"')
})

test.run()
