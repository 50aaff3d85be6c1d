import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { compactDecrypt, compactVerify, importJWK, type JWK } from 'jose'
import * as assert from 'uvu/assert'

/** What the tests of the vectors need of JOSE: made of `jose` and the platform alone, nothing of this project. */

export interface Person {
  userId: string
  deviceId: string
  accountKey: JWK
  deviceKey: JWK
  thumbprint: string
}
export const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8'))
export const { people } = read<{ people: Person[] }>('keys')

export const bytes = (base64url: string) => new Uint8Array(Buffer.from(base64url, 'base64url'))
export const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')
export const person = (userId: string) => found(people.find(each => each.userId === userId))

export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Cannot find a part of the vectors')
  return value
}

export function publicOf({ kty, crv, x }: JWK): JWK {
  return { kty, crv, x } as JWK
}

export async function hkdf(secret: Uint8Array<ArrayBuffer>, info: string): Promise<string> {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  const salt = new Uint8Array(0)
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt, info: new TextEncoder().encode(info) }
  return Buffer.from(await crypto.subtle.deriveBits(parameters, key, 256)).toString('base64url')
}

export async function verified(jws: string, { key, typ }: { key: JWK; typ: string }) {
  const options = { algorithms: ['EdDSA'] }
  const { payload, protectedHeader } = await compactVerify(
    jws,
    await importJWK(publicOf(key), 'EdDSA'),
    options,
  )
  assert.is(protectedHeader.typ, typ)
  return { claims: JSON.parse(new TextDecoder().decode(payload)), header: protectedHeader }
}

export async function opened(jwe: string, key: string) {
  const { plaintext, protectedHeader } = await compactDecrypt(jwe, bytes(key), {
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
    maxDecompressedLength: 0,
  })
  return { plaintext, header: protectedHeader }
}

export async function fails(promise: Promise<unknown>): Promise<void> {
  const outcome = await promise.then(
    () => 'accepted',
    () => 'refused',
  )
  assert.is(outcome, 'refused')
}

/** As the paper has it, in its own words: E = log2 L, S = log2 E + 1, the last E - S bits are zero. */
export function padme(length: number): number {
  const exponent = 31 - Math.clz32(length)
  const significant = 32 - Math.clz32(exponent)
  const mask = (1 << (exponent - significant)) - 1
  return (length + mask) & ~mask
}
