import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FastChatError } from '../schema/errors.ts'
import { limits } from '../schema/limits.ts'
import { statesOf, withWorld } from './session/test-world.fixture.ts'

const test = suite('session')

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'nothing was thrown',
    (error: FastChatError) => error.code,
  )
}

test('`send()` brings a text to the other person, and their receipt back', () =>
  withWorld(async world => {
    const alice = await world.device('alice')
    const bob = await world.device('bob')
    const sent = await alice.chat.send({ to: ' Bob ', text: 'hi bob' })
    assert.is(sent.state, 'queued')
    await world.until('bob to have it', async () => (await bob.lines('alice')).length === 1)
    assert.equal(await bob.lines('alice'), ['alice: hi bob'])
    await world.until('alice to know', async () => (await statesOf(alice, 'bob'))[0] === 'delivered')
    await bob.chat.send({ to: 'alice', text: 'hi alice' })
    await world.until('alice to have it', async () => (await alice.lines('bob')).length === 2)
    await world.until('bob to know', async () => (await statesOf(bob, 'alice'))[0] === 'delivered')
    await world.until('nothing to be undelivered', () => world.server.undelivered.size === 0)
    assert.equal([...alice.defects, ...bob.defects], [])
  }))

test('`send()` is done once for one id, and refuses an id of somebody else', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const id = '01890000-0000-7000-8000-000000000001'
    const [one, two] = await Promise.all([
      alice.chat.send({ to: 'bob', text: 'once', id }),
      alice.chat.send({ to: 'bob', text: 'once', id }),
    ])
    assert.is(one.seq, two.seq)
    await world.until('bob to have it', async () => (await bob.lines('alice')).includes('alice: once'))
    assert.is((await alice.chat.send({ to: 'bob', text: 'once', id })).seq, one.seq)
    assert.is(await codeOf(bob.chat.send({ to: 'alice', text: 'mine', id })), 'id_taken')
    assert.is((await bob.lines('alice')).length, 3)
  }))

test('`send()` refuses what cannot be sent, each with its code', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    assert.is(await codeOf(alice.chat.send({ to: 'nobody', text: 'x' })), 'unknown_user')
    assert.is(await codeOf(alice.chat.send({ to: '../etc', text: 'x' })), 'usage')
    assert.is(await codeOf(alice.chat.send({ to: 'bob', text: '' })), 'usage')
    assert.is(await codeOf(alice.chat.send({ to: 'bob', text: '\ud800' })), 'usage')
    assert.is(await codeOf(alice.chat.send({ to: 'bob', text: 'ä'.repeat(32 * 1024 + 1) })), 'too_large')
    assert.is(await codeOf(alice.chat.send({ to: 'bob', text: 'ä'.repeat(32 * 1024) })), 'nothing was thrown')
    world.server.isUp = false
    world.server.drop(alice.deviceId)
    const toStranger = codeOf(alice.chat.send({ to: 'carol', text: 'x' }))
    await world.settle()
    world.clock.advance(1_000)
    assert.is(await toStranger, 'no_server')
    assert.is(await codeOf(alice.chat.send({ to: 'bob', text: 'for later' })), 'nothing was thrown')
  }))

test('`snapshot()`, `unread()`, `history()` and `markRead()` agree', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const carol = await world.device('carol')
    for (const text of ['a', 'b', 'c']) await alice.chat.send({ to: 'bob', text })
    await world.until('bob to have them', async () => (await bob.lines('alice')).length === 5)
    await carol.chat.send({ to: 'bob', text: 'me too' })
    await world.until('bob to have it', async () => (await bob.lines('carol')).length === 1)
    const texts = async (limit: number) =>
      (await bob.chat.unread({ limit })).map(({ content }) => 'text' in content && content.text)
    assert.equal(await texts(10), ['first', 'a', 'b', 'c', 'me too'])
    assert.equal(await texts(2), ['first', 'a'])
    const { conversations, drained, me } = await bob.chat.snapshot()
    assert.is(me, 'bob')
    assert.ok(drained)
    assert.equal(
      conversations.map(found => [found.with, found.unread]),
      [
        ['carol', 1],
        ['alice', 4],
      ],
    )
    const conversation = conversations[1]?.id ?? ''
    await bob.chat.markRead({ conversation, upToSeq: 4 })
    assert.equal(await texts(10), ['c', 'me too'])
    await bob.chat.markRead({ conversation, upToSeq: Number.MAX_SAFE_INTEGER })
    assert.equal(await texts(10), ['me too'])
    const page = await bob.chat.history({ conversation, limit: 2, beforeSeq: 5 })
    assert.equal(
      page.map(({ seq }) => seq),
      [3, 4],
    )
    assert.is((await bob.chat.open({ with: 'ALICE' })).id, conversation)
    assert.is(await codeOf(bob.chat.open({ with: 'nobody' })), 'unknown_user')
  }))

test('a message to oneself stays here when there is no other device, and goes to it when there is', () =>
  withWorld(async world => {
    const alice = await world.device('alice')
    await alice.chat.send({ to: 'alice', text: 'note' })
    await world.until('it to be stored', async () => (await statesOf(alice, 'alice'))[0] === 'stored')
    assert.is(world.server.undelivered.size, 0)
    const second = await world.device('alice', { of: alice })
    await world.until('the first to be told', async () => (await alice.lines('alice')).length === 2)
    await alice.chat.send({ to: 'alice', text: 'for both' })
    await world.until('the other device to have it', async () => (await second.lines('alice')).length === 1)
    assert.equal(await statesOf(second, 'alice'), ['stored'])
    assert.equal(await second.chat.unread({ limit: 9 }), [])
    assert.equal(await alice.lines('alice'), ['alice: note', '(device-added)', 'alice: for both'])
  }))

test('one’s own other device shows what was sent as `mine`, with its receipt', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const second = await world.device('alice', { of: alice })
    await world.until('everybody to be told', async () =>
      (await bob.lines('alice')).includes('(device-added)'),
    )
    await alice.chat.send({ to: 'bob', text: 'from the first' })
    await world.until('the second to have it', async () => (await statesOf(second, 'bob'))[0] === 'delivered')
    await bob.chat.send({ to: 'alice', text: 'to both' })
    for (const device of [alice, second]) {
      await world.until('both to have it', async () => (await device.lines('bob')).includes('bob: to both'))
    }
    await second.chat.send({ to: 'bob', text: 'from the second' })
    await world.until('all to have it', async () => {
      const all = await Promise.all([alice.lines('bob'), bob.lines('alice')])
      return all.every(lines => lines.includes('alice: from the second'))
    })
    assert.equal((await second.chat.snapshot()).conversations.find(found => found.with === 'bob')?.unread, 1)
    await world.until('nothing to be undelivered', () => world.server.undelivered.size === 0)
    assert.equal([...alice.defects, ...bob.defects, ...second.defects], [])
  }))

test('`close()` acks, tells the sender and stores what is under way', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    await bob.chat.close()
    await bob.chat.close()
    assert.is(await codeOf(bob.chat.snapshot()), 'unavailable')
    assert.equal(bob.events.at(-1), { type: 'closed', reason: 'closed' })
    await alice.chat.send({ to: 'bob', text: 'while you were away' })
    await alice.chat.close()
    assert.ok(world.server.undelivered.size >= 1)
    await bob.restart()
    await world.until('bob to have it', async () => (await bob.lines('alice')).length === 3)
    await bob.chat.close()
    const left = [...world.server.undelivered.values()]
    assert.equal(
      left.map(({ from }) => from.userId),
      ['bob'],
    )
    await alice.restart()
    await world.until(
      'alice to know',
      async () => (await statesOf(alice, 'bob')).join() === 'delivered,delivered',
    )
  }))

test('`close()` gives a server that does not answer three seconds, and leaves no timer', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    world.server.onSend = () => null
    await alice.chat.send({ to: 'bob', text: 'unanswered' })
    let isClosed = false
    const closing = alice.chat.close().then(() => {
      isClosed = true
    })
    await world.settle()
    world.clock.advance(2_999)
    await world.settle()
    assert.not.ok(isClosed)
    const others = world.clock.waiting
    world.clock.advance(1)
    await closing
    assert.ok(world.clock.waiting < others)
    world.server.onSend = () => undefined
    await alice.restart()
    await world.until('it to arrive', async () => (await statesOf(alice, 'bob')).at(-1) === 'delivered')
  }))

test('a session leaves no timer behind', () =>
  withWorld(async world => {
    const alice = await world.device('alice')
    await alice.chat.send({ to: 'alice', text: 'note' })
    await world.until('it to be stored', async () => (await statesOf(alice, 'alice'))[0] === 'stored')
    assert.ok(world.clock.waiting > 0)
    await alice.chat.close()
    assert.is(world.clock.waiting, 0)
  }))

test('at most `maxWatchedUsers` are watched, oneself and the last active among them', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    alice.store.transaction(() => {
      for (let n = 0; n < limits.maxWatchedUsers; n++) {
        const about = { kind: 'direct', with: `friend-${n}`, nextSeq: 1, unread: 0, lastAt: 0 }
        const conversation = { id: `${n}`, serial: 1000 + n, ...about }
        alice.store.table('conversations', { secretKeys: true }).put([conversation.id], conversation)
      }
    })
    world.server.received.length = 0
    await alice.restart()
    await world.until('the list', () => world.server.received.some(({ frame }) => frame.t === 'watch'))
    const [users] = world.server.received.flatMap(({ frame }) => (frame.t === 'watch' ? [frame.users] : []))
    assert.is(users?.length, limits.maxWatchedUsers)
    assert.equal(users?.slice(0, 2), ['alice', 'bob'])
  }))

test('`logOut()` ends the session with its reason', () =>
  withWorld(async world => {
    const alice = await world.device('alice')
    await alice.chat.logOut()
    assert.equal(alice.events.at(-1), { type: 'closed', reason: 'logged-out' })
  }))

test('a device that is revoked or replaced ends its session and does not come back', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    world.server.drop(alice.deviceId, 4403)
    world.server.drop(bob.deviceId, 4409)
    await world.until(
      'both to end',
      () => alice.events.at(-1)?.type === 'closed' && bob.events.at(-1)?.type === 'closed',
    )
    assert.equal(alice.events.at(-1), { type: 'closed', reason: 'revoked' })
    assert.equal(bob.events.at(-1), { type: 'closed', reason: 'replaced' })
    world.clock.advance(120_000)
    await world.settle()
    assert.not.ok(world.server.isOnline(alice.deviceId) || world.server.isOnline(bob.deviceId))
  }))

test.run()
