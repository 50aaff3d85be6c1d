import type { Lock, Model } from '../model.ts'
import { sanitizeLine } from '../sanitize.ts'
import { truncate } from '../width.ts'
import { wrapText } from '../wrap.ts'
import { type Canvas, span } from './canvas.ts'
import { drawLineField } from './line-field.ts'
import { turning } from './spinner.ts'

const LABEL = 'Password  '
const MAX_FIELD_COLS = 40

/** The locked screen: nothing of the chat, nor who is in it. Returns where the cursor is. */
export function drawLock(canvas: Canvas, model: Model, lock: Lock): { x: number; y: number } | null {
  const { cols, rows } = canvas.size
  const dashes = '╌'.repeat(cols)
  canvas.put({ x: 0, y: 0 }, span(' fastchat', 'brand'), span(' ─ ', 'faint'), span('locked', 'strong'))
  canvas.put({ x: 0, y: 1 }, span(dashes, 'dash'))
  if (rows > 4) canvas.put({ x: 0, y: rows - 2 }, span(dashes, 'dash'))
  const hint = cols < 44 ? 'Enter unlocks' : 'Enter unlocks · Ctrl-Q quits'
  canvas.put({ x: 1, y: rows - 1 }, span(hint, 'faint'))
  const inner = { x: 2, y: Math.min(3, Math.max(2, rows - 5)), cols: cols - 4, rows: Math.max(1, rows - 4) }
  const part = canvas.part(inner)
  const me = model.screen.type === 'chat' ? sanitizeLine(model.screen.me) : ''
  const isLow = inner.rows < 5
  if (!isLow)
    part.put(
      { x: 0, y: 0 },
      span(truncate(`Messages come in; ${me}’s password shows them.`, inner.cols), 'faint'),
    )
  const y = isLow ? 0 : 2
  const labelCols = inner.cols < 24 ? 0 : LABEL.length
  if (labelCols > 0) part.put({ x: 0, y }, span(LABEL, 'strong'))
  const fieldCols = Math.max(4, Math.min(MAX_FIELD_COLS, inner.cols - labelCols))
  const at = drawLineField(part.part({ x: labelCols, y, cols: fieldCols, rows: 1 }), lock.field, {
    isHidden: true,
  })
  if (lock.isChecking) {
    part.put({ x: 0, y: y + 1 }, span(`${turning(model.frame)} looking at it…`, 'unread'))
    return null
  }
  for (const [index, { text }] of wrapText(sanitizeLine(lock.error ?? ''), inner.cols).entries()) {
    part.put({ x: 0, y: y + 1 + index }, span(text, 'error'))
  }
  return { x: inner.x + labelCols + at, y: inner.y + y }
}
