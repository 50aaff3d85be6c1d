import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  conversationOf,
  type Desk,
  file,
  group,
  message,
  notice,
  sitInChat,
  summary,
} from '../model.fixture.ts'
import { draftOf, openConversation } from '../model.ts'
import { view } from '../view/view.ts'

const test = suite('a message that is selected')

const items = [
  message(1, 'theirs'),
  message(2, 'mine', { mine: true, state: 'read' }),
  notice(3, { type: 'gap', from: 'bob', missing: 1 }),
  message(4, '', { content: file({ image: { width: 4, height: 4 } }) }),
  message(5, '', { content: { type: 'deleted', by: 'bob' } }),
]

const draft = (desk: Desk) => draftOf(desk.chat()).text
const about = (desk: Desk) => openConversation(desk.chat())?.about

/** A desk at which nothing is left of the commands that loaded it. */
function sitWith(given = items, conversations = [summary('bob')]): Desk {
  const desk = sitInChat({ conversations, items: given })
  desk.commands()
  return desk
}

test('Shift-Up selects the last message, Up and Down go on, past notices and what was deleted', () => {
  const desk = sitWith()
  desk.press('shift-up')
  assert.is(desk.chat().selected, 4)
  desk.press('up')
  assert.is(desk.chat().selected, 2)
  desk.press('down', 'down')
  assert.is(desk.chat().selected, 4, 'it stays at the last')
  desk.press('up', 'up', 'up', 'up')
  assert.is(desk.chat().selected, 1, 'and at the first')
  desk.press('escape')
  assert.is(desk.chat().selected, null)
})

test('what is selected is in sight, however far it is', () => {
  const many = Array.from({ length: 80 }, (_, index) => message(index + 1, `line ${index + 1}`))
  const desk = sitWith(many)
  desk.press('shift-up', ...Array.from({ length: 70 }, () => 'up'))
  assert.is(desk.chat().selected, 10)
  const rows = () => view(desk.model()).cells.map(row => row.map(({ text }) => text).join(''))
  assert.ok(rows().some(row => row.includes('▌') && row.includes('line 10')))
  desk.press(...Array.from({ length: 60 }, () => 'down'))
  assert.ok(rows().some(row => row.includes('▌') && row.includes('line 70')))
})

test('r replies: the answer says to what, Esc makes a plain message of it', () => {
  const desk = sitWith()
  desk.press('shift-up', 'up', 'up')
  desk.type('r')
  assert.equal(about(desk), { type: 'reply', id: 'message-1', from: 'bob', excerpt: 'theirs' })
  desk.type('yes')
  desk.press('escape')
  assert.is(about(desk), null)
  assert.is(draft(desk), 'yes')
  desk.press('ctrl-u', 'shift-up', 'up', 'up')
  desk.type('rno')
  desk.press('enter')
  const [sent] = desk.commands()
  assert.is(sent?.type === 'send' && sent.about?.id, 'message-1')
  assert.is(sent?.type === 'send' && sent.text, 'no', 'what was typed in one go with the key is text')
  assert.is(about(desk), null)
})

test('e and Up in an empty composer edit; what was written before comes back, refused or not', () => {
  const desk = sitWith()
  desk.type('half a thought')
  desk.press('shift-up', 'up')
  desk.type('e')
  assert.is(draft(desk), 'mine')
  desk.type('!')
  desk.press('enter')
  assert.is(draft(desk), 'half a thought')
  const [edit] = desk.commands()
  assert.is(edit?.type === 'edit' && edit.text, 'mine!')
  assert.is(edit?.type === 'edit' && edit.about.id, 'message-2')
  if (edit?.type !== 'edit') return
  const failure = { code: 'not_allowed', message: 'Cannot edit message: it is gone' }
  desk.tell({
    type: 'send-refused',
    conversation: edit.conversation,
    text: edit.text,
    about: edit.about,
    failure,
  })
  assert.is(draft(desk), 'mine!')
  assert.is(about(desk)?.type, 'edit')
  assert.is(desk.chat().flash?.text, failure.message)
  desk.press('escape')
  assert.is(draft(desk), 'half a thought')
  desk.press('ctrl-u', 'up')
  assert.is(draft(desk), 'mine')
})

test('an edit is never a command, nor empty, and sends nothing when nothing has changed', () => {
  const desk = sitWith([message(1, '/quit', { mine: true, state: 'read' })])
  desk.press('up', 'enter')
  assert.equal(desk.commands(), [])
  assert.is(about(desk), null)
  desk.press('up', 'ctrl-u', 'enter')
  assert.equal(desk.commands(), [])
  assert.is(about(desk)?.type, 'edit')
  desk.type('/quit it')
  desk.press('enter')
  const [edit] = desk.commands()
  assert.is(edit?.type === 'edit' && edit.text, '/quit it')
})

test('d asks before it deletes, and only y is a yes', () => {
  const desk = sitWith()
  desk.press('shift-up', 'up')
  desk.type('d')
  desk.press('enter')
  assert.equal(desk.commands(), [])
  assert.is(desk.chat().question, null)
  desk.press('shift-up', 'up')
  desk.type('dy')
  assert.equal(desk.commands(), [{ type: 'delete-message', id: 'message-2' }])
})

test('of others only an admin of the group deletes, and nobody edits', () => {
  for (const [conversation, isAllowed] of [
    [summary('bob'), false],
    [group('climbing'), false],
    [group('climbing', { role: 'admin' }), true],
  ] as const) {
    const desk = sitWith([{ ...message(1, 'theirs'), conversation: conversation.id }], [conversation])
    desk.press('shift-up')
    desk.type('d')
    assert.is(desk.chat().question !== null, isAllowed)
    if (isAllowed) desk.type('n')
    desk.press('shift-up')
    desk.type('e')
    assert.is(desk.chat().flash?.kind, 'error')
    assert.is(about(desk), null)
  }
})

test('+ reacts with what is chosen or typed; the same once more takes it back', () => {
  const desk = sitWith([message(1, 'x', { reactions: [{ emoji: '👍', from: ['alice'] }] })])
  desk.press('shift-up')
  desk.type('+heart')
  desk.press('enter')
  desk.press('shift-up')
  desk.type('x🦀')
  desk.press('enter')
  desk.press('shift-up')
  desk.type('+')
  desk.press('enter')
  assert.equal(
    desk.commands().map(command => command.type === 'react' && command.emoji),
    ['❤️', '🦀', null],
  )
})

test('s saves, o shows the picture and asks for it once, c copies; each says when there is nothing', () => {
  const desk = sitWith()
  desk.press('shift-up')
  desk.type('s')
  assert.equal(desk.commands(), [{ type: 'save-file', id: 'message-4' }])
  desk.press('shift-up')
  desk.type('o')
  assert.is(desk.chat().overlay?.type, 'picture')
  assert.equal(desk.commands(), [], 'it is on its way already: it is in sight')
  desk.press('escape', 'shift-up', 'up')
  desk.type('c')
  assert.equal(desk.commands(), [{ type: 'copy', text: 'mine' }])
  desk.press('shift-up', 'up')
  for (const key of ['s', 'o']) {
    desk.type(key)
    assert.is(desk.chat().flash?.kind, 'error')
  }
  assert.equal(desk.commands(), [])
})

test('a letter that means nothing writes nothing; a paste goes into the composer', () => {
  const desk = sitWith()
  desk.press('shift-up')
  desk.type('qz')
  assert.is(draft(desk), '')
  assert.is(desk.chat().selected, 4)
  desk.tell({ type: 'paste', text: 'dy' })
  assert.is(draft(desk), 'dy')
  assert.is(desk.chat().selected, null)
})

test('what is selected and removed, or left with its conversation, is selected no more', () => {
  const desk = sitWith(items, [summary('bob'), summary('carol', { lastAt: 1 })])
  desk.press('shift-up')
  const removed = {
    type: 'item-removed' as const,
    conversation: conversationOf('bob'),
    id: 'message-4',
    seq: 4,
  }
  desk.tell({ type: 'chat-event', event: removed, now: 1 })
  assert.is(desk.chat().selected, null)
  assert.is(openConversation(desk.chat())?.items.length, 4)
  desk.press('shift-up', 'alt-down')
  assert.is(desk.chat().selected, null)
})

test('a click selects nothing: whoever clicks to come back to the window writes on', () => {
  const desk = sitWith()
  for (let y = 2; y < 20; y++) desk.tell({ type: 'mouse', what: 'press', x: 40, y })
  assert.is(desk.chat().selected, null)
})

test('a flood of letters where letters are keys is taken in, and the rest of it is text where there is a field', () => {
  const desk = sitWith()
  desk.press('f1')
  desk.type('z'.repeat(100_000))
  assert.is(desk.chat().overlay?.type, 'help')
  desk.press('escape', 'shift-up')
  desk.type('+heart')
  const { overlay } = desk.chat()
  assert.is(overlay?.type === 'react' && overlay.field.text, 'heart')
})

test.run()
