import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Desk, MORNING, sit, sitInChat, snapshot } from '../model.fixture.ts'
import { draftOf, type StartScreen } from '../model.ts'

const test = suite('start screen')

const REFUSED = { code: 'login_refused', message: 'Cannot log in: user id or password is wrong' }

function start(desk: Desk): StartScreen {
  const { screen } = desk.model()
  if (screen.type !== 'start') throw new Error('the chat is there')
  return screen
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
  assert.equal(desk.commands(), [{ type: 'sign-up', userId: 'alice', password: 'correct horse' }])
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
  desk.commands()
  desk.type('x')
  desk.press('enter', 'escape')
  assert.equal(desk.commands(), [])
  assert.is(start(desk).form.repeat.text, 'correct horse')
  desk.press('ctrl-c')
  assert.equal(desk.commands(), [{ type: 'quit' }])
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
    assert.equal(desk.commands(), [])
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
  assert.equal(desk.commands(), [{ type: 'log-in', userId: 'alice', password: 'not this one' }])
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
  const [first] = desk.commands()
  desk.tell({ type: 'chat-refused', failure: { code: 'no_server', message: 'Cannot reach a server' } })
  desk.press('enter')
  assert.equal(desk.commands(), [first])
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
  assert.equal(desk.commands(), [{ type: 'resume', userId: 'alice' }])
})

test('`update()` opens the account of --as at once, or asks for its password', () => {
  const accounts = [
    { userId: 'alice', loggedIn: false },
    { userId: 'bob', loggedIn: true },
  ]
  const open = sit()
  open.tell({ type: 'accounts', accounts, as: 'bob' })
  assert.equal(open.commands(), [{ type: 'resume', userId: 'bob' }])
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
  assert.equal(desk.commands(), [])
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
  assert.equal(desk.commands(), [{ type: 'resume', userId: 'alice' }])
  desk.tell({ type: 'chat-opened', snapshot: snapshot(), now: MORNING })
  const { screen } = desk.model()
  assert.is(screen.type === 'chat' && draftOf(screen).text, 'hello\nthere')
  assert.is(screen.type === 'chat' && screen.overlay, null)
  assert.not.ok(desk.commands().some(({ type }) => type === 'send'))
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
    assert.equal(desk.commands(), [{ type: 'list-accounts' }])
    // Not even with --as is it opened again by itself.
    const accounts = [
      { userId: 'aaron', loggedIn: true },
      { userId: 'alice', loggedIn: true },
    ]
    desk.tell({ type: 'accounts', accounts, as: 'alice' })
    assert.equal(desk.commands(), [])
    assert.is(start(desk).selected, 1)
  })
}

test.run()
