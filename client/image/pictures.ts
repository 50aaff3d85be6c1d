import type { Pictures } from '../session/attachments.ts'

/** Pictures by the decoder, which is loaded when the first one is there. */
export const pictures: Pictures = {
  async inspect(bytes) {
    const { inspectPicture } = await import('./inspect.ts')
    return inspectPicture(bytes)
  },
  async decode(bytes, size) {
    const { decodePicture } = await import('./decode.ts')
    return await decodePicture(bytes, size)
  },
}
