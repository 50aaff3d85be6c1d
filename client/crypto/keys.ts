import { createHash } from 'node:crypto'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose'
import { FastChatError } from '../../schema/errors.ts'
import type { Base64Url32 } from '../../schema/ids.ts'
import { type Ed25519Jwk, profile, type X25519Jwk } from '../../schema/jose.ts'
import type { PrivateJwk } from './types.ts'

/**
 * Imported Ed25519 keys, the last used last: importing costs as much as a signature. Prekeys are never among them: they are
 * used once, and a private part that was deleted must not live on here.
 */
const imported = new Map<string, Promise<CryptoKey>>()
const MAX_IMPORTED = 2048

/** A new key pair: Ed25519 to sign, X25519 to agree on keys (RFC 8037). */
export async function generateKey(crv: PrivateJwk['crv']): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(algorithmOf(crv), { crv, extractable: true })
  const { x, d } = await exportJWK(privateKey)
  if (x === undefined || d === undefined)
    throw new FastChatError('internal', 'Cannot make key: no private part')
  return { kty: 'OKP', crv, x, d }
}

/** The public part of an Ed25519 key. */
export function publicEd25519({ x }: { x: Base64Url32 }): Ed25519Jwk {
  return { kty: 'OKP', crv: 'Ed25519', x }
}

/** The public part of an X25519 key. */
export function publicX25519({ x }: { x: Base64Url32 }): X25519Jwk {
  return { kty: 'OKP', crv: 'X25519', x }
}

/** The RFC 7638 SHA-256 thumbprint of an account key, base64url: what contacts pin. */
export function thumbprint({ x }: { x: Base64Url32 }): Promise<Base64Url32> {
  return calculateJwkThumbprint(publicEd25519({ x }), 'sha256')
}

/**
 * A JWK as a key to use; an Ed25519 one is imported once.
 *
 * @throws FastChatError `bad_signature` when it is no point of its curve
 */
export function useKey(jwk: Ed25519Jwk | X25519Jwk | PrivateJwk): Promise<CryptoKey> {
  const { kty, crv, x } = jwk
  const d = 'd' in jwk ? jwk.d : undefined
  const parts = { kty, crv, x, ...(d === undefined ? {} : { d }) }
  if (crv === 'X25519') return importKey(parts)
  const id = `${crv}.${x}.${d === undefined ? '' : createHash('sha256').update(d).digest('base64url')}`
  const known = imported.get(id)
  imported.delete(id)
  const key = known ?? importKey(parts)
  imported.set(id, key)
  if (imported.size > MAX_IMPORTED) imported.delete(imported.keys().next().value ?? id)
  return key
}

async function importKey(jwk: {
  kty: 'OKP'
  crv: PrivateJwk['crv']
  x: string
  d?: string
}): Promise<CryptoKey> {
  try {
    const key = await importJWK(jwk, algorithmOf(jwk.crv))
    if (!(key instanceof Uint8Array)) return key
  } catch {
    // The cause would hold the key.
  }
  throw new FastChatError('bad_signature', 'Cannot use key: it is not one of its curve')
}

function algorithmOf(crv: PrivateJwk['crv']): string {
  return crv === 'Ed25519' ? profile.signature : profile.keyAgreement
}
