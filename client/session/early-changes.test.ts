import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import { createTestClock } from '../net/test-clock.fixture.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { applyChange, settleMessage } from './apply-changes.ts'
import { EarlyChanges, maxEarlyBytes, maxEarlyChanges } from './early-changes.ts'
import { prune, seenKeepMs } from './housekeeping.ts'
import { maxQuotes } from './quotes.ts'
import { State, type Tx } from './state.ts'
import { appendMessage, findMessage } from './timeline.ts'

const test = suite('session, what is kept of changes')

const thread = { conversation: 'conv', kind: 'group', with: 'ops' } as const

function createState() {
  const clock = createTestClock()
  const state = new State({
    store: createMemoryStore(),
    clock,
    randomBytes: length => new Uint8Array(length),
    report: error => {
      throw error
    },
  })
  return { state, clock, early: new EarlyChanges(state) }
}

function reaction(from: string, target: string) {
  const content = { type: 'reaction' as const, id: target, emoji: '👍' }
  return { id: `${from}-${target}`, at: 1, from, conversation: 'conv', content, isAdmin: false }
}

function append(tx: Tx, id: string, replyTo?: string): void {
  const content = { type: 'text', text: 'x' } as const
  const message = { id, from: 'alice', mine: false, sentAt: 1, content }
  appendMessage(tx, { message: replyTo === undefined ? message : { ...message, replyTo }, thread })
}

test('beyond `maxEarlyChanges` the oldest of whoever has most gives way', () => {
  const { state, early } = createState()
  state.commit(tx => {
    early.add(tx, reaction('bob', 'wanted'))
    for (let n = 0; n < maxEarlyChanges; n++) early.add(tx, reaction('mallory', `t${n}`))
  })
  assert.is([...state.tables.earlyChanges.range()].length, maxEarlyChanges)
  state.commit(tx => {
    assert.equal(early.take(tx, 't0'), [])
    assert.is(early.take(tx, 't1').length, 1)
    assert.equal(early.take(tx, 't1'), [])
    append(tx, 'wanted')
    settleMessage(tx, 'wanted', early)
  })
  assert.equal(findMessage(state.tables, 'wanted')?.reactions, [{ emoji: '👍', from: ['bob'] }])
})

test('beyond `maxEarlyBytes` of text too, and a session that begins again knows what is there', () => {
  const { state, early } = createState()
  const edit = (from: string, n: number) => {
    const content = { type: 'edit' as const, id: `t${n}`, text: 'x'.repeat(limits.maxTextBytes) }
    return { id: `e${n}`, at: 1, from, conversation: 'conv', content, isAdmin: false }
  }
  const room = maxEarlyBytes / limits.maxTextBytes
  state.commit(tx => {
    early.add(tx, reaction('bob', 'wanted'))
    for (let n = 0; n < room; n++) early.add(tx, edit('mallory', n))
  })
  assert.is([...state.tables.earlyChanges.range()].length, room + 1)
  const again = new EarlyChanges(state)
  state.commit(tx => again.add(tx, edit('mallory', room)))
  assert.is([...state.tables.earlyChanges.range()].length, room + 1)
  state.commit(tx => {
    assert.equal(again.take(tx, 't0'), [])
    assert.is(again.take(tx, 'wanted').length, 1)
  })
})

test('a transaction that fails leaves what waits as it was', () => {
  const { state, early } = createState()
  state.commit(tx => early.add(tx, reaction('bob', 't')))
  const failing = (work: (tx: Tx) => void) =>
    assert.throws(() =>
      state.commit(tx => {
        work(tx)
        throw new Error('no room')
      }),
    )
  failing(tx => early.take(tx, 't'))
  failing(tx => early.add(tx, reaction('carol', 't')))
  failing(tx => early.prune(tx, { before: Number.MAX_SAFE_INTEGER, count: 9 }))
  state.commit(tx => assert.is(early.take(tx, 't').length, 1))
})

test('`prune()` forgets changes and vanished messages after `seenKeepMs`, and nothing earlier', () => {
  const { state, early, clock } = createState()
  state.commit(tx => {
    early.add(tx, reaction('bob', 't'))
    tx.tables.gone.put(['g'], { id: 'g', at: tx.now })
  })
  const left = () => [...state.tables.earlyChanges.range(), ...state.tables.gone.range()].length
  prune({ state, early }, clock.now() + seenKeepMs)
  assert.is(left(), 2)
  prune({ state, early }, clock.now() + seenKeepMs + 1)
  assert.is(left(), 0)
})

test('beyond `maxReactions` people nobody reacts any more, but those who did may change it', () => {
  const { state } = createState()
  state.commit(tx => {
    append(tx, 'm')
    for (let n = 0; n <= limits.maxReactions; n++) applyChange(tx, reaction(`user${n}`, 'm'))
  })
  const shown = () => findMessage(state.tables, 'm')?.reactions ?? []
  assert.is(shown()[0]?.from.length, limits.maxReactions)
  state.commit(tx => {
    const content = { type: 'reaction' as const, id: 'm', emoji: '🎉' }
    applyChange(tx, { ...reaction('user0', 'm'), at: 2, content })
  })
  assert.equal(
    shown().map(({ from }) => from.length),
    [limits.maxReactions - 1, 1],
  )
})

test('beyond `maxQuotes` answers show no excerpt, so that each can be found when it is to go', () => {
  const { state, early } = createState()
  state.commit(tx => {
    append(tx, 'm')
    for (let n = 0; n <= maxQuotes; n++) {
      append(tx, `a${n}`, 'm')
      settleMessage(tx, `a${n}`, early)
    }
  })
  const excerptOf = (n: number) => findMessage(state.tables, `a${n}`)?.replyTo?.excerpt
  assert.is(excerptOf(maxQuotes - 1), 'x')
  assert.is(excerptOf(maxQuotes), undefined)
  state.commit(tx => {
    const content = { type: 'delete' as const, id: 'm' }
    applyChange(tx, { id: 'd', at: 1, from: 'alice', conversation: 'conv', content, isAdmin: false })
  })
  assert.is(excerptOf(0), undefined)
  assert.is(excerptOf(maxQuotes - 1), undefined)
  assert.equal([...state.tables.quotes.range()], [])
})

test.run()
