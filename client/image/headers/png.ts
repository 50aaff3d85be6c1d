import { type Dimensions, hasText, viewOf } from './bytes.ts'

const SIGNATURE = '\x89PNG\r\n\x1a\n'
/** Bit depths by colour type (PNG, third edition, section 11.2.1). */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
}
/** Signature, the header's chunk with its checksum, and the head of the next one. */
const LEAST_BYTES = 8 + 25 + 12

/** The dimensions of a PNG; null when its header is damaged. */
export function readPng(bytes: Uint8Array): Dimensions | 'other' | null {
  if (!hasText(bytes, 0, SIGNATURE)) return 'other'
  if (bytes.length < LEAST_BYTES || !hasText(bytes, 12, 'IHDR')) return null
  const view = viewOf(bytes)
  const isSound =
    view.getUint32(8) === 13 &&
    DEPTHS[view.getUint8(25)]?.includes(view.getUint8(24)) &&
    view.getUint16(26) === 0 &&
    view.getUint8(28) <= 1
  return isSound ? { width: view.getUint32(16), height: view.getUint32(20) } : null
}
