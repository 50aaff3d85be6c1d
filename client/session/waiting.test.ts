import { v7 as uuidv7 } from 'uuid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import { createTestClock } from '../net/test-clock.fixture.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { Receipts } from './receipts.ts'
import type { OutboxRecord, SealedFrame } from './records.ts'
import { State } from './state.ts'
import { gapTimeoutMs, maxWaiting, maxWaitingChars, Waiting } from './waiting.ts'

const test = suite('waiting and receipts')

function fail(error: unknown): void {
  throw error
}

function createState() {
  const clock = createTestClock()
  const store = createMemoryStore()
  const randomBytes = (length: number) => new Uint8Array(length)
  return { clock, state: new State({ store, clock, randomBytes, report: fail }) }
}

function frame(id: string, { from = 'alice', chars = 4 } = {}): SealedFrame {
  const about = { t: 'message', kind: 'message', from, device: id, to: { user: 'bob' } } as const
  return { ...about, id, storedAt: 0, body: 'b'.repeat(chars) }
}

test('`add()` keeps at most `maxWaiting`: the oldest gives way', () => {
  const { state } = createState()
  const waiting = new Waiting(state)
  state.commit(tx => {
    for (let n = 0; n < maxWaiting; n++) {
      assert.equal(waiting.add(tx, { frame: frame(`${n}`), chain: 'chain', n }), [])
    }
    const evicted = waiting.add(tx, { frame: frame('more'), chain: 'chain', n: maxWaiting })
    assert.equal(
      evicted.map(record => record.frame.id),
      ['0'],
    )
  })
  assert.is(waiting.all().length, maxWaiting)
  waiting.reload()
  assert.is(waiting.all().length, maxWaiting)
})

test('`add()` keeps at most `maxWaitingChars`: whoever has most waiting gives way, not a quiet one who came before', () => {
  const { state } = createState()
  const waiting = new Waiting(state)
  const chars = maxWaitingChars / 8
  let given: string[] = []
  state.commit(tx => {
    waiting.add(tx, { frame: frame('quiet', { from: 'carol' }), chain: 'chain', n: 0 })
    for (let n = 0; n < 10; n++) {
      const noise = frame(`${n}`, { from: 'mallory', chars })
      given = [...given, ...waiting.add(tx, { frame: noise, chain: `${n}`, n }).map(({ frame }) => frame.id)]
    }
  })
  assert.equal(given, ['0', '1', '2'])
  assert.is(waiting.of('chain').length, 1)
  waiting.reload()
  state.commit(tx => {
    const noise = frame('more', { from: 'mallory', chars })
    assert.is(
      waiting.add(tx, { frame: noise, chain: 'more', n: 0 }).length,
      1,
      'what was counted is counted again',
    )
    for (const record of waiting.all().filter(({ frame }) => frame.from === 'mallory'))
      waiting.remove(tx, record)
    assert.equal(waiting.add(tx, { frame: noise, chain: 'more', n: 0 }), [])
  })
})

test('what waits is due `gapTimeoutMs` after it came, once drained, and not again when it was told of', () => {
  const { state, clock } = createState()
  const waiting = new Waiting(state)
  state.commit(tx => waiting.add(tx, { frame: frame('a'), chain: 'chain', n: 3 }))
  const now = clock.now()
  assert.is(waiting.nextDueAt(undefined), undefined)
  assert.is(waiting.nextDueAt(now), now + gapTimeoutMs)
  assert.equal(waiting.dueChains({ drainedAt: now, now: now + gapTimeoutMs - 1 }), [])
  assert.equal(waiting.dueChains({ drainedAt: now, now: now + gapTimeoutMs }), ['chain'])
  state.commit(tx => {
    for (const record of waiting.of('chain')) waiting.markNoticed(tx, record)
  })
  assert.is(waiting.nextDueAt(now), undefined)
})

test('`flush()` puts at most `maxReceiptIds` ids into one receipt, for each sender its own', () => {
  const { state, clock } = createState()
  const sent: Omit<OutboxRecord, 'serial'>[] = []
  const receipts = new Receipts({
    state,
    clock,
    courier: { enqueue: (_, record) => void sent.push(record) },
    report: fail,
  })
  state.commit(tx => {
    for (const userId of ['alice', 'carol']) {
      tx.tables.people.put([userId], { userId, thumbprint: userId, conversation: userId })
    }
    for (let n = 0; n <= limits.maxReceiptIds; n++)
      receipts.add(tx, { to: 'alice', id: uuidv7(), state: 'delivered' }, { isGroup: false })
    receipts.add(tx, { to: 'carol', id: uuidv7(), state: 'delivered' }, { isGroup: false })
  })
  clock.advance(1_000)
  assert.equal(sent, [], 'nothing goes while offline')
  receipts.onOnline()
  clock.advance(1_000)
  const sizes = sent.map(({ to, content }) => [
    'user' in to && to.user,
    content.type === 'receipt' ? content.ids.length : 0,
  ])
  assert.equal(
    sizes.sort((a, b) => `${b}`.localeCompare(`${a}`)),
    [
      ['carol', 1],
      ['alice', limits.maxReceiptIds],
      ['alice', 1],
    ],
  )
  receipts.flush()
  assert.is(sent.length, 3)
})

test.run()
