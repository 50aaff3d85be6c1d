import type { FileHandle } from 'node:fs/promises'

const READ_BYTES = 256 * 1024

/** The bytes of a file from `from` to before `to`, or to its end. The caller closes it. */
export async function* bytesOf(
  file: FileHandle,
  { from = 0, to = Number.POSITIVE_INFINITY }: { from?: number; to?: number } = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  for (let at = from; at < to; ) {
    const bytes = await readAt(file, { position: at, length: Math.min(READ_BYTES, to - at) })
    if (bytes.byteLength === 0) return
    yield bytes
    at += bytes.byteLength
  }
}

/** At most so many bytes; fewer where the file, or what the system gives at a time, ends. */
export async function readAt(
  file: FileHandle,
  { position, length }: { position: number; length: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  const { bytesRead } = await file.read(bytes, 0, length, position)
  return bytes.subarray(0, bytesRead)
}

/** The system may take less than it is given. */
export async function writeAll(
  file: FileHandle,
  { bytes, position }: { bytes: Uint8Array; position: number },
): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at, position + at)
    at += bytesWritten
  }
}

/** What a stream yields, in one piece. For what is known to be small. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of source) {
    pieces.push(piece)
    length += piece.byteLength
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  return whole
}
