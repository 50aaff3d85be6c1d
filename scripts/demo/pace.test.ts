import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createPace } from './pace.ts'

const test = suite('pace')

test('without limit no time passes, and a pause holds it all the same', async () => {
  const pace = createPace({ speed: Number.POSITIVE_INFINITY, signal: new AbortController().signal })
  await pace.rest(3_600_000)
  pace.toggle()
  assert.is(pace.isPaused, true)
  let isOver = false
  const rest = pace.rest(0).then(() => {
    isOver = true
  })
  await createPace({ speed: 1, signal: new AbortController().signal }).rest(120)
  assert.is(isOver, false)
  pace.toggle()
  await rest
})

test('time passes as many times as fast', async () => {
  const begun = performance.now()
  await createPace({ speed: 10, signal: new AbortController().signal }).rest(1000)
  assert.ok(performance.now() - begun >= 95)
})

test('who leaves ends a rest, paused or not', async () => {
  const leaving = new AbortController()
  const pace = createPace({ speed: 1, signal: leaving.signal })
  pace.toggle()
  const rest = pace.rest(0)
  leaving.abort()
  await rest.then(
    () => assert.unreachable(),
    error => assert.is(error.name, 'AbortError'),
  )
})

test.run()
