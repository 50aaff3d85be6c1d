import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { conversationOf, type Desk, message, sitInChat, summary } from '../model.fixture.ts'
import { view } from '../view/view.ts'

const test = suite('the composer as vi')

function sitInVi(): Desk {
  return sitInChat({ isVim: true, items: [message(1, 'first'), message(2, 'second', { mine: true })] })
}

function draft(desk: Desk): string {
  const { text, cursor } = desk.chat().conversations.find(({ summary: { id } }) => id === desk.chat().open)
    ?.draft ?? {
    text: '',
    cursor: 0,
  }
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`
}

function statusOf(desk: Desk): string {
  const { cells } = view(desk.model())
  return (cells.at(-1) ?? []).map(({ text }) => text).join('')
}

test('one writes at once; Esc makes letters commands, and the status line says so', () => {
  const desk = sitInVi()
  desk.type('hello world')
  assert.not.match(statusOf(desk), 'NORMAL')
  desk.press('escape')
  assert.is(draft(desk), 'hello worl|d')
  assert.match(statusOf(desk), /^ {2}NORMAL /)
  desk.type('2')
  assert.match(statusOf(desk), 'NORMAL 2')
  desk.press('escape')
  desk.type('bdwaX')
  assert.is(draft(desk), 'hello X|')
})

test('letters keep their case, also when they come all at once', () => {
  const desk = sitInVi()
  desk.type('one')
  desk.press('escape')
  desk.type('Ibefore ')
  desk.press('escape')
  desk.type('AEND')
  assert.is(draft(desk), 'before oneEND|')
})

test('`u` takes back one change after the other, what was written as one', () => {
  const desk = sitInVi()
  desk.type('one two')
  desk.press('escape')
  desk.type('bcwthree')
  desk.press('escape')
  desk.type('x')
  assert.is(draft(desk), 'one thr|e')
  desk.type('u')
  assert.is(draft(desk), 'one thre|e')
  desk.type('u')
  assert.is(draft(desk), 'one |two')
  desk.type('u')
  assert.is(draft(desk), 'one |two')
})

test('`p` brings back what was deleted or yanked', () => {
  const desk = sitInVi()
  desk.type('one two')
  desk.press('escape')
  desk.type('bdw0P')
  assert.is(draft(desk), 'tw|oone ')
  desk.type('yy$p')
  assert.is(draft(desk), 'twoone twoone| ')
})

test('`k` leaves the text for the messages, `/` searches, `:` begins a command, `gt` goes on, Ctrl-U scrolls', () => {
  const desk = sitInChat({
    isVim: true,
    items: [message(1, 'first'), message(2, 'second')],
    conversations: [summary('bob', { lastAt: 9 }), summary('carol', { lastAt: 8 })],
  })
  desk.press('escape')
  desk.type('k')
  assert.is(desk.chat().selected, 2)
  desk.type('k')
  assert.is(desk.chat().selected, 1)
  desk.press('escape')
  desk.type('/')
  assert.ok(desk.chat().find)
  desk.press('escape')
  desk.type('gt')
  assert.is(desk.chat().open, conversationOf('carol'))
  desk.type('gT')
  assert.is(desk.chat().open, conversationOf('bob'))
  desk.type('ihalf a line')
  desk.press('escape', 'ctrl-u')
  assert.is(draft(desk), 'half a lin|e')
  desk.type('dd:help')
  assert.is(draft(desk), '/help|')
  desk.press('enter')
  assert.is(desk.chat().overlay?.type, 'help')
})

test('Enter sends in both modes, and then one writes again', () => {
  const desk = sitInVi()
  desk.type('sent')
  desk.press('escape')
  desk.commands()
  desk.press('enter')
  assert.is(desk.commands()[0]?.type, 'send')
  desk.type('next')
  assert.is(draft(desk), 'next|')
})

test('what was undone in one conversation is not another one’s', () => {
  const desk = sitInChat({
    isVim: true,
    conversations: [summary('bob', { lastAt: 9 }), summary('carol', { lastAt: 8 })],
  })
  desk.type('to bob')
  desk.press('escape')
  desk.type('x')
  desk.type('gt')
  desk.type('u')
  assert.is(draft(desk), '|')
})

test('nothing of it is there when it was not chosen', () => {
  const desk = sitInChat({ items: [message(1, 'first')] })
  desk.type('word')
  desk.press('escape')
  desk.type('x')
  assert.is(draft(desk), 'wordx|')
})

test.run()
