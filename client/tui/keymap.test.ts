import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { actionOf, defaultKeymap, keyFor, keyHint, keymapOf, readKey } from './keymap.ts'
import { actionIn, hintOf } from './keys.ts'
import { sitInChat } from './model.fixture.ts'

const test = suite('keymap')

test('`keymapOf()` gives an action other keys, and takes them from whoever had them', () => {
  const keymap = keymapOf({ chat: { 'next-unread': ['ctrl-n', 'f5'] }, selected: { reply: ['q'] } })
  assert.is(actionOf(keymap, 'ctrl-n'), 'next-unread')
  assert.is(actionOf(keymap, 'f5'), 'next-unread')
  assert.is(actionOf(keymap, 'alt-a'), undefined)
  assert.is(actionOf(keymap, 'alt-down'), 'next-conversation')
  assert.is(actionIn(keymap.selected, 'q'), 'reply')
  assert.is(actionIn(keymap.selected, 'r'), undefined)
  assert.match(hintOf(keymap.selected), /^q reply/)
  assert.is(keymap.find, defaultKeymap.find)
})

test('`keyFor()` and `keyHint()` name the first key that is in force, and nothing when there is none', () => {
  const keymap = keymapOf({ chat: { help: ['alt-h'], quit: [] } })
  assert.is(keyFor(defaultKeymap, 'help'), 'F1')
  assert.is(keyFor(keymap, 'help'), 'Alt-H')
  assert.is(keyFor(keymap, 'quit'), null)
  assert.equal(keyHint(keymap, 'help', 'help'), ['Alt-H help'])
  assert.equal(keyHint(keymap, 'quit', 'quit'), [])
})

test('`readKey()` takes modifiers in any order and case', () => {
  for (const text of ['Ctrl-Alt-K', 'alt-ctrl-k', ' CTRL-alt-K ']) {
    assert.equal(readKey(text, 'chat'), { key: 'ctrl-alt-k' }, text)
  }
  assert.equal(readKey('Shift-Page-Up', 'chat'), { key: 'shift-page-up' })
  assert.equal(readKey('F12', 'chat'), { key: 'f12' })
  assert.equal(readKey('r', 'selected'), { key: 'r' })
  assert.equal(readKey('ctrl--', 'chat'), { key: 'ctrl--' })
})

test('`readKey()` says what is wrong with a key', () => {
  const wrong = (text: string, place: 'chat' | 'find' | 'selected' = 'chat') => {
    const read = readKey(text, place)
    return 'wrong' in read ? read.wrong : ''
  }
  for (const text of ['', 'ctrl-', 'meta-x', 'f13', 'pageup', 'ab', 'ctrl-\u{1b}', 'ctrl- ']) {
    assert.is(wrong(text), 'there is no such key', JSON.stringify(text))
  }
  assert.match(wrong('a'), /is text/)
  assert.match(wrong('a', 'find'), /searched for/)
  assert.match(wrong('ctrl-shift-a'), /Shift/)
  assert.match(wrong('ctrl-c'), /way out/)
  assert.match(wrong('ctrl-i'), /tab/)
  assert.match(wrong('Ctrl-M', 'selected'), /enter/)
})

test('other keys do in the chat what they are for, and F1 and the hints name them', () => {
  const keymap = keymapOf({ chat: { help: ['alt-h'], send: ['alt-enter'], newline: ['enter'] } })
  const desk = sitInChat({ keymap })
  desk.type('hello')
  desk.press('enter')
  assert.is(desk.chat().conversations[0]?.draft.text, 'hello\n')
  assert.equal(desk.commands(), [])
  desk.press('alt-enter')
  assert.is(desk.commands()[0]?.type, 'send')
  desk.press('f1')
  assert.is(desk.chat().overlay, null)
  desk.press('alt-h')
  assert.is(desk.chat().overlay?.type, 'help')
})

test.run()
