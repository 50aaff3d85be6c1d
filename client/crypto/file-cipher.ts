import { FastChatError } from '../../schema/errors.ts'
import type { Base64Url32 } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import { fromBase64Url, randomBase64Url } from './bytes.ts'
import { padmeLength } from './padding.ts'

/**
 * Attachments: padded to their Padmé length, then encrypted piece by piece with AES-256-GCM (PROTOCOL.md, "Attachments:
 * encryption"). The nonce says which piece it is and whether it is the last, the STREAM construction (Hoang, Reyhanitabar,
 * Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", section 7): so no piece can be
 * moved, left out or put behind the end. By WebCrypto and not as a JWE: base64url of 25 MiB costs more than the cipher.
 */

const PIECE_BYTES = limits.fileChunkBytes
const TAG_BYTES = 16
const NONCE_BYTES = 12
/** Up to here `padmeLength()` is exact and the number of a piece has 4 bytes; what servers take ends far below. */
const MAX_BYTES = 2 ** 40

/** What a file is encrypted with. `key` is used for this one file only; `size`: bytes of the file. */
export interface FileSecret {
  key: Base64Url32
  size: number
}

/** A key for one file. */
export function makeFileKey(): Base64Url32 {
  return randomBase64Url(32)
}

/**
 * How many bytes `encryptFile()` makes of a file of `size` bytes.
 *
 * @throws FastChatError `bad_blob` when no file has that size
 */
export function encryptedSize(size: number): number {
  const { padded, pieces } = layout(size)
  return padded + pieces * TAG_BYTES
}

/**
 * Encrypts a file as it comes. `source` may cut it anywhere; what comes out is one piece at a time, each of
 * `limits.fileChunkBytes` and a tag of 16 bytes, the last one shorter.
 *
 * @throws FastChatError `file_unusable` when `source` has not exactly `size` bytes; `bad_blob` when no file has that size
 */
export async function* encryptFile(
  source: AsyncIterable<Uint8Array>,
  { key, size }: FileSecret,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const { pieces, lengthOf } = layout(size)
  const aes = await useFileKey(key, 'encrypt')
  let index = 0
  for await (const plaintext of cut(padTo(source, size), { pieces, lengthOf, fail: fileChanged })) {
    yield new Uint8Array(await crypto.subtle.encrypt(algorithm(index, pieces), aes, plaintext))
    index += 1
  }
}

/**
 * Decrypts what `encryptFile()` made, as it comes. Whatever is yielded is authentic, but it is the file only when the end is
 * reached without an error: the caller keeps it aside until then.
 *
 * @throws FastChatError `bad_blob` when a piece was changed, moved, left out or added, the key is another one, or `size` is
 *   not what was encrypted
 */
export async function* decryptFile(
  source: AsyncIterable<Uint8Array>,
  { key, size }: FileSecret,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const { pieces, lengthOf } = layout(size)
  const aes = await useFileKey(key, 'decrypt')
  const sealedLengthOf = (index: number) => lengthOf(index) + TAG_BYTES
  let index = 0
  for await (const sealed of cut(source, { pieces, lengthOf: sealedLengthOf, fail: badBlob })) {
    const plaintext = await crypto.subtle.decrypt(algorithm(index, pieces), aes, sealed).catch(() => {
      throw badBlob()
    })
    const left = Math.max(0, size - index * PIECE_BYTES)
    const padding = new Uint8Array(plaintext).subarray(left)
    if (padding.some(byte => byte !== 0)) throw badBlob()
    if (left > 0) yield new Uint8Array(plaintext).subarray(0, left)
    index += 1
  }
}

function layout(size: number): { padded: number; pieces: number; lengthOf(index: number): number } {
  if (!Number.isInteger(size) || size < 0 || size > MAX_BYTES) throw badBlob()
  const padded = padmeLength(size)
  // An empty file is one empty piece: its tag is what proves that it is empty.
  const pieces = Math.max(1, Math.ceil(padded / PIECE_BYTES))
  const lengthOf = (index: number) => Math.min(PIECE_BYTES, padded - index * PIECE_BYTES)
  return { padded, pieces, lengthOf }
}

/** The file with zeros behind it up to its Padmé length, a piece's worth at a time. */
async function* padTo(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let length = 0
  for await (const bytes of source) {
    length += bytes.length
    if (length > size) throw fileChanged()
    yield bytes
  }
  // One that is too short shows at the end: the pieces do not come out even.
  for (let left = padmeLength(size) - size; left > 0; left -= PIECE_BYTES) {
    yield new Uint8Array(Math.min(left, PIECE_BYTES))
  }
}

/** Exactly these pieces out of bytes that come in any portions. The last is held back until the source has ended. */
async function* cut(
  source: AsyncIterable<Uint8Array>,
  plan: { pieces: number; lengthOf(index: number): number; fail(): FastChatError },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { pieces, lengthOf, fail } = plan
  let index = 0
  let piece = new Uint8Array(lengthOf(0))
  let filled = 0
  for await (const bytes of source) {
    let from = 0
    while (from < bytes.length) {
      if (filled === piece.length) {
        if (index === pieces - 1) throw fail()
        yield piece
        index += 1
        piece = new Uint8Array(lengthOf(index))
        filled = 0
      }
      const part = bytes.subarray(from, from + piece.length - filled)
      piece.set(part, filled)
      filled += part.length
      from += part.length
    }
  }
  if (index !== pieces - 1 || filled !== piece.length) throw fail()
  yield piece
}

/** 7 zero bytes, the number of the piece in 4 bytes (big-endian), 1 for the last and 0 for every other. */
function algorithm(index: number, pieces: number): { name: 'AES-GCM'; iv: Uint8Array<ArrayBuffer> } {
  const iv = new Uint8Array(NONCE_BYTES)
  const view = new DataView(iv.buffer)
  view.setUint32(7, index)
  view.setUint8(11, index === pieces - 1 ? 1 : 0)
  return { name: 'AES-GCM', iv }
}

function useFileKey(key: Base64Url32, use: 'encrypt' | 'decrypt') {
  return crypto.subtle.importKey('raw', fromBase64Url(key), 'AES-GCM', false, [use])
}

function badBlob(): FastChatError {
  return new FastChatError('bad_blob', 'Cannot decrypt file: it is damaged or not the one that was sent')
}

function fileChanged(): FastChatError {
  return new FastChatError('file_unusable', 'Cannot encrypt file: its size is not what it was')
}
