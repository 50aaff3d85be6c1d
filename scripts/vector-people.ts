import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { certifyDevice } from '../client/crypto/certificate.ts'
import { generateKey, thumbprint } from '../client/crypto/keys.ts'
import type { PrivateJwk } from '../client/crypto/types.ts'
import type { DeviceId, UserId } from '../schema/ids.ts'

/** Who the vectors are about, and when. */

export const NOW = Date.UTC(2026, 0, 1)

export function uuid(number: number): string {
  return `019b7600-0000-7000-8000-${number.toString(16).padStart(12, '0')}`
}

export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('base64url')
}

export interface Person {
  userId: UserId
  deviceId: DeviceId
  accountKey: PrivateJwk
  deviceKey: PrivateJwk
  thumbprint: string
  certificate: string
}

/** Alice, bob and carol with new keys; or with those of `keys.json` when there is one, so that vectors can be added. */
export async function createPeople(
  keysFile?: string,
): Promise<{ alice: Person; bob: Person; carol: Person }> {
  const known: Person[] =
    keysFile !== undefined && existsSync(keysFile) ? JSON.parse(readFileSync(keysFile, 'utf8')).people : []
  const person = async (userId: UserId, deviceId: DeviceId): Promise<Person> => {
    const before = known.find(each => each.userId === userId)
    const accountKey = before?.accountKey ?? (await generateKey('Ed25519'))
    const deviceKey = before?.deviceKey ?? (await generateKey('Ed25519'))
    const certificate = await certifyDevice({ userId, deviceId, deviceKey, accountKey, now: NOW })
    return { userId, deviceId, accountKey, deviceKey, thumbprint: await thumbprint(accountKey), certificate }
  }
  return {
    alice: await person('alice', uuid(1)),
    bob: await person('bob', uuid(2)),
    carol: await person('carol', uuid(3)),
  }
}
