import { FastChatError } from '../../schema/errors.ts'
import type { DeviceId, UserId } from '../../schema/ids.ts'
import { CertificateClaims, type Ed25519Jwk, typ } from '../../schema/jose.ts'
import { signJws, verifyJws } from './jws.ts'
import { publicEd25519 } from './keys.ts'
import type { PrivateJwk } from './types.ts'

/** The account key's word for a device: JWS over `{sub, dev, jwk, iat}`. `now` in ms since 1970. */
export function certifyDevice(device: {
  userId: UserId
  deviceId: DeviceId
  deviceKey: PrivateJwk
  accountKey: PrivateJwk
  now: number
}): Promise<string> {
  const { userId, deviceId, deviceKey, accountKey, now } = device
  const claims: CertificateClaims = { sub: userId, dev: deviceId, jwk: publicEd25519(deviceKey), iat: now }
  return signJws(claims, { key: accountKey, typ: typ.certificate })
}

/**
 * The key of a device, its certificate checked: signed by this account key, for this user and this device.
 *
 * @throws FastChatError `bad_certificate`
 */
export async function verifyCertificate(
  certificate: string,
  { userId, deviceId, accountKey }: { userId: UserId; deviceId: DeviceId; accountKey: Ed25519Jwk },
): Promise<Ed25519Jwk> {
  return (await checkCertificate(certificate, { userId, deviceId, accountKey })).jwk
}

/**
 * What a device's certificate says, checked in the same way.
 *
 * @throws FastChatError `bad_certificate`
 */
export async function checkCertificate(
  certificate: string,
  { userId, deviceId, accountKey }: { userId: UserId; deviceId: DeviceId; accountKey: Ed25519Jwk },
): Promise<CertificateClaims> {
  const claims = await verifyJws(certificate, {
    key: accountKey,
    typ: typ.certificate,
    claims: CertificateClaims,
    what: 'device certificate',
    code: 'bad_certificate',
  })
  if (claims.sub === userId && claims.dev === deviceId) return claims
  throw new FastChatError('bad_certificate', 'Cannot verify device certificate: it is for another device')
}
