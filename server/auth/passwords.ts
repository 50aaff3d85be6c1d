import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { UserDocument } from '../../schema/documents.ts'
import type { Kdf } from '../../schema/http.ts'
import type { Base64Url32, UserId } from '../../schema/ids.ts'
import { argon2idLimits } from '../../schema/limits.ts'

/** What is kept of an authKey. It has 256 bits of its own, so a fast salted hash is enough. */
export function hashAuthKey(authKey: Base64Url32, salt = randomBytes(16).toString('base64url')) {
  const authHash = createHash('sha256').update(`${salt}.${authKey}`).digest('base64url')
  return { authSalt: salt, authHash }
}

/** Whether an authKey is this user's. Takes as long for a user who does not exist. */
export function isAuthKey(authKey: Base64Url32, user: UserDocument | null): boolean {
  const { authHash } = hashAuthKey(authKey, user?.authSalt ?? '')
  const expected = user?.authHash ?? hashAuthKey('', '').authHash
  const isEqual = timingSafeEqual(Buffer.from(authHash), Buffer.from(expected))
  return isEqual && user !== null
}

/** The parameters for a user who does not exist: always the same for one name, and like anybody's. */
export function madeUpKdf(userId: UserId, secret: string): Kdf {
  const salt = createHmac('sha256', secret).update(userId).digest().subarray(0, 16).toString('base64url')
  return { name: 'argon2id', salt, ...argon2idLimits.default }
}
