import type { DeviceDocument, PrekeyDocument, UserDocument } from '../../schema/documents.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { DeviceRegistration } from '../../schema/http.ts'
import { type DeviceId, prekeyKid } from '../../schema/ids.ts'
import { CertificateClaims, type Ed25519Jwk } from '../../schema/jose.ts'
import { checkCertificate, checkPrekey, checkSignedPrekey, unverifiedClaims } from '../auth/signatures.ts'
import type { Services } from './context.ts'

type Account = Pick<UserDocument, '_id' | 'accountKey'>

export interface CheckedDevice {
  claims: CertificateClaims
  certificate: string
  signed: Pick<DeviceDocument, 'signedPrekey' | 'prekeyExpiresAt'>
  prekeys: PrekeyDocument[]
}

/** Verifies all that a device brings. @throws FastChatError `bad_certificate`, `bad_prekey` */
export async function checkRegistration(
  registration: DeviceRegistration,
  { _id: userId, accountKey }: Account,
  { lease, limits }: Pick<Services, 'lease' | 'limits'>,
): Promise<CheckedDevice> {
  const claims = await checkCertificate(registration.certificate, { userId, accountKey })
  const { dev: deviceId, jwk: deviceKey } = claims
  const signed = await checkSignedPrekey(registration.signedPrekey, {
    ...{ deviceId, deviceKey, limits },
    now: lease.now(),
  })
  const prekeys = await checkOneTimePrekeys(registration.oneTimePrekeys, { deviceId, deviceKey })
  return { claims, certificate: registration.certificate, signed, prekeys }
}

/** @throws FastChatError `bad_prekey` */
export async function checkOneTimePrekeys(
  prekeys: readonly string[],
  { deviceId, deviceKey }: { deviceId: DeviceId; deviceKey: Ed25519Jwk },
): Promise<PrekeyDocument[]> {
  return await Promise.all(
    prekeys.map(async prekey => {
      const { id } = await checkPrekey(prekey, { deviceId, deviceKey, use: 'one-time' })
      return { _id: prekeyKid(deviceId, id), deviceId, prekey }
    }),
  )
}

/** The device key of a certificate that was verified when it was stored. */
export function deviceKeyOf({ certificate }: { certificate: string }): Ed25519Jwk {
  return unverifiedClaims(certificate, { claims: CertificateClaims, code: 'internal', what: 'certificate' })
    .jwk
}

/**
 * Stores a device that was verified. The same certificate again is a retry and changes nothing: certificates and prekeys
 * are there for everybody to see, so anybody could bring back one-time prekeys whose private parts are gone, and whoever
 * claimed one of them would write what nobody can read. A device whose prekeys got lost fills its stock once it connects.
 *
 * @throws FastChatError `device_revoked`, `device_limit`, `bad_certificate` when the id is another device's
 */
export async function storeDevice(
  { claims, certificate, signed, prekeys }: CheckedDevice,
  { store, lease, limits }: Pick<Services, 'store' | 'lease' | 'limits'>,
): Promise<DeviceId> {
  const { dev: deviceId, sub: userId } = claims
  const known = await store.accounts.findDevice(deviceId)
  if (known) {
    assertSame(known, certificate)
    return deviceId
  }
  const others = await store.accounts.devicesOf(userId)
  if (others.length >= limits.maxDevices) {
    throw new FastChatError('device_limit', `Cannot add device: the account has ${limits.maxDevices}`)
  }
  const isNew = await store.accounts.createDevice({
    _id: deviceId,
    userId,
    certificate,
    ...signed,
    createdAt: new Date(lease.now()),
  })
  const raced = isNew ? null : await store.accounts.findDevice(deviceId)
  if (raced) assertSame(raced, certificate)
  if (isNew) await store.prekeys.add(prekeys)
  return deviceId
}

function assertSame(known: { certificate: string; revokedAt?: Date | undefined }, certificate: string): void {
  if (known.revokedAt) throw new FastChatError('device_revoked', 'Cannot add device: it was revoked')
  if (known.certificate === certificate) return
  throw new FastChatError('bad_certificate', 'Cannot add device: its id has another certificate')
}
