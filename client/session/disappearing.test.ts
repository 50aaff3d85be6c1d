import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../schema/limits.ts'
import {
  codeOf,
  diskOf,
  forgeTo,
  group,
  itemOf,
  itemsOf,
  say,
  summaryOf,
  textOf,
  untilText,
} from './changes.fixture.ts'
import { openTables } from './records.ts'
import { type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'

const test = suite('session, messages that disappear')

const TIMER_MS = 60_000

async function timersIn(device: TestDevice, other: string): Promise<unknown[]> {
  return (await itemsOf(device, other)).flatMap(item =>
    item.kind === 'notice' && item.notice.type === 'timer' ? [[item.notice.by, item.notice.afterMs]] : [],
  )
}

async function setTimer(device: TestDevice, other: string, afterMs: number | null): Promise<void> {
  await device.chat.setTimer({ conversation: (await summaryOf(device, other))?.id ?? '', afterMs })
}

async function readAll(device: TestDevice, other: string): Promise<void> {
  const conversation = (await summaryOf(device, other))?.id ?? ''
  const upToSeq = (await itemsOf(device, other)).at(-1)?.seq ?? 0
  await device.chat.markRead({ conversation, upToSeq })
}

/** alice and bob, whose messages disappear after a minute. */
async function pairWithTimer(world: TestWorld) {
  const { alice, bob } = await world.pair()
  await setTimer(alice, 'bob', TIMER_MS)
  await world.until('bob to know', async () => (await summaryOf(bob, 'alice'))?.disappearAfterMs === TIMER_MS)
  return { alice, bob }
}

test('`setTimer()` is seen by both, who may both change it; the last one counts', () =>
  withWorld(async world => {
    const { alice, bob } = await pairWithTimer(world)
    assert.equal(await timersIn(alice, 'bob'), [['alice', TIMER_MS]])
    assert.equal(await timersIn(bob, 'alice'), [['alice', TIMER_MS]])
    // Though this clock is behind.
    world.clock.advance(-60 * 60 * 1000)
    await setTimer(bob, 'alice', null)
    await world.until(
      'alice to know',
      async () => (await summaryOf(alice, 'bob'))?.disappearAfterMs === undefined,
    )
    await setTimer(bob, 'alice', null)
    assert.equal(await timersIn(bob, 'alice'), [
      ['alice', TIMER_MS],
      ['bob', null],
    ])
    const { expiresInMs } = await alice.chat.send({ to: 'bob', text: 'stays' })
    assert.is(expiresInMs, undefined)
    const { id: conversation = '' } = (await summaryOf(alice, 'bob')) ?? {}
    for (const afterMs of [limits.minDisappearMs - 1, limits.maxDisappearMs + 1, 6000.5, Number.NaN]) {
      assert.is(await codeOf(alice.chat.setTimer({ conversation, afterMs })), 'usage')
    }
    for (const afterMs of [limits.minDisappearMs, limits.maxDisappearMs]) {
      assert.is(await codeOf(alice.chat.setTimer({ conversation, afterMs })), 'done')
    }
  }))

test('nobody sets a timer for ever by a clock that is far ahead', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const { id: conversation = '' } = (await summaryOf(bob, 'alice')) ?? {}
    bob.store.transaction(() => {
      const { conversations } = openTables(bob.store)
      const record = conversations.get([conversation])
      if (record) {
        const timer = { at: Number.MAX_SAFE_INTEGER - 1, id: 'ffffffff-ffff-7fff-bfff-ffffffffffff' }
        conversations.put([conversation], { ...record, timer })
      }
    })
    await setTimer(bob, 'alice', TIMER_MS)
    await world.until(
      'alice to know',
      async () => (await summaryOf(alice, 'bob'))?.disappearAfterMs === TIMER_MS,
    )
    await setTimer(alice, 'bob', null)
    assert.is((await summaryOf(alice, 'bob'))?.disappearAfterMs, undefined)
    const timer = openTables(alice.store).conversations.get([conversation])?.timer
    assert.ok(timer && timer.at < world.clock.now() + 2 * 24 * 60 * 60 * 1000)
  }))

test('a message disappears after it was written, and at the other one after it was read', () =>
  withWorld(async world => {
    const { alice, bob } = await pairWithTimer(world)
    const stays = (await itemsOf(bob, 'alice')).length
    const id = await say(world, { from: alice, to: 'bob', text: 'gone-soon', at: [bob] })
    const quote = await say(world, { from: bob, to: 'alice', text: 'what', at: [alice], replyTo: id })
    const foundBy = async ({ chat }: TestDevice) => (await chat.search({ query: 'gone', limit: 10 })).total
    assert.equal([await foundBy(alice), await foundBy(bob)], [1, 1])
    assert.is((await itemOf(alice, id))?.expiresInMs, TIMER_MS)
    assert.type((await itemOf(alice, id))?.expiresAt, 'number')
    assert.is((await itemOf(bob, id))?.expiresAt, undefined)
    await bob.chat.react({ id, emoji: '👍' })
    world.clock.advance(TIMER_MS)
    assert.is(await textOf(alice, id), undefined)
    assert.is(await textOf(bob, id), 'gone-soon')
    await world.settle()
    assert.not.match(diskOf(alice), 'gone-soon')
    assert.equal(
      alice.events.filter(event => event.type === 'item-removed').map(({ id: gone }) => gone),
      [id],
    )
    assert.equal((await itemOf(alice, quote))?.replyTo, { id })
    await readAll(bob, 'alice')
    assert.is((await itemOf(bob, id))?.expiresAt, world.clock.now() + TIMER_MS)
    world.clock.advance(TIMER_MS - 1)
    assert.is(await textOf(bob, id), 'gone-soon')
    world.clock.advance(1)
    assert.is(await textOf(bob, id), undefined)
    assert.equal([await foundBy(alice), await foundBy(bob)], [0, 0])
    await world.settle()
    assert.not.match(diskOf(bob), 'gone-soon')
    assert.is((await itemsOf(bob, 'alice')).length, stays, 'nor does the answer stay')
    assert.is(await codeOf(alice.chat.react({ id, emoji: '👍' })), 'unknown_message')
    assert.equal([...alice.defects, ...bob.defects], [])
  }))

test('what was over while no session ran is gone at the start; what is unread waits', () =>
  withWorld(async world => {
    const { alice, bob } = await pairWithTimer(world)
    const read = await say(world, { from: alice, to: 'bob', text: 'read', at: [bob] })
    await readAll(bob, 'alice')
    const unread = await say(world, { from: alice, to: 'bob', text: 'unread', at: [bob] })
    await bob.chat.close()
    world.clock.advance(TIMER_MS)
    await bob.restart()
    assert.is(await textOf(bob, read), undefined)
    assert.is(await textOf(bob, unread), 'unread')
    assert.is((await summaryOf(bob, 'alice'))?.unread, 1)
    // The next ones still come at the end.
    const next = await say(world, { from: alice, to: 'bob', text: 'next', at: [bob] })
    const seqs = (await itemsOf(bob, 'alice')).map(({ seq }) => seq)
    assert.equal(
      seqs,
      [...seqs].sort((a, b) => a - b),
    )
    assert.is((await itemsOf(bob, 'alice')).at(-1)?.id, next)
    assert.is((await bob.chat.unread({ limit: 9 })).length, 2)
  }))

test('a copy of a message that has disappeared is not shown again', () =>
  withWorld(async world => {
    const { alice, bob } = await pairWithTimer(world)
    world.server.tellsStored = false
    const { id } = await alice.chat.send({ to: 'bob', text: 'once' })
    await untilText(world, { id, text: 'once', at: [bob] })
    await readAll(bob, 'alice')
    world.clock.advance(TIMER_MS)
    assert.is(await textOf(bob, id), undefined)
    // The server has forgotten it, the answer was lost, and meanwhile bob has one more device: it is sealed anew.
    const second = await world.device('bob', { of: bob })
    world.server.stored.delete(id)
    world.server.tellsStored = true
    world.server.drop(alice.deviceId)
    await untilText(world, { id, text: 'once', at: [second] })
    await world.settle()
    assert.is(await textOf(bob, id), undefined)
  }))

test('in a group an admin sets the timer, nobody else; who comes new learns it', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    const { id: conversation = '' } = (await summaryOf(bob, 'ops')) ?? {}
    assert.is(await codeOf(bob.chat.setTimer({ conversation, afterMs: TIMER_MS })), 'not_an_admin')
    const content = { type: 'timer' as const, afterMs: TIMER_MS }
    await forgeTo(world, { from: bob, to: carol, other: 'ops', content })
    assert.is((await summaryOf(carol, 'ops'))?.disappearAfterMs, undefined)
    await setTimer(alice, 'ops', TIMER_MS)
    const dave = await world.device('dave')
    await alice.chat.addMembers({ group: 'ops', members: ['dave'] })
    for (const device of [bob, carol, dave]) {
      await world.until(
        'all to know',
        async () => (await summaryOf(device, 'ops'))?.disappearAfterMs === TIMER_MS,
      )
      assert.equal(await timersIn(device, 'ops'), [['alice', TIMER_MS]])
    }
    await dave.chat.accept({ conversation })
    assert.is((await dave.chat.send({ to: '#ops', text: 'x' })).expiresInMs, TIMER_MS)
  }))

test('a timer by a stranger makes a request of them, no conversation', () =>
  withWorld(async world => {
    const alice = await world.device('alice')
    const bob = await world.device('bob')
    const { id: conversation } = await alice.chat.open({ with: 'bob' })
    await alice.chat.setTimer({ conversation, afterMs: TIMER_MS })
    await world.until(
      'bob to know',
      async () => (await summaryOf(bob, 'alice'))?.disappearAfterMs === TIMER_MS,
    )
    assert.is((await summaryOf(bob, 'alice'))?.isRequest, true)
    assert.is(await codeOf(bob.chat.setTimer({ conversation: 'A'.repeat(43), afterMs: null })), 'not_found')
  }))

test('a message that was read on one device disappears on the other one too', () =>
  withWorld(async world => {
    const { alice, bob } = await pairWithTimer(world)
    const second = await world.device('bob', { of: bob })
    await world.until('alice to be told', async () => (await alice.lines('bob')).includes('(device-added)'))
    const id = await say(world, { from: alice, to: 'bob', text: 'on both', at: [bob, second] })
    assert.is((await summaryOf(second, 'alice'))?.unread, 1)
    await readAll(bob, 'alice')
    await world.until('it to be read', async () => (await summaryOf(second, 'alice'))?.unread === 0)
    await world.until('its time to run', async () => (await itemOf(second, id))?.expiresAt !== undefined)
    await say(world, { from: alice, to: 'bob', text: 'not read yet', at: [bob, second] })
    world.clock.advance(TIMER_MS)
    for (const device of [bob, second]) assert.is(await textOf(device, id), undefined)
    assert.is((await summaryOf(second, 'alice'))?.unread, 1)
    assert.is((await second.chat.unread({ limit: 10 })).length, 1)
  }))

test.run()
