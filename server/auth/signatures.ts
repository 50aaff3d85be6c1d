import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, compactVerify, importJWK, jwtVerify } from 'jose'
import * as v from 'valibot'
import { type ErrorCode, FastChatError } from '../../schema/errors.ts'
import type { Base64Url32, DeviceId, UserId } from '../../schema/ids.ts'
import {
  AssertionClaims,
  CertificateClaims,
  type Ed25519Jwk,
  PrekeyClaims,
  profile,
  RosterClaims,
  typ,
} from '../../schema/jose.ts'
import type { VerifiedEvent } from '../../schema/roster.ts'
import type { Limits } from '../config/limits.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })
/** Exactly these: a header that brings a key, or anything critical, is refused (RFC 8725 sections 3.5 and 3.10). */
const Header = v.strictObject({
  alg: v.literal(profile.signature),
  typ: v.string(),
  kid: v.optional(v.string()),
})

/**
 * Verifies what a device uploads, and what it shows to get in. The server only ever verifies signatures: it has no key
 * that decrypts anything.
 */
async function verified<const S extends v.GenericSchema>(
  jws: string,
  {
    key,
    typ,
    kid,
    claims,
    code,
    what,
  }: { key: Ed25519Jwk; typ: string; kid?: string; claims: S; code: ErrorCode; what: string },
): Promise<v.InferOutput<S>> {
  try {
    const result = await compactVerify(jws, await importJWK(key, profile.signature), {
      algorithms: [profile.signature],
    })
    const header = v.safeParse(Header, result.protectedHeader)
    const payload = v.safeParse(claims, JSON.parse(decoder.decode(result.payload)))
    const isMeant = header.success && header.output.typ === typ
    const isNamed = kid === undefined || (header.success && header.output.kid === kid)
    if (isMeant && isNamed && payload.success) return payload.output
  } catch {
    // One error, whatever failed.
  }
  throw new FastChatError(code, `Cannot accept ${what}: it is not signed as it must be`)
}

/** The claims of a JWS before anything is verified: only to learn whose it claims to be. */
export function unverifiedClaims<const S extends v.GenericSchema>(
  jws: string,
  { claims, code, what }: { claims: S; code: ErrorCode; what: string },
): v.InferOutput<S> {
  try {
    const [, payload = ''] = jws.split('.')
    return v.parse(claims, JSON.parse(decoder.decode(Buffer.from(payload, 'base64url'))))
  } catch {
    throw new FastChatError(code, `Cannot accept ${what}: it does not hold what it must`)
  }
}

/** @throws FastChatError `bad_certificate` unless the account key signed it, for this user. */
export async function checkCertificate(
  certificate: string,
  { userId, accountKey }: { userId: UserId; accountKey: Ed25519Jwk },
): Promise<CertificateClaims> {
  const claims = await verified(certificate, {
    key: accountKey,
    typ: typ.certificate,
    claims: CertificateClaims,
    code: 'bad_certificate',
    what: 'certificate',
  })
  if (claims.sub === userId) return claims
  throw new FastChatError('bad_certificate', 'Cannot accept certificate: it is for another user')
}

/** @throws FastChatError `bad_prekey` unless the device key signed it, for this device and use. */
export async function checkPrekey(
  prekey: string,
  { deviceId, deviceKey, use }: { deviceId: DeviceId; deviceKey: Ed25519Jwk; use: PrekeyClaims['use'] },
): Promise<PrekeyClaims> {
  const claims = await verified(prekey, {
    key: deviceKey,
    typ: typ.prekey,
    claims: PrekeyClaims,
    code: 'bad_prekey',
    what: 'prekey',
  })
  if (claims.dev === deviceId && claims.use === use) return claims
  throw new FastChatError('bad_prekey', 'Cannot accept prekey: it is for another device or use')
}

/**
 * A signed prekey has an end, which is what the server goes by: a device whose prekey has ended is not encrypted for.
 *
 * @param options `now`: the database's time, ms
 * @throws FastChatError `bad_prekey` also when it has no end, has ended, or would be good for longer than it may be
 */
export async function checkSignedPrekey(
  prekey: string,
  {
    deviceId,
    deviceKey,
    now,
    limits,
  }: { deviceId: DeviceId; deviceKey: Ed25519Jwk; now: number; limits: Limits },
): Promise<{ signedPrekey: string; prekeyExpiresAt: Date }> {
  const { exp } = await checkPrekey(prekey, { deviceId, deviceKey, use: 'signed' })
  if (exp === undefined) throw new FastChatError('bad_prekey', 'Cannot accept prekey: it never expires')
  if (exp <= now) throw new FastChatError('bad_prekey', 'Cannot accept prekey: it has expired')
  if (exp > now + limits.signedPrekeyKeepMs + limits.clockToleranceMs) {
    throw new FastChatError('bad_prekey', 'Cannot accept prekey: it would be good for too long')
  }
  return { signedPrekey: prekey, prekeyExpiresAt: new Date(exp) }
}

/** The thumbprint of an account key (RFC 7638), by which others know the account. */
export async function thumbprint(key: Ed25519Jwk): Promise<Base64Url32> {
  return await calculateJwkThumbprint(key, 'sha256')
}

/**
 * Verifies an event of a group's roster. Whether it may follow is said by schema/roster.ts. No less strict than clients are:
 * what they all refuse would be the end of the group.
 *
 * @param options `by`, `accountKey`: whoever sends it
 * @throws FastChatError `bad_roster` unless it is by them and signed with their account key
 */
export async function checkRosterEvent(
  event: string,
  { by, accountKey }: { by: UserId; accountKey: Ed25519Jwk },
): Promise<VerifiedEvent> {
  const signer = await thumbprint(accountKey)
  const claims = await verified(event, {
    key: accountKey,
    typ: typ.roster,
    kid: signer,
    claims: RosterClaims,
    code: 'bad_roster',
    what: 'roster event',
  })
  if (claims.by !== by || claims.key.x !== accountKey.x) {
    throw new FastChatError('bad_roster', 'Cannot accept roster event: it is by another account')
  }
  const signature = event.slice(event.lastIndexOf('.') + 1)
  if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) {
    throw new FastChatError(
      'bad_roster',
      'Cannot accept roster event: its signature is not written as it must be',
    )
  }
  const hash = createHash('sha256').update(event).digest('base64url')
  return { claims, hash, signer }
}

/**
 * Verifies a device's assertion (RFC 7523 section 3): this server is its audience, it is fresh, and lives a minute at most.
 *
 * @param options `now`: the database's time, ms
 * @throws FastChatError `unauthorized`
 */
export async function checkAssertion(
  assertion: string,
  {
    deviceKey,
    serverId,
    now,
    limits,
  }: { deviceKey: Ed25519Jwk; serverId: string; now: number; limits: Limits },
): Promise<AssertionClaims> {
  try {
    const { payload, protectedHeader } = await jwtVerify(
      assertion,
      await importJWK(deviceKey, profile.signature),
      {
        algorithms: [profile.signature],
        typ: typ.assertion,
        audience: serverId,
        currentDate: new Date(now),
        clockTolerance: limits.clockToleranceMs / 1000,
        requiredClaims: ['iss', 'sub', 'jti', 'iat', 'exp'],
      },
    )
    const claims = v.parse(AssertionClaims, payload)
    const isShort = (claims.exp - claims.iat) * 1000 <= limits.maxAssertionMs
    const isFromNow = claims.iat * 1000 <= now + limits.clockToleranceMs
    if (v.is(Header, protectedHeader) && isShort && isFromNow) return claims
  } catch {
    // One error, whatever failed.
  }
  throw new FastChatError('unauthorized', 'Cannot accept assertion: it is not valid here and now')
}
