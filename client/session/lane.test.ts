import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SendFrame } from '../../schema/frames.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import type { SenderChain } from '../crypto/types.ts'
import { createTestClock } from '../net/test-clock.fixture.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Cipher } from './cipher.ts'
import { Lane } from './lane.ts'
import type { Parties } from './parties.ts'
import type { OutboxRecord } from './records.ts'
import { State } from './state.ts'

const test = suite('lane')

/** A lane of which the test says when the next message is encrypted. */
function createLane() {
  const clock = createTestClock()
  const report = (error: unknown) => {
    throw error
  }
  const state = new State({
    store: createMemoryStore(),
    clock,
    randomBytes: length => new Uint8Array(length),
    report,
  })
  const chain = { chain: 'chain', n: 0, audience: 'audience' } as SenderChain
  state.commit(tx => tx.tables.senders.put(['conv'], { state: chain }))
  const sent: SendFrame[] = []
  const sealing: (() => void)[] = []
  const cipher = {
    roomOf: () => 100,
    seal: async ({ chain: from, id, content }: Parameters<Cipher['seal']>[0]) => {
      await new Promise<void>(resolve => sealing.push(resolve))
      const text = content.type === 'text' ? content.text : ''
      return { chain: { ...from, n: from.n + 1 }, body: `${from.n} ${id} ${text}` }
    },
  } as unknown as Cipher
  const lane = new Lane({
    conversation: 'conv',
    to: { user: 'bob' },
    state,
    cipher,
    clock,
    report,
    connection: { request: () => Promise.reject(new Error('not asked')) },
    parties: { find: async () => ({ roster: {}, devices: [] }) } as unknown as Parties,
    port: {
      isOnline: () => true,
      isInFlight: id => sent.some(frame => frame.id === id),
      room: () => 100,
      send: frame => void sent.push(frame),
      pauseMs: () => 1_000,
      fail: () => undefined,
      onFailed: () => undefined,
      onSettled: () => undefined,
    },
  })
  for (const [serial, id] of ['one', 'two', 'three'].entries()) {
    const content = { type: 'text', text: id } as const
    const record: OutboxRecord = { serial, id, conversation: 'conv', to: lane.to, sentAt: 1, content }
    state.commit(tx => tx.tables.outbox.put([serial], record))
    lane.add(record)
  }
  /** Encrypts whatever is waiting, until all that is left was sent. */
  const finish = () =>
    waitFor(
      () => {
        for (const go of sealing.splice(0)) go()
        return !lane.isBusy() || sent.length === [...state.tables.outbox.range()].length
      },
      { what: 'all to be sent' },
    )
  return { lane, state, sent, sealing, finish }
}

test('what is changed or taken back while it is being encrypted goes out changed, or not at all, without a gap', async () => {
  const { lane, state, sent, sealing, finish } = createLane()
  lane.pump()
  await waitFor(() => sealing.length === 1, { what: 'the first to be encrypted' })
  assert.ok(lane.isFresh('two'))
  state.commit(tx => {
    assert.is(lane.withdraw(tx, 'two')?.id, 'two')
    lane.amend(tx, 'three', content => (content.type === 'text' ? { ...content, text: 'drei' } : content))
  })
  await finish()
  assert.equal(
    sent.map(frame => frame.body),
    ['0 one one', '1 three drei'],
  )
  assert.is(state.tables.senders.get(['conv'])?.state.n, 2)
})

test('what is encrypted is not changed any more, nor what was once', async () => {
  const { lane, state, finish } = createLane()
  lane.pump()
  await finish()
  assert.not.ok(lane.isFresh('one'))
  state.commit(tx => {
    assert.is(lane.withdraw(tx, 'one'), undefined)
    lane.amend(tx, 'one', content => ({ ...content }))
  })
  assert.is([...state.tables.outbox.range()].length, 3)
  lane.stop()
  lane.reseal('one')
  assert.not.ok(lane.isFresh('one'))
})

test.run()
