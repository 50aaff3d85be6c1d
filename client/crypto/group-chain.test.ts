import { FlattenedEncrypt } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ChainClaims, type FlattenedJwe, typ } from '../../schema/jose.ts'
import type { RosterState } from '../../schema/roster.ts'
import { utf8 } from './bytes.ts'
import { isChainSpent } from './chain.ts'
import { ChangedKey, UnknownRoster } from './envelope.ts'
import { signJws } from './jws.ts'
import { publicEd25519, publicX25519, useKey } from './keys.ts'
import { openMessage, sealMessage } from './message.ts'
import {
  announce,
  announceToGroup,
  connect,
  createDevice,
  createGroup,
  entryOf,
  memberOf,
  NOW,
  open,
  refused,
  rosterOfChain,
  seal,
  signNext,
  type TestDevice,
  type TestGroup,
  uuid,
} from './people.fixture.ts'
import { followRoster, groupRoster } from './roster.ts'
import type { SenderChain } from './types.ts'

/** Chains of groups: what `openChain()` makes of them, and what a hostile server or member may try with them. */

const test = suite('chains of groups')
const alice = await createDevice('alice')
const aliceToo = await createDevice('alice', alice.accountKey)
const bob = await createDevice('bob')
const bobToo = await createDevice('bob', bob.accountKey)
const carol = await createDevice('carol')
const mallory = await createDevice('mallory')
const friends = await createGroup(alice, { group: 'friends', members: [bob] })

/** The group without somebody, or with somebody more. */
async function changed(
  before: TestGroup,
  { op, member }: { op: 'add' | 'remove'; member: TestDevice },
): Promise<TestGroup> {
  const { event } = await signNext(before.state, { by: alice, op, members: [member] })
  const { state } = await followRoster(before.state, event)
  return { conv: before.conv, state, events: [...before.events, event] }
}

/** What a device knows that has verified these states of groups. */
const knows =
  (reader: TestDevice, ...groups: TestGroup[]) =>
  (claims: ChainClaims) => {
    const isNamed = ({ state }: { state: RosterState }) =>
      'group' in claims.to && claims.to.group === state.group && claims.epoch === state.epoch
    const { state, conv } = groups.find(isNamed) ?? { state: undefined, conv: '' }
    const self = { userId: reader.userId, thumbprint: reader.key }
    return rosterOfChain(state, { claims, conv, self })
  }

/** Signed claims of a chain of alice's for the group, some of them changed, sealed to one device. */
async function sealed(
  changes: Partial<ChainClaims>,
  { by = alice, to = bob }: { by?: TestDevice; to?: TestDevice } = {},
): Promise<FlattenedJwe> {
  const { conv, state } = friends
  const claims: ChainClaims = {
    ...{ sub: by.userId, dev: by.deviceId, accountKey: publicEd25519(by.accountKey) },
    ...{ certificate: by.certificate, to: { group: 'friends' }, conv, epoch: 0, roster: state.head },
    ...{ chain: 'C'.repeat(22), ck: 'K'.repeat(43), n: 0, iat: NOW },
    ...changes,
  }
  const jwe = await new FlattenedEncrypt(utf8(await signJws(claims, { key: by.deviceKey, typ: typ.chain })))
    .setProtectedHeader({ enc: 'A256GCM' })
    .setUnprotectedHeader({ alg: 'ECDH-ES+A256KW', kid: `${to.deviceId}/${to.prekey.id}` })
    .encrypt(await useKey(publicX25519(to.prekey.key)))
  return jwe as unknown as FlattenedJwe
}

test('`openChain()` opens a group’s chain on every device of its members, and their messages follow', async () => {
  const { chain, body } = await announceToGroup(alice, { ...friends, devices: [bob, bobToo, aliceToo] })
  const id = uuid(1)
  const content = { type: 'text', text: 'hello all' } as const
  const { jwe } = await sealMessage({ id, sentAt: NOW, content }, { chain, signer: alice })
  for (const reader of [bob, bobToo, aliceToo]) {
    const opened = await open(entryOf(body, reader), { from: alice, reader, group: knows(reader, friends) })
    assert.equal(opened.claims.to, { group: 'friends' })
    assert.equal([opened.chain.conv, opened.chain.epoch], [friends.conv, 0])
    assert.is(opened.chain.roster, friends.state.head)
    const frame = { jwe, id, from: 'alice', device: alice.deviceId }
    assert.equal((await openMessage(frame, { chain: opened.chain })).claims.content, content)
  }
})

test('`openChain()` takes a member who was never met on the roster’s word for their key', async () => {
  const { body } = await announceToGroup(alice, { ...friends, devices: [bob] })
  const opened = await open(entryOf(body, bob), {
    ...{ from: alice, reader: bob, pinned: null, group: knows(bob, friends) },
  })
  assert.is(opened.senderThumbprint, alice.key)
})

test('`openChain()` tells which roster it does not know, when all else is right', async () => {
  const later = await changed(friends, { op: 'add', member: carol })
  const { body } = await announceToGroup(alice, { ...later, devices: [bob] })
  const reading = open(entryOf(body, bob), { from: alice, reader: bob, group: knows(bob, friends) })
  const error = await refused(reading, 'stale_roster')
  assert.instance(error, UnknownRoster)
  const { group, conv, epoch, roster, from } = error as UnknownRoster
  assert.equal(
    { group, conv, epoch, roster, from },
    { group: 'friends', conv: later.conv, epoch: 1, roster: later.state.head, from: 'alice' },
  )
  assert.ok(await open(entryOf(body, bob), { from: alice, reader: bob, group: knows(bob, friends, later) }))
})

test('`openChain()` tells so of another hash than the one that was verified for the epoch: a fork', async () => {
  const ours = await changed(friends, { op: 'add', member: carol })
  const theirs = await changed(friends, { op: 'add', member: mallory })
  const { body } = await announceToGroup(alice, { ...theirs, devices: [bob] })
  const reading = open(entryOf(body, bob), { from: alice, reader: bob, group: knows(bob, friends, ours) })
  assert.is(((await refused(reading, 'stale_roster')) as UnknownRoster).epoch, ours.state.epoch)
})

test('`openChain()` tells of no unknown roster when the frame, certificate or signature is wrong', async () => {
  const unknown = { epoch: 7 }
  const group = knows(bob, friends)
  const attempts: [Partial<ChainClaims>, TestDevice?][] = [
    [{ ...unknown, certificate: carol.certificate }],
    [{ ...unknown, sub: 'carol' }],
    [{ ...unknown, dev: carol.deviceId }],
    [{ ...unknown, accountKey: publicEd25519(carol.accountKey) }],
    [{ ...unknown, sub: 'alice', dev: alice.deviceId, certificate: alice.certificate }, mallory],
  ]
  for (const [changes, by] of attempts) {
    const jwe = await sealed(changes, by ? { by } : {})
    await refused(open(jwe, { from: alice, reader: bob, group }), 'cannot_decrypt')
  }
  const right = open(await sealed(unknown), { from: alice, reader: bob, group })
  assert.instance(await refused(right, 'stale_roster'), UnknownRoster)
})

test('`openChain()` opens no group’s chain for whoever knows no groups', async () => {
  const { body } = await announceToGroup(alice, { ...friends, devices: [bob] })
  await refused(open(entryOf(body, bob), { from: alice, reader: bob }), 'cannot_decrypt')
})

test('`openChain()` refuses a sender who is not in the roster that the chain names', async () => {
  const without = await changed(friends, { op: 'remove', member: bob })
  const cases = [
    // Never a member; removed, though the chain names the roster from after it.
    { from: mallory, reader: alice, state: friends },
    { from: bob, reader: alice, state: without },
  ]
  for (const { from, reader, state } of cases) {
    const { body } = await announceToGroup(from, { ...state, devices: [reader] })
    const reading = open(entryOf(body, reader), { from, reader, group: knows(reader, friends, without) })
    await refused(reading, 'cannot_decrypt')
  }
  // What was on its way before the removal opens: how long, is the caller's to say.
  const { body } = await announceToGroup(bob, { ...friends, devices: [alice] })
  const group = knows(alice, friends, without)
  assert.is((await open(entryOf(body, alice), { from: bob, reader: alice, group })).claims.epoch, 0)
})

test('`openChain()` refuses what was said before one was a member, though a member passes it on', async () => {
  const later = await changed(friends, { op: 'add', member: carol })
  const { chain } = await announceToGroup(alice, { ...friends, devices: [bob] })
  // Bob cannot sign for her, but he can seal what she signed to whomever he likes.
  const entry = entryOf(await seal(chain, { from: alice, devices: [carol] }), carol)
  const reading = open(entry, { from: alice, reader: carol, group: knows(carol, friends, later) })
  await refused(reading, 'cannot_decrypt')
})

test('`openChain()` refuses another group’s roster, and another group of the same name', async () => {
  const strangers = await createGroup(alice, { group: 'strangers', members: [bob] })
  const again = await createGroup(alice, { group: 'friends', members: [bob], iat: NOW + 1 })
  const group = knows(bob, friends, strangers)
  const { conv, state } = strangers
  const mixed: [Partial<ChainClaims>, string][] = [
    [{ conv }, 'cannot_decrypt'],
    [{ roster: state.head }, 'stale_roster'],
    [{ conv, roster: state.head }, 'stale_roster'],
    [{ to: { group: 'strangers' } }, 'stale_roster'],
    [{ to: { group: 'strangers' }, roster: state.head }, 'cannot_decrypt'],
    [{ conv: again.conv }, 'cannot_decrypt'],
    [{ conv: again.conv, roster: again.state.head }, 'stale_roster'],
  ]
  for (const [changes, code] of mixed) {
    await refused(open(await sealed(changes), { from: alice, reader: bob, group }), code)
  }
  assert.ok(await open(await sealed({}), { from: alice, reader: bob, group }))
  const other = await sealed({ to: { group: 'strangers' }, conv, roster: state.head })
  assert.ok(await open(other, { from: alice, reader: bob, group }))
})

test('`openChain()` refuses a chain for two that is made to look like a group’s, and back', async () => {
  const group = knows(bob, friends)
  const { chain: direct } = await connect(alice, bob).then(({ sender }) => ({ chain: sender }))
  const asGroup: SenderChain = { ...direct, to: { group: 'friends' } }
  const { chain: grouped } = await announceToGroup(alice, { ...friends, devices: [bob] })
  const asDirect: SenderChain = { ...grouped, to: { user: 'bob', key: bob.key } }
  const oneself: SenderChain = { ...asDirect, roster: grouped.conv }
  const half: SenderChain = { ...asGroup, roster: friends.state.head }
  for (const [chain, code] of [
    [asGroup, 'stale_roster'],
    [half, 'cannot_decrypt'],
    [asDirect, 'cannot_decrypt'],
    [oneself, 'cannot_decrypt'],
  ] as const) {
    const entry = entryOf(await seal(chain, { from: alice, devices: [bob] }), bob)
    await refused(open(entry, { from: alice, reader: bob, group }), code)
  }
  const { body } = await announce(alice, { to: bob })
  assert.ok(await open(entryOf(body, bob), { from: alice, reader: bob, group }))
})

test('`openChain()` tells of an account key that is not the roster’s, and of one that is not the pinned one', async () => {
  const impostor = await createDevice('alice')
  const { body } = await announceToGroup(impostor, { ...friends, devices: [bob] })
  const entry = entryOf(body, bob)
  const group = knows(bob, friends)
  const read = (pinned: string | null) => open(entry, { from: impostor, reader: bob, group, pinned })
  for (const pinned of [null, impostor.key]) {
    const error = await refused(read(pinned), 'account_key_changed')
    assert.instance(error, ChangedKey)
    assert.equal([(error as ChangedKey).thumbprint, (error as ChangedKey).group], [impostor.key, 'friends'])
  }
  const error = (await refused(read(alice.key), 'account_key_changed')) as ChangedKey
  assert.equal([error.thumbprint, error.group], [impostor.key, undefined])
  // A roster that took the impostor in does not make the pinned key another one.
  const fooled = await createGroup(bob, { group: 'fooled', members: [impostor] })
  const { body: second } = await announceToGroup(impostor, { ...fooled, devices: [bob] })
  const reading = open(entryOf(second, bob), {
    ...{ from: impostor, reader: bob, pinned: alice.key, group: knows(bob, fooled) },
  })
  assert.instance(await refused(reading, 'account_key_changed'), ChangedKey)
})

test('`openChain()` refuses another account key under one’s own name, and one’s own chain sent back', async () => {
  const impostor = await createDevice('alice')
  const { body } = await announceToGroup(impostor, { ...friends, devices: [aliceToo] })
  for (const pinned of [null, alice.key, impostor.key]) {
    const group = knows(aliceToo, friends)
    const reading = open(entryOf(body, aliceToo), { from: impostor, reader: aliceToo, pinned, group })
    await refused(reading, 'cannot_decrypt')
  }
  const own = await announceToGroup(alice, { ...friends, devices: [alice] })
  const group = knows(alice, friends)
  await refused(open(entryOf(own.body, alice), { from: alice, reader: alice, group }), 'cannot_decrypt')
})

test('`openChain()` refuses a roster in which one’s own key is another one', async () => {
  const other = await createDevice('bob')
  const wrong = await createGroup(alice, { group: 'wrong', members: [other] })
  const { body } = await announceToGroup(alice, { ...wrong, devices: [bob] })
  const reading = open(entryOf(body, bob), { from: alice, reader: bob, group: knows(bob, wrong) })
  await refused(reading, 'cannot_decrypt')
})

test('`openMessage()` refuses a message of one group’s chain in another’s, and of an earlier epoch’s', async () => {
  const later = await changed(friends, { op: 'add', member: carol })
  const { chain, body } = await announceToGroup(alice, { ...friends, devices: [bob] })
  const { chain: receiver } = await open(entryOf(body, bob), {
    ...{ from: alice, reader: bob, group: knows(bob, friends) },
  })
  const id = uuid(2)
  const strangers = await createGroup(alice, { group: 'strangers', members: [bob] })
  const content = { type: 'text', text: 'x' } as const
  for (const wrong of [
    { conv: strangers.conv },
    { epoch: 1, roster: later.state.head },
    { roster: later.state.head },
  ]) {
    const { jwe } = await sealMessage(
      { id, sentAt: NOW, content },
      { chain: { ...chain, ...wrong }, signer: alice },
    )
    const reading = openMessage({ jwe, id, from: 'alice', device: alice.deviceId }, { chain: receiver })
    await refused(reading, 'cannot_decrypt')
  }
})

test('`isChainSpent()` says so of a group’s chain when the group has changed', async () => {
  const later = await changed(friends, { op: 'remove', member: bob })
  const { chain } = await announceToGroup(alice, { ...friends, devices: [bob] })
  const use = { audience: alice.key, now: NOW }
  assert.not.ok(isChainSpent(chain, { ...use, roster: groupRoster(friends.state, friends) }))
  assert.ok(isChainSpent(chain, { ...use, roster: groupRoster(later.state, later) }))
  assert.equal(groupRoster(later.state, later).members, [memberOf(alice)])
})

test.run()
