import unicode11 from '@xterm/addon-unicode11'
import headless from '@xterm/headless'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { drawChanges, type Pen, sgr } from './draw.ts'
import { TRUE_COLOR } from './theme.ts'
import { createCanvas, type Grid, type StyleName, span } from './view/canvas.ts'

const test = suite('draw')

const pen: Pen = { moveTo: (x, y) => `\x1b[${y + 1};${x + 1}H`, style: () => '' }

function gridOf(...rows: string[]): Grid {
  const size = { cols: 20, rows: rows.length }
  const { canvas, cells } = createCanvas(size)
  rows.forEach((row, y) => {
    canvas.put({ x: 0, y }, span(row))
  })
  return { size, cells, cursor: null }
}

/** What an emulator shows that was fed the changes from one grid to the next. */
async function show(grids: readonly Grid[], unicodeVersion: '6' | '11'): Promise<string[]> {
  const [first] = grids
  const { cols = 0, rows = 0 } = first?.size ?? {}
  const emulator = new headless.Terminal({ cols, rows, allowProposedApi: true })
  emulator.loadAddon(new unicode11.Unicode11Addon())
  emulator.unicode.activeVersion = unicodeVersion
  let before: Grid | null = null
  let bytes = '\x1b[?7l'
  for (const grid of grids) {
    bytes += drawChanges(before, grid, pen)
    before = grid
  }
  await new Promise<void>(resolve => emulator.write(bytes, resolve))
  const shown = Array.from(
    { length: rows },
    (_, y) => emulator.buffer.active.getLine(y)?.translateToString(true).trimEnd() ?? '',
  )
  emulator.dispose()
  return shown
}

test('`drawChanges()` writes nothing when nothing has changed', () => {
  assert.is(drawChanges(gridOf('hello', 'you'), gridOf('hello', 'you'), pen), '')
})

test('`drawChanges()` writes only the cells that differ', () => {
  assert.is(drawChanges(gridOf('hello', 'you'), gridOf('hallo', 'you'), pen), '\x1b[1;2Ha')
})

test('`drawChanges()` writes every cell when the screen is not known or has another size', () => {
  const grid = gridOf('ab', 'cd')
  assert.match(drawChanges(null, grid, pen), /ab {18}/)
  assert.match(drawChanges(gridOf('ab'), grid, pen), /ab {18}/)
})

test('`drawChanges()` writes a style once for cells side by side, and ends plain', () => {
  const { canvas, cells } = createCanvas({ cols: 4, rows: 1 })
  canvas.put({ x: 0, y: 0 }, span('ab', 'error'), span('cd', 'dash'))
  const named: Pen = { moveTo: () => '', style: (style: StyleName) => `<${style}>` }
  const grid = { size: { cols: 4, rows: 1 }, cells, cursor: null }
  assert.is(drawChanges(null, grid, named), '<error>ab<dash>cd<plain>')
})

for (const unicodeVersion of ['6', '11'] as const) {
  test(`\`drawChanges()\` leaves nothing behind wide graphemes in a terminal of Unicode ${unicodeVersion}`, async () => {
    const family = gridOf('a 👨‍👩‍👧‍👦 end', '日本語 x')
    const shown = await show([family, gridOf('a b', '日 y')], unicodeVersion)
    assert.equal(shown, ['a b', '日 y'])
    const [row] = await show([gridOf('................', ''), family], unicodeVersion)
    assert.match(row ?? '', / end$/)
    assert.is(row?.includes('.'), false)
  })
}

test('`drawChanges()` from any screen to any other shows the same as drawing that one alone', async () => {
  const piece = fc.constantFrom('a', ' ', 'é', '日', '👍🏽', '👨‍👩‍👧', '🇫🇮', 'e\u0301', '한', '✓', '☺️', 'ا')
  const row = fc.array(piece, { maxLength: 14 }).map(pieces => pieces.join(''))
  const screen = fc.tuple(row, row).map(rows => gridOf(...rows))
  await fc.assert(
    fc.asyncProperty(fc.array(screen, { minLength: 2, maxLength: 4 }), async screens => {
      assert.equal(await show(screens, '11'), await show(screens.slice(-1), '11'))
    }),
    { numRuns: 60 },
  )
})

test('`sgr()` writes attributes, the terminal’s own 16 colours and the 256', () => {
  assert.is(sgr({}), '\x1b[0m')
  assert.is(sgr({ color: 1, bold: true }), '\x1b[0;1;31m')
  assert.is(sgr({ color: 8, bgColor: 9 }), '\x1b[0;90;101m')
  assert.is(sgr({ color: 245, bgColor: 238, dim: true, underline: true }), '\x1b[0;2;4;38;5;245;48;5;238m')
  assert.is(sgr({ inverse: true, italic: true }), '\x1b[0;3;7m')
  assert.is(sgr({ color: { rgb: 0xff8000 } }, TRUE_COLOR), '\x1b[0;38;2;255;128;0m')
  assert.is(sgr({ color: { rgb: 0xff0000 } }, 256), '\x1b[0;38;5;196m')
  assert.is(sgr({ color: { rgb: 0xff0000 }, bgColor: 231 }, 16), '\x1b[0;91;107m')
})

test.run()
