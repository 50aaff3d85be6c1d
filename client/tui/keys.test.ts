import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { actionOf, type Binding, bindings, keysText } from './keys.ts'

const test = suite('keys')

test('`bindings` gives no key to two actions, and no action twice', () => {
  const keys = bindings.flatMap(binding => [...binding.keys])
  assert.equal(keys, [...new Set(keys)])
  const actions = bindings.map(({ action }) => action)
  assert.equal(actions, [...new Set(actions)])
})

test('`bindings` names keys in one form: modifiers in their order, then the key', () => {
  for (const { keys } of bindings) {
    for (const key of keys) assert.match(key, /^(ctrl-)?(alt-)?(shift-)?(page-)?[a-z0-9]+$/)
  }
})

test('`actionOf()` knows every key of the table, and no other', () => {
  for (const { keys, action } of bindings) for (const key of keys) assert.is(actionOf(key), action)
  assert.is(actionOf('ctrl-alt-shift-f12'), undefined)
})

test('`keysText()` writes keys as a keyboard names them', () => {
  const binding: Binding = { action: 'x', keys: ['ctrl-k', 'page-up', 'escape'], does: 'x', group: 'Program' }
  assert.is(keysText(binding), 'Ctrl-K, PageUp, Esc')
})

test.run()
