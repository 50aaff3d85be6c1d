import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readLine } from './slash-commands.ts'

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

test.run()
