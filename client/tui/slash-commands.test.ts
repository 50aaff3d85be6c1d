import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readDuration, readLine, takePath, writePath } from './slash-commands.ts'

const test = suite('slash commands')

test('`readLine()` finds commands, whatever their case, with what follows', () => {
  assert.equal(readLine('/msg bob hi\nthere '), { type: 'command', name: 'msg', rest: 'bob hi\nthere' })
  assert.equal(readLine('/QUIT'), { type: 'command', name: 'quit', rest: '' })
})

test('`readLine()` takes everything else for text, and two slashes for one', () => {
  assert.equal(readLine('hi /quit'), { type: 'text', text: 'hi /quit' })
  assert.equal(readLine(' /quit'), { type: 'text', text: ' /quit' })
  assert.equal(readLine('//quit'), { type: 'text', text: '/quit' })
})

test('`readLine()` never takes an unknown command for text', () => {
  assert.equal(readLine('/qiut'), { type: 'unknown', name: 'qiut' })
  assert.equal(readLine('/'), { type: 'unknown', name: '' })
})

test('`takePath()` takes a path off, with blanks where they are quoted or have a backslash', () => {
  for (const [argument, path, rest] of [
    ['cat.png', 'cat.png', ''],
    ['cat.png  a cat ', 'cat.png', 'a cat'],
    ['my\\ cat.png a cat', 'my cat.png', 'a cat'],
    ['"my cat.png" a cat', 'my cat.png', 'a cat'],
    ["'my cat.png'", 'my cat.png', ''],
    ['"open', '"open', ''],
    ['', '', ''],
  ] as const) {
    assert.equal(takePath(argument), { path, rest }, argument)
  }
})

test('`takePath()` reads what `writePath()` has written, whatever the name', () => {
  for (const path of ['a b', 'a"b', "it's", 'back\\slash', '日本 語.png', '~/x y/z']) {
    assert.equal(takePath(writePath(path)), { path, rest: '' })
  }
})

test('`readDuration()` reads a number with its unit, and off', () => {
  assert.is(readDuration('30s'), 30_000)
  assert.is(readDuration('5M'), 300_000)
  assert.is(readDuration('1w'), 604_800_000)
  assert.is(readDuration('OFF'), null)
  for (const text of ['', '5', 'm', '1y', '-5m', '999999s', '1.5h'])
    assert.is(readDuration(text), undefined, text)
})

test.run()
