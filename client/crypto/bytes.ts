import { hkdfSync, randomBytes } from 'node:crypto'

const encoder = new TextEncoder()
const EMPTY = new Uint8Array(0)

/** UTF-8 bytes. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Base64url without padding (RFC 7515 section 2). */
export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/** The bytes of base64url that a schema has checked. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'base64url'))
}

/** Random bytes in base64url. */
export function randomBase64Url(length: number): string {
  return randomBytes(length).toString('base64url')
}

/** 32 bytes by HKDF-SHA-256 (RFC 5869) with an empty salt: every input of ours has 256 bits of its own. */
export function hkdf(key: Uint8Array, info: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hkdfSync('sha256', key, EMPTY, info, 32))
}
