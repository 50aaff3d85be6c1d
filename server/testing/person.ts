import { randomBytes } from 'node:crypto'
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { v7 as uuidV7 } from 'uuid'
import type { CreateAccountRequest, DeviceRegistration } from '../../schema/http.ts'
import type { DeviceId, UserId } from '../../schema/ids.ts'
import { type Ed25519Jwk, profile, typ, type X25519Jwk } from '../../schema/jose.ts'
import { argon2idLimits, limits } from '../../schema/limits.ts'

/**
 * People and devices as the server sees them: real keys and signatures, made with `jose` alone. What they "encrypt" is
 * noise of the right shape, since a server cannot tell.
 */
export interface TestPerson {
  userId: UserId
  authKey: string
  accountKey: Ed25519Jwk
  privateKey: CryptoKey
  vault: string
  salt: string
}

export interface TestDevice {
  person: TestPerson
  deviceId: DeviceId
  privateKey: CryptoKey
  registration: DeviceRegistration
}

export const noise = (bytes: number) => randomBytes(bytes).toString('base64url')

export async function sign(
  claims: object,
  { key, typ, kid }: { key: CryptoKey; typ: string; kid?: string },
): Promise<string> {
  return await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: profile.signature, typ, ...(kid === undefined ? {} : { kid }) })
    .sign(key)
}

export async function makePerson(userId: UserId): Promise<TestPerson> {
  const { privateKey, jwk } = await ed25519()
  return {
    userId,
    authKey: noise(32),
    accountKey: jwk,
    privateKey,
    vault: `${noise(30)}..${noise(12)}.${noise(64)}.${noise(16)}`,
    salt: noise(16),
  }
}

/** A device that the server does not know yet. */
export async function makeDevice(
  person: TestPerson,
  { deviceId = uuidV7(), prekeys = 2 }: { deviceId?: DeviceId; prekeys?: number } = {},
): Promise<TestDevice> {
  const { privateKey, jwk } = await ed25519()
  const certificate = await sign(
    { sub: person.userId, dev: deviceId, jwk, iat: Date.now() },
    { key: person.privateKey, typ: typ.certificate },
  )
  return {
    person,
    deviceId,
    privateKey,
    registration: {
      certificate,
      signedPrekey: await makePrekey(privateKey, { deviceId, use: 'signed' }),
      oneTimePrekeys: await makeOneTimePrekeys({ deviceId, privateKey }, prekeys),
    },
  }
}

export function makeOneTimePrekeys(
  { deviceId, privateKey }: { deviceId: DeviceId; privateKey: CryptoKey },
  count: number,
): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, () => makePrekey(privateKey, { deviceId, use: 'one-time' })),
  )
}

export async function makePrekey(
  key: CryptoKey,
  {
    deviceId,
    use,
    exp = use === 'signed' ? Date.now() + limits.signedPrekeyKeepMs : undefined,
  }: { deviceId: DeviceId; use: 'signed' | 'one-time'; exp?: number | null | undefined },
): Promise<string> {
  const jwk: X25519Jwk = { kty: 'OKP', crv: 'X25519', x: noise(32) }
  const claims = { dev: deviceId, id: noise(12), use, jwk, iat: Date.now(), ...(exp == null ? {} : { exp }) }
  return await sign(claims, { key, typ: typ.prekey })
}

export function signUpRequest({ person, registration }: TestDevice): CreateAccountRequest {
  return {
    userId: person.userId,
    kdf: { name: 'argon2id', salt: person.salt, ...argon2idLimits.default },
    authKey: person.authKey,
    accountKey: person.accountKey,
    vault: person.vault,
    device: registration,
  }
}

/** A device's assertion for a server; `change` spoils it. `now` in ms. */
export async function assertion(
  { person, deviceId, privateKey }: TestDevice,
  {
    audience,
    now = Date.now(),
    change = {},
    type = typ.assertion,
  }: { audience: string; now?: number; change?: Record<string, unknown>; type?: string },
): Promise<string> {
  const iat = Math.floor(now / 1000)
  const claims = {
    iss: deviceId,
    sub: person.userId,
    aud: audience,
    jti: noise(32),
    iat,
    exp: iat + 60,
    ...change,
  }
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: profile.signature, typ: type, kid: deviceId })
    .sign(privateKey)
}

async function ed25519(): Promise<{ privateKey: CryptoKey; jwk: Ed25519Jwk }> {
  const { privateKey, publicKey } = await generateKeyPair(profile.signature, {
    crv: 'Ed25519',
    extractable: true,
  })
  const { x = '' } = await exportJWK(publicKey)
  return { privateKey, jwk: { kty: 'OKP', crv: 'Ed25519', x } }
}
