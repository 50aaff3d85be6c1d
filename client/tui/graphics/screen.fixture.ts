import { createKittyModel, type KittyModel } from '../../../scripts/test/kitty-model.ts'
import { drawChanges, type Pen } from '../draw.ts'
import { gridOf, type Shown } from '../picture.fixture.ts'
import type { Grid } from '../view/canvas.ts'
import { createGraphics, type Graphics } from './graphics.ts'
import { withUnknown } from './placements.ts'

export const SIZE = { cols: 60, rows: 24 }
const BOX = { cols: 20, rows: 10 }

export interface GraphicsScreen {
  graphics: Graphics
  kitty: KittyModel
  draw(grid: Grid): void
  /** What is on the screen is not known any more. */
  wipe(): void
  /** A slow terminal takes something again. */
  drain(): void
  /** What was written since the last call, with ␛ for Escape. */
  written(): string
}

export const at = (picture: Shown['picture'], x: number, y: number): Shown => ({ picture, x, y, box: BOX })
export const grid = (...pictures: Shown[]) => gridOf(SIZE, { pictures })

/** Draws grids as terminal.ts does, into a model of a terminal. */
export function createScreen({ isSlow = false }: { isSlow?: boolean } = {}): GraphicsScreen {
  const kitty = createKittyModel()
  let output = ''
  let shown: Grid | null = null
  let isBlocked = false
  const emit = (text: string) => {
    output += text
    kitty.feed(text)
  }
  const moveTo = (x: number, y: number) => `\x1b[${y + 1};${x + 1}H`
  const graphics: Graphics = createGraphics({
    env: { TERM: 'xterm-kitty' },
    hasColors: true,
    size: () => SIZE,
    moveTo,
    write(text) {
      emit(text)
      isBlocked = isSlow
      return !isBlocked
    },
    onReady: () => (shown ? draw(shown) : undefined),
  })
  const pen: Pen = { moveTo, style: () => '', wrote: cells => graphics.wrote(cells) }
  function draw(next: Grid): void {
    const cleared = shown ? '' : `${graphics.cleared()}\x1b[2J`
    const { erase, unknown } = graphics.begin(next)
    emit(cleared + erase + drawChanges(shown && withUnknown(shown, unknown), next, pen) + graphics.end())
    shown = next
  }
  return {
    graphics,
    kitty,
    draw,
    wipe: () => {
      shown = null
    },
    drain: () => {
      isBlocked = false
      graphics.resume()
    },
    written: () => {
      const text = output.replaceAll('\x1b', '␛')
      output = ''
      return text
    },
  }
}
