import { Buffer } from 'node:buffer'
import { deflateSync } from 'node:zlib'

/** 32 x 16, four quarters: red and green above, blue and white below. */
export const QUARTERS = {
  width: 32,
  height: 16,
  colors: { topLeft: 0xff0000, topRight: 0x00ff00, bottomLeft: 0x0000ff, bottomRight: 0xffffff },
} as const

const base64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))

/** The quarters as other programs have written them. */
export const JPEG = base64(
  '/9j/2wBDAAMDAwMDAwQEBAQFBQUFBQcHBgYHBwsICQgJCAsRCwwLCwwLEQ8SDw4PEg8bFRMTFRsfGhkaHyYiIiYwLTA+PlT/2wBDAQMDAwMDAwQEBAQF' +
    'BQUFBQcHBgYHBwsICQgJCAsRCwwLCwwLEQ8SDw4PEg8bFRMTFRsfGhkaHyYiIiYwLTA+PlT/wgARCAAQACADAREAAhEBAxEB/8QAFwABAQEBAAAAAAAA' +
    'AAAAAAAAAAgJCv/EABkBAQADAQEAAAAAAAAAAAAAAAAHCQoGCP/aAAwDAQACEAMQAAAAnSDLUxY0JZjxl5oz9yjpbqs7gf/EABQQAQAAAAAAAAAAAAAA' +
    'AAAAADD/2gAIAQEAAT8AD//EABQRAQAAAAAAAAAAAAAAAAAAADD/2gAIAQIBAT8AD//EABQRAQAAAAAAAAAAAAAAAAAAADD/2gAIAQMBAT8AD//Z',
)
export const WEBP_LOSSLESS = base64(
  'UklGRjgAAABXRUJQVlA4TCwAAAAvH8ADAB8gEEjeHzqN+RcQFPwf3fxHZA+AINtmkpOc5AEuENH/qFL9AWzbDw==',
)
export const WEBP = base64(
  'UklGRlQAAABXRUJQVlA4IEgAAADQAgCdASogABAAAMASJaACdMoRwN4B+AH6gf2ACSngAP79Kg///fo9f+7hmuZH/rRz/+tBAPR9vv/rax//+1zjwYephmkg' +
    'AAA=',
)
export const GIF = base64(
  'R0lGODlhIAAQAIIAAExpcQD/AP8AAP///wAA/wAAAAAAAAAAACH5BAUAAAAALAAAAAAgABAAAANBKLrcEjDKGZxdNMd7teaWl4GOSJGNOaGMKrGYCxF0bd/E' +
    'oO98P+DAmm+4CwaJRCMQOVTimD7nDdqT2qg8qxCrSwAAOw==',
)
/** Two images, 32 x 8: red and green first, then blue and white. */
export const WEBP_MOVING = base64(
  'UklGRpgAAABXRUJQVlA4WAoAAAACAAAAHwAABwAAQU5JTQYAAAD/////AABBTk1GMgAAAAAAAAAAAB8AAAcAAGQAAAJWUDhMGQAAAC8fwAEAD7D/8x/zHxXE' +
    'gsn8pbsziOh/FA8AQU5NRjIAAAAAAAAAAAAfAAAHAABkAAAAVlA4TBoAAAAvH8ABAA8w//M///MfPBALJvOX7s4gov9BPQ==',
)

export interface PngOptions {
  width: number
  height: number
  /** 2: RGB, 6: RGBA, 0: grey. Default 2. */
  colorType?: 0 | 2 | 6
  /** Default 8. */
  bitDepth?: 8 | 16
  /** Rows, each with its filter byte. Default: all zero. */
  raw?: Uint8Array
  /** Chunks before the picture's. */
  chunks?: readonly Uint8Array[]
}

export function makePng({
  width,
  height,
  colorType = 2,
  bitDepth = 8,
  raw,
  chunks = [],
}: PngOptions): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([bitDepth, colorType, 0, 0, 0], 8)
  const channels = colorType === 0 ? 1 : colorType === 2 ? 3 : 4
  const rows = raw ?? new Uint8Array(height * (1 + width * channels * (bitDepth / 8)))
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...chunks,
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', new Uint8Array()),
  ])
}

export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = Buffer.alloc(12 + data.length)
  chunk.writeUInt32BE(data.length, 0)
  chunk.write(type, 4, 'latin1')
  chunk.set(data, 8)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length)
  return chunk
}

/** The quarters. */
export function quartersPng(): Uint8Array {
  const { width, height, colors } = QUARTERS
  const raw = Buffer.alloc(height * (1 + width * 3))
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [left, right] =
        y < height / 2 ? [colors.topLeft, colors.topRight] : [colors.bottomLeft, colors.bottomRight]
      raw.writeUIntBE(x < width / 2 ? left : right, y * (1 + width * 3) + 1 + x * 3, 3)
    }
  }
  return makePng({ width, height, raw })
}

/** A picture of one colour with an alpha value. */
export function transparentPng(color: number, alpha: number): Uint8Array {
  const raw = Buffer.alloc(4 * 17)
  for (let pixel = 0; pixel < 16; pixel++) {
    const at = 1 + Math.floor(pixel / 4) * 17 + (pixel % 4) * 4
    raw.writeUIntBE(color, at, 3)
    raw.writeUInt8(alpha, at + 3)
  }
  return makePng({ width: 4, height: 4, colorType: 6, raw })
}

/** A canvas of any size, and on it two images of one pixel: with one alone decoders take only that. */
export function pixelGif({ width, height }: { width: number; height: number }): Uint8Array {
  const screen = Buffer.alloc(7)
  screen.writeUInt16LE(width, 0)
  screen.writeUInt16LE(height, 2)
  screen.writeUInt8(0x80, 4)
  const image = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 0x01, 0])
  return Buffer.concat([
    Buffer.from('GIF89a', 'latin1'),
    screen,
    Buffer.from([0, 0, 0, 255, 0, 0]),
    image,
    image,
    Buffer.from([0x3b]),
  ])
}

/** A canvas of any size around the lossless quarters. */
export function webpWithCanvas({ width, height }: { width: number; height: number }): Uint8Array {
  const extended = Buffer.alloc(18)
  extended.write('VP8X', 0, 'latin1')
  extended.writeUInt32LE(10, 4)
  extended.writeUIntLE(width - 1, 12, 3)
  extended.writeUIntLE(height - 1, 15, 3)
  const file = Buffer.concat([WEBP_LOSSLESS.subarray(0, 12), extended, WEBP_LOSSLESS.subarray(12)])
  file.writeUInt32LE(file.length - 8, 4)
  return file
}

/** A JPEG that says how it is to be turned. */
export function withOrientation(jpeg: Uint8Array, orientation: number): Uint8Array {
  const exif = Buffer.from('ffe100224578696600004d4d002a00000008000101120003000000010000000000000000', 'hex')
  exif.writeUInt16BE(orientation, 28)
  return Buffer.concat([jpeg.subarray(0, 2), exif, jpeg.subarray(2)])
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
