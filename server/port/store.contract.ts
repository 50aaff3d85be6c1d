import { v7 as uuidV7 } from 'uuid'
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import type { DeviceDocument, UndeliveredDocument, UserDocument } from '../../schema/documents.ts'
import { argon2idLimits } from '../../schema/limits.ts'
import { makeGeneralJwe } from '../testing/messages.ts'
import { noise } from '../testing/person.ts'
import type { Store } from './store.ts'

// Long because it is one port: whoever writes an adapter runs all of it.
/** The time of questions that do not depend on it. */
const at = new Date(1_700_000_000_000)

/** What every store must do: run by each adapter of the port. */
export function testStore(test: Test, open: () => Store): void {
  test('`accounts.createUser()` makes a user once', async () => {
    const { accounts } = open()
    const user = makeUser()
    assert.is(await accounts.createUser(user), true)
    assert.is(await accounts.createUser(user), false)
    assert.equal(await accounts.findUser(user._id), user)
    assert.is(await accounts.findUser('nobody-at-all'), null)
  })

  test('`accounts.changePassword()` needs what is kept of the proof, and takes a used recovery code away', async () => {
    const { accounts } = open()
    const recovery = { authSalt: noise(16), authHash: noise(32), vault: makeUser().vault }
    const user = { ...makeUser(), recovery }
    await accounts.createUser(user)
    const { authSalt, authHash, kdf, vault } = makeUser()
    const password = { authSalt, authHash, kdf, vault, passwordChangedAt: new Date(1_700_000_000_001) }
    const wrong = { by: 'password', authHash: noise(32), password } as const
    assert.is(await accounts.changePassword(user._id, wrong), false)
    assert.is(await accounts.changePassword(user._id, { ...wrong, by: 'recovery' }), false)
    assert.equal(await accounts.findUser(user._id), user)

    const change = { by: 'password', authHash: user.authHash, password } as const
    assert.is(await accounts.changePassword(user._id, change), true)
    assert.is(await accounts.changePassword(user._id, change), false, 'the proof is no longer good')
    assert.equal(await accounts.findUser(user._id), { ...user, ...password })

    const recovered = { by: 'recovery', authHash: recovery.authHash, password } as const
    assert.is(await accounts.changePassword(user._id, recovered), true)
    assert.is(await accounts.changePassword(user._id, recovered), false, 'a code is good once')
    assert.is((await accounts.findUser(user._id))?.recovery, undefined)

    const renewed = { by: 'password', authHash, password, recovery } as const
    assert.is(await accounts.changePassword(user._id, renewed), true)
    assert.equal((await accounts.findUser(user._id))?.recovery, recovery)
  })

  test('`accounts.loginSecret()` keeps the first secret for ever, whoever asks at the same time', async () => {
    const { accounts } = open()
    const [first] = await Promise.all([accounts.loginSecret(noise(32)), accounts.loginSecret(noise(32))])
    assert.is(await accounts.loginSecret(noise(32)), first)
  })

  test('`accounts.activeDevices()` leaves out the revoked ones and those whose signed prekey has ended', async () => {
    const { accounts } = open()
    const userId = newName()
    const [kept, gone, dormant] = [
      makeDeviceDocument(userId),
      makeDeviceDocument(userId),
      { ...makeDeviceDocument(userId), prekeyExpiresAt: new Date(5000) },
    ]
    for (const device of [kept, gone, dormant]) assert.is(await accounts.createDevice(device), true)
    assert.is(await accounts.createDevice(kept), false)
    const at = new Date(1_700_000_000_000)
    assert.is(await accounts.revokeDevice(gone._id, { userId: 'other', at }), false)
    assert.is(await accounts.revokeDevice(gone._id, { userId, at }), true)
    assert.is(await accounts.revokeDevice(gone._id, { userId, at }), false)
    const active = (at: number) => accounts.activeDevices([userId, 'nobody'], { at: new Date(at) })
    assert.equal(await active(4999), [kept, dormant])
    assert.equal(await active(5000), [kept])
    const ids = await accounts.activeDeviceIds([userId, 'nobody'], { at: new Date(4999) })
    assert.equal(
      ids,
      [kept, dormant].map(({ _id, prekeyExpiresAt }) => ({ _id, userId, prekeyExpiresAt })),
    )
    assert.equal(await accounts.devicesOf(userId), [kept, dormant])
    assert.equal((await accounts.findDevice(gone._id))?.revokedAt, at)
    assert.is((await accounts.findDevices([kept._id, gone._id, uuidV7()])).length, 2)
    const fresh = { signedPrekey: 'x.y.z', prekeyExpiresAt: new Date(6000) }
    await accounts.setSignedPrekey(dormant._id, fresh)
    assert.equal(await active(5000), [kept, { ...dormant, ...fresh }])
  })

  test('`accounts.accountKeys()` gives the keys of those who exist', async () => {
    const { accounts } = open()
    const [one, two] = [makeUser(), makeUser()]
    await Promise.all([accounts.createUser(one), accounts.createUser(two)])
    const keys = await accounts.accountKeys([one._id, 'nobody-at-all', two._id])
    assert.is(keys.size, 2)
    assert.equal([keys.get(one._id), keys.get(two._id)], [one.accountKey, two.accountKey])
  })

  test('`accounts.setLabel()` names a device, and takes the name away', async () => {
    const { accounts } = open()
    const device = makeDeviceDocument(newName())
    await accounts.createDevice(device)
    const label = `${noise(20)}..${noise(12)}.${noise(48)}.${noise(16)}`
    const { userId } = device
    assert.is(await accounts.setLabel(device._id, { userId, label }), true)
    assert.is(await accounts.setLabel(device._id, { userId: 'other', label: undefined }), false)
    assert.equal(await accounts.findDevice(device._id), { ...device, label })
    assert.is(await accounts.setLabel(device._id, { userId, label: undefined }), true)
    assert.equal(await accounts.findDevice(device._id), device)
    await accounts.revokeDevice(device._id, { userId, at })
    assert.is(await accounts.setLabel(device._id, { userId, label }), false)
  })

  test('`prekeys.claim()` gives each prekey to one only', async () => {
    const { prekeys } = open()
    const deviceId = uuidV7()
    const stock = Array.from({ length: 5 }, () => makePrekeyDocument(deviceId))
    await prekeys.add(stock)
    await prekeys.add(stock.slice(0, 2))
    await prekeys.add([])
    assert.is(await prekeys.count(deviceId), 5)
    assert.is(await prekeys.count(deviceId, { except: stock.slice(0, 2).map(({ _id }) => _id) }), 3)
    const other = uuidV7()
    assert.equal(await prekeys.counts([deviceId, other]), new Map([[deviceId, 5]]))
    const claimed = await Promise.all(Array.from({ length: 7 }, () => prekeys.claim(deviceId)))
    const given = claimed.filter(prekey => prekey !== null)
    assert.equal(given.sort(), stock.map(({ prekey }) => prekey).sort())
    assert.is(await prekeys.claim(other), null)
    // The answer to an upload was lost: it is repeated after some of it was claimed.
    await prekeys.add(stock)
    assert.equal([await prekeys.count(deviceId), await prekeys.claim(deviceId)], [0, null])
    assert.equal(await prekeys.counts([deviceId]), new Map())
    await prekeys.add([makePrekeyDocument(deviceId), makePrekeyDocument(other)])
    await prekeys.removeDevice(deviceId)
    assert.equal([await prekeys.count(deviceId), await prekeys.count(other)], [0, 1])
  })

  test('`messages.insert()` says `stored` to a retry and `taken` to another sender', async () => {
    const { messages } = open()
    const [old, fresh] = [makeUndelivered(), makeUndelivered()]
    assert.equal(await messages.insert([]), [])
    assert.equal(await messages.insert([old]), ['stored'])
    const foreign = { ...old, senderId: 'somebody-else' }
    assert.equal(await messages.insert([foreign, fresh]), ['taken', 'stored'])
    assert.equal(await messages.insert([old, fresh]), ['stored', 'stored'])
    assert.equal(await messages.find([old._id]), [old])
  })

  test('`messages.insert()` keeps a chain as it is', async () => {
    const { messages } = open()
    const device = uuidV7()
    const chain: UndeliveredDocument = {
      ...makeUndelivered({ pending: [device] }),
      kind: 'chain',
      body: makeGeneralJwe([device]),
    }
    await messages.insert([chain])
    assert.equal(await messages.find([chain._id]), [chain])
  })

  test('`messages.pendingFor()` gives what a device needs: of a chain its own entry', async () => {
    const { messages } = open()
    const devices = [uuidV7(), uuidV7(), uuidV7()]
    const body = makeGeneralJwe(devices)
    const chain = makeUndelivered({ kind: 'chain', body, pending: devices })
    const { receiverId: _, ...toGroup } = makeUndelivered({ groupId: 'friends', pending: devices })
    await messages.insert([chain, toGroup])
    for (const [index, device] of [...devices, uuidV7()].entries()) {
      const found = await messages.pendingFor(device, { exclude: [], limit: 10, at })
      const own = body.recipients[index]
      if (!own) assert.equal(found, [])
      else {
        const { pending: _, route: __, ...rest } = { ...chain, body: { ...body, recipients: [own] } }
        const { pending: ___, route: ____, ...message } = toGroup
        assert.equal(found, [rest, message])
      }
    }
  })

  test('`messages.pendingFor()` reads in the order of ids, without those excluded, up to the limit', async () => {
    const { messages } = open()
    const device = uuidV7()
    const stored = Array.from({ length: 5 }, () => makeUndelivered({ pending: [device, uuidV7()] }))
    await messages.insert([...stored].reverse())
    const ids = stored.map(({ _id }) => _id)
    const read = async (exclude: string[], limit: number) =>
      (await messages.pendingFor(device, { exclude, limit, at })).map(({ _id }) => _id)
    assert.equal(await read([], 10), ids)
    assert.equal(await read([], 2), ids.slice(0, 2))
    assert.equal(await read(ids.slice(0, 3), 10), ids.slice(3))
    assert.equal(await messages.pendingFor(uuidV7(), { exclude: [], limit: 10, at }), [])
  })

  test('what was for a moment that has passed is read no more, and removed', async () => {
    const { messages } = open()
    const device = uuidV7()
    const [passed, present, kept] = [
      makeUndelivered({ kind: 'transient', pending: [device], expiresAt: new Date(4_102_444_800_000) }),
      makeUndelivered({ kind: 'transient', pending: [device], expiresAt: new Date(4_102_444_800_001) }),
      makeUndelivered({ pending: [device], expiresAt: new Date(4_102_444_800_000) }),
    ]
    const at = passed.expiresAt
    const before = new Date(at.getTime() - 1)
    const read = async (at: Date) =>
      (await messages.pendingFor(device, { exclude: [], limit: 10, at })).map(({ _id }) => _id)
    await messages.insert([passed])
    assert.equal(await messages.devicesWithPending([device], { at: before }), [device])
    assert.equal(await messages.devicesWithPending([device], { at }), [])
    await messages.insert([present, kept])
    assert.equal(await read(before), [passed._id, present._id, kept._id])
    assert.equal(await read(at), [present._id, kept._id])
    assert.equal(await messages.devicesWithPending([device], { at }), [device])
    await messages.removeSettled({ at })
    assert.equal((await messages.find([passed._id, present._id, kept._id])).map(({ _id }) => _id).sort(), [
      present._id,
      kept._id,
    ])
  })

  test('`messages.ack()` takes out each device by itself, and deletes when none is left', async () => {
    const { messages } = open()
    const [a, b] = [uuidV7(), uuidV7()]
    const [both, onlyA] = [makeUndelivered({ pending: [a, b] }), makeUndelivered({ pending: [a] })]
    await messages.insert([both, onlyA])
    await messages.ack([{ deviceId: a, ids: [both._id, onlyA._id, uuidV7()] }])
    assert.equal(await messages.find([both._id, onlyA._id]), [{ ...both, pending: [b] }])
    assert.equal(await messages.devicesWithPending([a, b], { at }), [b])
    // Again, and by one that it is not for.
    await messages.ack([
      { deviceId: a, ids: [both._id] },
      { deviceId: uuidV7(), ids: [both._id] },
    ])
    assert.equal(await messages.devicesWithPending([a, b], { at }), [b])
    await messages.ack([{ deviceId: b, ids: [both._id] }])
    assert.equal(await messages.find([both._id]), [])
    await messages.ack([])
  })

  test('`messages.removeSettled()` deletes what a killed server left with nobody pending, and nothing else', async () => {
    const { messages } = open()
    const [left, waiting] = [makeUndelivered({ pending: [] }), makeUndelivered({ pending: [uuidV7()] })]
    await messages.insert([left, waiting])
    await messages.removeSettled({ at })
    assert.equal(await messages.find([left._id, waiting._id]), [waiting])
  })

  test('`messages.removeDevice()` takes a device out of all that waits, and deletes what waits for nobody else', async () => {
    const { messages } = open()
    const [a, b] = [uuidV7(), uuidV7()]
    const both = Array.from({ length: 3 }, () => makeUndelivered({ pending: [a, b] }))
    const onlyA = Array.from({ length: 1100 }, () => makeUndelivered({ pending: [a] }))
    await messages.insert([...both, ...onlyA])
    await messages.removeDevice(a)
    await messages.removeDevice(a)
    assert.equal(await messages.devicesWithPending([a, b], { at }), [b])
    assert.equal(
      await messages.find([...both, ...onlyA].map(({ _id }) => _id)),
      both.map(message => ({ ...message, pending: [b] })),
    )
  })

  test('`messages.setRoutes()` replaces routes of what is still there', async () => {
    const { messages } = open()
    const message = makeUndelivered()
    await messages.insert([message])
    const route = [uuidV7(), uuidV7()]
    await messages.setRoutes([
      { id: message._id, route },
      { id: uuidV7(), route },
    ])
    await messages.setRoutes([])
    assert.equal((await messages.find([message._id]))[0]?.route, route)
  })

  test('`presence.remove()` removes it only for the same connection', async () => {
    const { presence } = open()
    const entry = { _id: uuidV7(), userId: 'alice', serverId: uuidV7(), since: new Date(1000) }
    await presence.set(entry)
    await presence.setPrekeysLeft(entry._id, 3)
    await presence.setPrekeysLeft(uuidV7(), 3)
    const moved = { ...entry, serverId: uuidV7(), since: new Date(2000) }
    await presence.set(moved)
    await presence.remove(entry)
    assert.equal(await presence.find([entry._id, uuidV7()]), [moved])
    await presence.remove(moved)
    assert.equal(await presence.find([entry._id]), [])
    await presence.set(moved)
    await presence.removeDevice(uuidV7())
    assert.equal(await presence.find([entry._id]), [moved])
    await presence.removeDevice(entry._id)
    assert.equal(await presence.find([entry._id]), [])
    await presence.set(moved)
    await presence.removeServer(moved.serverId)
    assert.equal(await presence.find([entry._id]), [])
  })

  test('`presence.share()` says to whom a device shows itself, while it is the same connection', async () => {
    const { presence } = open()
    const [alice, bob, carol] = [newName(), newName(), newName()]
    const serverId = uuidV7()
    const entry = { _id: uuidV7(), userId: alice, serverId, since: new Date(1000) }
    await presence.share({ ...entry, shares: [bob] })
    assert.equal(await presence.find([entry._id]), [])
    await presence.set(entry)
    assert.equal(await presence.sharing([alice], { userId: bob }), [])
    await presence.share({ ...entry, shares: [bob, carol] })
    const showing = [{ _id: entry._id, userId: alice, serverId }]
    assert.equal(await presence.sharing([alice, carol], { userId: bob }), showing)
    assert.equal(await presence.sharing([carol], { userId: bob }), [])
    assert.equal(await presence.sharing([alice], { userId: newName() }), [])
    assert.equal(await presence.find([entry._id]), [entry])
    await presence.share({ ...entry, shares: [carol] })
    assert.equal(await presence.sharing([alice], { userId: bob }), [])
    const moved = { ...entry, serverId: uuidV7(), since: new Date(2000) }
    await presence.set(moved)
    await presence.share({ ...entry, shares: [bob] })
    assert.equal(await presence.sharing([alice], { userId: bob }), [])
    await presence.remove(moved)
  })

  test('`servers.renew()` makes a lease and renews it by the time of the database', async () => {
    const { servers, presence } = open()
    const lease = {
      _id: uuidV7(),
      url: 'ws://127.0.0.1:1',
      jwk: { kty: 'OKP', crv: 'Ed25519', x: noise(32) } as const,
      load: 0,
    }
    const first = await servers.renew(lease)
    const second = await servers.renew({ ...lease, load: 7 })
    assert.equal([first.isNew, second.isNew], [true, false])
    assert.ok(second.heartbeatAt >= first.heartbeatAt)
    assert.equal(await servers.find(lease._id), { ...lease, load: 7, heartbeatAt: second.heartbeatAt })
    assert.ok((await servers.all()).some(({ _id }) => _id === lease._id))
    const left = { _id: uuidV7(), userId: 'alice', serverId: lease._id, since: new Date(1000) }
    await presence.set(left)
    await servers.remove([lease._id])
    assert.is(await servers.find(lease._id), null)
    assert.equal(await presence.find([left._id]), [])
    assert.is((await servers.renew(lease)).isNew, true)
  })
}

const newName = () => `u${noise(8).toLowerCase().replace(/-/g, 'x')}`

export function makeUser(): UserDocument {
  return {
    _id: newName(),
    authSalt: noise(16),
    authHash: noise(32),
    kdf: { name: 'argon2id', salt: noise(16), ...argon2idLimits.default },
    accountKey: { kty: 'OKP', crv: 'Ed25519', x: noise(32) },
    vault: `${noise(20)}..${noise(12)}.${noise(48)}.${noise(16)}`,
    createdAt: new Date(1_700_000_000_000),
  }
}

function makeDeviceDocument(userId: string): DeviceDocument {
  return {
    _id: uuidV7(),
    userId,
    certificate: 'a.b.c',
    signedPrekey: 'a.b.c',
    prekeyExpiresAt: new Date(10_000),
    createdAt: new Date(1000),
  }
}

function makePrekeyDocument(deviceId: string) {
  return { _id: `${deviceId}/${noise(12)}`, deviceId, prekey: `a.${noise(12)}.c` }
}

export function makeUndelivered(changed: Partial<UndeliveredDocument> = {}): UndeliveredDocument {
  return {
    _id: uuidV7(),
    senderId: 'alice',
    senderDevice: uuidV7(),
    receiverId: 'bob',
    kind: 'message',
    body: `${noise(20)}..${noise(12)}.${noise(48)}.${noise(16)}`,
    pending: [uuidV7()],
    route: [],
    createdAt: new Date(1_700_000_000_000),
    expiresAt: new Date(Date.now() + 60_000),
    ...changed,
  }
}
