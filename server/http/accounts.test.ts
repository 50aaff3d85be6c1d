import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ErrorBody, LoginChallenge, LoginResponse, TokenResponse } from '../../schema/http.ts'
import { typ } from '../../schema/jose.ts'
import { parse } from '../../schema/parse.ts'
import { assertion, makeDevice, makePerson, makePrekey, sign, signUpRequest } from '../testing/person.ts'
import { openTestApp, type TestApp } from '../testing/test-app.ts'
import type { Answer } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'

const test = suite('sign-up, log-in, devices, tokens')
let database: TestDatabase
let app: TestApp

test.before(async () => {
  database = await openTestDatabase()
  app = await openTestApp(database.uri)
})

test.after(async () => {
  await app.close()
  await database.close()
})

const codeOf = ({ body }: Answer) => parse(ErrorBody, body, { what: 'error' }).error.code

async function newAccount(userId: string) {
  const device = await makeDevice(await makePerson(userId))
  const answer = await app.ask({ path: '/v1/accounts', body: signUpRequest(device) })
  assert.is(answer.status, 201, JSON.stringify(answer.body))
  return device
}

test('`POST /v1/accounts` makes account, device and prekeys, and the same request again is answered alike', async () => {
  const device = await makeDevice(await makePerson('alice'))
  const body = signUpRequest(device)
  for (let times = 0; times < 2; times++) {
    const { status, body: answer } = await app.ask({ path: '/v1/accounts', body })
    assert.is(status, 201)
    assert.equal(answer, { userId: 'alice', deviceId: device.deviceId })
  }
  assert.is(await database.db.collection('prekeys').countDocuments({ deviceId: device.deviceId }), 2)
  const user = await database.db.collection<{ _id: string }>('users').findOne({ _id: 'alice' })
  assert.not.ok(JSON.stringify(user).includes(body.authKey), 'the authKey is not kept')
})

test('`POST /v1/accounts` refuses a name that another account has', async () => {
  await newAccount('taken')
  const other = await makeDevice(await makePerson('taken'))
  const answer = await app.ask({ path: '/v1/accounts', body: signUpRequest(other) })
  assert.is(answer.status, 409)
  assert.is(codeOf(answer), 'user_exists')
})

test('`POST /v1/accounts` finishes a sign-up of which only the user was written', async () => {
  const device = await newAccount('halfway')
  await database.db.collection<{ _id: string }>('devices').deleteOne({ _id: device.deviceId })
  await database.db.collection('prekeys').deleteMany({ deviceId: device.deviceId })
  const again = await app.ask({ path: '/v1/accounts', body: signUpRequest(device) })
  assert.is(again.status, 201)
  assert.is(await database.db.collection('prekeys').countDocuments({ deviceId: device.deviceId }), 2)
})

test('`POST /v1/accounts` refuses a certificate or a prekey that is not signed as it must be', async () => {
  const person = await makePerson('forger')
  const stranger = await makePerson('forger')
  const device = await makeDevice(person)
  const good = signUpRequest(device)
  const strangers = await makeDevice(stranger)
  const wrongUser = await makeDevice({ ...person, userId: 'somebody-else' })
  const wrongType = await sign(
    { sub: 'forger', dev: device.deviceId, jwk: person.accountKey, iat: 1 },
    { key: person.privateKey, typ: typ.prekey },
  )
  for (const certificate of [
    strangers.registration.certificate,
    wrongUser.registration.certificate,
    wrongType,
  ]) {
    const answer = await app.ask({
      path: '/v1/accounts',
      body: { ...good, device: { ...good.device, certificate } },
    })
    assert.is(codeOf(answer), 'bad_certificate')
  }
  const { deviceId } = device
  const byStranger = await makePrekey(strangers.privateKey, { deviceId, use: 'one-time' })
  const wrongUse = await makePrekey(device.privateKey, { deviceId, use: 'signed' })
  const wrongDevice = await makePrekey(device.privateKey, { deviceId: strangers.deviceId, use: 'one-time' })
  for (const prekey of [byStranger, wrongUse, wrongDevice]) {
    const answer = await app.ask({
      path: '/v1/accounts',
      body: { ...good, device: { ...good.device, oneTimePrekeys: [prekey] } },
    })
    assert.is(codeOf(answer), 'bad_prekey')
  }
  assert.is(await database.db.collection<{ _id: string }>('users').countDocuments({ _id: 'forger' }), 0)
})

test('`POST /v1/accounts` refuses a kdf that would make the password cheap to guess', async () => {
  const body = signUpRequest(await makeDevice(await makePerson('weak')))
  const answer = await app.ask({
    path: '/v1/accounts',
    body: { ...body, kdf: { ...body.kdf, memoryKiB: 64 } },
  })
  assert.is(codeOf(answer), 'weak_kdf')
})

test('`POST /v1/login` gives the vault for the authKey, and the same refusal to every wrong one', async () => {
  const { person } = await newAccount('login')
  const challenge = await app.ask({ path: '/v1/login', body: { userId: 'login' } })
  assert.is(parse(LoginChallenge, challenge.body, { what: 'challenge' }).kdf.salt, person.salt)
  const done = await app.ask({ path: '/v1/login', body: { userId: 'login', authKey: person.authKey } })
  const { vault, accountKey } = parse(LoginResponse, done.body, { what: 'login' })
  assert.is(vault, person.vault)
  assert.equal(accountKey, person.accountKey)
  const stranger = await makePerson('nobody')
  const wrong = await app.ask({ path: '/v1/login', body: { userId: 'login', authKey: stranger.authKey } })
  const nobody = await app.ask({ path: '/v1/login', body: { userId: 'nobody', authKey: stranger.authKey } })
  assert.is(wrong.status, 401)
  assert.is(codeOf(wrong), 'login_refused')
  assert.equal(wrong.body, nobody.body)
})

test('`POST /v1/login` makes up the same parameters every time for a user who does not exist', async () => {
  const ask = async (userId: string) =>
    parse(LoginChallenge, (await app.ask({ path: '/v1/login', body: { userId } })).body, { what: 'kdf' }).kdf
  const [first, second, other] = [await ask('ghost'), await ask('ghost'), await ask('ghost2')]
  assert.equal(first, second)
  assert.is.not(first.salt, other.salt)
  const elsewhere = await openTestApp(database.uri)
  const { body } = await elsewhere.ask({ path: '/v1/login', body: { userId: 'ghost' } })
  assert.equal(body, { kdf: first }, 'all servers share the secret')
  await elsewhere.close()
})

test('`maxFailedLoginsPerMinute` stops guessing at one account, existing or not, from any address', async () => {
  const limited = await openTestApp(database.uri, { limits: { maxFailedLoginsPerMinute: 3 } })
  const { person } = await newAccount('guessed')
  const { authKey } = await makePerson('x')
  for (const userId of ['guessed', 'not-there']) {
    const codes = []
    for (let times = 0; times < 4; times++) {
      const answer = await limited.ask({
        path: '/v1/login',
        body: { userId, authKey },
        address: `192.0.2.${times}`,
      })
      codes.push(codeOf(answer))
    }
    assert.equal(codes, ['login_refused', 'login_refused', 'login_refused', 'rate_limited'])
  }
  const right = await limited.ask({ path: '/v1/login', body: { userId: 'guessed', authKey: person.authKey } })
  assert.is(right.status, 429)
  await limited.close()
})

test('`maxLoginsPerMinute` is per address; `X-Forwarded-For` counts only behind a proxy that is trusted', async () => {
  const plain = await openTestApp(database.uri, { limits: { maxLoginsPerMinute: 2 } })
  const proxied = await openTestApp(database.uri, { limits: { maxLoginsPerMinute: 2 }, trustProxy: true })
  const ask = async (to: TestApp, request: { address?: string; headers?: Record<string, string> }) =>
    (await to.ask({ path: '/v1/login', body: { userId: 'ghost' }, ...request })).status
  const forwarded = (address: string) => ({ headers: { 'x-forwarded-for': `203.0.113.9, ${address}` } })
  assert.equal([await ask(plain, forwarded('1')), await ask(plain, forwarded('2'))], [200, 200])
  assert.is(await ask(plain, forwarded('3')), 429)
  assert.is(await ask(plain, { address: '192.0.2.77' }), 200)
  assert.equal([await ask(proxied, forwarded('1')), await ask(proxied, forwarded('1'))], [200, 200])
  assert.is(await ask(proxied, forwarded('1')), 429)
  assert.is(await ask(proxied, forwarded('2')), 200)
  const accounts = await openTestApp(database.uri, { limits: { maxLoginsPerMinute: 1 } })
  const posts = ['/v1/accounts', '/v1/devices'].map(path => accounts.ask({ path, body: {} }))
  assert.equal((await Promise.all(posts)).map(({ status }) => status).sort(), [400, 429])
  for (const each of [plain, proxied, accounts]) await each.close()
})

test('`maxLoginsPerMinute` counts an IPv6 network as one address', async () => {
  const limited = await openTestApp(database.uri, { limits: { maxLoginsPerMinute: 2 } })
  const ask = async (address: string) =>
    (await limited.ask({ path: '/v1/login', body: { userId: 'ghost' }, address })).status
  assert.equal([await ask('2001:db8:0:7::1'), await ask('2001:db8:0:7:1:2:3:4')], [200, 200])
  assert.is(await ask('2001:db8::7:ffff:0:0:1'), 429)
  assert.is(await ask('2001:0db8:0000:0007:a::'), 429)
  assert.is(await ask('2001:db8:0:8::1'), 200)
  assert.equal(
    [await ask('::1'), await ask('::ffff:192.0.2.9'), await ask('::ffff:192.0.2.10')],
    [200, 200, 200],
  )
  await limited.close()
})

test('`POST /v1/devices` adds a device for its certificate, once, and at most `maxDevices`', async () => {
  const { person } = await newAccount('devices')
  const limited = await openTestApp(database.uri, { limits: { maxDevices: 2 } })
  const second = await makeDevice(person)
  for (let times = 0; times < 2; times++) {
    const answer = await limited.ask({ path: '/v1/devices', body: second.registration })
    assert.is(answer.status, 201)
    assert.equal(answer.body, { deviceId: second.deviceId })
  }
  const third = await makeDevice(person)
  assert.is(codeOf(await limited.ask({ path: '/v1/devices', body: third.registration })), 'device_limit')
  const sameId = await makeDevice(person, { deviceId: second.deviceId })
  assert.is(codeOf(await limited.ask({ path: '/v1/devices', body: sameId.registration })), 'bad_certificate')
  const nobodys = await makeDevice(await makePerson('nobody'))
  assert.is(codeOf(await limited.ask({ path: '/v1/devices', body: nobodys.registration })), 'bad_certificate')
  const forged = await makeDevice(await makePerson('devices'))
  assert.is(codeOf(await limited.ask({ path: '/v1/devices', body: forged.registration })), 'bad_certificate')
  await limited.close()
})

test('`POST /v1/devices` and `/v1/accounts` never bring back a one-time prekey that was claimed', async () => {
  const device = await newAccount('claimed')
  const { prekeys } = app.database.store
  const { registration } = device
  for (const _ of registration.oneTimePrekeys) await prekeys.claim(device.deviceId)
  // Whoever claimed them has all that such a request takes: certificate and prekeys are there for everybody.
  assert.is((await app.ask({ path: '/v1/devices', body: registration })).status, 201)
  assert.is(await prekeys.count(device.deviceId), 0)
  assert.is((await app.ask({ path: '/v1/accounts', body: signUpRequest(device) })).status, 201)
  assert.is(await prekeys.count(device.deviceId), 0)
})

test('`POST /v1/token` gives a token for an assertion, once', async () => {
  const device = await newAccount('tokens')
  const body = { assertion: await assertion(device, { audience: app.serverId }) }
  const first = await app.ask({ path: '/v1/token', body })
  assert.is(first.status, 200)
  const { token, expiresInMs } = parse(TokenResponse, first.body, { what: 'token' })
  assert.is(expiresInMs, 600_000)
  assert.is((await app.ask({ path: '/v1/users/tokens/devices', token })).status, 200)
  assert.is(codeOf(await app.ask({ path: '/v1/token', body })), 'unauthorized', 'a replay')
})

test('`POST /v1/token` refuses every assertion that is not for here and now, by one error', async () => {
  const device = await newAccount('refused')
  const other = await newAccount('other')
  const audience = app.serverId
  const seconds = Math.floor(Date.now() / 1000)
  const wrong = [
    await assertion(device, { audience: 'another-server' }),
    await assertion(device, { audience, now: Date.now() - 3_600_000 }),
    await assertion(device, { audience, now: Date.now() + 3_600_000 }),
    await assertion(device, { audience, change: { exp: seconds + 3600 } }),
    await assertion(device, { audience, type: typ.accessToken }),
    await assertion(device, { audience, change: { sub: 'other' } }),
    await assertion({ ...device, privateKey: other.privateKey }, { audience }),
    await assertion(await makeDevice(device.person), { audience }),
    'a.b.c',
  ]
  for (const [index, spoilt] of wrong.entries()) {
    const answer = await app.ask({ path: '/v1/token', body: { assertion: spoilt } })
    assert.equal([answer.status, codeOf(answer)], [401, 'unauthorized'], `number ${index}`)
  }
})

test('`POST /v1/token` refuses a device that was revoked', async () => {
  const device = await newAccount('revoked')
  const { accounts } = app.database.store
  assert.ok(await accounts.revokeDevice(device.deviceId, { userId: 'revoked', at: new Date() }))
  const body = { assertion: await assertion(device, { audience: app.serverId }) }
  const answer = await app.ask({ path: '/v1/token', body })
  assert.equal([answer.status, codeOf(answer)], [403, 'device_revoked'])
})

test.run()
