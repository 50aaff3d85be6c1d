import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import { statesOf, withWorld } from './test-world.fixture.ts'

const test = suite("session, one's own devices")

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: FastChatError) => error.code,
  )

const claimsOf = (jws: string) =>
  JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()) as { iat: number; exp: number }

test('`devices()` lists them with the time of their certificates, and marks this one', () =>
  withWorld(async world => {
    const first = await world.device('alice')
    const since = world.clock.now()
    world.clock.advance(5000)
    const second = await world.device('alice', { of: first })
    assert.equal(await second.chat.devices(), [
      { deviceId: first.deviceId, since, current: false, active: true },
      { deviceId: second.deviceId, since: since + 5000, current: true, active: true },
    ])
  }))

test('`devices()` believes no server that names a device which the account key did not certify', () =>
  withWorld(async world => {
    const alice = await world.device('alice')
    const mallory = await world.device('mallory')
    const planted = world.server.devices.get(mallory.deviceId)
    if (planted) planted.userId = 'alice'
    assert.is(await codeOf(alice.chat.devices()), 'bad_certificate')
  }))

test('`revokeDevice()` ends the session there with `revoked`, and nothing is encrypted for it any more', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const lost = await world.device('alice', { of: alice })
    await world.until('bob to know of it', async () => (await bob.lines('alice')).includes('(device-added)'))
    await bob.chat.send({ to: 'alice', text: 'to both' })
    await world.until('the other device to have it', async () => (await lost.lines('bob')).length > 0)
    await alice.chat.revokeDevice({ deviceId: lost.deviceId })
    await world.until('its session to end', () => lost.events.at(-1)?.type === 'closed')
    assert.equal(lost.events.at(-1), { type: 'closed', reason: 'revoked' })
    for (const asked of [
      lost.chat.snapshot(),
      lost.chat.send({ to: 'bob', text: 'x' }),
      lost.chat.devices(),
    ]) {
      assert.is(await codeOf(asked), 'device_revoked')
    }
    await world.settle()
    const before = world.server.sent(bob.deviceId).length
    await bob.chat.send({ to: 'alice', text: 'only to you' })
    await world.until('it to be delivered', async () => (await statesOf(bob, 'alice')).at(-1) === 'delivered')
    const sent = world.server.sent(bob.deviceId).slice(before)
    assert.ok(
      sent.some(({ kind }) => kind === 'chain'),
      'a chain of its own',
    )
    assert.not.match(JSON.stringify(sent), lost.deviceId)
    await alice.chat.revokeDevice({ deviceId: lost.deviceId })
    assert.is(await codeOf(alice.chat.revokeDevice({ deviceId: bob.deviceId })), 'not_found')
  }))

test('`revokeDevice()` of this very device ends its session', () =>
  withWorld(async world => {
    const alice = await world.device('alice')
    await world.until('it to be online', () => world.server.isOnline(alice.deviceId))
    await alice.chat.revokeDevice({ deviceId: alice.deviceId })
    await world.until('the end', () => alice.events.at(-1)?.type === 'closed')
    assert.equal(alice.events.at(-1), { type: 'closed', reason: 'revoked' })
    alice.events.length = 0
    await alice.restart()
    await world.until('the end again', () => alice.events.at(-1)?.type === 'closed')
    assert.is(await codeOf(alice.chat.snapshot()), 'device_revoked')
  }))

test('a device that was away until its signed prekey ended stops nobody, and is active again once it is back', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const away = await world.device('alice', { of: alice })
    await world.until('bob to know of it', async () => (await bob.lines('alice')).includes('(device-added)'))
    await away.chat.close()
    // The others look after theirs each week.
    for (let week = 0; week < 5; week++) {
      world.clock.advance(limits.signedPrekeyRotateMs)
      await world.settle()
    }
    await bob.chat.send({ to: 'alice', text: 'while it is away' })
    await world.until('it to be delivered', async () => (await statesOf(bob, 'alice')).at(-1) === 'delivered')
    assert.equal(
      (await alice.chat.devices()).map(({ active }) => active),
      [true, false],
    )
    await away.restart()
    await world.until('it to be active again', async () =>
      (await alice.chat.devices()).every(({ active }) => active),
    )
    await bob.chat.send({ to: 'alice', text: 'now that it is back' })
    await world.until('it to have that', async () => (await away.lines('bob')).length > 0)
    assert.equal(await away.lines('bob'), ['bob: now that it is back'])
  }))

test("prekeys are dated by the server's clock, and a signed one that was dated ahead is replaced", () =>
  withWorld(async world => {
    world.server.skewMs = -limits.signedPrekeyRotateMs - 3_600_000
    const alice = await world.device('alice')
    const prekey = () => claimsOf(world.server.devices.get(alice.deviceId)?.signedPrekey ?? '')
    // It was made by a machine whose clock is a week ahead.
    await world.until('it to be replaced', () => prekey().iat <= world.clock.now() + world.server.skewMs)
    assert.ok(prekey().exp <= world.clock.now() + world.server.skewMs + limits.signedPrekeyKeepMs)
  }))

test('a device has the name that its owner gave it, which no server can read or put at another one', () =>
  withWorld(async world => {
    const alice = await world.device('alice')
    const phone = await world.device('alice', { of: alice })
    const namesAt = async ({ chat }: typeof alice) =>
      (await chat.devices()).map(({ deviceId, name }) => [deviceId === phone.deviceId, name])
    await alice.chat.nameDevice({ deviceId: phone.deviceId, name: 'Käthes Telefon ☎' })
    for (const device of [alice, phone]) {
      assert.equal(await namesAt(device), [
        [false, undefined],
        [true, 'Käthes Telefon ☎'],
      ])
    }
    const stored = world.server.devices.get(phone.deviceId)?.label
    assert.not.match(stored ?? '', 'Telefon')
    const other = world.server.devices.get(alice.deviceId)
    if (other && stored !== undefined) other.label = stored
    assert.equal((await namesAt(alice))[0], [false, undefined])
    await phone.chat.nameDevice({ deviceId: phone.deviceId, name: null })
    assert.equal((await namesAt(alice))[1], [true, undefined])
    for (const name of ['', ' ', 'two\nlines', 'x'.repeat(65)]) {
      const code = await phone.chat
        .nameDevice({ deviceId: phone.deviceId, name })
        .catch((error: { code?: string }) => error.code)
      assert.is(code, 'usage')
    }
  }))

test.run()
