// Not a sleep: one turn of the event loop.
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import type { Store } from '../port/store.ts'
import { createTestLog } from '../testing/test-log.ts'
import { createStockWatch } from './stock-watch.ts'

const test = suite('the stock of prekeys')

/** A store whose counts are answered by hand. */
function play() {
  const asked: string[][] = []
  const told: [string, number][] = []
  const answers: ((counts: Map<string, number> | Error) => void)[] = []
  const store = {
    prekeys: {
      counts: (deviceIds: readonly string[]) => {
        asked.push([...deviceIds])
        return new Promise<Map<string, number>>((resolve, reject) => {
          answers.push(counts => (counts instanceof Error ? reject(counts) : resolve(counts)))
        })
      },
    },
    presence: {
      setPrekeysLeft: async (deviceId: string, left: number) => void told.push([deviceId, left]),
    },
  } as unknown as Pick<Store, 'prekeys' | 'presence'>
  const log = createTestLog()
  const claimed = createStockWatch({ store, limits, log })
  const answer = async (counts: Map<string, number> | Error) => {
    answers.shift()?.(counts)
    await setImmediate()
  }
  return { claimed, asked, told, answer, log }
}

const LOW = limits.prekeyLowWater - 1

test('a device is told when its stock is low, and not before', async () => {
  const { claimed, told, answer } = play()
  claimed(['low', 'enough', 'empty'])
  await answer(
    new Map([
      ['low', LOW],
      ['enough', LOW + 1],
    ]),
  )
  assert.equal(told, [
    ['low', LOW],
    ['empty', 0],
  ])
})

test('what is claimed while a count is under way is counted once, after it', async () => {
  const { claimed, asked, answer } = play()
  claimed(['a'])
  claimed(['a', 'b'])
  claimed(['b'])
  assert.equal(asked, [['a']])
  await answer(new Map())
  assert.equal(asked, [['a'], ['a', 'b']])
  await answer(new Map())
  assert.is(asked.length, 2)
})

test('a count that fails is in the log, and the next claim counts again', async () => {
  const { claimed, asked, answer, log } = play()
  claimed(['a'])
  await answer(new Error('made up'))
  assert.ok(log.lines.some(line => line.includes('stock of prekeys')))
  claimed(['b'])
  assert.equal(asked, [['a'], ['b']])
  await answer(new Map())
})

test.run()
