import { lineWidth, truncate } from '../width.ts'
import { type Canvas, span } from './canvas.ts'

/** A frame in the middle of the canvas; what is inside it. */
export function box(
  canvas: Canvas,
  { cols, rows, title, hint }: { cols: number; rows: number; title: string; hint: string },
): Canvas {
  const frame = {
    x: Math.floor((canvas.size.cols - cols) / 2),
    y: Math.floor((canvas.size.rows - rows) / 2),
    cols,
    rows,
  }
  const part = canvas.part(frame)
  const line = (left: string, text: string, right: string) => {
    const shown = truncate(text, cols - 2)
    return left + shown + '─'.repeat(Math.max(0, cols - 2 - lineWidth(shown))) + right
  }
  part.put({ x: 0, y: 0 }, span(line('┌', `─ ${title} `, '┐'), 'dash'))
  for (let y = 1; y < rows - 1; y++) {
    part.put({ x: 0, y }, span('│', 'dash'), span(' '.repeat(Math.max(0, cols - 2))), span('│', 'dash'))
  }
  part.put({ x: 0, y: rows - 1 }, span(line('└', `─ ${shortened(hint, cols - 5)} `, '┘'), 'dash'))
  return part.part({ x: 2, y: 1, cols: cols - 4, rows: rows - 2 })
}

/** Where there is little room, the way out is the key alone. */
function shortened(hint: string, cols: number): string {
  return lineWidth(hint) <= cols ? hint : hint.replace(/Esc (?:closes|back)$/, 'Esc')
}
