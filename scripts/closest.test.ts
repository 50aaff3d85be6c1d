import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closest } from './closest.ts'

const test = suite('closest')
const commands = ['start', 'serve', 'db', 'send', 'recv', 'signup', 'login', 'logout']

test('`closest()` finds the word that was meant', () => {
  for (const [typed, meant] of [
    ['sned', 'send'],
    ['SEND', 'send'],
    ['serv', 'serve'],
    ['singup', 'signup'],
    ['logut', 'logout'],
    ['recieve', undefined],
    ['rcv', 'recv'],
  ] as const) {
    assert.is(closest(typed, commands), meant, typed)
  }
})

test('`closest()` finds none for a word that is far from all', () => {
  for (const typed of ['', 'x', 'frobnicate', '--flag']) assert.is(closest(typed, commands), undefined)
})

test.run()
