import { FastChatError } from '../../schema/errors.ts'
import { type DeviceId, prekeyKid } from '../../schema/ids.ts'
import { type Ed25519Jwk, PrekeyClaims, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { randomBase64Url } from './bytes.ts'
import { signJws, verifyJws } from './jws.ts'
import { generateKey, publicX25519 } from './keys.ts'
import { inSlices } from './slices.ts'
import type { Prekey, Signer, VerifiedPrekey } from './types.ts'

/**
 * A new prekey: X25519, signed by the device key. A signed one expires `limits.signedPrekeyKeepMs` after `now` (ms), for
 * its private part is deleted then; a one-time prekey is good until it is claimed.
 */
export async function makePrekey(
  signer: Signer,
  { use, now }: { use: Prekey['use']; now: number },
): Promise<Prekey> {
  const key = await generateKey('X25519')
  const id = randomBase64Url(12)
  const claims: PrekeyClaims = { dev: signer.deviceId, id, use, jwk: publicX25519(key), iat: now }
  if (use === 'signed') claims.exp = now + limits.signedPrekeyKeepMs
  return { id, use, key, jws: await signJws(claims, { key: signer.deviceKey, typ: typ.prekey }) }
}

/** `count` one-time prekeys. */
export function makeOneTimePrekeys(
  signer: Signer,
  { count, now }: { count: number; now: number },
): Promise<Prekey[]> {
  return inSlices(Array.from({ length: count }), () => makePrekey(signer, { use: 'one-time', now }))
}

/**
 * A prekey that a server handed out, checked: signed by that device's certified key, for that device, of that use, not
 * expired. Without it a server could put in a key of its own and read.
 *
 * @throws FastChatError `bad_prekey`
 */
export async function verifyPrekey(
  jws: string,
  device: { deviceId: DeviceId; deviceKey: Ed25519Jwk; use: Prekey['use']; now: number },
): Promise<VerifiedPrekey> {
  const { deviceId, deviceKey, use, now } = device
  const claims = await verifyJws(jws, {
    key: deviceKey,
    typ: typ.prekey,
    claims: PrekeyClaims,
    what: 'prekey',
    code: 'bad_prekey',
  })
  if (claims.dev !== deviceId || claims.use !== use) throw refused('it is for another device or use')
  // A signed prekey without an end would be good for ever once its private part leaked.
  const end = use === 'signed' ? (claims.exp ?? 0) : Number.POSITIVE_INFINITY
  if (now > end + limits.clockToleranceMs) throw refused('it has expired')
  return { deviceId, id: claims.id, x: claims.jwk.x }
}

/** The `kid` under which a chain names a prekey. */
export function kidOf({ deviceId, id }: VerifiedPrekey): string {
  return prekeyKid(deviceId, id)
}

function refused(why: string): FastChatError {
  return new FastChatError('bad_prekey', `Cannot use prekey: ${why}`)
}
