import { jwtVerify } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AssertionClaims, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import { makeAssertion } from './assertion.ts'
import { useKey } from './keys.ts'
import { createDevice, NOW, publicPart, uuid } from './people.fixture.ts'

const test = suite('assertion')
const alice = await createDevice('alice')
const server = uuid(9)

test('`makeAssertion()` makes a JWT that a server verifies with the device key', async () => {
  const jwt = await makeAssertion(alice, { server, now: NOW + 999 })
  const { payload, protectedHeader } = await jwtVerify(jwt, await useKey(publicPart(alice.deviceKey)), {
    algorithms: ['EdDSA'],
    typ: typ.assertion,
    audience: server,
    issuer: alice.deviceId,
    subject: 'alice',
    currentDate: new Date(NOW),
  })
  const { iat, exp } = parse(AssertionClaims, payload, { what: 'assertion' })
  assert.is(iat, Math.floor((NOW + 999) / 1000))
  assert.is((exp - iat) * 1000, limits.maxAssertionMs)
  assert.is(protectedHeader.kid, alice.deviceId)
})

test('`makeAssertion()` never makes the same twice', async () => {
  const assertions = await Promise.all([1, 2].map(() => makeAssertion(alice, { server, now: NOW })))
  const ids = assertions.map(
    jwt => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()).jti,
  )
  assert.is.not(ids[0], ids[1])
})

test.run()
