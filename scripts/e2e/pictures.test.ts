import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { quartersPng } from '../../client/image/pictures.fixture.ts'
import { currentRuntime, spawnArgs } from '../runtimes.ts'
import { waitFor } from '../test/wait-for.ts'
import { openTerminal, type TestTerminal, type TestTerminalOptions } from './terminal.ts'

/** A picture on the screen, as real terminals of several kinds would show it. */
const test = suite('pictures in a terminal')

let folder = ''
let file = ''
const open: TestTerminal[] = []

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'fastchat-pictures-'))
  file = join(folder, 'quarters.png')
  writeFileSync(file, quartersPng())
})

test.after.each(async () => {
  for (const terminal of open.splice(0)) await terminal.close()
})

test.after(() => rmSync(folder, { recursive: true, force: true }))

/** The picture is 32 x 8 cells, in columns 4 to 35, rows 2 to 9. */
async function show(options: Partial<TestTerminalOptions> = {}): Promise<TestTerminal> {
  const fixture = fileURLToPath(new URL('show-picture.fixture.ts', import.meta.url))
  const terminal = openTerminal({ ...spawnArgs(currentRuntime(), fixture, [file]), cols: 60, ...options })
  open.push(terminal)
  await terminal.waitForText('row 2', 60_000)
  return terminal
}

async function quit(terminal: TestTerminal): Promise<void> {
  terminal.type('q')
  const { exitCode } = await terminal.ended
  assert.is(exitCode, 0)
  assert.equal(terminal.leftovers(), [])
}

/** The colours of the upper halves of four cells, one of each quarter. */
function quarters(terminal: TestTerminal) {
  const cells = terminal.cells()
  return [
    [4, 2],
    [35, 2],
    [4, 9],
    [35, 9],
  ].map(([x = 0, y = 0]) => cells[y]?.[x]?.color)
}

test('half-blocks have true colours where there are', async () => {
  const terminal = await show()
  assert.equal(quarters(terminal), ['#ff0000', '#00ff00', '#0000ff', '#ffffff'])
  assert.is(terminal.cells()[2]?.[4]?.text, '▀')
  assert.is(terminal.cells()[2]?.[4]?.background, '#ff0000')
  assert.is(terminal.cells()[2]?.[3]?.background, null)
  await quit(terminal)
})

test('half-blocks have the nearest of 256 colours, or of 16', async () => {
  const many = await show({ env: { COLORTERM: undefined, TERM: 'xterm-256color' } })
  assert.equal(quarters(many), [196, 46, 21, 231])
  await quit(many)
  const few = await show({ env: { COLORTERM: undefined, TERM: 'xterm' } })
  assert.equal(quarters(few), [9, 10, 4, 15])
  await quit(few)
})

test('without colours a picture is of shades, and nothing is asked', async () => {
  const terminal = await show({ env: { NO_COLOR: '1' }, graphics: { kitty: true, sixel: true } })
  const rows = terminal.screen().slice(2, 10)
  const bottom = rows[7]?.slice(4)
  assert.is(rows[0], ' '.repeat(4) + '░'.repeat(16) + '▒'.repeat(16))
  assert.is(bottom, ' '.repeat(16) + '█'.repeat(16))
  assert.equal(quarters(terminal), [null, null, null, null])
  assert.is(terminal.output().includes('\x1b_G'), false)
  await quit(terminal)
})

test('kitty gets the picture, moves it, and has none of it left', async () => {
  const terminal = await show({ env: { TERM: 'xterm-kitty' }, graphics: { kitty: true } })
  const { kitty } = terminal.graphics
  const places = () => kitty.placements().map(({ x, y, cols, rows }) => `${x},${y} ${cols}x${rows}`)
  const shows = (...wanted: string[]) =>
    waitFor(() => places().join() === wanted.join(), {
      what: `${wanted}, not ${places()}`,
      timeoutMs: 20_000,
    })
  await shows('4,2 32x8')
  const [image] = kitty.images.values()
  assert.is(`${image?.width}x${image?.height}`, '32x16')
  // Below it are the half-blocks.
  assert.equal(quarters(terminal), ['#ff0000', '#00ff00', '#0000ff', '#ffffff'])
  terminal.type('jj')
  await shows('4,4 32x8')
  terminal.type('o')
  await shows()
  await terminal.waitForText('over it')
  terminal.type('o')
  await shows('4,4 32x8')
  terminal.type('x')
  await shows()
  terminal.type('x')
  await shows('4,4 32x8')
  assert.is(kitty.transmitted(), 1)
  // Half out of the window; a window of another size.
  terminal.resize({ cols: 60, rows: 8 })
  await shows()
  terminal.resize({ cols: 60, rows: 30 })
  await shows('4,4 32x8')
  // While the shell has the terminal, and when the program has ended.
  terminal.type('z')
  await waitFor(() => kitty.images.size === 0, { what: 'a terminal without pictures' })
  await shows('4,4 32x8')
  terminal.type('q')
  await terminal.ended
  assert.equal(terminal.leftovers(), [])
  assert.is(kitty.images.size, 0)
  assert.equal(places(), [])
  assert.equal(kitty.complaints, [])
})

test('a terminal with sixel gets the picture in its pixels, over the half-blocks', async () => {
  const terminal = await show({ graphics: { sixel: true, cell: { width: 8, height: 16 } } })
  const { sixels } = terminal.graphics
  await waitFor(() => sixels.length === 1, { what: 'a sixel picture' })
  assert.equal([sixels[0]?.x, sixels[0]?.y], [4, 2])
  assert.match(sixels[0]?.data ?? '', /^"1;1;256;128#/)
  assert.equal(quarters(terminal), ['#ff0000', '#00ff00', '#0000ff', '#ffffff'])
  terminal.type('j')
  await waitFor(() => sixels.length === 2, { what: 'it one row below' })
  assert.equal([sixels[1]?.x, sixels[1]?.y], [4, 3])
  terminal.type('o')
  await terminal.waitForText('over it')
  terminal.type('o')
  await waitFor(() => sixels.length === 3, { what: 'it again' })
  await quit(terminal)
})

test('within tmux nothing is asked, and half-blocks are drawn', async () => {
  const terminal = await show({
    env: { TMUX: '/tmp/tmux-0/default' },
    graphics: { kitty: true, sixel: true },
  })
  assert.equal(quarters(terminal), ['#ff0000', '#00ff00', '#0000ff', '#ffffff'])
  assert.is(terminal.output().includes('\x1b_G'), false)
  assert.equal(terminal.graphics.sixels, [])
  await quit(terminal)
})

test.run()
