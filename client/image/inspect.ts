import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import { readGif } from './headers/gif.ts'
import { readJpeg } from './headers/jpeg.ts'
import { readPng } from './headers/png.ts'
import { readWebp } from './headers/webp.ts'

export type PictureFormat = 'png' | 'jpeg' | 'gif' | 'webp'

/** What a picture's header says. */
export interface PictureInfo {
  format: PictureFormat
  /** Pixels, as it is to be seen: a JPEG that lies on its side (EXIF orientation 5 to 8) has them swapped. */
  width: number
  height: number
}

export const MEDIA_TYPES: Readonly<Record<PictureFormat, string>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
}

const READERS: Readonly<
  Record<PictureFormat, (bytes: Uint8Array) => { width: number; height: number } | 'other' | null>
> = { png: readPng, jpeg: readJpeg, gif: readGif, webp: readWebp }

/**
 * What a picture is, from its header alone: nothing is decoded, whatever it holds. What passes may still be damaged further
 * on; `decodePicture()` finds that out.
 *
 * @throws FastChatError `bad_image` when it is no PNG, JPEG, GIF or WebP, its header is damaged, or it has more than
 *   `limits.maxImagePixels` pixels or a side over `limits.maxImageSide`
 */
export function inspectPicture(bytes: Uint8Array): PictureInfo {
  for (const format of ['png', 'jpeg', 'gif', 'webp'] as const) {
    const size = READERS[format](bytes)
    if (size === 'other') continue
    if (!size || size.width < 1 || size.height < 1) {
      throw new FastChatError('bad_image', 'Cannot read picture: its header is damaged')
    }
    const { width, height } = size
    if (Math.max(width, height) > limits.maxImageSide || width * height > limits.maxImagePixels) {
      throw new FastChatError('bad_image', 'Cannot read picture: it has too many pixels')
    }
    return { format, width, height }
  }
  throw new FastChatError('bad_image', 'Cannot read picture: it is no PNG, JPEG, GIF or WebP')
}
