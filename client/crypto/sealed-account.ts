import { randomBytes } from 'node:crypto'
import type { Kdf, Recovery } from '../../schema/http.ts'
import type { Base64Url32, UserId } from '../../schema/ids.ts'
import { hkdfInfo } from '../../schema/jose.ts'
import { CODE_SYMBOLS, makeRecoveryCode, readRecoveryCode } from '../core/recovery-code.ts'
import { hkdf, toBase64Url, utf8 } from './bytes.ts'
import { derivePasswordKeys, makeKdf, type PasswordKeys } from './password.ts'
import type { PrivateJwk } from './types.ts'
import { sealVault } from './vault.ts'

/** What a server keeps of a password: how to derive from it, the proof of it, and the account key under it. */
export interface PasswordSeal {
  kdf: Kdf
  authKey: Base64Url32
  vault: string
}

/** Puts the account key under a password, with a new salt. `seal` is for the server, `vaultKey` is not. */
export async function sealWithPassword(
  accountKey: PrivateJwk,
  { userId, password }: { userId: UserId; password: string },
): Promise<{ seal: PasswordSeal; vaultKey: Uint8Array<ArrayBuffer> }> {
  const kdf = makeKdf()
  const { authKey, vaultKey } = await derivePasswordKeys(password, kdf)
  const vault = await sealVault(accountKey, { userId, vaultKey })
  return { seal: { kdf, authKey, vault }, vaultKey }
}

/** Puts the account key under a new recovery code, of which the server gets what it gets of a password. */
export async function sealWithCode(
  accountKey: PrivateJwk,
  { userId }: { userId: UserId },
): Promise<{ code: string; recovery: Recovery }> {
  const code = makeRecoveryCode(randomBytes(CODE_SYMBOLS))
  const { authKey, vaultKey } = recoveryKeys(code)
  return { code, recovery: { authKey, vault: await sealVault(accountKey, { userId, vaultKey }) } }
}

/**
 * The two keys out of a recovery code. It has 130 bits, so HKDF alone is enough: there is nothing to guess.
 *
 * @throws FastChatError `usage` when it is none, see `readRecoveryCode()`
 */
export function recoveryKeys(code: string): PasswordKeys {
  const secret = utf8(readRecoveryCode(code))
  return {
    authKey: toBase64Url(hkdf(secret, hkdfInfo.recoveryAuth)),
    vaultKey: hkdf(secret, hkdfInfo.recoveryVault),
  }
}
