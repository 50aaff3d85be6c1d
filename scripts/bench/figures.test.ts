import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { quantile, rounded, watched } from './figures.ts'

const test = suite('figures of the bench')

/** Spins until the clock has gone on by so much. */
function block(ms: number): void {
  for (const from = performance.now(); performance.now() - from < ms; );
}

test('`watched()` sees what blocks at the beginning, in the middle and at the end', async () => {
  const turn = () => new Promise(resolve => setImmediate(resolve))
  const works = [
    async () => block(40),
    async () => {
      block(40)
      await turn()
    },
    async () => {
      await turn()
      block(40)
      await turn()
    },
    async () => {
      await turn()
      block(40)
    },
  ]
  // Not all of it: what this thread waited for a core while it span is not counted.
  for (const work of works) assert.ok((await watched(work)).blockMs > 1)
  const { result, tookMs } = await watched(async () => 'done')
  assert.is(result, 'done')
  assert.ok(tookMs >= 0)
})

test('`quantile()` and `rounded()`', () => {
  assert.is(quantile([3, 1, 2], 0.5), 2)
  assert.is(quantile([], 0.5), 0)
  assert.is(quantile([1, 2], 0.99), 2)
  assert.equal([rounded(0), rounded(1234.5), rounded(0.012345)], [0, 1230, 0.0123])
})

test.run()
