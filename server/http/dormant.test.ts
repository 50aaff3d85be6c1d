import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ErrorBody } from '../../schema/http.ts'
import { limits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import { DeviceSets } from '../delivery/device-sets.ts'
import {
  assertion,
  makeDevice,
  makePerson,
  makePrekey,
  signUpRequest,
  type TestDevice,
  type TestPerson,
} from '../testing/person.ts'
import { openTestApp, type TestApp } from '../testing/test-app.ts'
import type { Answer } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'

const test = suite('devices whose signed prekey has ended')
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
  assert.is((await app.ask({ path: '/v1/accounts', body: signUpRequest(device) })).status, 201)
  return device
}

async function addTo(person: TestPerson) {
  const device = await makeDevice(person)
  assert.is((await app.ask({ path: '/v1/devices', body: device.registration })).status, 201)
  return device
}

async function tokenOf(device: TestDevice) {
  const body = { assertion: await assertion(device, { audience: app.serverId }) }
  return ((await app.ask({ path: '/v1/token', body })).body as { token: string }).token
}

/** As if the device had not been seen for as long as its signed prekey is good. */
async function letExpire({ deviceId }: TestDevice, at = new Date()) {
  await database.db
    .collection<{ _id: string }>('devices')
    .updateOne({ _id: deviceId }, { $set: { prekeyExpiresAt: at } })
}

async function listed(userId: string, token: string) {
  const { body } = await app.ask({ path: `/v1/users/${userId}/devices`, token })
  return (body as { devices: { deviceId: string }[] }).devices.map(({ deviceId }) => deviceId)
}

const signed = ({ privateKey, deviceId }: TestDevice, exp: number | null) =>
  makePrekey(privateKey, { deviceId, use: 'signed', exp })

test('a dormant device is in no list and gives no prekeys until it uploads a fresh signed one', async () => {
  const alice = await newAccount('alice')
  const away = await addTo(alice.person)
  const token = await tokenOf(alice)
  assert.equal(await listed('alice', token), [alice.deviceId, away.deviceId])
  await letExpire(away)
  assert.equal(await listed('alice', token), [alice.deviceId])
  const claim = async () => {
    const body = { devices: [alice.deviceId, away.deviceId] }
    const answer = await app.ask({ path: '/v1/prekeys/claim', body, token })
    return (answer.body as { prekeys: { deviceId: string }[] }).prekeys.map(({ deviceId }) => deviceId)
  }
  assert.equal(await claim(), [alice.deviceId])
  const own = await app.ask({ path: '/v1/devices', token })
  assert.equal(
    (own.body as { devices: { deviceId: string; active: boolean }[] }).devices.map(({ deviceId, active }) => [
      deviceId,
      active,
    ]),
    [
      [alice.deviceId, true],
      [away.deviceId, false],
    ],
  )
  const upload = await app.ask({
    path: '/v1/prekeys',
    body: { signedPrekey: await signed(away, Date.now() + 60_000), oneTimePrekeys: [] },
    token: await tokenOf(away),
  })
  assert.is(upload.status, 200)
  assert.equal(await listed('alice', token), [alice.deviceId, away.deviceId])
  assert.equal(await claim(), [alice.deviceId, away.deviceId])
})

test('a device counts as dormant `clockToleranceMs` before its prekey ends', async () => {
  const bob = await newAccount('bob')
  const token = await tokenOf(bob)
  await letExpire(bob, new Date(Date.now() + limits.clockToleranceMs - 5_000))
  assert.equal(await listed('bob', token), [])
  await letExpire(bob, new Date(Date.now() + limits.clockToleranceMs + 60_000))
  assert.equal(await listed('bob', token), [bob.deviceId])
})

test('a signed prekey without an end, that has ended, or good beyond `signedPrekeyKeepMs` is a `bad_prekey`', async () => {
  const carol = await newAccount('carol')
  const token = await tokenOf(carol)
  const latest = () => Date.now() + limits.signedPrekeyKeepMs + limits.clockToleranceMs
  for (const exp of [null, 0, Date.now() - 1_000, latest() + 10_000]) {
    const signedPrekey = await signed(carol, exp)
    const body = { signedPrekey, oneTimePrekeys: [] }
    assert.is(codeOf(await app.ask({ path: '/v1/prekeys', body, token })), 'bad_prekey')
    const more = await makeDevice(carol.person)
    const registration = { ...more.registration, signedPrekey: await signed(more, exp) }
    assert.is(codeOf(await app.ask({ path: '/v1/devices', body: registration })), 'bad_prekey')
    const stranger = await makeDevice(await makePerson('stranger'))
    const account = signUpRequest(stranger)
    account.device = { ...account.device, signedPrekey: await signed(stranger, exp) }
    assert.is(codeOf(await app.ask({ path: '/v1/accounts', body: account })), 'bad_prekey')
  }
  const last = { signedPrekey: await signed(carol, latest() - 10_000), oneTimePrekeys: [] }
  assert.is((await app.ask({ path: '/v1/prekeys', body: last, token })).status, 200)
})

test('`DeviceSets.remembered()` forgets a person when the first of their prekeys ends', async () => {
  const ends = Date.now() + 100_000
  let now = ends - limits.clockToleranceMs - 1
  const documents = [ends, ends + 50_000].map((at, index) => ({
    _id: `device-${index}`,
    userId: 'dora',
    certificate: 'a.b.c',
    signedPrekey: 'a.b.c',
    prekeyExpiresAt: new Date(at),
    createdAt: new Date(0),
  }))
  const accounts = {
    ...app.database.store.accounts,
    activeDeviceIds: async (_: readonly string[], { at }: { at: Date }) =>
      documents.filter(({ prekeyExpiresAt }) => prekeyExpiresAt > at),
  }
  const sets = new DeviceSets({ store: { accounts }, now: () => now, limits })
  await sets.read(['dora'])
  assert.equal(sets.remembered(['dora']), ['device-0', 'device-1'])
  now += 1
  assert.is(sets.remembered(['dora']), undefined)
  assert.equal((await sets.read(['dora'])).get('dora'), ['device-1'])
  assert.equal(sets.remembered(['dora']), ['device-1'])
})

test.run()
