import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import type { SendFrame } from '../../schema/frames.ts'
import { limits } from '../../schema/limits.ts'
import { statesOf, withWorld } from './test-world.fixture.ts'
import { gapTimeoutMs } from './waiting.ts'

const test = suite('session, sending')

test('`stored` that is lost is made up for by sending the same bytes again: it arrives once', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    world.server.tellsStored = false
    await alice.chat.send({ to: 'bob', text: 'once' })
    await world.until('bob to have it', async () => (await bob.lines('alice')).length === 3)
    world.server.tellsStored = true
    world.server.drop(alice.deviceId)
    await world.until('alice to know', async () => (await statesOf(alice, 'bob'))[1] === 'delivered')
    await world.until('it to leave the outbox', async () => (await alice.chat.snapshot()).queued === 0)
    assert.equal(await bob.lines('alice'), ['alice: first', 'bob: second', 'alice: once'])
    const copies = world.server
      .sent(alice.deviceId)
      .filter(({ id }) => id === lastId(world.server.sent(alice.deviceId)))
    assert.is(copies.length, 2)
    assert.equal(copies[0], copies[1])
  }))

test('a burst while offline arrives in order, on as many chains as the limit asks for', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    world.server.isUp = false
    world.server.drop(alice.deviceId)
    const count = 2 * limits.maxChainMessages + 30
    for (let n = 0; n < count; n++) await alice.chat.send({ to: 'bob', text: `text ${n}` })
    assert.is((await alice.chat.snapshot()).queued, count)
    world.server.isUp = true
    await world.until('bob to have all', async () => (await bob.lines('alice')).length === count + 2)
    assert.equal(
      (await bob.lines('alice')).slice(2),
      Array.from({ length: count }, (_, n) => `alice: text ${n}`),
    )
    const chains = world.server.sent(alice.deviceId).filter(({ kind }) => kind === 'chain')
    assert.is(chains.length, 3)
    await world.until('all to be known', async () => {
      return (await statesOf(alice, 'bob')).every(state => state === 'delivered')
    })
    assert.is((await alice.chat.snapshot()).queued, 0)
  }))

test('`unsent` counts a change that has no line of its own until a server has it; an event tells', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const [item] = (await alice.chat.unread({ limit: 9 })).filter(({ from }) => from === 'bob')
    const counts = async ({ chat }: typeof alice) => {
      const { queued, unsent } = await chat.snapshot()
      return { queued, unsent }
    }
    await world.until('all to be sent', async () => (await counts(alice)).unsent === 0)
    world.server.isUp = false
    world.server.drop(alice.deviceId)
    let told = 0
    alice.chat.subscribe(event => {
      if (event.type === 'queued') told++
    })
    await alice.chat.react({ id: item?.id ?? '', emoji: '👍' })
    assert.equal([await counts(alice), told], [{ queued: 0, unsent: 1 }, 1])
    await alice.chat.send({ to: 'bob', text: 'and this' })
    assert.equal([await counts(alice), told], [{ queued: 1, unsent: 2 }, 2])
    world.server.isUp = true
    await world.until('all to be sent', async () => (await counts(alice)).unsent === 0)
    assert.is((await counts(alice)).queued, 0)
    assert.ok(told > 2)
    await world.until('bob to have it', async () => (await bob.lines('alice')).length === 3)
  }))

test('a reconnect in the middle of a burst loses nothing and doubles nothing', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    let seen = 0
    world.server.onSend = () => {
      seen++
      // The frame that is dropped is neither stored nor answered.
      if (seen % 37 !== 0) return undefined
      world.server.drop(alice.deviceId)
      return null
    }
    const count = 150
    for (let n = 0; n < count; n++) await alice.chat.send({ to: 'bob', text: `text ${n}` })
    await world.until('bob to have all', async () => (await bob.lines('alice')).length >= count + 2)
    assert.equal(
      (await bob.lines('alice')).slice(2),
      Array.from({ length: count }, (_, n) => `alice: text ${n}`),
    )
  }))

test('no more than `sendWindow` frames are unanswered', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const held: SendFrame[] = []
    world.server.onSend = frame => {
      if (frame.kind === 'chain') return undefined
      held.push(frame)
      return null
    }
    for (let n = 0; n < limits.maxChainMessages - 1; n++) await alice.chat.send({ to: 'bob', text: `b${n}` })
    const others = ['carol', 'dave', 'erin']
    for (const other of others) await world.device(other)
    for (const other of others) {
      for (let n = 0; n < 90; n++) await alice.chat.send({ to: other, text: `${other} ${n}` })
    }
    await world.until('the window to be full', () => held.length >= limits.sendWindow)
    await world.settle()
    assert.is(held.length, limits.sendWindow)
    world.server.onSend = () => undefined
    world.server.drop(alice.deviceId)
    await world.until('all to be stored', async () => (await alice.chat.snapshot()).queued === 0)
    await world.until('bob to have all', async () => {
      return (await bob.lines('alice')).length === limits.maxChainMessages + 1
    })
  }))

test('`stale_audience` makes a new chain for all devices, and seals the same id anew', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const tell = world.server.tellDevices
    world.server.tellDevices = () => undefined
    const second = await world.device('bob', { of: bob })
    const { id } = await alice.chat.send({ to: 'bob', text: 'to both' })
    await world.until('both to have it', async () => {
      const all = await Promise.all([bob.lines('alice'), second.lines('alice')])
      return all.every(lines => lines.includes('alice: to both'))
    })
    world.server.tellDevices = tell
    const copies = world.server.sent(alice.deviceId).filter(frame => frame.id === id)
    assert.is(copies.length, 2)
    assert.is.not(copies[0]?.body, copies[1]?.body)
    assert.ok((await alice.lines('bob')).includes('(device-added)'))
    await world.until('alice to know', async () => (await statesOf(alice, 'bob')).at(-1) === 'delivered')
    assert.equal(await bob.lines('alice'), ['alice: first', 'bob: second', 'alice: to both'])
  }))

test('a server that says `stale_audience` for ever is asked ever more rarely, and nothing is lost', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    world.server.onSend = ({ id }) => ({
      t: 'refused',
      id,
      code: 'stale_audience',
      message: 'no',
      retry: true,
    })
    await alice.chat.send({ to: 'bob', text: 'patience' })
    await world.settle()
    const before = world.server.sent(alice.deviceId).length
    world.clock.advance(60_000)
    await world.settle()
    assert.ok(world.server.sent(alice.deviceId).length - before < 20)
    world.server.onSend = () => undefined
    await world.until('bob to have it', async () => (await bob.lines('alice')).includes('alice: patience'))
  }))

test('a refusal that may pass is tried again, a final one marks the message failed with its reason', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    let refusals = 0
    world.server.onSend = ({ id }) => {
      if (++refusals > 2) return undefined
      return { t: 'refused', id, code: 'unavailable', message: 'later', retry: true }
    }
    await alice.chat.send({ to: 'bob', text: 'again' })
    await world.until('bob to have it', async () => (await bob.lines('alice')).includes('alice: again'))
    world.server.onSend = ({ id }) => ({
      t: 'refused',
      id,
      code: 'not_a_member',
      message: 'go \u001b[31maway',
      retry: false,
    })
    const { id } = await alice.chat.send({ to: 'bob', text: 'never' })
    await world.until('it to fail', async () => (await alice.chat.message({ id }))?.state === 'failed')
    assert.equal((await alice.chat.message({ id }))?.failure, {
      code: 'not_a_member',
      message: 'go [31maway',
    })
    assert.is((await alice.chat.snapshot()).queued, 0)
    world.server.onSend = () => undefined
    await alice.chat.send({ to: 'bob', text: 'next' })
    // The one that failed has left a gap, which bob waits for.
    await world.settle()
    world.clock.advance(gapTimeoutMs - 1_000)
    await world.until('bob to have the next', async () => (await bob.lines('alice')).includes('alice: next'))
  }))

test('nothing goes out on a chain whose announcement is not stored', () =>
  withWorld(async world => {
    const alice = await world.device('alice')
    const bob = await world.device('bob')
    world.server.onSend = frame => (frame.kind === 'chain' ? null : undefined)
    for (const text of ['one', 'two']) await alice.chat.send({ to: 'bob', text })
    await world.until('the announcement', () => world.server.sent(alice.deviceId).length > 0)
    await world.settle()
    assert.equal(
      world.server.sent(alice.deviceId).map(({ kind }) => kind),
      ['chain'],
    )
    world.server.onSend = () => undefined
    world.server.drop(alice.deviceId)
    await world.until('bob to have both', async () => (await bob.lines('alice')).length === 2)
    const kinds = world.server.sent(alice.deviceId).map(({ kind }) => kind)
    assert.equal(kinds, ['chain', 'chain', 'message', 'message'])
  }))

test('a session that is killed at any moment goes on where it was', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    world.server.onSend = () => null
    await alice.chat.send({ to: 'bob', text: 'sealed' })
    await world.until('it to be sent', () =>
      world.server.sent(alice.deviceId).some(({ kind }) => kind === 'message'),
    )
    await world.settle()
    const before = world.server.sent(alice.deviceId).at(-1)
    await alice.chat.send({ to: 'bob', text: 'another' })
    await alice.restart()
    world.server.onSend = () => undefined
    world.server.drop(alice.deviceId)
    await world.until('bob to have both', async () => (await bob.lines('alice')).length === 4)
    assert.equal((await bob.lines('alice')).slice(2), ['alice: sealed', 'alice: another'])
    const copies = world.server.sent(alice.deviceId).filter(({ id }) => id === before?.id)
    assert.ok(copies.length >= 2)
    for (const copy of copies) assert.equal(copy, before)
  }))

test('an answer that cannot be written down is asked for again', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const { transaction } = alice.store
    let isFull = false
    alice.store.transaction = work => {
      if (isFull) throw new FastChatError('disk_full', 'Cannot write data: the disk is full')
      return transaction(work)
    }
    await alice.restart()
    await world.until('alice to be back', () => world.server.isOnline(alice.deviceId))
    world.server.onSend = () => {
      isFull = true
      return undefined
    }
    await alice.chat.send({ to: 'bob', text: 'once' })
    await world.until('bob to have it', async () => (await bob.lines('alice')).length === 3)
    await world.settle()
    assert.is((await alice.chat.snapshot()).queued, 1)
    world.server.onSend = () => undefined
    isFull = false
    await world.until('alice to know', async () => (await alice.chat.snapshot()).queued === 0)
    assert.is((await bob.lines('alice')).length, 3)
  }))

test('ids grow, though the clock is set back and the session begins anew', () =>
  withWorld(async world => {
    const alice = await world.device('alice')
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push((await alice.chat.send({ to: 'alice', text: `${n}` })).id)
    await alice.restart()
    for (let n = 0; n < 5; n++) ids.push((await alice.chat.send({ to: 'alice', text: `${n}` })).id)
    assert.equal(ids, [...ids].sort())
    assert.is(new Set(ids).size, 10)
  }))

test('the stock of one-time prekeys is filled when it is low, and the signed prekey replaced each week', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const device = world.server.devices.get(bob.deviceId)
    assert.ok(device)
    const signed = device.signedPrekey
    device.oneTime.length = 10
    world.server.push(bob.deviceId, { t: 'prekeys', left: 10 })
    await world.until('the stock to be full', () => device.oneTime.length === limits.prekeyStock)
    assert.is(device.signedPrekey, signed)
    world.clock.advance(limits.signedPrekeyRotateMs)
    await world.until('another signed prekey', () => device.signedPrekey !== signed)
    device.oneTime.length = 0
    world.clock.advance(limits.maxChainAgeMs)
    await alice.chat.send({ to: 'bob', text: 'by the signed one' })
    await world.until('bob to have it', async () =>
      (await bob.lines('alice')).includes('alice: by the signed one'),
    )
  }))

function lastId(frames: readonly SendFrame[]): string | undefined {
  return frames.filter(({ kind }) => kind === 'message').at(-1)?.id
}

test.run()
