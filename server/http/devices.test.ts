import { v7 as uuidV7 } from 'uuid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ErrorBody, ManyDevicesResponse, OwnDevicesResponse } from '../../schema/http.ts'
import { limits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import {
  assertion,
  makeDevice,
  makePerson,
  noise,
  signUpRequest,
  type TestDevice,
} from '../testing/person.ts'
import { openTestApp, type TestApp } from '../testing/test-app.ts'
import type { Answer } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'

const test = suite('names of devices, and the devices of many')
let database: TestDatabase
let app: TestApp
let alice: TestDevice
let bob: TestDevice
let token: string

test.before(async () => {
  database = await openTestDatabase()
  app = await openTestApp(database.uri)
  alice = await newAccount('alice')
  bob = await newAccount('bob')
  token = await tokenOf(alice)
})

test.after(async () => {
  await app.close()
  await database.close()
})

async function newAccount(userId: string): Promise<TestDevice> {
  const device = await makeDevice(await makePerson(userId))
  assert.is((await app.ask({ path: '/v1/accounts', body: signUpRequest(device) })).status, 201)
  return device
}

async function addDevice({ person }: TestDevice): Promise<TestDevice> {
  const device = await makeDevice(person)
  assert.is((await app.ask({ path: '/v1/devices', body: device.registration })).status, 201)
  return device
}

async function tokenOf(device: TestDevice): Promise<string> {
  const body = { assertion: await assertion(device, { audience: app.serverId }) }
  return ((await app.ask({ path: '/v1/token', body })).body as { token: string }).token
}

const codeOf = ({ body }: Answer) => parse(ErrorBody, body, { what: 'error' }).error.code
const makeLabel = (chars = 100) => `${noise(20)}..${noise(12)}.${'A'.repeat(chars)}.${noise(16)}`
const name = (deviceId: string, body: unknown, by = token) =>
  app.ask({ path: `/v1/devices/${deviceId}/label`, method: 'PUT', body, token: by })
const askMany = (users: readonly string[]) => app.ask({ path: '/v1/users/devices', body: { users }, token })

async function labels(): Promise<Record<string, string | undefined>> {
  const { body } = await app.ask({ path: '/v1/devices', token })
  const { devices } = parse(OwnDevicesResponse, body, { what: 'devices' })
  return Object.fromEntries(devices.map(({ deviceId, label }) => [deviceId, label]))
}

test('`PUT /v1/devices/:id/label` names any of one’s own devices, and takes the name away', async () => {
  const other = await addDevice(alice)
  const [one, two] = [makeLabel(), makeLabel()]
  const answer = await name(alice.deviceId, { label: one })
  assert.equal([answer.status, answer.body], [200, { deviceId: alice.deviceId }])
  assert.is((await name(other.deviceId, { label: two })).status, 200)
  assert.equal(await labels(), { [alice.deviceId]: one, [other.deviceId]: two })
  assert.is((await name(other.deviceId, {})).status, 200)
  assert.equal(await labels(), { [alice.deviceId]: one, [other.deviceId]: undefined })
})

test('`PUT /v1/devices/:id/label` names no device of others, and none that was revoked', async () => {
  const label = makeLabel()
  const gone = await addDevice(alice)
  const path = `/v1/devices/${gone.deviceId}`
  assert.is((await app.ask({ path, method: 'DELETE', token })).status, 200)
  for (const deviceId of [bob.deviceId, uuidV7(), gone.deviceId]) {
    const answer = await name(deviceId, { label })
    assert.equal([answer.status, codeOf(answer)], [404, 'not_found'])
  }
  assert.is((await app.database.store.accounts.findDevice(bob.deviceId))?.label, undefined)
  assert.is(codeOf(await name('not-an-id', { label })), 'bad_request')
  const nobody = await app.ask({ path: `${path}/label`, method: 'PUT', body: { label } })
  assert.is(nobody.status, 401)
})

test('`maxLabelChars` bounds a name, and it is nothing that a server could read', async () => {
  const longest = makeLabel(limits.maxLabelChars - makeLabel(0).length)
  assert.is(longest.length, limits.maxLabelChars)
  assert.is((await name(alice.deviceId, { label: longest })).status, 200)
  for (const label of [`${longest}A`, 'my laptop', null]) {
    assert.is(codeOf(await name(alice.deviceId, { label })), 'bad_request')
  }
  const others = await app.ask({ path: '/v1/users/alice/devices', token: await tokenOf(bob) })
  assert.not.match(JSON.stringify(others.body), longest)
})

test('`POST /v1/users/devices` gives what `GET /v1/users/:id/devices` gives of each, without who does not exist', async () => {
  const carol = await newAccount('carol')
  await addDevice(carol)
  await addDevice(carol)
  const gone = await addDevice(bob)
  await app.database.store.accounts.revokeDevice(gone.deviceId, { userId: 'bob', at: new Date() })
  const { body } = await askMany(['carol', 'nobody-at-all', 'bob', 'carol'])
  const { users } = parse(ManyDevicesResponse, body, { what: 'devices' })
  assert.equal(
    users.map(({ userId, devices }) => [userId, devices.length]),
    [
      ['carol', 3],
      ['bob', 1],
    ],
  )
  for (const user of users) {
    const alone = await app.ask({ path: `/v1/users/${user.userId}/devices`, token })
    assert.equal(alone.body, user)
  }
  const without = await app.ask({ path: '/v1/users/devices', body: { users: ['bob'] } })
  assert.is(without.status, 401)
})

test('`maxUsersPerQuestion` bounds one question', async () => {
  const many = Array.from({ length: limits.maxUsersPerQuestion + 1 }, (_, index) => `nobody-${index}`)
  assert.equal((await askMany(many.slice(1))).body, { users: [] })
  assert.is(codeOf(await askMany(many)), 'bad_request')
  assert.is(codeOf(await askMany([])), 'bad_request')
})

test.run()
