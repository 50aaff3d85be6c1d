import * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import { Base64Url32, type UserId } from '../../schema/ids.ts'
import { hkdfInfo, profile, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { fromBase64Url, hkdf, toBase64Url, utf8 } from './bytes.ts'
import { openDirect, sealDirect } from './jwe.ts'
import { signJws, verifyJws } from './jws.ts'
import { publicEd25519, thumbprint } from './keys.ts'
import type { PrivateJwk } from './types.ts'

const AccountKey = v.strictObject({
  kty: v.literal('OKP'),
  crv: v.literal('Ed25519'),
  x: Base64Url32,
  d: Base64Url32,
})

const header = (use: string, userId: UserId) =>
  v.strictObject({
    alg: v.literal(profile.direct),
    enc: v.literal(profile.encryption),
    use: v.literal(use),
    sub: v.literal(userId),
  })

/** The account key under the vault key: what the server keeps and cannot open. Its header binds it to the user. */
export function sealVault(
  accountKey: PrivateJwk,
  { userId, vaultKey }: { userId: UserId; vaultKey: Uint8Array },
): Promise<string> {
  const { kty, crv, x, d } = accountKey
  const plaintext = utf8(JSON.stringify({ kty, crv, x, d }))
  return sealDirect(plaintext, { key: vaultKey, header: { use: 'vault', sub: userId } })
}

/**
 * The account key out of a vault. The caller then compares its thumbprint with the one that the server claims.
 *
 * @throws FastChatError `login_refused` when the vault key is wrong or the vault is another user's or damaged
 */
export async function openVault(
  vault: string,
  { userId, vaultKey }: { userId: UserId; vaultKey: Uint8Array },
): Promise<PrivateJwk> {
  try {
    const plaintext = await openDirect(vault, {
      key: vaultKey,
      header: header('vault', userId),
      maxChars: limits.maxVaultChars,
    })
    const key = v.parse(AccountKey, JSON.parse(Buffer.from(plaintext).toString()))
    await checkHalves(key)
    return key
  } catch {
    // The cause may quote what was inside.
    throw new FastChatError(
      'login_refused',
      `Cannot log in as "${userId}": the vault does not open with this password`,
    )
  }
}

/**
 * The storage key of this machine's data, wrapped under a key that only the account key gives. So whoever logs in opens
 * the data again, after a change of the password too.
 */
export function wrapStorageKey(
  storageKey: Uint8Array,
  { userId, accountKey }: { userId: UserId; accountKey: PrivateJwk },
): Promise<string> {
  return sealDirect(utf8(toBase64Url(storageKey)), {
    key: homeKey(accountKey),
    header: { use: 'home', sub: userId },
  })
}

/**
 * Undoes `wrapStorageKey()`.
 *
 * @throws FastChatError `home_damaged` when it does not open: damaged, or made by another account key
 */
export async function unwrapStorageKey(
  wrapped: string,
  { userId, accountKey }: { userId: UserId; accountKey: PrivateJwk },
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const plaintext = await openDirect(wrapped, {
      key: homeKey(accountKey),
      header: header('home', userId),
      maxChars: limits.maxVaultChars,
    })
    return fromBase64Url(v.parse(Base64Url32, Buffer.from(plaintext).toString()))
  } catch {
    throw new FastChatError(
      'home_damaged',
      `Cannot open data of "${userId}": it belongs to another account or is damaged`,
    )
  }
}

/** Whether a server's word for the account key is the key out of the vault. */
export async function isSameAccountKey(one: { x: Base64Url32 }, other: { x: Base64Url32 }): Promise<boolean> {
  return (await thumbprint(one)) === (await thumbprint(other))
}

/** An import does not compare them: a signature by the one half must verify with the other. */
async function checkHalves(key: PrivateJwk): Promise<void> {
  const jws = await signJws({}, { key, typ: typ.certificate })
  await verifyJws(jws, { key: publicEd25519(key), typ: typ.certificate, claims: v.object({}), what: 'key' })
}

function homeKey(accountKey: PrivateJwk): Uint8Array {
  return hkdf(fromBase64Url(accountKey.d), hkdfInfo.home)
}
