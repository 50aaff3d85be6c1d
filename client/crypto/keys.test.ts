import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generateKey, publicEd25519, thumbprint, useKey } from './keys.ts'
import { refused } from './people.fixture.ts'

const test = suite('keys')

test('`generateKey()` makes a whole and new JWK of each curve', async () => {
  for (const crv of ['Ed25519', 'X25519'] as const) {
    const [one, other] = [await generateKey(crv), await generateKey(crv)]
    assert.equal(Object.keys(one).sort(), ['crv', 'd', 'kty', 'x'])
    assert.is(one.crv, crv)
    assert.is.not(one.d, other.d)
  }
})

test('`thumbprint()` is that of RFC 8037 appendix A.3', async () => {
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
  assert.is(await thumbprint({ x }), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
})

test('`publicEd25519()` leaves the private part out', async () => {
  const key = await generateKey('Ed25519')
  assert.equal(publicEd25519(key), { kty: 'OKP', crv: 'Ed25519', x: key.x })
})

test('`useKey()` imports a signing key once, private and public apart, and lets nothing export it', async () => {
  const key = await generateKey('Ed25519')
  const imported = await useKey(key)
  assert.is(await useKey({ ...key }), imported)
  assert.is(imported.extractable, false)
  assert.is((await useKey(publicEd25519(key))).type, 'public')
})

test('`useKey()` keeps no prekey', async () => {
  const prekey = await generateKey('X25519')
  assert.is.not(await useKey(prekey), await useKey(prekey))
})

test('`useKey()` refuses what is no key, without telling it', async () => {
  const key = await generateKey('Ed25519')
  const error = await refused(useKey({ ...key, d: 'AAAA' }), 'bad_signature')
  assert.is(error.cause, undefined)
})

test.run()
