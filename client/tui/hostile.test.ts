import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { drawChanges, type Pen } from './draw.ts'
import { createEmulator, WIDTHS_OF } from './emulator.fixture.ts'
import { createCanvas, type Grid, span } from './view/canvas.ts'
import { isSettled } from './width.ts'

/**
 * Whatever somebody sends: it stays where it was put. Random texts go the way of every text - canvas, changes, bytes - into
 * emulators of two generations, which disagree on the widths of emoji as real terminals do.
 */
const test = suite('hostile texts on the screen')

const COLS = 40
const ROWS = 5
const AREA = { x: 6, y: 2, cols: 20, rows: 1 }
const pen: Pen = { moveTo: (x, y) => `\x1b[${y + 1};${x + 1}H`, style: () => '\x1b[m' }

/** The text in its area, a frame of known letters all around it. */
function gridWith(text: string): Grid {
  const size = { cols: COLS, rows: ROWS }
  const { canvas, cells } = createCanvas(size)
  for (let y = 0; y < ROWS; y++) canvas.put({ x: 0, y }, span('#'.repeat(COLS)))
  const area = canvas.part(AREA)
  area.put({ x: 0, y: 0 }, span(' '.repeat(AREA.cols)))
  area.put({ x: 0, y: 0 }, span(text))
  return { size, cells, cursor: null }
}

const piece = fc.oneof(
  fc.constantFrom(
    '\x1b[2J',
    '\x1b[H',
    '\x9b5A',
    '\x1b]0;x\x07',
    '\r',
    '\n',
    '\b',
    '\t',
    '\x1bc',
    '\x0e',
    '\x1b[?7h',
    '\x1b[1000C',
  ),
  fc.constantFrom(
    '👨‍👩‍👧‍👦',
    '👍🏽',
    '🇩🇪',
    '❤️',
    '1️⃣',
    '🫩',
    '🥆',
    '漢字',
    'e\u0301',
    'कि',
    'ﷺ',
    '\u202e',
    '\u200d',
    '\ufe0f',
    '🏽',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
  fc.constantFrom('a', ' ', 'words '),
)
const text = fc.array(piece, { maxLength: 14 }).map(pieces => pieces.join(''))

for (const widthsOf of WIDTHS_OF) {
  test(`no text is seen outside its area, nor anything left of the one before, with widths of Unicode ${widthsOf}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 2, maxLength: 4 }), async texts => {
        const emulator = createEmulator({ cols: COLS, rows: ROWS, widthsOf })
        // As terminal.ts sets it: what does not fit into the last column is not to begin a new line.
        await emulator.write('\x1b[?7l')
        let before: Grid | null = null
        for (const one of texts) {
          const grid = gridWith(one)
          await emulator.write(drawChanges(before, grid, pen))
          before = grid
          for (let y = 0; y < ROWS; y++) {
            const row = emulator.row(y)
            const seen = y === AREA.y ? [...row.slice(0, AREA.x), ...row.slice(AREA.x + AREA.cols)] : row
            assert.is(seen.join(''), '#'.repeat(seen.length), `row ${y} of ${JSON.stringify(texts)}`)
          }
          const cells = grid.cells[AREA.y] ?? []
          for (let x = AREA.x; x < AREA.x + AREA.cols; x++) {
            const cell = cells[x]
            if (!cell || !isSettled(cell.text)) continue
            assert.is(emulator.row(AREA.y)[x], cell.text, `cell ${x} of ${JSON.stringify(texts)}`)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
}

test.run()
