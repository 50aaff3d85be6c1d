import type { StoreKey } from './store.ts'

/**
 * Tuple keys as bytes whose order (memcmp) is that of the tuples, part by part: a number before a string, numbers by
 * size, strings by their UTF-8 bytes, a shorter tuple before a longer one that begins with it.
 *
 * A number is 0x01 and its 8 bytes, high first; a string is 0x02, its bytes with 0x00 written as 0x00 0xFF, and 0x00 0x01.
 * No part is a prefix of another one, so the bytes of a tuple are a prefix of another's only when the tuple is.
 */

const NUMBER = 0x01
const STRING = 0x02
const ESCAPED_ZERO = Uint8Array.of(0x00, 0xff)
const END = Uint8Array.of(0x00, 0x01)

const TABLE_NAME = /^[a-z][a-z0-9-]{0,31}$/

/** @throws {TypeError} for a name that could be taken for another table's, or holds a NUL. */
export function checkTableName(name: string): void {
  if (TABLE_NAME.test(name)) return
  throw new TypeError('Cannot open table: a name has letters, digits and hyphens')
}

/**
 * @throws {TypeError} for a part that is neither a string nor a safe non-negative integer: a defect of the caller.
 */
export function encodeKey(key: StoreKey): Buffer {
  return Buffer.concat(key.map(encodePart))
}

/** The inverse of {@link encodeKey}. */
export function decodeKey(bytes: Uint8Array): StoreKey {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const key: (string | number)[] = []
  let at = 0
  while (at < buffer.length) {
    if (buffer[at] === NUMBER) {
      key.push(Number(buffer.readBigUInt64BE(at + 1)))
      at += 9
    } else {
      const { text, next } = decodeString(buffer, at + 1)
      key.push(text)
      at = next
    }
  }
  return key
}

/** The first bytes after all that begin with `prefix`, or null when there are none. */
export function afterPrefix(prefix: Uint8Array): Buffer | null {
  const end = Buffer.from(prefix)
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end[at] ?? 0
    if (byte === 0xff) continue
    end[at] = byte + 1
    return end.subarray(0, at + 1)
  }
  return null
}

function encodePart(part: string | number): Buffer {
  if (typeof part === 'string') {
    const pieces: Uint8Array[] = [Uint8Array.of(STRING)]
    for (const [index, piece] of part.split('\0').entries()) {
      if (index > 0) pieces.push(ESCAPED_ZERO)
      pieces.push(Buffer.from(piece, 'utf8'))
    }
    pieces.push(END)
    return Buffer.concat(pieces)
  }
  if (!Number.isSafeInteger(part) || part < 0) {
    throw new TypeError('Cannot use key: a part is neither a string nor a non-negative integer')
  }
  const bytes = Buffer.alloc(9)
  bytes[0] = NUMBER
  bytes.writeBigUInt64BE(BigInt(part), 1)
  return bytes
}

function decodeString(buffer: Buffer, start: number): { text: string; next: number } {
  const pieces: Buffer[] = []
  let from = start
  for (;;) {
    const zero = buffer.indexOf(0x00, from)
    if (zero < 0) throw new TypeError('Cannot read key: a string has no end')
    pieces.push(buffer.subarray(from, zero))
    if (buffer[zero + 1] === 0x01) {
      return { text: Buffer.concat(pieces).toString('utf8'), next: zero + 2 }
    }
    pieces.push(Buffer.of(0x00))
    from = zero + 2
  }
}
