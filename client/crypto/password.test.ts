import { setImmediate } from 'node:timers/promises' // Not a sleep: one turn of the loop
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Kdf } from '../../schema/http.ts'
import { argon2idLimits, limits } from '../../schema/limits.ts'
import { toBase64Url } from './bytes.ts'
import { checkNewPassword, derivePasswordKeys, makeKdf } from './password.ts'
import { refused } from './people.fixture.ts'

const test = suite('password')
const { min, max } = argon2idLimits
const cheap: Kdf = { name: 'argon2id', salt: 'A'.repeat(22), ...min }
const password = 'correct horse battery'

test('`makeKdf()` asks for the default parameters with a new salt each time', () => {
  const [one, other] = [makeKdf(), makeKdf()]
  assert.is.not(one.salt, other.salt)
  assert.is(Buffer.from(one.salt, 'base64url').length, 16)
  assert.equal({ ...one, salt: '' }, { name: 'argon2id', salt: '', ...argon2idLimits.default })
})

test('`derivePasswordKeys()` gives two keys that differ, the same ones again', async () => {
  const keys = await derivePasswordKeys(password, cheap)
  assert.is(keys.vaultKey.length, 32)
  assert.is.not(keys.authKey, toBase64Url(keys.vaultKey))
  assert.equal(await derivePasswordKeys(password, cheap), keys)
})

test('`derivePasswordKeys()` depends on password and salt', async () => {
  const { authKey } = await derivePasswordKeys(password, cheap)
  assert.is.not((await derivePasswordKeys(`${password}.`, cheap)).authKey, authKey)
  assert.is.not((await derivePasswordKeys(password, { ...cheap, salt: 'B'.repeat(22) })).authKey, authKey)
})

test('`derivePasswordKeys()` takes composed and decomposed letters for the same', async () => {
  const composed = await derivePasswordKeys('Übergrößenträger'.normalize('NFC'), cheap)
  const decomposed = await derivePasswordKeys('Übergrößenträger'.normalize('NFD'), cheap)
  assert.is(composed.authKey, decomposed.authKey)
})

test('`derivePasswordKeys()` refuses parameters of a server below the floor', async () => {
  for (const weak of [
    { memoryKiB: min.memoryKiB - 1 },
    { iterations: min.iterations - 1 },
    { parallelism: 0 },
  ]) {
    await refused(derivePasswordKeys(password, { ...cheap, ...weak }), 'weak_kdf')
  }
})

test('`derivePasswordKeys()` refuses parameters of a server above the ceiling', async () => {
  const dear = [
    { memoryKiB: max.memoryKiB + 1 },
    { iterations: max.iterations + 1 },
    { parallelism: max.parallelism + 1 },
    { memoryKiB: Number.NaN },
  ]
  for (const parameters of dear) {
    await refused(derivePasswordKeys(password, { ...cheap, ...parameters }), 'weak_kdf')
  }
})

test('`derivePasswordKeys()` refuses an empty and an endless password', async () => {
  await refused(derivePasswordKeys('', cheap), 'weak_password')
  await refused(derivePasswordKeys('x'.repeat(limits.maxPasswordBytes + 1), cheap), 'weak_password')
})

test('`derivePasswordKeys()` lets everything else go on', async () => {
  let isOver = false
  const derived = derivePasswordKeys(password, cheap).finally(() => {
    isOver = true
  })
  let turns = 0
  for (; !isOver; turns++) await setImmediate()
  await derived
  assert.ok(turns > 100, `only ${turns} turns`)
})

test('`checkNewPassword()` counts bytes of UTF-8 between the limits', () => {
  const { minPasswordBytes: few, maxPasswordBytes: many } = limits
  checkNewPassword('x'.repeat(few))
  checkNewPassword('x'.repeat(many))
  checkNewPassword('é'.repeat(few / 2))
  for (const bad of ['', 'x'.repeat(few - 1), 'x'.repeat(many + 1), 'é'.repeat(many)]) {
    assert.throws(
      () => checkNewPassword(bad),
      (error: { code: string; message: string }) =>
        error.code === 'weak_password' && (bad === '' || !error.message.includes(bad)),
    )
  }
})

test.run()
