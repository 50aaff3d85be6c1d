// Long because each way through the start screen is a few lines here.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { lastGroup, makeRecoveryCode } from '../../core/recovery-code.ts'
import { type Desk, MORNING, SERVER, sit, sitInChat, snapshot } from '../model.fixture.ts'
import { draftOf, type StartScreen } from '../model.ts'

const test = suite('start screen')

const REFUSED = { code: 'login_refused', message: 'Cannot log in: user id or password is wrong' }

function start(desk: Desk): StartScreen {
  const { screen } = desk.model()
  if (screen.type !== 'start') throw new Error('the chat is there')
  return screen
}

/** What is asked for besides what stands beside the fields: how far servers are, how good a password is. */
function asks(desk: Desk) {
  return desk.commands().filter(({ type }) => type !== 'measure-servers' && type !== 'judge-password')
}

interface Typed {
  userId?: string
  password?: string
  repeat?: string
}

function signUp(desk: Desk, { userId = 'alice', password = 'correct horse', repeat }: Typed = {}): void {
  desk.tell({ type: 'accounts', accounts: [] })
  desk.press('enter')
  desk.type(userId)
  desk.press('tab')
  desk.type(password)
  desk.press('tab')
  desk.type(repeat ?? password)
  desk.press('enter')
}

test('`update()` signs up with what was typed, and turns a spinner until the answer', () => {
  const desk = sit()
  signUp(desk, { userId: ' Alice ' })
  assert.equal(asks(desk), [{ type: 'sign-up', userId: 'alice', password: 'correct horse' }])
  assert.is(start(desk).busy, 'making your keys')
  const { frame } = desk.model()
  desk.tell({ type: 'tick', now: MORNING + 100 })
  assert.is(desk.model().frame, frame + 1)
  desk.tell({ type: 'chat-opened', snapshot: snapshot(), now: MORNING })
  assert.is(desk.model().screen.type, 'chat')
})

test('`update()` takes no key while it is busy, but those that quit', () => {
  const desk = sit()
  signUp(desk)
  asks(desk)
  desk.type('x')
  desk.press('enter', 'escape')
  assert.equal(asks(desk), [])
  assert.is(start(desk).form.repeat.text, 'correct horse')
  desk.press('ctrl-c')
  assert.equal(asks(desk), [{ type: 'quit' }])
})

for (const [what, typed, field] of [
  ['no user id at all', { userId: '' }, 'userId'],
  ['a user id with letters that none has', { userId: 'Älice' }, 'userId'],
  ['a user id that could be a path', { userId: '..' }, 'userId'],
  ['a password of 7 bytes', { password: '1234567' }, 'password'],
  ['a password of 1,025 bytes', { password: 'x'.repeat(1025) }, 'password'],
  ['a password that is not the same twice', { repeat: 'correct hearse' }, 'repeat'],
] as const) {
  test(`\`update()\` says it beside the field when there is ${what}, and asks nobody`, () => {
    const desk = sit()
    signUp(desk, typed)
    assert.equal(asks(desk), [])
    const { form } = start(desk)
    assert.is(form.focus, field)
    assert.ok(form.errors[field])
  })
}

test('`update()` takes an error away when its field is changed', () => {
  const desk = sit()
  signUp(desk, { repeat: 'else' })
  assert.ok(start(desk).form.errors.repeat)
  desk.press('backspace')
  assert.equal(start(desk).form.errors, {})
})

test('`update()` shows a refusal beside its field and empties only a wrong password', () => {
  const desk = sit()
  desk.tell({ type: 'accounts', accounts: [{ userId: 'alice', loggedIn: false }] })
  desk.press('enter')
  desk.type('not this one')
  desk.press('enter')
  assert.equal(asks(desk), [{ type: 'log-in', userId: 'alice', password: 'not this one' }])
  desk.tell({ type: 'chat-refused', failure: REFUSED })
  assert.is(start(desk).busy, null)
  assert.is(start(desk).form.errors.password, REFUSED.message)
  assert.is(start(desk).form.password.text, '')
  assert.is(start(desk).form.userId.text, 'alice')

  desk.type('again')
  desk.press('enter')
  desk.tell({ type: 'chat-refused', failure: { code: 'no_server', message: 'Cannot reach a server' } })
  assert.is(start(desk).form.errors.form, 'Cannot reach a server')
  assert.is(start(desk).form.password.text, 'again')
})

test('`update()` tries again with one Enter when no server was there', () => {
  const desk = sit()
  signUp(desk)
  const [first] = asks(desk)
  desk.tell({ type: 'chat-refused', failure: { code: 'no_server', message: 'Cannot reach a server' } })
  desk.press('enter')
  assert.equal(asks(desk), [first])
  assert.is(start(desk).busy, 'making your keys')
})

test('`update()` opens an account that is logged in with one key, and asks for the password of another', () => {
  const accounts = [
    { userId: 'alice', loggedIn: true },
    { userId: 'bob', loggedIn: false },
  ]
  const desk = sit()
  desk.tell({ type: 'accounts', accounts })
  desk.press('down', 'enter')
  assert.is(start(desk).mode, 'log-in')
  assert.is(start(desk).form.userId.text, 'bob')
  assert.is(start(desk).form.focus, 'password')
  desk.press('escape', 'up', 'enter')
  assert.equal(asks(desk), [{ type: 'resume', userId: 'alice' }])
})

test('`update()` opens the account of --as at once, or asks for its password', () => {
  const accounts = [
    { userId: 'alice', loggedIn: false },
    { userId: 'bob', loggedIn: true },
  ]
  const open = sit()
  open.tell({ type: 'accounts', accounts, as: 'bob' })
  assert.equal(asks(open), [{ type: 'resume', userId: 'bob' }])
  const closed = sit()
  closed.tell({ type: 'accounts', accounts, as: 'alice' })
  assert.is(start(closed).form.userId.text, 'alice')
  assert.is(start(closed).mode, 'log-in')
})

test('`update()` asks for the password when an account was logged out in the meantime', () => {
  const desk = sit()
  desk.tell({ type: 'accounts', accounts: [{ userId: 'alice', loggedIn: true }] })
  desk.press('enter')
  desk.tell({
    type: 'chat-refused',
    failure: { code: 'not_logged_in', message: 'Cannot open alice: logged out' },
  })
  assert.is(start(desk).mode, 'log-in')
  assert.is(start(desk).form.userId.text, 'alice')
})

test('`update()` takes a paste into a field as one line, and never sends by it', () => {
  const desk = sit()
  desk.tell({ type: 'accounts', accounts: [] })
  desk.press('down', 'enter')
  desk.tell({ type: 'paste', text: 'alice\n' })
  desk.press('tab')
  desk.tell({ type: 'paste', text: 'correct\nhorse\r\n' })
  assert.equal(asks(desk), [])
  assert.is(start(desk).form.userId.text, 'alice')
  assert.is(start(desk).form.password.text, 'correct horse')
})

test('`update()` keeps what is typed before the accounts are known, and does it then', () => {
  const desk = sit()
  desk.press('enter')
  desk.type('alice')
  desk.press('tab')
  desk.type('correct')
  assert.is(start(desk).mode, 'pick')
  desk.tell({ type: 'accounts', accounts: [] })
  assert.is(start(desk).mode, 'sign-up')
  assert.is(start(desk).form.userId.text, 'alice')
  assert.is(start(desk).form.password.text, 'correct')
  assert.equal(start(desk).ahead, [])
})

test('`update()` puts what is typed while an account opens into the composer, and sends nothing of it', () => {
  const desk = sit()
  desk.type('hellp')
  desk.press('backspace')
  desk.tell({ type: 'accounts', accounts: [{ userId: 'alice', loggedIn: true }], as: 'alice' })
  desk.type('o')
  desk.press('enter', 'ctrl-k', 'pageup')
  desk.tell({ type: 'paste', text: 'there' })
  assert.equal(asks(desk), [{ type: 'resume', userId: 'alice' }])
  desk.tell({ type: 'chat-opened', snapshot: snapshot(), now: MORNING })
  const { screen } = desk.model()
  assert.is(screen.type === 'chat' && draftOf(screen).text, 'hello\nthere')
  assert.is(screen.type === 'chat' && screen.overlay, null)
  assert.not.ok(asks(desk).some(({ type }) => type === 'send'))
})

test('`update()` forgets what was typed ahead when the account does not open', () => {
  const desk = sit()
  desk.tell({ type: 'accounts', accounts: [{ userId: 'alice', loggedIn: true }], as: 'alice' })
  desk.type('hello')
  desk.tell({ type: 'chat-refused', failure: { code: 'not_logged_in', message: 'Cannot open alice' } })
  assert.equal(start(desk).ahead, [])
  assert.is(start(desk).form.password.text, '')
})

for (const reason of ['closed', 'logged-out', 'revoked', 'replaced', 'lost'] as const) {
  test(`\`update()\` is back at the start with the reason when the session ends: ${reason}`, () => {
    const desk = sitInChat()
    desk.tell({ type: 'chat-event', event: { type: 'closed', reason }, now: MORNING })
    assert.ok(start(desk).reason)
    assert.equal(asks(desk), [{ type: 'list-accounts' }])
    // Not even with --as is it opened again by itself.
    const accounts = [
      { userId: 'aaron', loggedIn: true },
      { userId: 'alice', loggedIn: true },
    ]
    desk.tell({ type: 'accounts', accounts, as: 'alice' })
    assert.equal(asks(desk), [])
    assert.is(start(desk).selected, 1)
  })
}

const CODE = makeRecoveryCode(Uint8Array.from({ length: 26 }, (_, index) => index))

function recover(desk: Desk, code: string): void {
  desk.tell({ type: 'accounts', accounts: [] })
  desk.press('down', 'down', 'enter')
  desk.type('alice')
  desk.press('tab')
  desk.type(code)
  for (const _ of [1, 2]) {
    desk.press('tab')
    desk.type('correct horse')
  }
  desk.press('enter')
}

test('`update()` recovers with a code and a new password, and says beside the field what is wrong with the code', () => {
  const desk = sit()
  recover(desk, CODE)
  assert.equal(asks(desk), [{ type: 'recover', userId: 'alice', code: CODE, password: 'correct horse' }])
  desk.tell({ type: 'chat-refused', failure: REFUSED })
  assert.is(start(desk).form.errors.code, REFUSED.message)
  assert.is(start(desk).form.code.text, CODE)
  for (const code of ['', CODE.slice(1), CODE.replace('7', '8')]) {
    const other = sit()
    recover(other, code)
    assert.equal(asks(other), [])
    assert.ok(start(other).form.errors.code)
    assert.is(start(other).form.focus, 'code')
  }
})

test('`update()` shows a new recovery code until its end was typed, whatever else comes and is pressed', () => {
  const desk = sit()
  signUp(desk)
  desk.tell({ type: 'recovery-code', code: CODE })
  desk.tell({ type: 'chat-opened', snapshot: snapshot(), now: MORNING })
  asks(desk)
  desk.press('enter', 'escape', 'ctrl-c', 'f1')
  desk.type('y')
  assert.is(desk.model().newCode?.code, CODE)
  desk.press('backspace')
  desk.type(lastGroup(CODE).toLowerCase())
  assert.is(desk.model().newCode, null)
  assert.equal(asks(desk), [])
  assert.is(desk.model().screen.type, 'chat')
  assert.is(desk.chat().overlay, null)
})

test('`update()` takes no more than the end of a new recovery code, and a line that was meant for the chat opens nothing', () => {
  const desk = sit()
  signUp(desk)
  desk.tell({ type: 'recovery-code', code: CODE })
  desk.type('/msg bob hello')
  assert.is(desk.model().newCode?.typed.text, '/ms')
  desk.press('ctrl-u')
  desk.tell({ type: 'paste', text: CODE })
  assert.is(desk.model().newCode?.code, CODE)
  desk.press('ctrl-u')
  desk.type(lastGroup(CODE))
  assert.is(desk.model().newCode, null)
})

test('`update()` still shows a new recovery code when the account then does not open', () => {
  const desk = sit()
  recover(desk, CODE)
  desk.tell({ type: 'recovery-code', code: CODE })
  desk.tell({ type: 'chat-refused', failure: { code: 'device_limit', message: 'Cannot log in: too many' } })
  assert.is(desk.model().newCode?.code, CODE)
  desk.press('ctrl-q')
  assert.equal(asks(desk).at(-1), { type: 'quit' })
})

const NEAR = 'ws://near.example'

test('`update()` has the servers measured when a form opens, and goes to the chosen one', () => {
  const desk = sit()
  desk.tell({ type: 'accounts', accounts: [] })
  desk.press('enter')
  assert.equal(desk.commands(), [{ type: 'measure-servers' }])
  desk.tell({ type: 'server-measured', server: { url: SERVER, latencyMs: null }, isOwn: false })
  desk.tell({ type: 'server-measured', server: { url: NEAR, latencyMs: 4 }, isOwn: false })
  assert.equal(
    start(desk).servers.map(({ url, latencyMs }) => ({ url, latencyMs })),
    [
      { url: SERVER, latencyMs: null },
      { url: NEAR, latencyMs: 4 },
    ],
  )
  desk.press('shift-tab', 'down', 'down')
  assert.is(start(desk).form.server.text, NEAR)
  desk.press('down')
  assert.is(start(desk).form.server.text, '')
  desk.press('up', 'enter')
  desk.type('alice')
  for (const _ of [1, 2]) {
    desk.press('enter')
    desk.type('correct horse')
  }
  desk.press('enter')
  const sent = { type: 'sign-up', userId: 'alice', password: 'correct horse', server: NEAR }
  assert.equal(asks(desk), [sent])
})

test('`update()` measures an address that was typed once its field is left, and refuses one that is none', () => {
  const desk = sit()
  desk.tell({ type: 'accounts', accounts: [] })
  desk.press('enter', 'shift-tab')
  desk.commands()
  desk.type('wss://own.example')
  assert.equal(desk.commands(), [])
  desk.press('tab')
  assert.equal(desk.commands(), [{ type: 'measure-servers', url: 'wss://own.example' }])
  desk.press('shift-tab', 'ctrl-u')
  desk.type('not an address')
  desk.press('tab')
  assert.equal(desk.commands(), [])
  desk.press('tab', 'tab', 'enter')
  assert.is(start(desk).form.focus, 'server')
  assert.ok(start(desk).form.errors.server)
})

test('`update()` has a new password judged as it is typed, one question at a time, and refuses a weak one', () => {
  const desk = sit()
  desk.tell({ type: 'accounts', accounts: [] })
  desk.press('enter')
  desk.type('alice')
  desk.press('tab')
  desk.commands()
  desk.type('pass')
  desk.type('word1')
  assert.equal(desk.commands(), [{ type: 'judge-password', password: 'pass', userId: 'alice' }])
  desk.tell({ type: 'password-judged', judged: { password: 'pass', score: 0, hint: '' } })
  assert.equal(desk.commands(), [{ type: 'judge-password', password: 'password1', userId: 'alice' }])
  const hint = 'This is a commonly used password.'
  desk.tell({ type: 'password-judged', judged: { password: 'password1', score: 0, hint } })
  desk.press('tab')
  desk.type('password1')
  desk.press('enter')
  assert.equal(desk.commands(), [])
  assert.is(start(desk).form.errors.password, hint)
  assert.is(start(desk).form.focus, 'password')
})

test('`update()` does not have the password of a log-in judged', () => {
  const desk = sit()
  desk.tell({ type: 'accounts', accounts: [], as: 'alice' })
  desk.commands()
  desk.type('secret')
  assert.equal(desk.commands(), [])
})

test.run()
