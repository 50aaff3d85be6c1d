import type { TextField } from '../text-field.ts'
import { graphemes, lineWidth } from '../width.ts'
import { type Canvas, span } from './canvas.ts'

/** Draws a field of one line over the whole canvas, a password as dots. Returns the cursor's x in it. */
export function drawLineField(canvas: Canvas, field: TextField, { isHidden }: { isHidden: boolean }): number {
  const { cols } = canvas.size
  const shown = isHidden ? hide(field) : field
  const before = shown.text.slice(0, shown.cursor)
  // The text moves left under the cursor when it is longer than the field.
  const shift = Math.max(0, lineWidth(before) - cols + 1)
  canvas.put({ x: 0, y: 0 }, span(' '.repeat(cols)))
  canvas.put({ x: -shift, y: 0 }, span(shown.text))
  canvas.restyle({ x: 0, y: 0, cols }, 'field')
  return lineWidth(before) - shift
}

function hide({ text, cursor }: TextField): TextField {
  const dots = (part: string) => '•'.repeat(graphemes(part).length)
  return { text: dots(text), cursor: dots(text.slice(0, cursor)).length }
}
