import type { Picture } from '../../chat.ts'
import { scaleDown } from '../graphics/scale.ts'
import type { Size } from '../model.ts'
import { type CellColors, HALF_BLOCK, type PictureLayout, type Span, span } from './canvas.ts'

/** What a view asks a picture in: enough for 60 columns of a terminal that draws pixels. */
export const PICTURE_PIXELS = { maxWidth: 640, maxHeight: 480 } as const

/** What was laid out is kept as long as the picture; of sizes only the last ones, since a window may be pulled about. */
const known = new WeakMap<Picture, Map<string, readonly (readonly Span[])[]>>()

const MAX_KNOWN_SIZES = 4

/**
 * The cells that a picture takes of a box: its proportions are kept (a cell is twice as high as wide), it is never made
 * larger than a pixel a column and two a row, and has at least one cell.
 */
export function pictureSize(
  { width, height }: { width: number; height: number },
  { cols, rows }: Size,
): Size {
  if (!(width >= 1 && height >= 1 && cols >= 1 && rows >= 1)) return { cols: 0, rows: 0 }
  const scale = Math.min(1, cols / width, (2 * rows) / height)
  return {
    cols: Math.min(cols, Math.max(1, Math.round(width * scale))),
    rows: Math.min(rows, Math.max(1, Math.round((height * scale) / 2))),
  }
}

/**
 * A picture as lines of half-blocks, a span a cell, two pixels a cell one above the other. Each span says which part of the
 * picture it is, so that a terminal that can draws the picture over them.
 *
 * @returns at most `rows` lines of at most `cols` cells; the same object for the same picture and size
 */
export function pictureLines(picture: Picture, box: Size): readonly (readonly Span[])[] {
  const { cols, rows } = pictureSize(picture, box)
  const sizes = known.get(picture) ?? new Map<string, readonly (readonly Span[])[]>()
  known.set(picture, sizes)
  const key = `${cols}x${rows}`
  const lines = sizes.get(key) ?? layOut({ picture, cols, rows })
  sizes.delete(key)
  sizes.set(key, lines)
  for (const oldest of sizes.keys()) if (sizes.size > MAX_KNOWN_SIZES) sizes.delete(oldest)
  return lines
}

function layOut(layout: PictureLayout): Span[][] {
  const { picture, cols, rows } = layout
  const isFlat = picture.height === 1
  const pixels = scaleDown(picture, { width: cols, height: isFlat ? 1 : rows * 2 })
  const color = (x: number, y: number) => {
    const at = (y * cols + x) * 3
    return ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0)
  }
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: cols }, (_unused, col) => {
      const fg = color(col, row * 2)
      const part = { layout, col, row }
      const style: CellColors = isFlat ? { fg, part } : { fg, bg: color(col, row * 2 + 1), part }
      return span(HALF_BLOCK, style)
    }),
  )
}
