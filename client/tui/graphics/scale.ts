import type { Picture } from '../../chat.ts'

/**
 * A picture's pixels in another size: each new pixel is the mean of those that it stands for, weighted by how much of each it
 * covers. Where the new size is the larger one, pixels are repeated.
 *
 * @returns three bytes a pixel, row by row. What the picture's own bytes lack is black.
 */
export function scaleDown(picture: Picture, size: { width: number; height: number }): Uint8Array {
  const from = Buffer.from(picture.rgb, 'base64')
  if (size.width === picture.width && size.height === picture.height) return whole(from, size)
  const columns = shares(picture.width, size.width)
  const rows = shares(picture.height, size.height)
  const out = new Uint8Array(size.width * size.height * 3)
  const line = new Float32Array(size.width * 3)
  for (let y = 0; y < size.height; y++) {
    line.fill(0)
    for (const row of rows[y] ?? [])
      addRow(line, from, { start: row.index * picture.width * 3, share: row.share, columns })
    for (let index = 0; index < line.length; index++)
      out[y * line.length + index] = Math.round(line[index] ?? 0)
  }
  return out
}

interface Share {
  index: number
  /** Of the new pixel; all of one pixel together are 1. */
  share: number
}

/** For each new pixel of a line the old ones that it covers. */
function shares(from: number, to: number): Share[][] {
  const step = from / to
  return Array.from({ length: to }, (_, at) => {
    const start = at * step
    const end = Math.min(from, start + step)
    const covered: Share[] = []
    for (let index = Math.floor(start); index < end; index++) {
      const share = (Math.min(end, index + 1) - Math.max(start, index)) / (end - start)
      if (share > 1e-9) covered.push({ index, share })
    }
    return covered
  })
}

function addRow(
  line: Float32Array,
  from: Uint8Array,
  { start, share: rowShare, columns }: { start: number; share: number; columns: readonly Share[][] },
): void {
  for (let x = 0; x < columns.length; x++) {
    const at = x * 3
    for (const { index, share } of columns[x] ?? []) {
      const pixel = start + index * 3
      const weight = share * rowShare
      line[at] = (line[at] ?? 0) + (from[pixel] ?? 0) * weight
      line[at + 1] = (line[at + 1] ?? 0) + (from[pixel + 1] ?? 0) * weight
      line[at + 2] = (line[at + 2] ?? 0) + (from[pixel + 2] ?? 0) * weight
    }
  }
}

function whole(bytes: Uint8Array, { width, height }: { width: number; height: number }): Uint8Array {
  const out = new Uint8Array(width * height * 3)
  out.set(bytes.subarray(0, out.length))
  return out
}
