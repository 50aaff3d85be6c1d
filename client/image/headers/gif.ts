import { type Dimensions, hasText, viewOf } from './bytes.ts'

/** The dimensions of a GIF's canvas (GIF89a section 18); null when its header is damaged. */
export function readGif(bytes: Uint8Array): Dimensions | 'other' | null {
  if (!hasText(bytes, 0, 'GIF87a') && !hasText(bytes, 0, 'GIF89a')) return 'other'
  if (bytes.length < 14) return null
  const view = viewOf(bytes)
  return { width: view.getUint16(6, true), height: view.getUint16(8, true) }
}
