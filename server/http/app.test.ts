import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ErrorBody, JwksResponse, ServersResponse, UserDevicesResponse } from '../../schema/http.ts'
import { limits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import { systemClock } from '../adapter/node/system-clock.ts'
import {
  assertion,
  makeDevice,
  makeOneTimePrekeys,
  makePerson,
  makePrekey,
  signUpRequest,
  type TestDevice,
} from '../testing/person.ts'
import { openTestApp, type TestApp } from '../testing/test-app.ts'
import type { Answer } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'

const test = suite('routes')
let database: TestDatabase
let app: TestApp
let alice: TestDevice
let token: string

test.before(async () => {
  database = await openTestDatabase()
  app = await openTestApp(database.uri)
  alice = await newAccount('alice')
  token = await tokenOf(alice, app)
})

test.after(async () => {
  await app.close()
  await database.close()
})

const codeOf = ({ body }: Answer) => parse(ErrorBody, body, { what: 'error' }).error.code

async function newAccount(userId: string, prekeys = 2): Promise<TestDevice> {
  const device = await makeDevice(await makePerson(userId), { prekeys })
  assert.is((await app.ask({ path: '/v1/accounts', body: signUpRequest(device) })).status, 201)
  return device
}

async function tokenOf(device: TestDevice, at: TestApp, now = Date.now()): Promise<string> {
  const body = { assertion: await assertion(device, { audience: at.serverId, now }) }
  const answer = await at.ask({ path: '/v1/token', body })
  assert.is(answer.status, 200, JSON.stringify(answer.body))
  return (answer.body as { token: string }).token
}

test('`GET /v1/users/:id/devices` gives account key and devices that are not revoked', async () => {
  const bob = await newAccount('bob')
  const gone = await makeDevice(bob.person)
  await app.ask({ path: '/v1/devices', body: gone.registration })
  await app.database.store.accounts.revokeDevice(gone.deviceId, { userId: 'bob', at: new Date() })
  const { body } = await app.ask({ path: '/v1/users/bob/devices', token })
  assert.equal(parse(UserDevicesResponse, body, { what: 'devices' }), {
    userId: 'bob',
    accountKey: bob.person.accountKey,
    devices: [{ deviceId: bob.deviceId, certificate: bob.registration.certificate }],
  })
  const nobody = await app.ask({ path: '/v1/users/nobody/devices', token })
  assert.equal([nobody.status, codeOf(nobody)], [404, 'unknown_user'])
  assert.is(codeOf(await app.ask({ path: '/v1/users/No%20Name/devices', token })), 'bad_request')
})

test('routes that need a token answer 401 without one, with a wrong one and with one that has run out', async () => {
  const requests = [
    { path: '/v1/users/alice/devices' },
    { path: '/v1/prekeys', body: { oneTimePrekeys: [] } },
    { path: '/v1/prekeys/claim', body: { devices: [alice.deviceId] } },
    { path: '/v1/socket' },
  ]
  let skewMs = 0
  const later = await openTestApp(database.uri, {
    clock: { ...systemClock, now: () => Date.now() + skewMs },
  })
  const old = await tokenOf(alice, later)
  skewMs = limits.accessTokenMs + 1_000
  const [head, , signature] = token.split('.')
  const forged = `${head}.${btoa(JSON.stringify({ sub: 'bob' })).replace(/=+$/, '')}.${signature}`
  for (const request of requests) {
    for (const wrong of [undefined, 'x', forged, await assertion(alice, { audience: app.serverId })]) {
      const answer = await app.ask({ ...request, ...(wrong === undefined ? {} : { token: wrong }) })
      assert.equal([answer.status, codeOf(answer)], [401, 'unauthorized'], request.path)
    }
    assert.is((await later.ask({ ...request, token: old })).status, 401, request.path)
  }
  await later.close()
})

test('tokens and leases follow the time of the database, not that of the server', async () => {
  const wrong = await openTestApp(database.uri, {
    clock: { ...systemClock, now: () => Date.now() + 3_600_000 },
  })
  const { body } = await wrong.ask({ path: '/v1/servers' })
  const servers = parse(ServersResponse, body, { what: 'servers' })
  assert.ok(Math.abs(servers.now - Date.now()) < 30_000)
  assert.ok(servers.servers.some(({ id }) => id === wrong.serverId))
  const given = await tokenOf(alice, wrong, servers.now)
  assert.is((await app.ask({ path: '/v1/users/alice/devices', token: given })).status, 200)
  await wrong.close()
})

test('`POST /v1/prekeys` adds one-time prekeys once, and replaces the signed one', async () => {
  const carol = await newAccount('carol')
  const own = await tokenOf(carol, app)
  const oneTimePrekeys = await makeOneTimePrekeys(carol, 3)
  const signedPrekey = await makePrekey(carol.privateKey, { deviceId: carol.deviceId, use: 'signed' })
  for (let times = 0; times < 2; times++) {
    const { status, body } = await app.ask({
      path: '/v1/prekeys',
      body: { signedPrekey, oneTimePrekeys },
      token: own,
    })
    assert.equal([status, body], [200, { left: 5 }])
  }
  const { body } = await app.ask({
    path: '/v1/prekeys/claim',
    body: { devices: [carol.deviceId] },
    token,
  })
  const [claimed] = (body as { prekeys: { signedPrekey: string }[] }).prekeys
  assert.is(claimed?.signedPrekey, signedPrekey)
  const foreign = { oneTimePrekeys: await makeOneTimePrekeys(alice, 1) }
  assert.is(codeOf(await app.ask({ path: '/v1/prekeys', body: foreign, token: own })), 'bad_prekey')
})

test('`maxOneTimePrekeys` bounds what a device keeps', async () => {
  const small = await openTestApp(database.uri, { limits: { maxOneTimePrekeys: 4 } })
  const dora = await newAccount('dora')
  const own = await tokenOf(dora, small)
  const upload = async (count: number) =>
    await small.ask({
      path: '/v1/prekeys',
      body: { oneTimePrekeys: await makeOneTimePrekeys(dora, count) },
      token: own,
    })
  assert.is(codeOf(await upload(3)), 'too_large')
  assert.is((await upload(2)).status, 200)
  await small.close()
})

test('`POST /v1/prekeys/claim` hands each one-time prekey out once, then the signed one alone', async () => {
  const erin = await newAccount('erin', 5)
  const claim = () =>
    app.ask({ path: '/v1/prekeys/claim', body: { devices: [erin.deviceId, erin.deviceId] }, token })
  const answers = await Promise.all(Array.from({ length: 8 }, claim))
  const prekeys = answers.flatMap(
    ({ body }) => (body as { prekeys: { deviceId: string; oneTimePrekey?: string }[] }).prekeys,
  )
  assert.is(prekeys.length, 8, 'a device named twice is answered once')
  const given = prekeys.flatMap(({ oneTimePrekey }) => oneTimePrekey ?? [])
  assert.equal([...given].sort(), [...erin.registration.oneTimePrekeys].sort())
})

test('`maxClaimsPerMinute` bounds the devices that one account claims of', async () => {
  const strict = await openTestApp(database.uri, { limits: { maxClaimsPerMinute: 3 } })
  const fred = await newAccount('fred')
  const own = await tokenOf(fred, strict)
  const body = { devices: [alice.deviceId, fred.deviceId] }
  assert.is((await strict.ask({ path: '/v1/prekeys/claim', body, token: own })).status, 200)
  assert.is(codeOf(await strict.ask({ path: '/v1/prekeys/claim', body, token: own })), 'rate_limited')
  const others = await tokenOf(alice, strict)
  assert.is((await strict.ask({ path: '/v1/prekeys/claim', body, token: others })).status, 200)
  await strict.close()
})

test('`maxBodyBytes` is enforced with and without `Content-Length`', async () => {
  const body = JSON.stringify({ userId: 'x'.repeat(limits.maxBodyBytes) })
  const answer = await app.ask({ path: '/v1/login', body })
  assert.equal([answer.status, codeOf(answer)], [413, 'too_large'])
  const declared = await app.ask({ path: '/v1/login', body: '{}', headers: { 'content-length': '999999' } })
  assert.is(declared.status, 413)
})

test('what is not JSON or not what it should be is a `bad_request` that does not repeat it', async () => {
  for (const body of ['{', '[]', '"secret-value"', '{"userId":"secret-value!"}', '{"userId":7}']) {
    const answer = await app.ask({ path: '/v1/login', body })
    assert.equal([answer.status, codeOf(answer)], [400, 'bad_request'])
    assert.not.match(JSON.stringify(answer.body), 'secret-value')
  }
})

test('unknown routes and methods are `not_found` in the one form of errors', async () => {
  for (const request of [{ path: '/' }, { path: '/v1/nothing' }, { path: '/v1/login', method: 'DELETE' }]) {
    const answer = await app.ask(request)
    assert.equal([answer.status, codeOf(answer)], [404, 'not_found'])
  }
})

test('`GET /v1/socket` without an upgrade is a `bad_request`', async () => {
  const answer = await app.ask({ path: '/v1/socket', token })
  assert.equal([answer.status, codeOf(answer)], [400, 'bad_request'])
})

test("`/.well-known/jwks.json` has this server's key and no private part", async () => {
  const { body } = await app.ask({ path: '/.well-known/jwks.json' })
  const { keys } = parse(JwksResponse, body, { what: 'keys' })
  assert.ok(keys.some(({ kid }) => kid === app.serverId))
  assert.not.match(JSON.stringify(body), '"d"')
})

test('while it stops `/v1` answers `server_stopping`, `/readyz` 503, `/healthz` 200', async () => {
  const stopping = await openTestApp(database.uri, { isStopping: () => true })
  const answer = await stopping.ask({ path: '/v1/servers' })
  assert.equal([answer.status, codeOf(answer)], [503, 'server_stopping'])
  assert.is((await stopping.ask({ path: '/readyz' })).status, 503)
  assert.is((await stopping.ask({ path: '/healthz' })).status, 200)
  await stopping.close()
})

test('the log holds no secrets, and URLs without their query', async () => {
  await app.ask({ path: `/v1/users/alice/devices?token=${token}`, token })
  await app.ask({ path: '/v1/login', body: { userId: 'alice', authKey: alice.person.authKey } })
  const log = app.log.lines.join('\n')
  assert.match(log, '/v1/users/alice/devices')
  for (const secret of [token, alice.person.authKey, alice.person.vault]) assert.not.match(log, secret)
})

test.run()
