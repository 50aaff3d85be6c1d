import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { UserDocument } from '../../schema/documents.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { Kdf, Recovery } from '../../schema/http.ts'
import type { Base64Url32, UserId } from '../../schema/ids.ts'
import { argon2idLimits } from '../../schema/limits.ts'

/** What is kept of an authKey. It has 256 bits of its own, so a fast salted hash is enough. */
export function hashAuthKey(authKey: Base64Url32, salt = randomBytes(16).toString('base64url')) {
  const authHash = createHash('sha256').update(`${salt}.${authKey}`).digest('base64url')
  return { authSalt: salt, authHash }
}

/** What is kept of an authKey: of the password's, or of the recovery code's. */
export type AuthHash = Pick<UserDocument, 'authSalt' | 'authHash'>

/** Whether an authKey is the one that `kept` is of. Takes as long when there is none, as for a user who does not exist. */
export function isAuthKey(authKey: Base64Url32, kept: AuthHash | null | undefined): boolean {
  const { authHash } = hashAuthKey(authKey, kept?.authSalt ?? '')
  const expected = kept?.authHash ?? hashAuthKey('', '').authHash
  const isEqual = timingSafeEqual(Buffer.from(authHash), Buffer.from(expected))
  return isEqual && !!kept
}

/** The parameters for a user who does not exist: always the same for one name, and like anybody's. */
export function madeUpKdf(userId: UserId, secret: string): Kdf {
  const salt = createHmac('sha256', secret).update(userId).digest().subarray(0, 16).toString('base64url')
  return { name: 'argon2id', salt, ...argon2idLimits.default }
}

/** What is kept of a recovery code. */
export function hashRecovery({ authKey, vault }: Recovery): NonNullable<UserDocument['recovery']> {
  return { ...hashAuthKey(authKey), vault }
}

/** @throws FastChatError `weak_kdf` when a password would be cheap to guess */
export function checkKdf({ memoryKiB, iterations }: Kdf): void {
  const { min } = argon2idLimits
  if (memoryKiB >= min.memoryKiB && iterations >= min.iterations) return
  throw new FastChatError('weak_kdf', 'Cannot set password: it would be cheap to guess')
}
