import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { typ } from '../../schema/jose.ts'
import { certifyDevice, verifyCertificate } from './certificate.ts'
import { signJws } from './jws.ts'
import { generateKey, publicEd25519 } from './keys.ts'
import { createDevice, NOW, refused, uuid } from './people.fixture.ts'

const test = suite('certificate')
const alice = await createDevice('alice')
const { userId, deviceId, deviceKey, certificate } = alice
const accountKey = publicEd25519(alice.accountKey)

test('`verifyCertificate()` gives the public key of the device that the account certified', async () => {
  const key = await verifyCertificate(certificate, { userId, deviceId, accountKey })
  assert.equal(key, publicEd25519(deviceKey))
})

test('`certifyDevice()` lets no private part out', () => {
  const claims = JSON.parse(Buffer.from(certificate.split('.')[1] ?? '', 'base64url').toString())
  assert.equal(Object.keys(claims.jwk).sort(), ['crv', 'kty', 'x'])
})

test('`verifyCertificate()` refuses the certificate of another user, device or account key', async () => {
  const mallory = publicEd25519(await generateKey('Ed25519'))
  await refused(verifyCertificate(certificate, { userId: 'bob', deviceId, accountKey }), 'bad_certificate')
  await refused(verifyCertificate(certificate, { userId, deviceId: uuid(1), accountKey }), 'bad_certificate')
  await refused(verifyCertificate(certificate, { userId, deviceId, accountKey: mallory }), 'bad_certificate')
})

test('`verifyCertificate()` refuses a device that another device certified', async () => {
  const byDevice = await certifyDevice({ userId, deviceId, deviceKey, accountKey: deviceKey, now: NOW })
  await refused(verifyCertificate(byDevice, { userId, deviceId, accountKey }), 'bad_certificate')
})

test('`verifyCertificate()` refuses a private or X25519 key, and what is signed for another purpose', async () => {
  const claims = { sub: userId, dev: deviceId, jwk: publicEd25519(deviceKey), iat: NOW }
  const wrong = [
    { claims: { ...claims, jwk: deviceKey }, typ: typ.certificate },
    { claims: { ...claims, jwk: { ...claims.jwk, crv: 'X25519' } }, typ: typ.certificate },
    { claims, typ: typ.roster },
  ]
  for (const each of wrong) {
    const jws = await signJws(each.claims, { key: alice.accountKey, typ: each.typ })
    await refused(verifyCertificate(jws, { userId, deviceId, accountKey }), 'bad_certificate')
  }
})

test.run()
