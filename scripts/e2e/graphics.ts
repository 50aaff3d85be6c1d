import type headless from '@xterm/headless'
import { createKittyModel, type KittyModel } from '../test/kitty-model.ts'

/** What a test terminal answers that it can draw. */
export interface GraphicsOptions {
  kitty?: boolean
  sixel?: boolean
  /** Pixels of a cell. Default 10 x 20. */
  cell?: { width: number; height: number }
}

export interface SeenGraphics {
  kitty: KittyModel
  /** Every sixel picture, in the order in which they were drawn; cells from 0, and the data from `q` on. */
  sixels: { x: number; y: number; data: string }[]
}

/**
 * Makes an emulator answer the questions for graphics as a terminal that can, and notes what is drawn.
 *
 * @param answer what the program reads
 */
export function attachGraphics(
  emulator: InstanceType<typeof headless.Terminal>,
  { kitty = false, sixel = false, cell = { width: 10, height: 20 } }: GraphicsOptions,
  answer: (text: string) => void,
): SeenGraphics {
  const seen: SeenGraphics = { kitty: createKittyModel(kitty ? answer : undefined), sixels: [] }
  emulator.parser.registerDcsHandler({ final: 'q' }, data => {
    const { cursorX: x, cursorY: y } = emulator.buffer.active
    seen.sixels.push({ x, y, data })
    return true
  })
  emulator.parser.registerCsiHandler({ final: 'c' }, () => {
    answer(sixel ? '\x1b[?62;4;22c' : '\x1b[?62;22c')
    return true
  })
  emulator.parser.registerCsiHandler({ final: 't' }, ([what]) => {
    if (!kitty && !sixel) return false
    if (what === 16) answer(`\x1b[6;${cell.height};${cell.width}t`)
    if (what === 14) answer(`\x1b[4;${cell.height * emulator.rows};${cell.width * emulator.cols}t`)
    return true
  })
  emulator.parser.registerCsiHandler({ prefix: '?', final: 'S' }, ([what]) => {
    if (sixel && what === 1) answer('\x1b[?1;0;256S')
    return true
  })
  return seen
}
