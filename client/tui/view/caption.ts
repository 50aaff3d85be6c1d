import { sanitizeLine } from '../sanitize.ts'
import { lineWidth, truncate } from '../width.ts'
import { wrapText } from '../wrap.ts'
import { createCanvas, type Grid, span } from './canvas.ts'

/** What is said below the chat. */
export interface Caption {
  text: string
  /** At the right of the last row, where there is room: what the person can do. */
  hint: string
}

/** Rows that a caption has, whatever it says: the chat above it does not move. */
export const captionRows = 2

/** A screen with a caption below it. */
export function withCaption(grid: Grid, { text, hint }: Caption): Grid {
  const { cols } = grid.size
  const { canvas, cells } = createCanvas({ cols, rows: captionRows })
  const lines = wrapText(sanitizeLine(text), cols - 4)
  for (const [y, line] of lines.slice(0, captionRows).entries()) {
    canvas.put({ x: 2, y }, span(truncate(line.text, cols - 4)))
  }
  const beside = lines[captionRows - 1]
  const hintX = cols - lineWidth(hint) - 2
  if (hintX >= (beside ? lineWidth(beside.text) + 4 : 2))
    canvas.put({ x: hintX, y: captionRows - 1 }, span(hint))
  for (let y = 0; y < captionRows; y++) canvas.restyle({ x: 0, y, cols }, 'caption')
  const size = { cols, rows: grid.size.rows + captionRows }
  return { size, cells: [...grid.cells, ...cells], cursor: grid.cursor }
}

/** The letters of a screen, row by row, without blanks at their ends. */
export function textRows({ cells }: Grid): string[] {
  return cells.map(row =>
    row
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  )
}
