import { createHash } from 'node:crypto'
import { decodeProtectedHeader, importJWK, jwtVerify, SignJWT } from 'jose'
import * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import { type DeviceId, ServerId, type UserId } from '../../schema/ids.ts'
import {
  AccessTokenClaims,
  AssertionClaims,
  CertificateClaims,
  type Ed25519Jwk,
  profile,
  tokenAudience,
  typ,
} from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import type { Clock } from '../port/clock.ts'
import type { Store } from '../port/store.ts'
import type { ServerKey } from './server-key.ts'
import { checkAssertion, unverifiedClaims } from './signatures.ts'

/** Who asks, as a token proves it. `expiresAt` in ms since 1970. */
export interface Caller {
  userId: UserId
  deviceId: DeviceId
  expiresAt: number
}

const MAX_KNOWN_SERVERS = 1000
const MAX_REMEMBERED_ASSERTIONS = 100_000
const Header = v.strictObject({
  alg: v.literal(profile.signature),
  typ: v.literal(typ.accessToken),
  kid: ServerId,
})

/** Gives access tokens to devices, and says whose a token is. */
export class Tokens {
  readonly #key: ServerKey
  readonly #store: Store
  readonly #clock: Clock
  /** Keys of other servers: a server's key never changes, so what is known stays true. */
  readonly #servers = new Map<ServerId, Ed25519Jwk>()
  /** `jti` of each assertion until it has run out: a second use is a replay. */
  readonly #used = new Map<string, number>()

  constructor({ key, store, clock }: { key: ServerKey; store: Store; clock: Clock }) {
    this.#key = key
    this.#store = store
    this.#clock = clock
    this.#servers.set(key.serverId, key.jwk)
  }

  /**
   * A token for a device that proves itself.
   *
   * @throws FastChatError `unauthorized`; `device_revoked`
   */
  async give(assertion: string): Promise<{ token: string; expiresInMs: number }> {
    const claimed = unverifiedClaims(assertion, {
      claims: AssertionClaims,
      code: 'unauthorized',
      what: 'assertion',
    })
    const device = await this.#store.device(claimed.iss)
    if (!device || device.userId !== claimed.sub) {
      throw new FastChatError('unauthorized', 'Cannot accept assertion: there is no such device')
    }
    // The certificate was verified when the device was added.
    const { jwk } = unverifiedClaims(device.certificate, {
      claims: CertificateClaims,
      code: 'internal',
      what: 'certificate',
    })
    const now = this.#clock.now()
    const claims = await checkAssertion(assertion, { deviceKey: jwk, serverId: this.#key.serverId, now })
    if (device.revokedAt)
      throw new FastChatError('device_revoked', 'Cannot give token: the device is revoked')
    this.#useOnce(claims, now)
    return { token: await this.#sign(claims.sub, device._id), expiresInMs: limits.accessTokenMs }
  }

  /**
   * Whose a token is.
   *
   * @throws FastChatError `unauthorized`
   */
  async check(token: string): Promise<Caller> {
    try {
      if (token.length <= limits.maxTokenChars) {
        const { kid } = v.parse(Header, decodeProtectedHeader(token))
        const key = await this.#keyOf(kid)
        if (key) {
          const { payload } = await jwtVerify(token, await importJWK(key, profile.signature), {
            algorithms: [profile.signature],
            typ: typ.accessToken,
            issuer: kid,
            audience: tokenAudience,
            currentDate: new Date(this.#clock.now()),
            requiredClaims: ['sub', 'iat', 'exp'],
          })
          const claims = v.parse(AccessTokenClaims, payload)
          return { userId: claims.sub, deviceId: claims.dev, expiresAt: claims.exp * 1000 }
        }
      }
    } catch (error) {
      if (error instanceof FastChatError && error.code === 'unavailable') throw error
      // One error, whatever failed.
    }
    throw new FastChatError('unauthorized', 'Cannot accept token: it is not valid here and now')
  }

  async #sign(userId: UserId, deviceId: DeviceId): Promise<string> {
    const iat = Math.floor(this.#clock.now() / 1000)
    return await new SignJWT({ dev: deviceId })
      .setProtectedHeader({ alg: profile.signature, typ: typ.accessToken, kid: this.#key.serverId })
      .setIssuer(this.#key.serverId)
      .setAudience(tokenAudience)
      .setSubject(userId)
      .setIssuedAt(iat)
      .setExpirationTime(iat + limits.accessTokenMs / 1000)
      .sign(this.#key.privateKey)
  }

  #useOnce({ jti, exp }: AssertionClaims, now: number): void {
    for (const [known, until] of this.#used) {
      if (until > now && this.#used.size < MAX_REMEMBERED_ASSERTIONS) break
      this.#used.delete(known)
    }
    const id = createHash('sha256').update(jti).digest('base64')
    if (this.#used.has(id))
      throw new FastChatError('unauthorized', 'Cannot accept assertion: it was used before')
    this.#used.set(id, exp * 1000 + limits.clockToleranceMs)
  }

  async #keyOf(serverId: ServerId): Promise<Ed25519Jwk | undefined> {
    const known = this.#servers.get(serverId)
    if (known) return known
    const server = await this.#store.server(serverId)
    if (!server) return undefined
    this.#servers.set(serverId, server.jwk)
    if (this.#servers.size > MAX_KNOWN_SERVERS) {
      const oldest = [...this.#servers.keys()].find(id => id !== this.#key.serverId)
      if (oldest !== undefined) this.#servers.delete(oldest)
    }
    return server.jwk
  }
}
