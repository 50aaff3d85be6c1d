import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runWeighed } from './run-weighed.ts'

const test = suite('jobs of different weight')

/** Runs jobs that are named by their weights, each ended by hand. */
function play(weights: readonly number[], capacity: number) {
  const running = new Map<number, Deferred<void>>()
  const begun: number[] = []
  const all = runWeighed(
    weights.map((weight, index) => ({ weight, index })),
    {
      capacity,
      weightOf: ({ weight }) => weight,
      run: async ({ index }) => {
        const done = deferred()
        running.set(index, done)
        begun.push(index)
        await done.promise
      },
    },
  )
  const end = async (index: number) => {
    running.get(index)?.resolve()
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }
  return { begun, end, all, fail: (index: number) => running.get(index)?.reject(new Error(`job ${index}`)) }
}

interface Deferred<T> {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: Error) => void
}

function deferred(): Deferred<void> {
  let resolve: () => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<void>((done, fail) => {
    resolve = done
    reject = fail
  })
  return { promise, resolve, reject }
}

test('`runWeighed()` begins in order what there is room for, and resolves when all are done', async () => {
  const { begun, end, all } = play([3, 3, 2, 2, 2], 6)
  assert.equal(begun, [0, 1])
  await end(1)
  assert.equal(begun, [0, 1, 2])
  await end(0)
  assert.equal(begun, [0, 1, 2, 3, 4])
  for (const index of [2, 3, 4]) await end(index)
  await all
})

test('`runWeighed()` runs what is too heavy alone', async () => {
  const { begun, end, all } = play([1, 9, 1], 3)
  assert.equal(begun, [0])
  await end(0)
  assert.equal(begun, [0, 1])
  await end(1)
  assert.equal(begun, [0, 1, 2])
  await end(2)
  await all
  await runWeighed([], { capacity: 1, weightOf: () => 1, run: async () => undefined })
})

test('`runWeighed()` rejects with the first failure, and begins nothing more', async () => {
  const { begun, fail, all } = play([1, 1, 1], 2)
  fail(0)
  const message = await all.then(
    () => 'done',
    (error: Error) => error.message,
  )
  assert.is(message, 'job 0')
  assert.equal(begun, [0, 1])
})

test.run()
