import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { latestOnly } from './latest-only.ts'

const test = suite('latestOnly')

/** Work that ends when it is told to. */
function stage() {
  const begun: string[] = []
  const ends: ((error?: Error) => void)[] = []
  const ask = latestOnly<string>(what => {
    begun.push(what)
    return new Promise((resolve, reject) => ends.push(error => (error ? reject(error) : resolve())))
  })
  return { begun, ask, end: (error?: Error) => ends.shift()?.(error) }
}

test('`latestOnly()` does one at a time, and of those that wait the last one', async () => {
  const { begun, ask, end } = stage()
  const [one, two, three] = [ask('one'), ask('two'), ask('three')]
  assert.equal(begun, ['one'])
  // Nobody waits for what is wanted no more.
  await two
  end()
  await one
  assert.equal(begun, ['one', 'three'])
  end()
  await three
  const four = ask('four')
  assert.equal(begun, ['one', 'three', 'four'])
  end()
  await four
})

test('`latestOnly()` tells each of its own failure, and goes on', async () => {
  const { begun, ask, end } = stage()
  const failed = ask('one').then(
    () => 'done',
    (error: Error) => error.message,
  )
  const next = ask('two')
  end(new Error('no'))
  assert.is(await failed, 'no')
  assert.equal(begun, ['one', 'two'])
  end()
  await next
})

test.run()
