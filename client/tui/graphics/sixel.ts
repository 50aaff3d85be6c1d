import { setImmediate } from 'node:timers/promises'
import { quantize } from './palette.ts'

/** Rows of pixels that one character of sixel holds. */
const BAND = 6
/** A key waits no longer than the bands of one turn take. */
const TURN_MS = 5
/** Shorter runs take more characters counted than repeated. */
const MIN_RUN = 4

/**
 * A picture as a sixel string (DEC STD 070, section 9): the colours, then band by band of six rows what is drawn in each. It is
 * drawn from the cursor on; where the cursor is afterwards differs between terminals. It is made in many turns of the event loop.
 *
 * @param rgb three bytes a pixel
 */
export async function encodeSixel(
  rgb: Uint8Array,
  { width, height, maxColors }: { width: number; height: number; maxColors: number },
): Promise<string> {
  const { colors, indices } = quantize(rgb, Math.max(2, Math.min(256, maxColors)))
  const parts = [`\x1bP0;1;0q"1;1;${width};${height}`]
  colors.forEach((color, index) => {
    const percent = [16, 8, 0].map(shift => Math.round((((color >> shift) & 0xff) * 100) / 255))
    parts.push(`#${index};2;${percent.join(';')}`)
  })
  let turnBegan = performance.now()
  for (let y = 0; y < height; y += BAND) {
    if (performance.now() - turnBegan > TURN_MS) {
      await setImmediate()
      turnBegan = performance.now()
    }
    const band = indices.subarray(y * width, Math.min(height, y + BAND) * width)
    parts.push(encodeBand(band, width), '-')
  }
  parts.push('\x1b\\')
  return parts.join('')
}

interface Line {
  /** For each column which of its six pixels have the colour. */
  bits: Uint8Array
  first: number
  last: number
}

function encodeBand(indices: Uint8Array, width: number): string {
  const lines = new Map<number, Line>()
  for (let at = 0; at < indices.length; at++) {
    const color = indices[at] ?? 0
    const x = at % width
    let line = lines.get(color)
    if (!line) {
      line = { bits: new Uint8Array(width), first: x, last: x }
      lines.set(color, line)
    }
    line.bits[x] = (line.bits[x] ?? 0) | (1 << Math.floor(at / width))
    if (x < line.first) line.first = x
    if (x > line.last) line.last = x
  }
  return [...lines].map(([color, line]) => `#${color}${encodeLine(line)}`).join('$')
}

function encodeLine({ bits, first, last }: Line): string {
  let text = run(0, first)
  for (let x = first; x <= last; ) {
    const value = bits[x] ?? 0
    let end = x + 1
    while (end <= last && bits[end] === value) end++
    text += run(value, end - x)
    x = end
  }
  return text
}

function run(value: number, length: number): string {
  const char = String.fromCharCode(0x3f + value)
  return length < MIN_RUN ? char.repeat(length) : `!${length}${char}`
}
