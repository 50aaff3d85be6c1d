import type { ServerId } from '../../schema/ids.ts'
import { type AssertionClaims, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { randomBase64Url } from './bytes.ts'
import { signJws } from './jws.ts'
import type { Signer } from './types.ts'

/**
 * What a device shows a server to get an access token: good once, at this server, for at most a minute (RFC 7523 section 3).
 *
 * @param options `now`: ms since 1970 by the server's clock
 */
export function makeAssertion(
  { userId, deviceId, deviceKey }: Signer,
  { server, now }: { server: ServerId; now: number },
): Promise<string> {
  const iat = Math.floor(now / 1000)
  const claims: AssertionClaims = {
    iss: deviceId,
    sub: userId,
    aud: server,
    jti: randomBase64Url(32),
    iat,
    exp: iat + Math.floor(limits.maxAssertionMs / 1000),
  }
  return signJws(claims, { key: deviceKey, typ: typ.assertion, kid: deviceId })
}
