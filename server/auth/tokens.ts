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
import type { Limits } from '../config/limits.ts'
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
  /** The database's time, ms. */
  readonly #now: () => number
  readonly #limits: Limits
  /** Keys of other servers: a server's key never changes, so what is known stays true. */
  readonly #servers = new Map<ServerId, Ed25519Jwk>()
  /** `jti` of each assertion until it has run out: a second use is a replay. */
  readonly #used = new Map<string, number>()

  constructor({
    key,
    store,
    now,
    limits,
  }: { key: ServerKey; store: Store; now: () => number; limits: Limits }) {
    this.#key = key
    this.#store = store
    this.#now = now
    this.#limits = limits
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
    const device = await this.#store.accounts.findDevice(claimed.iss)
    if (!device || device.userId !== claimed.sub) {
      throw new FastChatError('unauthorized', 'Cannot accept assertion: there is no such device')
    }
    // The certificate was verified when the device was added.
    const { jwk } = unverifiedClaims(device.certificate, {
      claims: CertificateClaims,
      code: 'internal',
      what: 'certificate',
    })
    const now = this.#now()
    const claims = await checkAssertion(assertion, {
      deviceKey: jwk,
      serverId: this.#key.serverId,
      now,
      limits: this.#limits,
    })
    if (claims.iss !== device._id || claims.sub !== device.userId) {
      throw new FastChatError('unauthorized', 'Cannot accept assertion: it is for another device')
    }
    if (device.revokedAt)
      throw new FastChatError('device_revoked', 'Cannot give token: the device is revoked')
    this.#useOnce(claims, now)
    return { token: await this.#sign(claims.sub, device._id), expiresInMs: this.#limits.accessTokenMs }
  }

  /**
   * Whose a token is.
   *
   * @throws FastChatError `unauthorized`
   */
  async check(token: string): Promise<Caller> {
    try {
      if (token.length <= this.#limits.maxTokenChars) {
        const { kid } = v.parse(Header, decodeProtectedHeader(token))
        const key = await this.#keyOf(kid)
        if (key) {
          const { payload } = await jwtVerify(token, await importJWK(key, profile.signature), {
            algorithms: [profile.signature],
            typ: typ.accessToken,
            issuer: kid,
            audience: tokenAudience,
            currentDate: new Date(this.#now()),
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
    const iat = Math.floor(this.#now() / 1000)
    return await new SignJWT({ dev: deviceId })
      .setProtectedHeader({ alg: profile.signature, typ: typ.accessToken, kid: this.#key.serverId })
      .setIssuer(this.#key.serverId)
      .setAudience(tokenAudience)
      .setSubject(userId)
      .setIssuedAt(iat)
      .setExpirationTime(iat + this.#limits.accessTokenMs / 1000)
      .sign(this.#key.privateKey)
  }

  #useOnce({ jti }: AssertionClaims, now: number): void {
    for (const [known, until] of this.#used) {
      if (until > now && this.#used.size < MAX_REMEMBERED_ASSERTIONS) break
      this.#used.delete(known)
    }
    const id = createHash('sha256').update(jti).digest('base64')
    if (this.#used.has(id))
      throw new FastChatError('unauthorized', 'Cannot accept assertion: it was used before')
    // The longest that any may live, so that the oldest always come first.
    this.#used.set(id, now + this.#limits.maxAssertionMs + 2 * this.#limits.clockToleranceMs)
  }

  async #keyOf(serverId: ServerId): Promise<Ed25519Jwk | undefined> {
    const known = this.#servers.get(serverId)
    if (known) return known
    const server = await this.#store.servers.find(serverId)
    if (!server) return undefined
    this.#servers.set(serverId, server.jwk)
    if (this.#servers.size > MAX_KNOWN_SERVERS) {
      const oldest = [...this.#servers.keys()].find(id => id !== this.#key.serverId)
      if (oldest !== undefined) this.#servers.delete(oldest)
    }
    return server.jwk
  }
}
