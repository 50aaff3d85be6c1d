import { deflateSync } from 'node:zlib'

const WIDTH = 240
const HEIGHT = 135

type Rgb = readonly [number, number, number]

const SKY_TOP: Rgb = [38, 44, 92]
const SKY_LOW: Rgb = [250, 158, 96]
const SUN: Rgb = [255, 222, 150]
const FAR: Rgb = [112, 72, 110]
const NEAR: Rgb = [52, 36, 62]
const SNOW: Rgb = [236, 226, 232]
const LAKE: Rgb = [70, 60, 104]

/** A picture to send: a crag at sunset, above a lake. Drawn here, so that it is nobody's. @returns a PNG file */
export function mountainPng(): Uint8Array<ArrayBuffer> {
  const rows = Array.from({ length: HEIGHT }, (_, y) =>
    // 0: the row is stored as it is.
    Buffer.from([0, ...Array.from({ length: WIDTH }, (_unused, x) => colorAt(x / WIDTH, y / HEIGHT)).flat()]),
  )
  const header = Buffer.alloc(13)
  header.writeUInt32BE(WIDTH, 0)
  header.writeUInt32BE(HEIGHT, 4)
  // Eight bits a channel, RGB.
  header.set([8, 2], 8)
  return new Uint8Array(
    Buffer.concat([
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      chunk('IHDR', header),
      chunk('IDAT', deflateSync(Buffer.concat(rows))),
      chunk('IEND', Buffer.alloc(0)),
    ]),
  )
}

/** x and y from 0 to 1. */
function colorAt(x: number, y: number): Rgb {
  const shore = 0.82
  if (y > shore) {
    const mirrored = colorAt(x, 2 * shore - y - 0.02)
    return blend(mirrored, LAKE, 0.45 + 0.2 * Math.sin(y * 260))
  }
  const near = 0.24 + 1.25 * Math.abs(x - 0.62) + ragged(x, 0.035)
  if (y > near)
    return y < near + 0.1 - ragged(x * 1.7, 0.06) && y < 0.48 ? SNOW : blend(NEAR, FAR, (1 - y) / 3)
  if (y > 0.5 + 0.5 * Math.abs(x - 0.2) + ragged(x + 0.4, 0.03)) return FAR
  const sun = Math.hypot((x - 0.24) * (WIDTH / HEIGHT), y - 0.4)
  if (sun < 0.1) return SUN
  return blend(blend(SKY_TOP, SKY_LOW, y / 0.7), SUN, Math.max(0, 0.5 - sun))
}

function ragged(x: number, height: number): number {
  return height * (Math.sin(x * 23) + 0.5 * Math.sin(x * 51 + 1) + 0.25 * Math.sin(x * 117))
}

function blend(from: Rgb, to: Rgb, share: number): Rgb {
  const part = Math.max(0, Math.min(1, share))
  const mix = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * part)
  return [mix(0), mix(1), mix(2)]
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const whole = Buffer.alloc(body.length + 8)
  whole.writeUInt32BE(data.length, 0)
  whole.set(body, 4)
  whole.writeUInt32BE(crc32(body), body.length + 4)
  return whole
}

/** As PNG wants it. zlib's own came with Node 20.15. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
