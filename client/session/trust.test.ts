import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FastChatError } from '../../schema/errors.ts'
import { generateKey, publicEd25519 } from '../crypto/keys.ts'
import { FileStore } from '../files/file-store.ts'
import { createSession } from '../session.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { createDevice, writeDevice } from './device.ts'
import { statesOf, withWorld } from './test-world.fixture.ts'

const test = suite('session, trust in nobody but pinned keys')

test('a changed account key stops sending and leaves a notice; the old key again lets it go on', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    const other = publicEd25519(await generateKey('Ed25519'))
    world.server.onUserDevices = answer =>
      answer.userId === 'bob' ? { ...answer, accountKey: other } : answer
    world.clock.advance(25 * 60 * 60 * 1000)
    const audience = 'A'.repeat(43)
    world.server.push(alice.deviceId, { t: 'devices', user: 'bob', audience })
    world.server.push(alice.deviceId, { t: 'devices', user: 'bob', audience })
    await world.until('alice to be told', async () => (await alice.lines('bob')).length === 3)
    await world.settle()
    assert.equal((await alice.lines('bob')).slice(2), ['(account-key-changed)'])
    const error = await alice.chat.send({ to: 'bob', text: 'x' }).catch((thrown: FastChatError) => thrown)
    assert.is('code' in error && error.code, 'account_key_changed')
    assert.is((await alice.lines('bob')).length, 3)
    world.server.onUserDevices = answer => answer
    await alice.chat.send({ to: 'bob', text: 'and now' })
    await world.until('it to arrive', async () => (await statesOf(alice, 'bob')).at(-1) === 'delivered')
  }))

test('what waits in the outbox for somebody whose account key changed fails, with the reason', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    world.server.isUp = false
    world.server.drop(alice.deviceId)
    const { id } = await alice.chat.send({ to: 'bob', text: 'queued' })
    const other = publicEd25519(await generateKey('Ed25519'))
    world.server.onUserDevices = answer =>
      answer.userId === 'bob' ? { ...answer, accountKey: other } : answer
    world.server.onSend = ({ id }) => ({
      t: 'refused',
      id,
      code: 'stale_audience',
      message: 'no',
      retry: true,
    })
    world.server.isUp = true
    await world.until('it to fail', async () => (await alice.chat.message({ id }))?.state === 'failed')
    assert.is((await alice.chat.message({ id }))?.failure?.code, 'account_key_changed')
    assert.is((await alice.chat.snapshot()).queued, 0)
  }))

test('a device that the account key did not certify gets nothing: sending fails', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const forged = await createDevice({
      userId: 'bob',
      accountKey: await generateKey('Ed25519'),
      now: world.clock.now(),
    })
    world.server.addDevice('bob', forged.registration)
    await world.settle()
    const { id } = await alice.chat.send({ to: 'bob', text: 'not for the host' })
    await world.until('it to fail', async () => (await alice.chat.message({ id }))?.state === 'failed')
    assert.is((await alice.chat.message({ id }))?.failure?.code, 'bad_certificate')
    const sent = world.server.sent(alice.deviceId).filter(({ kind }) => kind === 'chain')
    assert.is(sent.length, 1)
    assert.is((await bob.lines('alice')).length, 2)
  }))

test('a device that the server keeps quiet about is told of before what it writes, once', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const named = [alice.deviceId, bob.deviceId]
    let isHidden = true
    world.server.onUserDevices = answer => ({
      ...answer,
      devices: answer.devices.filter(({ deviceId }) => !isHidden || named.includes(deviceId)),
    })
    const other = await world.device('alice', { of: alice })
    await other.chat.send({ to: 'bob', text: 'from nowhere' })
    const told = ['(device-added)', 'alice: from nowhere']
    await world.until('bob to have it', async () =>
      (await bob.lines('alice')).includes('alice: from nowhere'),
    )
    assert.equal((await bob.lines('alice')).slice(2), told)
    isHidden = false
    await bob.restart()
    await bob.chat.send({ to: 'alice', text: 'who was that?' })
    await world.until('it to arrive', async () => (await other.lines('bob')).includes('bob: who was that?'))
    assert.equal((await bob.lines('alice')).slice(2), [...told, 'bob: who was that?'])
  }))

test('a prekey that the device did not sign is refused: sending fails', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    const mallory = await createDevice({
      userId: 'bob',
      accountKey: alice.accountKey,
      now: world.clock.now(),
    })
    world.server.onClaim = ({ prekeys }) => ({
      prekeys: prekeys.map(({ deviceId }) => ({ deviceId, signedPrekey: mallory.registration.signedPrekey })),
    })
    world.clock.advance(25 * 60 * 60 * 1000)
    const { id } = await alice.chat.send({ to: 'bob', text: 'not for the host' })
    await world.until('it to fail', async () => (await alice.chat.message({ id }))?.state === 'failed')
    assert.is((await alice.chat.message({ id }))?.failure?.code, 'bad_prekey')
  }))

test('a claim that leaves out a device is not sent to the others only', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    world.server.onClaim = () => ({ prekeys: [] })
    world.clock.advance(25 * 60 * 60 * 1000)
    await alice.chat.send({ to: 'bob', text: 'later' })
    await world.settle()
    world.clock.advance(2_000)
    await world.settle()
    assert.is(world.server.sent(alice.deviceId).filter(({ kind }) => kind === 'chain').length, 1)
    world.server.onClaim = answer => answer
    await world.until('bob to have it', async () => (await bob.lines('alice')).includes('alice: later'))
  }))

test('a first message from a stranger pins their key; a chain with another one is refused with a notice', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const imposter = await createDevice({
      userId: 'alice',
      accountKey: await generateKey('Ed25519'),
      now: world.clock.now(),
    })
    await alice.chat.close()
    // The server lets somebody else write in alice's name, with all that is needed but her account key.
    const deviceId = world.server.addDevice('alice', imposter.registration)
    const store = createMemoryStore()
    await writeDevice(store, imposter)
    const accountKey = publicEd25519(imposter.identity.accountKey)
    world.server.onUserDevices = answer =>
      answer.userId === 'alice'
        ? { ...answer, accountKey, devices: [{ deviceId, certificate: imposter.registration.certificate }] }
        : answer
    const chat = await createSession({
      identity: imposter.identity,
      store,
      transport: world.server.transport(),
      servers: ['ws://fake'],
      files: new FileStore(join(world.folder, 'imposter')),
      onLogOut: async () => undefined,
      clock: world.clock,
      random: () => 0,
    })
    // The server takes everything from the imposter, whatever the audience.
    world.server.devices.delete(alice.deviceId)
    await chat.send({ to: 'bob', text: 'trust me' })
    await world.until('bob to be told', async () =>
      (await bob.lines('alice')).includes('(account-key-changed)'),
    )
    await world.settle()
    assert.not.ok((await bob.lines('alice')).includes('alice: trust me'))
    await chat.close()
  }))

test.run()
