import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readMemory, type Sample, summarise } from './memory.ts'

const test = suite('memory')

function series(pid: number, bytes: readonly number[], startMs = 0): Sample[] {
  return bytes.map((ownBytes, at) => ({
    pid,
    atMs: startMs + at * 60_000,
    ownBytes,
    totalBytes: ownBytes * 2,
  }))
}

test('`readMemory()` knows this process, and nothing of one that is not', async () => {
  const found = await readMemory([process.pid, 2 ** 30])
  const own = found.get(process.pid)
  assert.is(found.size, 1)
  assert.ok(own && own.totalBytes >= own.ownBytes && own.ownBytes > 2 ** 20)
})

test('`summarise()` leaves out the first third, as warming up', () => {
  const { own, ...totals } = summarise(series(1, [10, 50, 100, 100, 100, 100, 100, 100, 100]), {
    lastedMs: 480_000,
  })
  assert.equal(totals, { minBytes: 20, maxBytes: 200, lastBytes: 200 })
  assert.equal(own, { middleBytes: 100, lastBytes: 100, slopeBytesPerMinute: 0 })
})

test('`summarise()` gives the slope of what grows, per minute', () => {
  const { own } = summarise(series(1, [10, 20, 30, 40, 50, 60, 70, 80, 90]), { lastedMs: 480_000 })
  assert.equal(own, { middleBytes: 50, lastBytes: 80, slopeBytesPerMinute: 10 })
})

test('`summarise()` takes the process that lived longest, and none that lived for less than half', () => {
  const samples = [...series(1, [10, 11]), ...series(2, [20, 20, 20, 20, 20, 20], 120_000)]
  assert.is(summarise(samples, { lastedMs: 480_000 }).own?.middleBytes, 20)
  assert.is(summarise(samples, { lastedMs: 900_000 }).own, undefined)
  assert.is(summarise(samples, { lastedMs: 900_000 }).maxBytes, 40)
})

test.run()
