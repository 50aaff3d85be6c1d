import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MessageFrame } from '../../schema/frames.ts'
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
import { type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'

// Long because it is one table of what may become of a message, by whom and in which order.
const test = suite('session, changes of messages')

async function noticesOf(device: TestDevice, other: string): Promise<string[]> {
  return (await itemsOf(device, other)).flatMap(item => (item.kind === 'notice' ? [item.notice.type] : []))
}

/** alice with two devices, and bob, who knows both. */
async function threeDevices(world: TestWorld) {
  const { alice, bob } = await world.pair()
  const second = await world.device('alice', { of: alice })
  await world.until('bob to be told', async () => (await bob.lines('alice')).includes('(device-added)'))
  // Its chain is announced before anything is held up.
  await say(world, { from: second, to: 'bob', text: 'hello from here', at: [alice, bob] })
  return { alice, second, bob }
}

/** Keeps what one device sends to another one, until it is let through. */
function holdUp(world: TestWorld, { from, to }: { from: TestDevice; to: TestDevice }): () => void {
  const held: MessageFrame[] = []
  world.server.onDeliver = (frame, receiver) => {
    if (receiver.deviceId !== to.deviceId || frame.device !== from.deviceId) return [frame]
    held.push(frame)
    return []
  }
  return () => {
    world.server.onDeliver = frame => [frame]
    for (const frame of held) world.server.push(to.deviceId, frame)
  }
}

test('`edit()` shows another text everywhere, and says so; the last one counts', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const id = await say(world, { from: alice, to: 'bob', text: 'at nine', at: [bob] })
    await alice.chat.edit({ id, text: 'at ten' })
    assert.is(await textOf(alice, id), 'at ten')
    await alice.chat.edit({ id, text: 'at eleven' })
    await untilText(world, { id, text: 'at eleven', at: [alice, bob] })
    for (const device of [alice, bob]) assert.type((await itemOf(device, id))?.editedAt, 'number')
    assert.is((await bob.lines('alice')).length, 3)
    assert.equal([...alice.defects, ...bob.defects], [])
  }))

test('`edit()` and `deleteMessage()` are for the author: the client refuses, and so does every other client', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const id = await say(world, { from: alice, to: 'bob', text: 'mine', at: [bob] })
    assert.is(await codeOf(bob.chat.edit({ id, text: 'x' })), 'not_allowed')
    assert.is(await codeOf(bob.chat.deleteMessage({ id })), 'not_allowed')
    await forgeTo(world, { from: bob, to: alice, other: 'alice', content: { type: 'edit', id, text: 'x' } })
    await forgeTo(world, { from: bob, to: alice, other: 'alice', content: { type: 'delete', id } })
    assert.is(await textOf(alice, id), 'mine')
    assert.is((await itemOf(alice, id))?.editedAt, undefined)
    assert.is(await codeOf(alice.chat.edit({ id: bob.deviceId, text: 'x' })), 'unknown_message')
    assert.is(await codeOf(alice.chat.edit({ id, text: '' })), 'usage')
    assert.is(await codeOf(alice.chat.edit({ id, text: 'x'.repeat(limits.maxTextBytes + 1) })), 'too_large')
  }))

test('a change to a message of another conversation changes nothing', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    await say(world, { from: alice, to: '@bob', text: 'only for us', at: [bob] })
    await say(world, { from: carol, to: '@bob', text: 'us too', at: [bob] })
    const secret = await say(world, { from: alice, to: '@bob', text: 'secret', at: [bob] })
    // carol was never told of it; that she knows its id is the worst case.
    for (const other of ['bob', 'ops']) {
      const content = { type: 'reaction' as const, id: secret, emoji: '👍' }
      await forgeTo(world, { from: carol, to: bob, other, content })
    }
    await forgeTo(world, { from: alice, to: bob, other: 'ops', content: { type: 'delete', id: secret } })
    assert.is(await textOf(bob, secret), 'secret')
    assert.is((await itemOf(bob, secret))?.reactions, undefined)
    assert.equal(bob.defects, [])
  }))

test('a deleted message is gone from every disk: its text, its reactions, and what others quoted of it', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const id = await say(world, { from: alice, to: 'bob', text: 'forget-this', at: [bob] })
    const quote = await say(world, { from: bob, to: 'alice', text: 'why', at: [alice], replyTo: id })
    assert.is((await itemOf(alice, quote))?.replyTo?.excerpt, 'forget-this')
    await bob.chat.react({ id, emoji: '👍' })
    await world.until('the reaction', async () => (await itemOf(alice, id))?.reactions !== undefined)
    await alice.chat.edit({ id, text: 'forget-this too' })
    await untilText(world, { id, text: 'forget-this too', at: [alice, bob] })
    assert.is((await itemOf(bob, quote))?.replyTo?.excerpt, 'forget-this too')
    await alice.chat.deleteMessage({ id })
    await untilText(world, { id, text: 'deleted', at: [alice, bob] })
    await world.until('it to be stored', async () => !diskOf(alice).includes('forget-this'))
    assert.not.match(diskOf(bob), 'forget-this')
    for (const device of [alice, bob]) {
      const { reactions, editedAt, content } = (await itemOf(device, id)) ?? {}
      assert.equal([reactions, editedAt, content], [undefined, undefined, { type: 'deleted', by: 'alice' }])
      assert.equal((await itemOf(device, quote))?.replyTo, { id, from: 'alice' })
    }
    // For ever: nothing brings it back.
    assert.is(await codeOf(alice.chat.edit({ id, text: 'x' })), 'not_allowed')
    assert.is(await codeOf(bob.chat.react({ id, emoji: '👍' })), 'not_allowed')
    await alice.chat.deleteMessage({ id })
    await forgeTo(world, { from: alice, to: bob, other: 'bob', content: { type: 'edit', id, text: 'back' } })
    const content = { type: 'reaction' as const, id, emoji: '👎' }
    await forgeTo(world, { from: bob, to: alice, other: 'alice', content })
    assert.is(await textOf(bob, id), 'deleted')
    assert.is((await itemOf(alice, id))?.reactions, undefined)
  }))

test('an admin of a group deletes what anybody wrote; who is none does not', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    const id = await say(world, { from: bob, to: '#ops', text: 'rude', at: [alice, carol] })
    assert.is(await codeOf(carol.chat.deleteMessage({ id })), 'not_allowed')
    await forgeTo(world, { from: carol, to: bob, other: 'ops', content: { type: 'delete', id } })
    assert.is(await textOf(bob, id), 'rude')
    assert.is(await codeOf(alice.chat.edit({ id, text: 'x' })), 'not_allowed')
    await alice.chat.deleteMessage({ id })
    await untilText(world, { id, text: 'deleted', at: [alice, bob, carol] })
    assert.equal((await itemOf(bob, id))?.content, { type: 'deleted', by: 'alice' })
  }))

test('`react()` counts each person once, by what they said last', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    const id = await say(world, { from: alice, to: '#ops', text: 'climbing?', at: [bob, carol] })
    const reactions = async (device: TestDevice) => (await itemOf(device, id))?.reactions
    const until = async (what: string) => {
      for (const device of [alice, bob, carol]) {
        await world.until(what, async () => {
          const shown = (await reactions(device)) ?? []
          return shown.map(({ emoji, from }) => `${emoji} ${from}`).join(' ') === what
        })
      }
    }
    await bob.chat.react({ id, emoji: '🎉' })
    await until('🎉 bob')
    await carol.chat.react({ id, emoji: '👍' })
    await until('🎉 bob 👍 carol')
    await alice.chat.react({ id, emoji: '👍' })
    await until('👍 alice,carol 🎉 bob')
    await bob.chat.react({ id, emoji: '👍' })
    await until('👍 alice,bob,carol')
    await carol.chat.react({ id, emoji: null })
    await until('👍 alice,bob')
    const before = world.server.sent(bob.deviceId).length
    await bob.chat.react({ id, emoji: '👍' })
    await world.settle()
    assert.is(world.server.sent(bob.deviceId).length, before, 'the same again is not sent')
    for (const emoji of ['', 'ok', '👍👍', ' 👍', '\u001b[31m', `👍${'\u200d👍'.repeat(20)}`]) {
      assert.is(await codeOf(bob.chat.react({ id, emoji })), 'usage', emoji)
    }
    await forgeTo(world, {
      from: carol,
      to: bob,
      other: 'ops',
      content: { type: 'reaction', id, emoji: '<b>' },
    })
    assert.equal(await reactions(bob), [{ emoji: '👍', from: ['alice', 'bob'] }])
  }))

test('changes that overtake the message they are for wait for it', () =>
  withWorld(async world => {
    const { alice, second, bob } = await threeDevices(world)
    const release = holdUp(world, { from: alice, to: bob })
    const edited = await say(world, { from: alice, to: 'bob', text: 'first', at: [second] })
    const deleted = await say(world, { from: alice, to: 'bob', text: 'never mind', at: [second] })
    await second.chat.edit({ id: edited, text: 'second' })
    await second.chat.react({ id: edited, emoji: '👍' })
    await second.chat.deleteMessage({ id: deleted })
    const quote = await say(world, {
      from: second,
      to: 'bob',
      text: 'see above',
      at: [bob],
      replyTo: edited,
    })
    assert.equal((await itemOf(bob, quote))?.replyTo, { id: edited })
    await world.settle()
    assert.is(await textOf(bob, edited), undefined)
    // What waits is on the disk.
    await bob.restart()
    await world.until('bob to be back', () => world.server.isOnline(bob.deviceId))
    release()
    await untilText(world, { id: edited, text: 'second', at: [alice, bob] })
    await untilText(world, { id: deleted, text: 'deleted', at: [alice, bob] })
    assert.equal((await itemOf(bob, edited))?.reactions, [{ emoji: '👍', from: ['alice'] }])
    assert.is((await itemOf(bob, quote))?.replyTo?.excerpt, 'second')
    assert.not.match(diskOf(bob), 'never mind')
    assert.equal(bob.defects, [])
  }))

test('an older change that comes later undoes nothing', () =>
  withWorld(async world => {
    const { alice, second, bob } = await threeDevices(world)
    const id = await say(world, { from: alice, to: 'bob', text: 'v0', at: [second, bob] })
    const release = holdUp(world, { from: alice, to: bob })
    await alice.chat.edit({ id, text: 'v1' })
    await alice.chat.react({ id, emoji: '👎' })
    await untilText(world, { id, text: 'v1', at: [second] })
    await world.until('the reaction', async () => (await itemOf(second, id))?.reactions !== undefined)
    // The later change counts, though this one's clock is behind.
    world.clock.advance(-60 * 60 * 1000)
    await second.chat.edit({ id, text: 'v2' })
    await second.chat.react({ id, emoji: '👍' })
    await untilText(world, { id, text: 'v2', at: [alice, bob] })
    await world.until('the reaction', async () => (await itemOf(bob, id))?.reactions !== undefined)
    const acked = world.server.acked(bob.deviceId).length
    release()
    await world.until('they to be taken in', () => world.server.acked(bob.deviceId).length >= acked + 2)
    await world.settle()
    for (const device of [alice, second, bob]) {
      assert.is(await textOf(device, id), 'v2')
      assert.equal((await itemOf(device, id))?.reactions, [{ emoji: '👍', from: ['alice'] }])
    }
  }))

test('a change that is brought again changes nothing again', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const kept: MessageFrame[] = []
    world.server.onDeliver = (frame, to) => {
      if (to.deviceId === bob.deviceId) kept.push(frame)
      return [frame]
    }
    const id = await say(world, { from: alice, to: 'bob', text: 'v0', at: [bob] })
    await alice.chat.edit({ id, text: 'v1' })
    await untilText(world, { id, text: 'v1', at: [bob] })
    await alice.chat.edit({ id, text: 'v2' })
    await alice.chat.react({ id, emoji: '👍' })
    await alice.chat.react({ id, emoji: null })
    await untilText(world, { id, text: 'v2', at: [bob] })
    await world.until('nothing to be on its way', () => world.server.undelivered.size === 0)
    for (const frame of kept) world.server.push(bob.deviceId, frame)
    await world.settle()
    assert.is(await textOf(bob, id), 'v2')
    assert.is((await itemOf(bob, id))?.reactions, undefined)
  }))

test('what is not sent yet is changed on the way out, or does not go out at all', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const before = world.server.sent(alice.deviceId).length
    world.server.isUp = false
    world.server.drop(alice.deviceId)
    const kept = await alice.chat.send({ to: 'bob', text: 'with a tpyo' })
    const dropped = await alice.chat.send({ to: 'bob', text: 'in anger' })
    await alice.chat.send({ to: 'bob', text: 'last' })
    await alice.chat.edit({ id: kept.id, text: 'with a typo' })
    await alice.chat.deleteMessage({ id: dropped.id })
    assert.is((await alice.chat.snapshot()).queued, 2)
    assert.not.match(diskOf(alice), 'in anger')
    assert.is((await itemOf(alice, dropped.id))?.state, undefined)
    await alice.restart()
    world.server.isUp = true
    await world.until('bob to have both', async () => (await bob.lines('alice')).length === 4)
    assert.equal((await bob.lines('alice')).slice(2), ['alice: with a typo', 'alice: last'])
    assert.is((await itemOf(bob, kept.id))?.editedAt, undefined)
    assert.is(await textOf(alice, dropped.id), 'deleted')
    assert.is(world.server.sent(alice.deviceId).length - before, 2)
  }))

test('what is taken back while it is being encrypted leaves no gap', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push((await alice.chat.send({ to: 'bob', text: `${n}` })).id)
    await alice.chat.deleteMessage({ id: ids[1] ?? '' })
    await alice.chat.edit({ id: ids[3] ?? '', text: 'three' })
    await world.until('bob to have the last', async () => (await bob.lines('alice')).includes('alice: 4'))
    await world.until('bob to know', async () => {
      const lines = (await bob.lines('alice')).slice(2)
      return (
        lines.filter(line => line !== 'alice: deleted').join() === 'alice: 0,alice: 2,alice: three,alice: 4'
      )
    })
    assert.equal(await noticesOf(bob, 'alice'), [])
  }))

test('what was on its way once is taken back by a message, since somebody may have it', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    let refusals = 0
    world.server.onSend = ({ id }) => {
      refusals++
      return { t: 'refused', id, code: 'stale_audience', message: 'no', retry: true }
    }
    const { id } = await alice.chat.send({ to: 'bob', text: 'in doubt' })
    await world.until('it to be refused', () => refusals > 3)
    await alice.chat.edit({ id, text: 'still in doubt' })
    await alice.chat.deleteMessage({ id })
    world.server.onSend = () => undefined
    await untilText(world, { id, text: 'deleted', at: [alice, bob] })
  }))

test('a change that is refused for good is told of', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const id = await say(world, { from: alice, to: 'bob', text: 'v0', at: [bob] })
    world.server.onSend = frame => ({
      t: 'refused',
      id: frame.id,
      code: 'no_devices',
      message: 'nobody there',
      retry: false,
    })
    await alice.chat.edit({ id, text: 'v1' })
    await world.until('it to be told', async () => (await noticesOf(alice, 'bob')).includes('change-failed'))
    const failed = await alice.chat.send({ to: 'bob', text: 'lost' })
    await untilText(world, { id: failed.id, text: 'lost', at: [alice] })
    await world.until('it to fail', async () => (await itemOf(alice, failed.id))?.state === 'failed')
    assert.is(await codeOf(alice.chat.edit({ id: failed.id, text: 'x' })), 'not_allowed')
    assert.is(await codeOf(alice.chat.react({ id: failed.id, emoji: '👍' })), 'not_allowed')
    const before = world.server.sent(alice.deviceId).length
    await alice.chat.deleteMessage({ id: failed.id })
    await world.settle()
    assert.is(world.server.sent(alice.deviceId).length, before)
    assert.is(await textOf(alice, failed.id), 'deleted')
  }))

test('nothing is changed in a group that one has left, nor for somebody who is blocked', () =>
  withWorld(async world => {
    const { alice, bob, carol } = await group(world)
    const id = await say(world, { from: bob, to: '#ops', text: 'mine', at: [alice, carol] })
    await bob.chat.leaveGroup({ group: 'ops' })
    assert.is(await codeOf(bob.chat.edit({ id, text: 'x' })), 'not_a_member')
    assert.is(await codeOf(bob.chat.deleteMessage({ id })), 'not_a_member')
    assert.is(await textOf(bob, id), 'mine')
    const own = await say(world, { from: alice, to: '@carol', text: 'hello', at: [carol] })
    await alice.chat.block({ user: 'carol', isBlocked: true })
    assert.is(await codeOf(alice.chat.edit({ id: own, text: 'x' })), 'blocked')
    await carol.chat.react({ id: own, emoji: '👍' })
    await world.settle()
    assert.is((await itemOf(alice, own))?.reactions, undefined)
    assert.is((await summaryOf(alice, 'carol'))?.isBlocked, true)
  }))

test.run()
