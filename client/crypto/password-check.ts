import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Kdf } from '../../schema/http.ts'
import type { Base64Url32 } from '../../schema/ids.ts'
import { hkdfInfo } from '../../schema/jose.ts'
import { fromBase64Url, hkdf } from './bytes.ts'
import { derivePasswordKeys } from './password.ts'

/**
 * What tells on this machine, without a server, whether a password is the account's. It is keyed with the storage key: who has
 * only this cannot try passwords on it, and who has both can read the account anyway.
 */
export interface PasswordCheck {
  version: 1
  kdf: Kdf
  tag: Base64Url32
}

/** @param vaultKey of `derivePasswordKeys()` with the same `kdf` */
export function makePasswordCheck({
  kdf,
  vaultKey,
  storageKey,
}: {
  kdf: Kdf
  vaultKey: Uint8Array
  storageKey: Uint8Array
}): PasswordCheck {
  return { version: 1, kdf, tag: tagOf(vaultKey, storageKey).toString('base64url') }
}

/**
 * Whether a password is the one that the check was made with. Takes as long as a log-in: Argon2id.
 *
 * @throws FastChatError `weak_kdf`, `weak_password` as `derivePasswordKeys()` does
 */
export async function isPassword(
  password: string,
  { check, storageKey }: { check: PasswordCheck; storageKey: Uint8Array },
): Promise<boolean> {
  const { vaultKey } = await derivePasswordKeys(password, check.kdf)
  return timingSafeEqual(tagOf(vaultKey, storageKey), fromBase64Url(check.tag))
}

/** HMAC-SHA256 (RFC 2104) under the storage key, of a key that is derived from the password for this alone. */
function tagOf(vaultKey: Uint8Array, storageKey: Uint8Array): Buffer {
  return createHmac('sha256', storageKey).update(hkdf(vaultKey, hkdfInfo.passwordCheck)).digest()
}
