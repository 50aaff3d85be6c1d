import { randomBytes } from 'node:crypto'
import { FastChatError } from '../../schema/errors.ts'
import type { Kdf } from '../../schema/http.ts'
import type { Base64Url32 } from '../../schema/ids.ts'
import { hkdfInfo } from '../../schema/jose.ts'
import { argon2idLimits, limits } from '../../schema/limits.ts'
import { argon2id } from './argon2.ts'
import { fromBase64Url, hkdf, randomBase64Url, toBase64Url, utf8 } from './bytes.ts'

/** What a password becomes. `authKey` is shown to servers, `vaultKey` never leaves this machine's memory. */
export interface PasswordKeys {
  authKey: Base64Url32
  vaultKey: Uint8Array<ArrayBuffer>
}

/** The parameters for a new account, with a random salt of 16 bytes. */
export function makeKdf(): Kdf {
  return { name: 'argon2id', salt: randomBytes(16).toString('base64url'), ...argon2idLimits.default }
}

/**
 * Refuses a password that nobody should use, before it is derived from at sign-up.
 *
 * @throws FastChatError `weak_password`
 */
export function checkNewPassword(password: string): void {
  const { length } = passwordBytes(password)
  const { minPasswordBytes: min, maxPasswordBytes: max } = limits
  if (length >= min && length <= max) return
  throw new FastChatError('weak_password', `Cannot use password: it must have ${min} to ${max} bytes`)
}

/**
 * Argon2id (RFC 9106) of a password, split by HKDF into two keys that tell nothing of each other. Takes about a quarter
 * of a second and 64 MiB with the default parameters, in a thread of its own. The password counts in Unicode NFC (RFC 8265 section 4.2), so it is
 * the same from every keyboard.
 *
 * @throws FastChatError `weak_kdf` when a server asks for less than `argon2idLimits.min`, which would make the password
 *   cheap to guess from the authKey, or for more than `max`, which would exhaust this machine; `weak_password` when the
 *   password is longer than any that can have been set
 */
export async function derivePasswordKeys(password: string, kdf: Kdf): Promise<PasswordKeys> {
  checkKdf(kdf)
  const bytes = passwordBytes(password)
  if (bytes.length === 0 || bytes.length > limits.maxPasswordBytes) {
    throw new FastChatError(
      'weak_password',
      `Cannot use password: it must have 1 to ${limits.maxPasswordBytes} bytes`,
    )
  }
  const stretched = await argon2id({
    password: bytes,
    salt: fromBase64Url(kdf.salt),
    memorySize: kdf.memoryKiB,
    iterations: kdf.iterations,
    parallelism: kdf.parallelism,
  })
  const keys = {
    authKey: toBase64Url(hkdf(stretched, hkdfInfo.auth)),
    vaultKey: hkdf(stretched, hkdfInfo.vault),
  }
  stretched.fill(0)
  return keys
}

/** 32 random bytes for the data on this machine's disk. */
export function makeStorageKey(): Uint8Array<ArrayBuffer> {
  return fromBase64Url(randomBase64Url(32))
}

function passwordBytes(password: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(utf8(password.normalize('NFC')))
}

function checkKdf({ memoryKiB, iterations, parallelism }: Kdf): void {
  const { min, max } = argon2idLimits
  const isWithin = (value: number, from: number, to: number) => value >= from && value <= to
  if (
    isWithin(memoryKiB, min.memoryKiB, max.memoryKiB) &&
    isWithin(iterations, min.iterations, max.iterations) &&
    isWithin(parallelism, min.parallelism, max.parallelism)
  )
    return
  throw new FastChatError(
    'weak_kdf',
    'Cannot log in: the server asks for password parameters that are not safe',
  )
}
