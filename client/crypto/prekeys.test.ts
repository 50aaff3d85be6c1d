import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { signJws } from './jws.ts'
import { generateKey, publicX25519 } from './keys.ts'
import { createDevice, NOW, publicPart, refused } from './people.fixture.ts'
import { kidOf, makeOneTimePrekeys, makePrekey, verifyPrekey } from './prekeys.ts'

const test = suite('prekeys')
const bob = await createDevice('bob')
const mallory = await createDevice('mallory')
const { deviceId } = bob
const deviceKey = publicPart(bob.deviceKey)
const signed = await makePrekey(bob, { use: 'signed', now: NOW })
const oneTime = await makePrekey(bob, { use: 'one-time', now: NOW })

test('`verifyPrekey()` gives the key that `makePrekey()` made, of either use', async () => {
  for (const prekey of [signed, oneTime]) {
    const checked = await verifyPrekey(prekey.jws, { deviceId, deviceKey, use: prekey.use, now: NOW })
    assert.equal(checked, { deviceId, id: prekey.id, x: prekey.key.x })
    assert.is(kidOf(checked), `${deviceId}/${prekey.id}`)
  }
})

test('`makePrekey()` lets no private part out', () => {
  assert.not.ok(
    Buffer.from(signed.jws.split('.')[1] ?? '', 'base64url')
      .toString()
      .includes(signed.key.d),
  )
})

test('`makeOneTimePrekeys()` makes as many different ones as asked for', async () => {
  const prekeys = await makeOneTimePrekeys(bob, { count: 20, now: NOW })
  assert.is(new Set(prekeys.map(({ id }) => id)).size, 20)
  assert.is(new Set(prekeys.map(({ key }) => key.x)).size, 20)
})

test('`verifyPrekey()` refuses a key that the server put in', async () => {
  const swapped = await makePrekey({ ...bob, deviceKey: mallory.deviceKey }, { use: 'one-time', now: NOW })
  await refused(verifyPrekey(swapped.jws, { deviceId, deviceKey, use: 'one-time', now: NOW }), 'bad_prekey')
})

test('`verifyPrekey()` refuses the prekey of another device, of the same account too', async () => {
  const second = await createDevice('bob', bob.accountKey)
  for (const other of [second, mallory]) {
    const { jws } = other.prekey
    await refused(verifyPrekey(jws, { deviceId, deviceKey, use: 'one-time', now: NOW }), 'bad_prekey')
    const byOther = { deviceId, deviceKey: publicPart(other.deviceKey), use: 'one-time', now: NOW } as const
    await refused(verifyPrekey(jws, byOther), 'bad_prekey')
  }
})

test('`verifyPrekey()` refuses a signed prekey given out as a one-time one, and the other way', async () => {
  await refused(verifyPrekey(signed.jws, { deviceId, deviceKey, use: 'one-time', now: NOW }), 'bad_prekey')
  await refused(verifyPrekey(oneTime.jws, { deviceId, deviceKey, use: 'signed', now: NOW }), 'bad_prekey')
})

test('`verifyPrekey()` refuses a signed prekey that has expired, and one that never does', async () => {
  const end = NOW + limits.signedPrekeyKeepMs + limits.clockToleranceMs
  const device = { deviceId, deviceKey, use: 'signed' } as const
  assert.ok(await verifyPrekey(signed.jws, { ...device, now: end }))
  await refused(verifyPrekey(signed.jws, { ...device, now: end + 1 }), 'bad_prekey')
  const claims = { dev: deviceId, id: signed.id, use: 'signed', jwk: publicX25519(signed.key), iat: NOW }
  const endless = await signJws(claims, { key: bob.deviceKey, typ: typ.prekey })
  await refused(verifyPrekey(endless, { ...device, now: NOW }), 'bad_prekey')
})

test('`verifyPrekey()` refuses an Ed25519 key and a private one', async () => {
  const claims = { dev: deviceId, id: oneTime.id, use: 'one-time', iat: NOW }
  for (const jwk of [publicPart(await generateKey('Ed25519')), oneTime.key]) {
    const jws = await signJws({ ...claims, jwk }, { key: bob.deviceKey, typ: typ.prekey })
    await refused(verifyPrekey(jws, { deviceId, deviceKey, use: 'one-time', now: NOW }), 'bad_prekey')
  }
})

test.run()
