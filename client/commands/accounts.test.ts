import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from './run.fixture.ts'

const test = suite('fastchat signup, login, logout, accounts')

test('`signup` and `login` take the password from FASTCHAT_PASSWORD', async () => {
  for (const [command, method] of [
    ['signup', 'signUp'],
    ['login', 'logIn'],
  ] as const) {
    const ran = await run([command, ' Bob '], { env: { FASTCHAT_PASSWORD: 'correct horse' } })
    assert.is(ran.code, 0, ran.stderr)
    assert.equal(ran.credentials, { method, userId: 'bob', password: 'correct horse' })
    assert.match(ran.stdout, /bob/)
    assert.ok(ran.isClosed)
  }
})

const CODE = /^Recovery code: 0000-0000-0000-0000-0000-0000-000$/m

test('`signup` prints the recovery code once, and makes none with --no-recovery', async () => {
  const env = { FASTCHAT_PASSWORD: 'correct horse' }
  const ran = await run(['signup', 'bob'], { env })
  assert.match(ran.stdout, CODE)
  const without = await run(['signup', 'bob', '--no-recovery'], { env })
  assert.is(without.code, 0)
  assert.not.match(without.stdout, /code/)
})

test('`recover` and `password` take two lines of standard input, and print the code that was made', async () => {
  const stdin = 'first line\nsecond line\nnot this\n'
  const recovered = await run(['recover', 'Bob', '--password-stdin'], { stdin })
  assert.is(recovered.code, 0, recovered.stderr)
  const given = { userId: 'bob', code: 'first line', password: 'second line' }
  assert.equal(recovered.credentials, { method: 'recover', ...given })
  assert.match(recovered.stdout, CODE)
  assert.ok(recovered.isClosed)

  const change = ['password', '--password-stdin']
  const changed = await run(change, { stdin })
  assert.is(changed.code, 0, changed.stderr)
  const both = { userId: 'alice', password: 'first line', newPassword: 'second line' }
  assert.equal(changed.credentials, { method: 'changePassword', ...both })
  assert.not.match(changed.stdout, /code/)
  assert.match((await run([...change, '--new-recovery'], { stdin })).stdout, CODE)

  const short = await run(change, { stdin: 'first line\n' })
  assert.is(short.code, 2)
  assert.not.match(short.stderr, /first line/)
})

test('`recover` and `password` take no secret from the command line, and exit with 3 when they are refused', async () => {
  for (const argv of [
    ['recover', 'bob', '0000-0000-0000-0000-0000-0000-000'],
    ['password', 'secret'],
  ]) {
    const ran = await run(argv, { env: { FASTCHAT_PASSWORD: 'x' } })
    assert.is(ran.code, 2)
    assert.equal(ran.calls, [])
  }
  const scenario = { error: 'login_refused' }
  const ran = await run(['recover', 'bob', '--password-stdin'], { stdin: 'a\nb\n', scenario })
  assert.is(ran.code, 3)
  assert.is(ran.stdout, '')
})

test('`--password-stdin` takes the first line of standard input, and comes before the environment', async () => {
  const ran = await run(['signup', 'bob', '--password-stdin'], {
    stdin: ' spaces stay \r\nnot this\n',
    env: { FASTCHAT_PASSWORD: 'not this' },
  })
  assert.is(ran.credentials?.password, ' spaces stay ')
  const empty = await run(['signup', 'bob', '--password-stdin'])
  assert.is(empty.code, 2)
})

test('a password is never taken from the command line, nor repeated', async () => {
  for (const argv of [
    ['signup', 'bob', '--password', 'secret'],
    ['login', '--password=secret', 'bob'],
    ['send', 'bob', 'hi', '--password', 'secret'],
  ]) {
    const ran = await run(argv, { env: { FASTCHAT_PASSWORD: 'x' } })
    assert.is(ran.code, 2)
    assert.match(ran.stderr, /seen by everyone.*FASTCHAT_PASSWORD.*--password-stdin/)
    assert.not.match(ran.stderr, /secret/)
    assert.equal(ran.calls, [])
  }
})

test('without a terminal there is no prompt, and a sentence says what to do', async () => {
  const ran = await run(['signup', 'bob'])
  assert.is(ran.code, 2)
  assert.match(ran.stderr, /no terminal.*FASTCHAT_PASSWORD/)
})

test('`signup` and `login` exit with 3 when they are refused, with 4 when there is no server', async () => {
  const env = { FASTCHAT_PASSWORD: 'correct horse' }
  for (const [error, code] of [
    ['user_exists', 3],
    ['login_refused', 3],
    ['no_server', 4],
  ] as const) {
    const ran = await run(['login', 'bob'], { env, scenario: { error } })
    assert.is(ran.code, code)
    assert.is(ran.stderr, `fastchat: Cannot do it: ${error}\n`)
  }
})

test('`logout` logs out, and is done when it was before', async () => {
  const ran = await run(['logout'])
  assert.is(ran.code, 0)
  assert.ok(ran.calls.some(({ method }) => method === 'logOut'))
  assert.is((await run(['logout'], { scenario: { error: 'not_logged_in' } })).code, 0)
  assert.is((await run(['logout'], { scenario: { error: 'account_in_use' } })).code, 3)
})

test('`accounts` lists them, `--json` an object a line', async () => {
  const accounts = [
    { userId: 'alice', loggedIn: true },
    { userId: 'bob', loggedIn: false },
  ]
  const plain = await run(['accounts'], { scenario: { accounts } })
  assert.is(plain.stdout, 'alice  logged in\nbob  logged out\n')
  const json = await run(['accounts', '--json'], { scenario: { accounts } })
  assert.equal(
    json.stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line)),
    accounts,
  )
})

test.run()
