import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { FastChatError } from './errors.ts'
import { parse, parseJson } from './parse.ts'

const test = suite('validation of what comes in')
const Key = v.object({ key: v.strictObject({ x: v.string() }) })

function messageOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    assert.instance(error, FastChatError)
    return (error as FastChatError).message
  }
  throw new Error('Cannot pass: it was accepted')
}

test('`parse()` names the wrong field and what was expected, not the value', () => {
  const message = messageOf(() => parse(Key, { key: { x: 7 } }, { what: 'key' }))
  assert.is(message, 'Cannot read key: key.x: expected string')
  assert.not.match(
    messageOf(() => parseJson(Key, '{"key":"a secret"}', { what: 'key' })),
    /secret/,
  )
})

test('`parse()` says nothing that a terminal would obey when a field has a hostile name', () => {
  const name = `\u001b]0;title\u0007\u009b2J\u202e\n${'long'.repeat(1000)}`
  const message = messageOf(() => parse(Key, { key: { x: '', [name]: 1 } }, { what: 'key' }))
  assert.match(message, /^[\x20-\x7e]*$/)
  assert.match(message, /^Cannot read key: key\.\?\]0;title/)
  assert.ok(message.length < 200)
})

test.run()
