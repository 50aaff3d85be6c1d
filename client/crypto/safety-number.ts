import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Base64Url32, UserId } from '../../schema/ids.ts'
import { fromBase64Url, utf8 } from './bytes.ts'

/** As in Signal's numeric fingerprint: who searches for a key with a like number pays this for each try. */
const ROUNDS = 5200
/** Hashes between two pauses: a screen stays alive meanwhile. */
const ROUNDS_AT_A_TIME = 400
const GROUPS = 6
const GROUP_BYTES = 5

/** Somebody as the safety number takes them: `key` is the thumbprint of the account key. */
export interface KeyOwner {
  user: UserId
  key: Base64Url32
}

/** What two people compare. Equal on both sides exactly when both have the same idea of each other's account key. */
export interface SafetyNumber {
  /** 60 digits without spaces. */
  digits: string
  /** The same as bytes to be shown as a QR code: ASCII, so that whatever scans it shows the digits. */
  qr: Uint8Array<ArrayBuffer>
}

/**
 * The safety number of two people (PROTOCOL.md, "Safety number"): 30 digits for each, the smaller first, so both see the
 * same. Takes 10 to 30 ms a person (measured on Node 20 and Deno 2), in slices of 1 to 2 ms.
 */
export async function safetyNumber(one: KeyOwner, other: KeyOwner): Promise<SafetyNumber> {
  const halves = [await fingerprint(one), await fingerprint(other)].sort()
  const digits = halves.join('')
  return { digits, qr: new Uint8Array(utf8(`FASTCHAT:1:${digits}`)) }
}

/** 30 digits: SHA-512 over and over, the key mixed in each time; then six times 5 bytes modulo 100,000. */
async function fingerprint({ user, key }: KeyOwner): Promise<string> {
  const keyBytes = fromBase64Url(key)
  let digest: Uint8Array = Buffer.concat([utf8('fastchat/safety-number\n'), keyBytes, utf8(user)])
  for (let round = 0; round < ROUNDS; round++) {
    if (round % ROUNDS_AT_A_TIME === ROUNDS_AT_A_TIME - 1) await setImmediate()
    digest = createHash('sha512').update(digest).update(keyBytes).digest()
  }
  const bytes = Buffer.from(digest)
  return Array.from({ length: GROUPS }, (_, group) =>
    String(bytes.readUIntBE(group * GROUP_BYTES, GROUP_BYTES) % 100_000).padStart(5, '0'),
  ).join('')
}
