import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { actionOf, defaultKeymap } from './keymap.ts'
import {
  actionIn,
  type Binding,
  bindings,
  blockedBindings,
  deviceBindings,
  findBindings,
  groupBindings,
  hintOf,
  keysText,
  selectionBindings,
  verifyBindings,
} from './keys.ts'

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

test('no place gives a key to two actions, and letters are lower case, as they are compared', () => {
  for (const place of [
    selectionBindings,
    groupBindings,
    deviceBindings,
    verifyBindings,
    blockedBindings,
    findBindings,
  ]) {
    const keys = place.flatMap(binding => [...binding.keys])
    assert.equal(keys, [...new Set(keys)])
    for (const key of keys) assert.is(key, key.toLowerCase())
  }
})

test('`actionIn()` knows the keys of its place only, and `hintOf()` names the first of each', () => {
  assert.is(actionIn(deviceBindings, 'n'), 'rename')
  assert.is(actionIn(deviceBindings, 'r'), undefined)
  assert.is(hintOf(groupBindings), 'a add · r remove · p admin · t title')
  assert.match(hintOf(selectionBindings), /· Esc back$/)
})

test('`actionOf()` knows every key of the table, and no other', () => {
  for (const { keys, action } of bindings)
    for (const key of keys) assert.is(actionOf(defaultKeymap, key), action)
  assert.is(actionOf(defaultKeymap, 'ctrl-alt-shift-f12'), undefined)
})

test('`keysText()` writes keys as a keyboard names them', () => {
  const binding: Binding = { action: 'x', keys: ['ctrl-k', 'page-up', 'escape'], does: 'x', group: 'Program' }
  assert.is(keysText(binding), 'Ctrl-K, PageUp, Esc')
})

test.run()
