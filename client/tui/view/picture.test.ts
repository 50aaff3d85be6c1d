import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { disc, gridOf, paint } from '../picture.fixture.ts'
import { HALF_BLOCK, type Span } from './canvas.ts'
import { assertGolden, drawText } from './golden.fixture.ts'
import { pictureLines, pictureSize } from './picture.ts'

const test = suite('view/picture')

const colorsOf = (lines: readonly (readonly Span[])[]) =>
  lines.map(line =>
    line.map(({ style }) => (typeof style === 'string' ? style : [style.fg, style.bg ?? null])),
  )

test('`pictureSize()` keeps the proportions, with two pixels a row', () => {
  assert.equal(pictureSize({ width: 640, height: 480 }, { cols: 40, rows: 30 }), { cols: 40, rows: 15 })
  assert.equal(pictureSize({ width: 640, height: 480 }, { cols: 40, rows: 6 }), { cols: 16, rows: 6 })
  assert.equal(pictureSize({ width: 10, height: 10 }, { cols: 40, rows: 30 }), { cols: 10, rows: 5 })
  assert.equal(pictureSize({ width: 16_384, height: 1 }, { cols: 40, rows: 30 }), { cols: 40, rows: 1 })
  assert.equal(pictureSize({ width: 1, height: 16_384 }, { cols: 40, rows: 30 }), { cols: 1, rows: 30 })
  assert.equal(pictureSize({ width: 5, height: 5 }, { cols: 0, rows: 3 }), { cols: 0, rows: 0 })
})

test('`pictureSize()` never leaves its box', () => {
  const side = fc.integer({ min: 1, max: 20_000 })
  const cells = fc.integer({ min: 1, max: 200 })
  fc.assert(
    fc.property(side, side, cells, cells, (width, height, cols, rows) => {
      const size = pictureSize({ width, height }, { cols, rows })
      assert.ok(size.cols >= 1 && size.cols <= cols && size.rows >= 1 && size.rows <= rows)
    }),
  )
})

test('`pictureLines()` puts two pixels into a cell, one above the other', () => {
  const picture = paint({ width: 2, height: 4 }, (x, y) => x * 0x100 + y)
  const lines = pictureLines(picture, { cols: 10, rows: 10 })
  assert.equal(colorsOf(lines), [
    [
      [0, 1],
      [0x100, 0x101],
    ],
    [
      [2, 3],
      [0x102, 0x103],
    ],
  ])
  assert.ok(lines.flat().every(({ text }) => text === HALF_BLOCK))
})

test('`pictureLines()` makes one pixel of many: their mean', () => {
  const picture = paint({ width: 8, height: 8 }, (x, y) => ((x + y) % 2 === 0 ? 0xff0000 : 0x0000ff))
  assert.equal(colorsOf(pictureLines(picture, { cols: 1, rows: 1 })), [[[0x800080, 0x800080]]])
})

test('`pictureLines()` leaves the lower half of a picture of one row to the terminal', () => {
  const picture = paint({ width: 2, height: 1 }, () => 0xff)
  assert.equal(colorsOf(pictureLines(picture, { cols: 9, rows: 9 })), [
    [
      [0xff, null],
      [0xff, null],
    ],
  ])
})

test('`pictureLines()` gives the same object for the same picture and size', () => {
  const picture = disc({ width: 64, height: 48 })
  const lines = pictureLines(picture, { cols: 20, rows: 20 })
  assert.is(pictureLines(picture, { cols: 20, rows: 20 }), lines)
  // Another box in which it takes the same cells.
  assert.is(pictureLines(picture, { cols: 20, rows: 90 }), lines)
  assert.is.not(pictureLines(picture, { cols: 10, rows: 20 }), lines)
  assert.is.not(pictureLines({ ...picture }, { cols: 20, rows: 20 }), lines)
})

test('`pictureLines()` takes a picture whose bytes are too few as black, and draws nothing without room', () => {
  const lines = pictureLines({ width: 4, height: 4, rgb: '' }, { cols: 4, rows: 4 })
  assert.equal(colorsOf(lines).flat(), new Array(8).fill([0, 0]))
  assert.equal(pictureLines({ width: 4, height: 4, rgb: '' }, { cols: 0, rows: 4 }), [])
})

test('a picture on a grid is seen in a golden screen', () => {
  const picture = disc({ width: 64, height: 48 })
  const grid = gridOf(
    { cols: 40, rows: 14 },
    { pictures: [{ picture, x: 4, y: 1, box: { cols: 32, rows: 12 } }] },
  )
  assertGolden('picture', grid)
  assert.match(drawText(grid), /W{3,}/)
})

test.run()
