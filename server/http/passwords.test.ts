import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ErrorBody } from '../../schema/http.ts'
import { argon2idLimits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import { makeDevice, makePerson, noise, signUpRequest } from '../testing/person.ts'
import { openTestApp, type TestApp } from '../testing/test-app.ts'
import type { Answer } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'

const test = suite('recovery and change of the password')
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
const makeVault = () => `${noise(30)}..${noise(12)}.${noise(64)}.${noise(16)}`
const makeRecovery = () => ({ authKey: noise(32), vault: makeVault() })
const kdf = () => ({ name: 'argon2id', salt: noise(16), ...argon2idLimits.default })

const logIn = (userId: string, authKey: string) => app.ask({ path: '/v1/login', body: { userId, authKey } })
const recover = (userId: string, authKey: string) =>
  app.ask({ path: '/v1/recovery', body: { userId, authKey } })
const change = (body: object) => app.ask({ path: '/v1/password', method: 'PUT', body })

async function newAccount(userId: string, recovery?: { authKey: string; vault: string }) {
  const device = await makeDevice(await makePerson(userId))
  const body = { ...signUpRequest(device), ...(recovery ? { recovery } : {}) }
  assert.is((await app.ask({ path: '/v1/accounts', body })).status, 201)
  return device
}

test('`POST /v1/recovery` gives the vault of the recovery code for its proof, and keeps neither code nor proof', async () => {
  const recovery = makeRecovery()
  const { person } = await newAccount('alice', recovery)
  const { status, body } = await recover('alice', recovery.authKey)
  assert.is(status, 200)
  assert.equal(body, { accountKey: person.accountKey, vault: recovery.vault })
  const user = await database.db.collection<{ _id: string }>('users').findOne({ _id: 'alice' })
  assert.not.ok(JSON.stringify(user).includes(recovery.authKey), 'the proof is not kept')
})

test('`POST /v1/recovery` refuses a wrong proof, an account without a code and nobody alike', async () => {
  const recovery = makeRecovery()
  const { person } = await newAccount('bob', recovery)
  await newAccount('codeless')
  const answers = await Promise.all([
    recover('bob', noise(32)),
    recover('bob', person.authKey),
    recover('codeless', noise(32)),
    recover('nobody', noise(32)),
  ])
  for (const answer of answers) assert.equal(answer, answers[0])
  assert.is(answers[0]?.status, 401)
  assert.is(codeOf(answers[0] as Answer), 'login_refused')
})

test('`PUT /v1/password` by the password ends the old one, and keeps the recovery code', async () => {
  const recovery = makeRecovery()
  const { person } = await newAccount('carol', recovery)
  const next = { kdf: kdf(), authKey: noise(32), vault: makeVault() }
  const body = { userId: 'carol', proof: { by: 'password', authKey: person.authKey }, ...next }
  for (let times = 0; times < 2; times++) {
    assert.equal((await change(body)).body, { userId: 'carol' }, 'a lost answer is repeated')
  }
  assert.is(codeOf(await logIn('carol', person.authKey)), 'login_refused')
  const { accountKey } = person
  assert.equal((await logIn('carol', next.authKey)).body, { kdf: next.kdf, accountKey, vault: next.vault })
  assert.is((await recover('carol', recovery.authKey)).status, 200)
  // The proof is the old password, whatever else is right.
  assert.is(codeOf(await change({ ...body, authKey: noise(32) })), 'login_refused')
})

test('`PUT /v1/password` by the recovery code is done once: the code is void, or another one is in its place', async () => {
  const recovery = makeRecovery()
  await newAccount('dave', recovery)
  const another = makeRecovery()
  const next = { kdf: kdf(), authKey: noise(32), vault: makeVault() }
  const proof = { by: 'recovery', authKey: recovery.authKey }
  assert.is((await change({ userId: 'dave', proof, ...next, recovery: another })).status, 200)
  assert.is((await logIn('dave', next.authKey)).status, 200)
  assert.is(codeOf(await recover('dave', recovery.authKey)), 'login_refused')
  assert.is((await recover('dave', another.authKey)).status, 200)
  const last = { ...next, authKey: noise(32) }
  const by = { by: 'recovery', authKey: another.authKey }
  assert.is((await change({ userId: 'dave', proof: by, ...last })).status, 200)
  assert.is(codeOf(await recover('dave', another.authKey)), 'login_refused')
})

test('`PUT /v1/password` refuses a wrong proof, the proof of the other kind, nobody, and a weak kdf', async () => {
  const recovery = makeRecovery()
  const { person } = await newAccount('erin', recovery)
  const next = { kdf: kdf(), authKey: noise(32), vault: makeVault() }
  for (const [userId, proof] of [
    ['erin', { by: 'password', authKey: noise(32) }],
    ['erin', { by: 'password', authKey: recovery.authKey }],
    ['erin', { by: 'recovery', authKey: person.authKey }],
    ['nobody', { by: 'password', authKey: noise(32) }],
    ['nobody', { by: 'recovery', authKey: noise(32) }],
  ] as const) {
    assert.is(codeOf(await change({ userId, proof, ...next })), 'login_refused')
  }
  const proof = { by: 'password', authKey: person.authKey }
  const weak = { ...next.kdf, memoryKiB: 1024 }
  assert.is(codeOf(await change({ userId: 'erin', proof, ...next, kdf: weak })), 'weak_kdf')
  assert.is((await logIn('erin', person.authKey)).status, 200)
})

test('`PUT /v1/password` counts wrong passwords as failed log-ins, and wrong codes not', async () => {
  const recovery = makeRecovery()
  const { person } = await newAccount('frank', recovery)
  const next = { kdf: kdf(), authKey: noise(32), vault: makeVault() }
  const proof = (by: string) => ({ userId: 'frank', proof: { by, authKey: noise(32) }, ...next })
  for (let times = 0; times < 12; times++) {
    assert.is(codeOf(await change(proof('recovery'))), 'login_refused')
  }
  assert.is((await logIn('frank', person.authKey)).status, 200)
  let code = ''
  for (let times = 0; times < 12 && code !== 'rate_limited'; times++) {
    code = codeOf(await change(proof('password')))
  }
  assert.is(code, 'rate_limited')
  assert.is(codeOf(await logIn('frank', person.authKey)), 'rate_limited')
  // Who has the code still gets in.
  assert.is((await recover('frank', recovery.authKey)).status, 200)
})

test.run()
