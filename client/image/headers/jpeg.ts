import { type Dimensions, hasText, viewOf } from './bytes.ts'

const APP1 = 0xe1
const START_OF_SCAN = 0xda
const END_OF_IMAGE = 0xd9
/** Tag of the orientation, and its type (Exif 3.0 section 4.6.5). */
const ORIENTATION = 0x0112
const SHORT = 3

/**
 * The dimensions of a JPEG (ITU-T T.81 section B.2.2) as it is to be seen: swapped when its EXIF orientation turns it by
 * a quarter. Null when its header is damaged.
 */
export function readJpeg(bytes: Uint8Array): Dimensions | 'other' | null {
  if (!hasText(bytes, 0, '\xff\xd8\xff')) return 'other'
  const view = viewOf(bytes)
  let isTurned = false
  let at = 2
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return null
    const marker = view.getUint8(at + 1)
    if (marker === 0xff) {
      // Fill bytes may come before a marker.
      at++
      continue
    }
    if (marker === START_OF_SCAN || marker === END_OF_IMAGE || marker < 0xc0) return null
    const length = view.getUint16(at + 2)
    const end = at + 2 + length
    if (length < 2 || end > bytes.length) return null
    if (marker === APP1 && hasText(bytes, at + 4, 'Exif\0\0')) {
      isTurned = orientationOf(bytes.subarray(at + 10, end)) >= 5
    }
    if (isStartOfFrame(marker)) {
      if (length < 8) return null
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)]
      return isTurned ? { width: height, height: width } : { width, height }
    }
    at = end
  }
  return null
}

/** SOF0 to SOF15 without DHT, JPG and DAC. */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

/** 1 to 8; 1, as it lies, when it is not said. */
function orientationOf(tiff: Uint8Array): number {
  if (tiff.length < 14) return 1
  const isLittle = hasText(tiff, 0, 'II')
  if (!isLittle && !hasText(tiff, 0, 'MM')) return 1
  const view = viewOf(tiff)
  const start = view.getUint32(4, isLittle)
  if (start + 2 > tiff.length) return 1
  const count = view.getUint16(start, isLittle)
  for (let index = 0; index < count; index++) {
    const at = start + 2 + index * 12
    if (at + 12 > tiff.length) return 1
    if (view.getUint16(at, isLittle) !== ORIENTATION) continue
    const value = view.getUint16(at + 8, isLittle)
    return view.getUint16(at + 2, isLittle) === SHORT && value <= 8 ? value : 1
  }
  return 1
}
