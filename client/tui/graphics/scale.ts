import type { Picture } from '../../chat.ts'

/**
 * A picture's pixels in another size: each new pixel is the mean of those that it stands for, weighted by how much of each it
 * covers. Where the new size is the larger one, pixels are repeated.
 *
 * @returns three bytes a pixel, row by row. What the picture's own bytes lack is black.
 */
export function scaleDown(picture: Picture, size: { width: number; height: number }): Uint8Array {
  const from = pixelsOf(picture)
  if (size.width === picture.width && size.height === picture.height) return from
  const columns = shares(picture.width, size.width)
  const rows = shares(picture.height, size.height)
  const out = new Uint8Array(size.width * size.height * 3)
  const line = new Float32Array(size.width * 3)
  for (let y = 0; y < size.height; y++) {
    line.fill(0)
    for (let at = rows.starts[y] ?? 0; at < (rows.starts[y + 1] ?? 0); at++) {
      const start = (rows.indices[at] ?? 0) * picture.width * 3
      addRow(line, from, { start, share: rows.weights[at] ?? 0, columns })
    }
    for (let index = 0; index < line.length; index++) {
      out[y * line.length + index] = Math.round(line[index] ?? 0)
    }
  }
  return out
}

/** Three bytes a pixel, of every pixel. */
export function pixelsOf({ rgb, width, height }: Picture): Uint8Array {
  const bytes = Buffer.from(rgb, 'base64')
  const length = width * height * 3
  if (bytes.length === length) return bytes
  const out = new Uint8Array(length)
  out.set(bytes.subarray(0, length))
  return out
}

/** For each new pixel of a line (`starts[at]` to `starts[at + 1]`) the old ones that it covers; their weights are 1 together. */
interface Shares {
  starts: Int32Array
  indices: number[]
  weights: number[]
}

function shares(from: number, to: number): Shares {
  const step = from / to
  const starts = new Int32Array(to + 1)
  const indices: number[] = []
  const weights: number[] = []
  for (let at = 0; at < to; at++) {
    const start = at * step
    const end = Math.min(from, start + step)
    for (let index = Math.floor(start); index < end; index++) {
      const weight = (Math.min(end, index + 1) - Math.max(start, index)) / (end - start)
      if (weight < 1e-9) continue
      indices.push(index)
      weights.push(weight)
    }
    starts[at + 1] = indices.length
  }
  return { starts, indices, weights }
}

function addRow(
  line: Float32Array,
  from: Uint8Array,
  { start, share, columns }: { start: number; share: number; columns: Shares },
): void {
  const { starts, indices, weights } = columns
  for (let x = 0; x < starts.length - 1; x++) {
    const to = x * 3
    for (let at = starts[x] ?? 0; at < (starts[x + 1] ?? 0); at++) {
      const pixel = start + (indices[at] ?? 0) * 3
      const weight = (weights[at] ?? 0) * share
      line[to] = (line[to] ?? 0) + (from[pixel] ?? 0) * weight
      line[to + 1] = (line[to + 1] ?? 0) + (from[pixel + 1] ?? 0) * weight
      line[to + 2] = (line[to + 2] ?? 0) + (from[pixel + 2] ?? 0) * weight
    }
  }
}
