import { CompactEncrypt } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toBase64Url, utf8 } from './bytes.ts'
import { generateKey } from './keys.ts'
import { makeStorageKey } from './password.ts'
import { refused } from './people.fixture.ts'
import { isSameAccountKey, openVault, sealVault, unwrapStorageKey, wrapStorageKey } from './vault.ts'

const test = suite('vault')
const accountKey = await generateKey('Ed25519')
const vaultKey = makeStorageKey()
const alice = { userId: 'alice', vaultKey }

/** A compact JWE with its n-th part damaged. */
function damage(jwe: string, part: number): string {
  const parts = jwe.split('.')
  const text = parts[part] ?? ''
  parts[part] = (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
  return parts.join('.')
}

test('`openVault()` gives the key that `sealVault()` sealed', async () => {
  const opened = await openVault(await sealVault(accountKey, alice), alice)
  assert.equal(opened, accountKey)
  assert.ok(await isSameAccountKey(opened, accountKey))
})

test('`sealVault()` shows nothing of the private key and is never the same twice', async () => {
  const [one, other] = [await sealVault(accountKey, alice), await sealVault(accountKey, alice)]
  assert.is.not(one, other)
  for (const part of one.split('.')) {
    assert.not.ok(Buffer.from(part, 'base64url').toString('latin1').includes(accountKey.d))
  }
})

test('`openVault()` fails with one error for a wrong password, another user and any damage', async () => {
  const vault = await sealVault(accountKey, alice)
  const attempts = [
    openVault(vault, { ...alice, vaultKey: makeStorageKey() }),
    openVault(vault, { ...alice, userId: 'bob' }),
    ...[0, 2, 3, 4].map(part => openVault(damage(vault, part), alice)),
    openVault(vault.slice(0, -8), alice),
    openVault('', alice),
    openVault(`${vault}${'A'.repeat(4096)}`, alice),
  ]
  const messages = await Promise.all(
    attempts.map(async attempt =>
      (await refused(attempt, 'login_refused')).message.replace('"bob"', '"alice"'),
    ),
  )
  assert.is(new Set(messages).size, 1)
})

test('`openVault()` refuses a compressed vault and a header with a key', async () => {
  const bytes = utf8(JSON.stringify(accountKey))
  const header = { alg: 'dir', enc: 'A256GCM', use: 'vault', sub: 'alice' }
  for (const more of [{ zip: 'DEF' }, { jwk: { kty: 'oct', k: toBase64Url(vaultKey) } }]) {
    const vault = await new CompactEncrypt(bytes).setProtectedHeader({ ...header, ...more }).encrypt(vaultKey)
    await refused(openVault(vault, alice), 'login_refused')
  }
})

test('`openVault()` refuses what is no Ed25519 private key, and the wrong halves of two', async () => {
  const header = { alg: 'dir', enc: 'A256GCM', use: 'vault', sub: 'alice' }
  const { d, ...withoutPrivate } = accountKey
  const mixed = { ...accountKey, x: (await generateKey('Ed25519')).x }
  for (const wrong of [withoutPrivate, { ...accountKey, crv: 'X25519' }, mixed, { d }, 'text']) {
    const vault = await new CompactEncrypt(utf8(JSON.stringify(wrong)))
      .setProtectedHeader(header)
      .encrypt(vaultKey)
    await refused(openVault(vault, alice), 'login_refused')
  }
})

test('`openVault()` refuses a vault that is too long or sealed for another use, though the key is right', async () => {
  const seal = (text: string, use: string) =>
    new CompactEncrypt(utf8(text))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', use, sub: 'alice' })
      .encrypt(vaultKey)
  const text = JSON.stringify(accountKey)
  assert.ok(await openVault(await seal(text, 'vault'), alice))
  await refused(openVault(await seal(text + ' '.repeat(2048), 'vault'), alice), 'login_refused')
  await refused(openVault(await seal(text, 'home'), alice), 'login_refused')
})

test('`isSameAccountKey()` tells when a server names another key', async () => {
  assert.not.ok(await isSameAccountKey(accountKey, await generateKey('Ed25519')))
})

test('`unwrapStorageKey()` gives what `wrapStorageKey()` wrapped, to the same account alone', async () => {
  const storageKey = makeStorageKey()
  const wrapped = await wrapStorageKey(storageKey, { userId: 'alice', accountKey })
  assert.equal([...(await unwrapStorageKey(wrapped, { userId: 'alice', accountKey }))], [...storageKey])
  const other = await generateKey('Ed25519')
  await refused(unwrapStorageKey(wrapped, { userId: 'alice', accountKey: other }), 'home_damaged')
  await refused(unwrapStorageKey(wrapped, { userId: 'bob', accountKey }), 'home_damaged')
  await refused(unwrapStorageKey(damage(wrapped, 3), { userId: 'alice', accountKey }), 'home_damaged')
})

test('`unwrapStorageKey()` refuses a vault, and `openVault()` a storage key', async () => {
  const vault = await sealVault(accountKey, alice)
  await refused(unwrapStorageKey(vault, { userId: 'alice', accountKey }), 'home_damaged')
  const wrapped = await wrapStorageKey(makeStorageKey(), { userId: 'alice', accountKey })
  await refused(openVault(wrapped, alice), 'login_refused')
})

test.run()
