import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { conversationOf, type Desk, MORNING, message, sitInChat, summary } from '../model.fixture.ts'
import { view } from '../view/view.ts'
import { windowTitle } from '../view/window-title.ts'

const test = suite('locking')

const PASSWORD = 'correct horse battery'

function locked(): Desk {
  const desk = sitInChat({ items: [message(1, 'a secret plan')] })
  desk.type('/lock')
  desk.press('enter')
  return desk
}

function screenOf(desk: Desk): string {
  return view(desk.model())
    .cells.map(row => row.map(({ text }) => text).join(''))
    .join('\n')
}

test('/lock hides everything, and the window’s title with it', () => {
  const desk = locked()
  const screen = screenOf(desk)
  for (const text of ['secret', 'bob', '/lock']) assert.not.match(screen, text)
  assert.match(screen, 'locked')
  assert.is(windowTitle(desk.model()), 'fastchat locked')
})

test('a screen is locked when nothing was done for so long, with what was being written kept', () => {
  const desk = sitInChat()
  desk.type('half a sentence')
  desk.tell({ type: 'idle' })
  assert.ok(desk.model().lock)
  desk.type(PASSWORD)
  desk.press('enter')
  desk.tell({ type: 'unlocked' })
  assert.is(desk.chat().conversations[0]?.draft.text, 'half a sentence')
})

test('only the right password opens it: keys, texts, pastes and the mouse reach nothing behind', () => {
  const desk = locked()
  desk.press('f1', 'ctrl-k', 'ctrl-f', 'alt-a', 'page-up')
  desk.tell({ type: 'mouse', what: 'press', x: 3, y: 2 }, { type: 'paste', text: 'pasted\n' })
  assert.is(desk.chat().overlay, null)
  assert.equal(desk.commands(), [])
  assert.is(desk.model().lock?.field.text, 'pasted')
  assert.not.match(screenOf(desk), 'pasted')
  desk.press('escape')
  desk.type(PASSWORD)
  desk.press('enter')
  assert.equal(desk.commands(), [{ type: 'unlock', userId: 'alice', password: PASSWORD }])
  // Asked once, however often Enter is pressed.
  desk.press('enter')
  assert.equal(desk.commands(), [])
  desk.tell({
    type: 'unlock-refused',
    failure: { code: 'login_refused', message: 'That is not the password.' },
  })
  assert.match(screenOf(desk), 'That is not the password.')
  assert.is(desk.model().lock?.field.text, '')
  desk.type(PASSWORD)
  desk.press('enter')
  desk.tell({ type: 'unlocked' })
  assert.is(desk.model().lock, null)
  assert.match(screenOf(desk), 'a secret plan')
})

test('while it is locked messages come in, are not read, and nobody is named', () => {
  const desk = locked()
  desk.tell({
    type: 'chat-event',
    event: {
      type: 'settings',
      settings: { sendsReadReceipts: true, sendsTyping: false, showsPresence: false, notifies: 'bell' },
    },
    now: MORNING,
  })
  desk.tell(
    { type: 'chat-event', event: { type: 'item', item: message(2, 'news') }, now: MORNING },
    {
      type: 'chat-event',
      event: { type: 'conversation', conversation: summary('bob', { unread: 1 }) },
      now: MORNING,
    },
  )
  assert.equal(desk.commands(), [{ type: 'notify', how: 'bell', text: 'a message' }])
  desk.press('x')
  desk.tell({ type: 'unlocked' })
  assert.equal(
    desk.commands().map(command => command.type),
    ['mark-read'],
  )
  assert.is(desk.chat().open, conversationOf('bob'))
})

test('Ctrl-Q quits, Ctrl-C empties the field and quits when it is empty', () => {
  const desk = locked()
  desk.type('wrong')
  desk.press('ctrl-c')
  assert.equal(desk.commands(), [])
  desk.press('ctrl-c')
  desk.press('ctrl-q')
  assert.equal(desk.commands(), [{ type: 'quit' }, { type: 'quit' }])
})

test('who is logged out elsewhere meanwhile is at the start, with nothing locked', () => {
  const desk = locked()
  desk.tell({ type: 'chat-event', event: { type: 'closed', reason: 'revoked' }, now: MORNING })
  assert.is(desk.model().screen.type, 'start')
  assert.is(desk.model().lock, null)
})

test('the start screen is not locked: nobody is there yet', () => {
  const desk = locked()
  desk.tell(
    { type: 'chat-event', event: { type: 'closed', reason: 'logged-out' }, now: MORNING },
    { type: 'idle' },
  )
  assert.is(desk.model().lock, null)
})

test.run()
