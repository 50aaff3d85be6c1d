import type { Model } from '../model.ts'
import { createCanvas, type Grid, span } from './canvas.ts'
import { drawChat } from './chat.ts'
import { MIN_COLS, MIN_ROWS } from './layout.ts'
import { drawLock } from './lock.ts'
import { drawNewCode } from './new-code.ts'
import { drawOverlay } from './overlays.ts'
import { drawStart } from './start.ts'

/** The whole screen, as a function of the model. */
export function view(model: Model): Grid {
  const { size, screen } = model
  const { canvas, cells } = createCanvas(size)
  if (size.cols < MIN_COLS || size.rows < MIN_ROWS) {
    // Whatever of it there is room for.
    canvas.put({ x: 0, y: 0 }, span(size.cols < 16 ? 'too small' : 'window too small'))
    return { size, cells, cursor: null }
  }
  if (model.lock) return { size, cells, cursor: drawLock(canvas, model, model.lock) }
  if (model.newCode) return { size, cells, cursor: drawNewCode(canvas, model.newCode) }
  if (screen.type === 'start') return { size, cells, cursor: drawStart(canvas, model, screen) }
  const cursor = drawChat(canvas, model, screen)
  if (!screen.overlay && !screen.question) return { size, cells, cursor }
  return { size, cells, cursor: drawOverlay(canvas, model, screen) }
}
