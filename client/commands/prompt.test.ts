import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { typeOnTerminal } from './type-on-terminal.fixture.ts'

const test = suite('password prompt')

const type = (argv: string[], answers: [question: string, typed: string][]) =>
  typeOnTerminal(argv, { answers })

test('`signup` asks twice and shows nothing of what is typed', async () => {
  const { code, screen, credentials } = await type(
    ['signup', 'bob'],
    [
      ['Password of bob: ', 'wrong\u0015corX\u007frect \u001b[Dhörse\r'],
      ['again: ', 'correct hörse\r'],
    ],
  )
  assert.is(code, 0, screen)
  assert.is(credentials?.password, 'correct hörse')
  assert.not.match(screen, /rrect|rse|wrong|\*/)
})

test('`signup` asks once more when the two differ', async () => {
  const { code, screen, credentials } = await type(
    ['signup', 'bob'],
    [
      ['Password of bob: ', 'one thing\r'],
      ['again: ', 'another\r'],
      ['Password of bob: ', 'the third\r'],
      ['again: ', 'the third\r'],
    ],
  )
  assert.is(code, 0, screen)
  assert.is(credentials?.password, 'the third')
  assert.match(screen, /differ/)
})

test('`login` asks once', async () => {
  const { code, credentials } = await type(['login', 'bob'], [['Password of bob: ', 'correct horse\r']])
  assert.is(code, 0)
  assert.is(credentials?.password, 'correct horse')
})

test('`recover` asks for the code and for a new password twice, and shows neither', async () => {
  const { code, screen, credentials } = await type(
    ['recover', 'bob'],
    [
      ['Recovery code of bob: ', 'ABCD-EFGH\r'],
      ['New password: ', 'correct horse\r'],
      ['again: ', 'correct horse\r'],
    ],
  )
  assert.is(code, 0, screen)
  assert.equal(credentials, {
    method: 'recover',
    userId: 'bob',
    code: 'ABCD-EFGH',
    password: 'correct horse',
  })
  assert.not.match(screen, /ABCD|horse/)
})

test('`password` asks for the present password once and for the new one twice', async () => {
  const { code, screen, credentials } = await type(
    ['password'],
    [
      ['Present password of alice: ', 'old horse\r'],
      ['New password: ', 'correct horse\r'],
      ['again: ', 'correct horse\r'],
    ],
  )
  assert.is(code, 0, screen)
  const given = { userId: 'alice', password: 'old horse', newPassword: 'correct horse' }
  assert.equal(credentials, { method: 'changePassword', ...given })
})

test('Ctrl-C at the prompt ends with 130 and asks nobody', async () => {
  const { code, credentials } = await type(['login', 'bob'], [['Password of bob: ', 'secret\u0003']])
  assert.is(code, 130)
  assert.is(credentials, undefined)
})

test.run()
