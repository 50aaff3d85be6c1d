import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import { checkStrength, passwordStrength } from './strength.ts'

const test = suite('password strength')

test('`passwordStrength()` knows common passwords, rows of keys and repetitions, and says what is weak', async () => {
  for (const password of ['password1', 'qwertyuiop', 'alicealice', 'x'.repeat(1024)]) {
    const { score, hint } = await passwordStrength({ password, userId: 'someone' })
    assert.ok(score < limits.minPasswordScore, password)
    assert.ok(hint.length > 0, password)
  }
})

test('`passwordStrength()` takes the user id for a word that everybody knows', async () => {
  const password = 'zyxwolfram-7'
  const own = await passwordStrength({ password, userId: 'zyxwolfram' })
  const other = await passwordStrength({ password, userId: 'alice' })
  assert.ok(own.score < other.score)
})

test('`checkStrength()` takes four words, and refuses a weak password without quoting it', async () => {
  await checkStrength({ password: 'correct horse battery staple', userId: 'alice' })
  const error = await checkStrength({ password: 'iloveyou', userId: 'alice' }).catch((e: unknown) => e)
  assert.instance(error, FastChatError)
  assert.is((error as FastChatError).code, 'weak_password')
  assert.not.match((error as FastChatError).message, 'iloveyou')
})

test('`passwordStrength()` answers many at once, each its own', async () => {
  const scores = await Promise.all(
    ['password', 'correct horse battery staple', 'letmein'].map(
      async password => (await passwordStrength({ password, userId: 'alice' })).score,
    ),
  )
  assert.equal(scores, [0, 4, 0])
})

test.run()
