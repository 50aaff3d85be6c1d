import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SendOrder } from './send-order.ts'

const test = suite('SendOrder')
const to = 'bob'
const at = (nowMs: number) => ({ nowMs })

test('`mayStore()` lets everything through while nothing was refused', () => {
  const order = new SendOrder({ forgetMs: 100 })
  for (const id of ['a', 'b', 'c']) assert.ok(order.mayStore(order.enter(id, { to }), at(0)))
})

test('`mayStore()` holds what stands behind a refused message until that one has come again', () => {
  const order = new SendOrder({ forgetMs: 100 })
  const a = order.enter('a', { to })
  const b = order.enter('b', { to })
  assert.ok(order.mayStore(b, at(0)))
  order.refused('a', a, at(0))
  assert.not(order.mayStore(b, at(0)), 'it was accepted before, and is asked again before it is stored')
  order.refused('b', b, at(0))
  const c = order.enter('c', { to })
  assert.not(order.mayStore(c, at(0)))
  order.refused('c', c, at(0))
  // They come again in their order.
  for (const id of ['a', 'b', 'c', 'd']) assert.ok(order.mayStore(order.enter(id, { to }), at(1)), id)
})

test('`enter()` gives a message that comes again its old place, when it is refused once more too', () => {
  const order = new SendOrder({ forgetMs: 100 })
  for (const id of ['a', 'b', 'c']) order.refused(id, order.enter(id, { to }), at(0))
  order.refused('a', order.enter('a', { to }), at(1))
  assert.not(order.mayStore(order.enter('b', { to }), at(1)))
  assert.ok(order.mayStore(order.enter('a', { to }), at(1)))
})

test('`mayStore()` holds nobody else’s messages', () => {
  const order = new SendOrder({ forgetMs: 100 })
  order.refused('a', order.enter('a', { to }), at(0))
  assert.ok(order.mayStore(order.enter('b', { to: 'carol' }), at(0)))
})

test('`mayStore()` does not wait for ever for a message that does not come again', () => {
  const order = new SendOrder({ forgetMs: 100 })
  order.refused('a', order.enter('a', { to }), at(0))
  const b = order.enter('b', { to })
  assert.not(order.mayStore(b, at(99)))
  assert.ok(order.mayStore(b, at(100)))
})

test.run()
