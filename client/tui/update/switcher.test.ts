import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultKeymap } from '../keymap.ts'
import { conversationOf, type Desk, group, message, sitInChat, summary } from '../model.fixture.ts'
import { candidatesOf } from '../palette.ts'

const test = suite('switcher and palette')

function sitWithMany(): Desk {
  return sitInChat({
    items: [message(1, 'hello')],
    conversations: [
      summary('bob', { lastAt: 9 }),
      group('ops', { lastAt: 8, title: 'Operations' }),
      summary('deborah', { lastAt: 7, unread: 2 }),
      summary('mallory', { lastAt: 6, isBlocked: true }),
    ],
  })
}

function offered(desk: Desk, typed: string): string[] {
  return candidatesOf(desk.chat(), typed, defaultKeymap).map(one =>
    one.type === 'place' ? one.name : one.type === 'command' ? `/${one.name}` : one.action,
  )
}

function opened(desk: Desk, typed: string): void {
  desk.press('ctrl-k')
  desk.type(typed)
  desk.press('enter')
}

test('`candidatesOf()` offers conversations, and commands only to who types', () => {
  const desk = sitWithMany()
  assert.equal(offered(desk, ''), ['bob', '# Operations', 'deborah'])
  assert.equal(offered(desk, 'ops').slice(0, 1), ['# Operations'])
  assert.equal(offered(desk, 'mallory'), ['mallory'])
})

test('`candidatesOf()` ranks conversations before commands, of which there are few', () => {
  const all = offered(sitWithMany(), 'de')
  assert.equal(all.slice(0, 2), ['deborah', 'de'])
  assert.ok(all.includes('/devices'))
  assert.ok(all.length <= 2 + 4)
})

test('`candidatesOf()` has commands and keys alone after `>` or `/`, by their letters in order', () => {
  const desk = sitWithMany()
  for (const sign of ['>', '/']) {
    assert.is(offered(desk, `${sign}dev`)[0], '/devices')
    assert.ok(offered(desk, `${sign}nxtunrd`).includes('next-unread'))
    assert.not.ok(offered(desk, sign).includes('bob'))
  }
  assert.equal(offered(desk, '>zzz'), [])
})

test('a command without arguments is done at once, and the draft stays', () => {
  const desk = sitWithMany()
  desk.type('half a sentence')
  // At the end of a text Ctrl-K opens it; within one it deletes.
  opened(desk, '>blocked')
  assert.is(desk.chat().overlay?.type, 'blocked')
  assert.is(desk.chat().conversations[0]?.draft.text, 'half a sentence')
})

test('a command with arguments is written into the composer; what was there can be had back', () => {
  const desk = sitWithMany()
  desk.type('half a sentence')
  opened(desk, '/timer')
  assert.is(desk.chat().conversations[0]?.draft.text, '/timer ')
  assert.match(desk.chat().flash?.text ?? '', 'Ctrl-Y')
  desk.press('ctrl-u', 'ctrl-y')
  assert.match(desk.chat().conversations[0]?.draft.text ?? '', '/timer ')
})

test('what a key does is done, whichever key that is', () => {
  const desk = sitWithMany()
  opened(desk, '>nextunread')
  assert.is(desk.chat().open, conversationOf('deborah'))
  opened(desk, '>searchhere')
  assert.ok(desk.chat().find)
  desk.press('escape')
  desk.commands()
  opened(desk, '>quit')
  assert.ok(desk.commands().some(({ type }) => type === 'quit'))
})

test('nothing found is nothing done', () => {
  const desk = sitWithMany()
  opened(desk, '>zzz')
  assert.is(desk.chat().overlay, null)
  assert.equal(desk.commands(), [])
})

test.run()
