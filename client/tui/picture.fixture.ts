import type { Picture } from '../chat.ts'
import { createCanvas, type Grid } from './view/canvas.ts'
import { pictureLines } from './view/picture.ts'

/** A picture of which each pixel is told by a function: 0xRRGGBB. */
export function paint(
  { width, height }: { width: number; height: number },
  colorAt: (x: number, y: number) => number,
): Picture {
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const color = colorAt(x, y)
      rgb.set([(color >> 16) & 0xff, (color >> 8) & 0xff, color & 0xff], (y * width + x) * 3)
    }
  }
  return { width, height, rgb: Buffer.from(rgb).toString('base64') }
}

/** A disc of many colours on black, in a white frame. */
export function disc(size: { width: number; height: number }): Picture {
  const { width, height } = size
  return paint(size, (x, y) => {
    if (x < 2 || y < 2 || x >= width - 2 || y >= height - 2) return 0xffffff
    const [dx, dy] = [x / width - 0.5, y / height - 0.5]
    if (dx * dx + dy * dy > 0.18) return 0
    const [red, green] = [Math.round((x / width) * 255), Math.round((y / height) * 255)]
    return (red << 16) | (green << 8) | 0x60
  })
}

export interface Shown {
  picture: Picture
  x: number
  y: number
  box: { cols: number; rows: number }
}

/** A grid of dots with pictures on it; `over` is written over all, at the upper left corner. */
export function gridOf(
  size: { cols: number; rows: number },
  { pictures, over = [] }: { pictures: readonly Shown[]; over?: readonly string[] },
): Grid {
  const { canvas, cells } = createCanvas(size)
  for (let y = 0; y < size.rows; y++) canvas.put({ x: 0, y }, { text: '.'.repeat(size.cols), style: 'plain' })
  for (const { picture, x, y, box } of pictures) {
    pictureLines(picture, box).forEach((line, row) => {
      canvas.put({ x, y: y + row }, ...line)
    })
  }
  over.forEach((text, y) => {
    canvas.put({ x: 0, y }, { text, style: 'plain' })
  })
  return { size, cells, cursor: null }
}
