import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generateKey } from './keys.ts'
import { derivePasswordKeys } from './password.ts'
import { recoveryKeys, sealWithCode, sealWithPassword } from './sealed-account.ts'
import { openVault } from './vault.ts'

const test = suite('the account key under a password and under a recovery code')
const userId = 'alice'

test('`sealWithCode()` makes another code each time, which alone opens its vault, for its user', async () => {
  const accountKey = await generateKey('Ed25519')
  const one = await sealWithCode(accountKey, { userId })
  const two = await sealWithCode(accountKey, { userId })
  assert.is.not(one.code, two.code)
  assert.match(one.code, /^([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{2}[0-9A-HJKMNP-TV-Z*~$=U]$/)
  const { authKey, vaultKey } = recoveryKeys(one.code.toLowerCase())
  assert.is(authKey, one.recovery.authKey)
  const opened = await openVault(one.recovery.vault, { userId, vaultKey })
  assert.is(opened.d, accountKey.d)
  for (const attempt of [
    openVault(two.recovery.vault, { userId, vaultKey }),
    openVault(one.recovery.vault, { userId: 'bob', vaultKey }),
  ]) {
    assert.is(
      await attempt.then(
        () => '',
        error => error.code,
      ),
      'login_refused',
    )
  }
})

test('`recoveryKeys()` gives two keys of which the one that servers see is not the one that opens', () => {
  const { authKey, vaultKey } = recoveryKeys('0000-0000-0000-0000-0000-0000-000')
  assert.is(vaultKey.length, 32)
  assert.is.not(authKey, Buffer.from(vaultKey).toString('base64url'))
})

test('`sealWithPassword()` takes a new salt, and its password opens it', async () => {
  const accountKey = await generateKey('Ed25519')
  const { seal } = await sealWithPassword(accountKey, { userId, password: 'correct horse' })
  const { kdf, authKey, vault } = seal
  const keys = await derivePasswordKeys('correct horse', kdf)
  assert.is(keys.authKey, authKey)
  assert.is((await openVault(vault, { userId, vaultKey: keys.vaultKey })).x, accountKey.x)
})

test.run()
