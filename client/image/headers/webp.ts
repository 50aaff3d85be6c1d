import { type Dimensions, hasText, viewOf } from './bytes.ts'

/** The dimensions of a WebP (RFC 9649 sections 2.5 to 2.7); null when its header is damaged, or there is more to come. */
export function readWebp(bytes: Uint8Array): Dimensions | 'other' | null {
  if (!hasText(bytes, 0, 'RIFF') || !hasText(bytes, 8, 'WEBP')) return 'other'
  if (bytes.length < 30) return null
  const view = viewOf(bytes)
  if (view.getUint32(4, true) + 8 > bytes.length) return null
  if (hasText(bytes, 12, 'VP8X')) return { width: 1 + uint24(view, 24), height: 1 + uint24(view, 27) }
  if (hasText(bytes, 12, 'VP8L')) {
    if (view.getUint8(20) !== 0x2f) return null
    const bits = view.getUint32(21, true)
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) }
  }
  if (hasText(bytes, 12, 'VP8 ')) {
    const isKeyFrame = (view.getUint8(20) & 1) === 0 && hasText(bytes, 23, '\x9d\x01\x2a')
    if (!isKeyFrame) return null
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
  }
  return null
}

function uint24(view: DataView, at: number): number {
  return view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16)
}
