import { CompactSign, compactVerify } from 'jose'
import * as v from 'valibot'
import { type ErrorCode, FastChatError } from '../../schema/errors.ts'
import { type Ed25519Jwk, profile, type typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { fromBase64Url, utf8 } from './bytes.ts'
import { useKey } from './keys.ts'
import type { PrivateJwk } from './types.ts'

type Typ = (typeof typ)[keyof typeof typ]

/** Exactly these: a header with `jwk`, `jku`, `x5u`, `crit` or `b64` is refused (RFC 8725 sections 3.5 and 3.10). */
const Header = v.strictObject({
  alg: v.literal(profile.signature),
  typ: v.string(),
  kid: v.optional(v.string()),
})
const decoder = new TextDecoder('utf-8', { fatal: true })

/** A compact JWS (RFC 7515 section 7.1) over JSON. */
export async function signJws(
  payload: object,
  { key, typ, kid }: { key: PrivateJwk; typ: Typ; kid?: string },
): Promise<string> {
  return new CompactSign(utf8(JSON.stringify(payload)))
    .setProtectedHeader({ alg: profile.signature, typ, ...(kid === undefined ? {} : { kid }) })
    .sign(await useKey(key))
}

/**
 * The claims of a JWS, its signature, algorithm and `typ` checked; its `kid` too when one is given.
 *
 * @throws FastChatError `code` (default `bad_signature`) whatever is wrong with it, with one message
 */
export async function verifyJws<const S extends v.GenericSchema>(
  jws: string,
  options: {
    key: Ed25519Jwk
    typ: Typ
    kid?: string
    claims: S
    what: string
    code?: ErrorCode
    maxChars?: number
  },
): Promise<v.InferOutput<S>> {
  const { key, typ, kid, claims, what, code = 'bad_signature', maxChars = limits.maxJwsChars } = options
  try {
    if (jws.length <= maxChars) {
      const verified = await compactVerify(jws, await useKey(key), { algorithms: [profile.signature] })
      const header = v.safeParse(Header, verified.protectedHeader)
      const isMeant = header.success && header.output.typ === typ
      if (isMeant && (kid === undefined || header.output.kid === kid)) {
        const payload = v.safeParse(claims, JSON.parse(decoder.decode(verified.payload)))
        if (payload.success) return payload.output
      }
    }
  } catch {
    // One error for all: what failed tells an attacker more than anybody else.
  }
  throw new FastChatError(code, `Cannot verify ${what}: it is not signed as it must be`)
}

/**
 * The claims of a JWS that nobody has verified yet: only to learn by which key it claims to be signed.
 *
 * @returns undefined when it is none
 */
export function readUnverified<const S extends v.GenericSchema>(
  jws: string,
  { claims, maxChars }: { claims: S; maxChars: number },
): v.InferOutput<S> | undefined {
  try {
    const [, payload] = jws.length <= maxChars ? jws.split('.') : []
    const read = v.safeParse(claims, JSON.parse(decoder.decode(fromBase64Url(payload ?? ''))))
    return read.success ? read.output : undefined
  } catch {
    return undefined
  }
}
