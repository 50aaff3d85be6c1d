import { CompactSign, SignJWT } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { typ } from '../../schema/jose.ts'
import { toBase64Url, utf8 } from './bytes.ts'
import { signJws, verifyJws } from './jws.ts'
import { generateKey, publicEd25519, useKey } from './keys.ts'
import { refused } from './people.fixture.ts'
import type { PrivateJwk } from './types.ts'

const test = suite('jws')
const claims = v.object({ a: v.number() })
const key = await generateKey('Ed25519')

const verify = (jws: string, by: PrivateJwk = key) =>
  verifyJws(jws, { key: publicEd25519(by), typ: typ.prekey, claims, what: 'test' })
const signWith = async (header: Record<string, unknown>, by = key) =>
  new CompactSign(utf8('{"a":1}'))
    .setProtectedHeader({ alg: 'EdDSA', typ: typ.prekey, ...header })
    .sign(await useKey(by))
const part = (value: unknown) => toBase64Url(utf8(JSON.stringify(value)))

test('`verifyJws()` gives the claims of what `signJws()` signed', async () => {
  assert.equal(await verify(await signJws({ a: 1 }, { key, typ: typ.prekey })), { a: 1 })
})

test('`verifyJws()` refuses another key', async () => {
  const jws = await signJws({ a: 1 }, { key, typ: typ.prekey })
  await refused(verify(jws, await generateKey('Ed25519')), 'bad_signature')
})

test('`verifyJws()` refuses another `typ`, so no kind of JWS passes for another', async () => {
  for (const other of [typ.certificate, typ.chain, typ.message, typ.roster]) {
    await refused(verify(await signJws({ a: 1 }, { key, typ: other })), 'bad_signature')
  }
  await refused(verify(await signWith({ typ: undefined })), 'bad_signature')
})

test('`verifyJws()` refuses `alg: none`', async () => {
  const unsigned = `${part({ alg: 'none', typ: typ.prekey })}.${part({ a: 1 })}.`
  await refused(verify(unsigned), 'bad_signature')
  await refused(verify(`${unsigned}AAAA`), 'bad_signature')
})

test('`verifyJws()` refuses HMAC with the public key as the secret', async () => {
  const secret = new Uint8Array(Buffer.from(key.x, 'base64url'))
  const jws = await new SignJWT({ a: 1 }).setProtectedHeader({ alg: 'HS256', typ: typ.prekey }).sign(secret)
  await refused(verify(jws), 'bad_signature')
})

test('`verifyJws()` refuses the same key under the name `Ed25519`', async () => {
  const jws = await new CompactSign(utf8('{"a":1}'))
    .setProtectedHeader({ alg: 'Ed25519', typ: typ.prekey })
    .sign(await useKey(key))
  await refused(verify(jws), 'bad_signature')
})

test('`verifyJws()` takes no key from a header', async () => {
  const attacker = await generateKey('Ed25519')
  const headers = [{ jwk: publicEd25519(attacker) }, { jku: 'https://a.test/k' }, { x5u: 'https://a.test/c' }]
  for (const header of [...headers, { x5c: ['AAAA'] }]) {
    await refused(verify(await signWith(header, attacker)), 'bad_signature')
    // Not even beside the right signature.
    await refused(verify(await signWith(header)), 'bad_signature')
  }
})

test('`verifyJws()` refuses `crit` and `b64`', async () => {
  const head = part({ alg: 'EdDSA', typ: typ.prekey, crit: ['exp'], exp: 1 })
  const [, payload, signature] = (await signWith({})).split('.')
  await refused(verify(`${head}.${payload}.${signature}`), 'bad_signature')
})

test('`verifyJws()` refuses a changed header, payload or signature', async () => {
  const jws = await signJws({ a: 1 }, { key, typ: typ.prekey })
  const [header, , signature] = jws.split('.')
  await refused(verify(`${header}.${part({ a: 2 })}.${signature}`), 'bad_signature')
  await refused(verify(jws.slice(0, -4)), 'bad_signature')
  await refused(verify(`${jws}.${signature}`), 'bad_signature')
  await refused(verify(''), 'bad_signature')
})

test('`verifyJws()` refuses signed claims of another shape', async () => {
  await refused(verify(await signJws({ a: 'x' }, { key, typ: typ.prekey })), 'bad_signature')
})

test('`verifyJws()` refuses what is too long, though it is well signed', async () => {
  const jws = await signJws({ a: 1, more: 'x'.repeat(4096) }, { key, typ: typ.prekey })
  await refused(verify(jws), 'bad_signature')
})

test('`verifyJws()` puts nothing of the JWS into its error', async () => {
  const jws = await signJws({ a: 'secret-claim' }, { key, typ: typ.prekey })
  const error = await refused(verify(jws), 'bad_signature')
  assert.not.match(`${error.message}${error.stack}`, /secret-claim/)
  assert.is(error.cause, undefined)
})

test.run()
