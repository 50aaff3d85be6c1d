import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createCanvas, type Grid, span } from './canvas.ts'
import { captionRows, textRows, withCaption } from './caption.ts'

const test = suite('caption')

function screen(cols: number): Grid {
  const size = { cols, rows: 1 }
  const { canvas, cells } = createCanvas(size)
  canvas.put({ x: 0, y: 0 }, span('the chat'))
  return { size, cells, cursor: { x: 2, y: 0 } }
}

function under(cols: number, text: string): string[] {
  const [first, ...rows] = textRows(withCaption(screen(cols), { text, hint: 'q leaves' }))
  assert.is(first, 'the chat')
  return rows
}

test('stands below the screen, which stays as it is', () => {
  const grid = withCaption(screen(40), { text: 'hello', hint: 'q leaves' })
  assert.equal(grid.size, { cols: 40, rows: 1 + captionRows })
  assert.equal(grid.cursor, { x: 2, y: 0 })
  assert.ok(
    grid.cells.slice(1).every(row => row.length === 40 && row.every(({ style }) => style === 'caption')),
  )
  assert.equal(under(40, 'hello'), ['  hello', `${' '.repeat(30)}q leaves`])
})

test('is wrapped; the hint gives way, and what is too long is cut off', () => {
  assert.equal(under(24, 'one two three four five six'), ['  one two three four', '  five six    q leaves'])
  assert.equal(under(24, 'one two three four five and six'), ['  one two three four', '  five and six'])
  assert.is(under(20, 'word '.repeat(30)).length, captionRows)
  assert.equal(under(12, 'x'), ['  x', '  q leaves'])
  assert.equal(under(9, 'x'), ['  x', ''])
})

test.run()
