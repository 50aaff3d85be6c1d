import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FastChatError } from '../../schema/errors.ts'
import { generateKey, publicEd25519 } from '../crypto/keys.ts'
import { FileStore } from '../files/file-store.ts'
import { createSession } from '../session.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { createDevice, writeDevice } from './device.ts'
import { type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'

const test = suite('session, whom a person trusts')

async function summaryOf(device: TestDevice, user: string) {
  const { conversations } = await device.chat.snapshot()
  return conversations.find(({ with: name }) => name === user)
}

const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'done',
    (error: FastChatError) => error.code,
  )

test('who was never written to is a request, until accepted or answered', () =>
  withWorld(async world => {
    const alice = await world.device('alice')
    const bob = await world.device('bob')
    const carol = await world.device('carol')
    await alice.chat.send({ to: 'bob', text: 'hello' })
    await carol.chat.send({ to: 'bob', text: 'me too' })
    for (const user of ['alice', 'carol']) {
      await world.until('a request', async () => (await summaryOf(bob, user))?.isRequest === true)
    }
    const friends = async (limit: number) =>
      (await bob.chat.unread({ limit, withoutRequests: true })).map(({ from }) => from)
    assert.is((await bob.chat.unread({ limit: 9 })).length, 2)
    assert.equal(await friends(9), [])
    const asked = await summaryOf(bob, 'alice')
    await bob.chat.accept({ conversation: asked?.id ?? '' })
    assert.equal([await friends(1), await friends(0)], [['alice'], []])
    assert.is((await summaryOf(bob, 'alice'))?.isRequest, undefined)
    await bob.chat.send({ to: 'carol', text: 'hi' })
    assert.is((await summaryOf(bob, 'carol'))?.isRequest, undefined)
    assert.is((await summaryOf(alice, 'bob'))?.isRequest, undefined)
  }))

test('of somebody blocked nothing is shown, nor acknowledged to them, until they are let in again', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    await bob.chat.block({ user: 'alice', isBlocked: true })
    assert.is((await summaryOf(bob, 'alice'))?.isBlocked, true)
    const { id } = await alice.chat.send({ to: 'bob', text: 'unwanted' })
    await world.until('it to be acked', () => world.server.acked(bob.deviceId).includes(id))
    await world.settle()
    assert.is((await bob.lines('alice')).length, 2)
    assert.is((await alice.chat.message({ id }))?.state, 'stored')
    assert.is(await codeOf(bob.chat.send({ to: 'alice', text: 'x' })), 'blocked')
    await bob.chat.block({ user: 'alice', isBlocked: false })
    await alice.chat.send({ to: 'bob', text: 'wanted' })
    await world.until('the next one', async () => (await bob.lines('alice')).length === 3)
    assert.is((await bob.lines('alice')).at(-1), 'alice: wanted')
  }))

test('two people see the same safety number; who compared it is verified, for this number only', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const [mine, theirs] = await Promise.all([
      alice.chat.verification({ user: 'bob' }),
      bob.chat.verification({ user: 'alice' }),
    ])
    assert.match(mine.safetyNumber, /^\d{60}$/)
    assert.is(mine.safetyNumber, theirs.safetyNumber)
    assert.is(mine.qr, theirs.qr)
    const wrong = mine.safetyNumber.replace(/.$/, digit => `${(Number(digit) + 1) % 10}`)
    const verify = (safetyNumber: string) =>
      alice.chat.setVerified({ user: 'bob', isVerified: true, safetyNumber })
    assert.is(await codeOf(verify(wrong)), 'account_key_changed')
    assert.is((await summaryOf(alice, 'bob'))?.isVerified, undefined)
    await verify(mine.safetyNumber.replace(/(.{5})/g, '$1 '))
    assert.is((await summaryOf(alice, 'bob'))?.isVerified, true)
    assert.is((await alice.chat.verification({ user: 'bob' })).isVerified, true)
    assert.is((await alice.lines('bob')).at(-1), '(verified)')
    await alice.chat.setVerified({ user: 'bob', isVerified: false, safetyNumber: mine.safetyNumber })
    assert.is((await summaryOf(alice, 'bob'))?.isVerified, undefined)
  }))

/** bob's name, taken by an account with another key: as after a new start, or by a lying server. */
async function replaceBob(world: TestWorld, bob: TestDevice): Promise<TestDevice> {
  const accountKey = await generateKey('Ed25519')
  const made = await createDevice({ userId: 'bob', accountKey, now: world.clock.now() })
  world.server.revoked.add(bob.deviceId)
  world.server.drop(bob.deviceId, 4403)
  const account = world.server.accounts.get('bob')
  if (account) world.server.accounts.set('bob', { ...account, accountKey: publicEd25519(accountKey) })
  world.server.addDevice('bob', made.registration)
  const store = createMemoryStore()
  await writeDevice(store, made)
  const chat = await createSession({
    ...{ identity: made.identity, store, transport: world.server.transport(), servers: ['ws://fake'] },
    files: new FileStore(join(world.folder, 'other')),
    ...{ clock: world.clock, onLogOut: async () => undefined, random: () => 0 },
  })
  return { ...bob, accountKey, deviceId: made.identity.deviceId, chat }
}

test('a changed key stops sending until it is accepted; then both sides go on in the same conversation', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const { safetyNumber } = await alice.chat.verification({ user: 'bob' })
    await alice.chat.setVerified({ user: 'bob', isVerified: true, safetyNumber })
    const before = await summaryOf(alice, 'bob')
    const other = await replaceBob(world, bob)
    try {
      await other.chat.send({ to: 'alice', text: 'from the new key' })
      await world.until(
        'alice to be told',
        async () => (await summaryOf(alice, 'bob'))?.isKeyChanged === true,
      )
      assert.is(await codeOf(alice.chat.send({ to: 'bob', text: 'x' })), 'account_key_changed')
      const changed = await alice.chat.verification({ user: 'bob' })
      assert.ok(changed.isKeyChanged && changed.safetyNumber !== safetyNumber)
      assert.is((await other.chat.verification({ user: 'alice' })).safetyNumber, changed.safetyNumber)
      assert.not.ok((await alice.lines('bob')).includes('bob: from the new key'))
      await alice.chat.acceptKey({ user: 'bob' })
      const after = await summaryOf(alice, 'bob')
      assert.equal([after?.id, after?.isKeyChanged, after?.isVerified], [before?.id, undefined, undefined])
      // What was refused before is shown now.
      await world.until('it to be shown', async () =>
        (await alice.lines('bob')).includes('bob: from the new key'),
      )
      await alice.chat.send({ to: 'bob', text: 'to the new key' })
      await world.until('it to arrive', async () => {
        const { conversations } = await other.chat.snapshot()
        const [first] = conversations
        const items = first ? await other.chat.history({ conversation: first.id, limit: 10 }) : []
        return items.some(
          item => item.kind === 'message' && JSON.stringify(item.content).includes('to the new key'),
        )
      })
    } finally {
      let isClosed = false
      void other.chat.close().then(() => {
        isClosed = true
      })
      await world.until('the other one to close', () => isClosed)
    }
  }))

test('`acceptKey()` changes nothing when the key is the pinned one', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    await alice.chat.acceptKey({ user: 'bob' })
    assert.is((await alice.lines('bob')).length, 2)
  }))

test('what one decides on one device holds on the others', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    const phone = await world.device('alice', { of: alice })
    await world.until('alice to know it', async () => (await alice.lines('alice')).length === 1)
    const carol = await world.device('carol')
    await carol.chat.send({ to: 'alice', text: 'hello' })
    for (const device of [alice, phone]) {
      await world.until('a request', async () => (await summaryOf(device, 'carol'))?.isRequest === true)
    }
    await alice.chat.accept({ conversation: (await summaryOf(alice, 'carol'))?.id ?? '' })
    await world.until(
      'it to be accepted',
      async () => (await summaryOf(phone, 'carol'))?.isRequest === undefined,
    )
    const { safetyNumber } = await alice.chat.verification({ user: 'carol' })
    await alice.chat.setVerified({ user: 'carol', isVerified: true, safetyNumber })
    await world.until('it to be verified', async () => (await summaryOf(phone, 'carol'))?.isVerified === true)
    await phone.chat.block({ user: 'carol', isBlocked: true })
    await world.until('it to be blocked', async () => (await summaryOf(alice, 'carol'))?.isBlocked === true)
  }))

test.run()
