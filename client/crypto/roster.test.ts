import { createHash } from 'node:crypto'
import { CompactSign, type JWK } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type RosterClaims, RosterJws, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import { utf8 } from './bytes.ts'
import { generateKey, publicEd25519, useKey } from './keys.ts'
import {
  createDevice,
  createGroup,
  memberOf,
  NOW,
  refused,
  signNext,
  type TestDevice,
} from './people.fixture.ts'
import {
  directConversation,
  directRoster,
  extendRoster,
  followRoster,
  groupConversation,
  groupRoster,
  signRosterEvent,
  verifyRosterEvent,
} from './roster.ts'

// Long because every way to tamper with a roster is one test, and they share one cast.

const test = suite('roster')
const a = 'A'.repeat(43)
const b = 'B'.repeat(43)
const c = 'C'.repeat(43)
const alice = await createDevice('alice')
const bob = await createDevice('bob')
const carol = await createDevice('carol')
const mallory = await createDevice('mallory')
const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Alice makes a group with bob, adds carol, and makes bob an admin. */
async function friends(group = 'friends') {
  const made = await createGroup(alice, { group, members: [bob] })
  const add = await signNext(made.state, { by: alice, op: 'add', members: [carol] })
  const added = (await followRoster(made.state, add.event)).state
  const promote = await signNext(added, { by: alice, op: 'promote', members: [bob] })
  const last = (await followRoster(added, promote.event)).state
  return { events: [...made.events, add.event, promote.event], made: made.state, added, last }
}

const first = (changes: Partial<RosterClaims> = {}): Omit<RosterClaims, 'by' | 'key'> => ({
  ...{ group: 'friends', epoch: 0, prev: null, op: 'create', members: [], iat: NOW },
  ...changes,
})

/** Claims as `by` makes them, signed by whatever key under whatever header. */
async function forge(
  claims: object,
  { by, header = {}, key = by }: { by: TestDevice; header?: Record<string, unknown>; key?: TestDevice },
): Promise<string> {
  const all = { ...first(), by: by.userId, key: publicEd25519(by.accountKey), ...claims }
  return await new CompactSign(utf8(JSON.stringify(all)))
    .setProtectedHeader({ alg: 'EdDSA', typ: typ.roster, kid: by.key, ...header })
    .sign(await useKey(key.accountKey))
}

test('`directConversation()` is the hash that PROTOCOL.md says, whoever asks', () => {
  const expected = sha256(`fastchat/direct\n${a}\n${b}`)
  assert.is(directConversation(a, b), expected)
  assert.is(directConversation(b, a), expected)
})

test('`directConversation()` cannot be given to a third person', () => {
  assert.is(new Set([directConversation(a, b), directConversation(a, c), directConversation(a, a)]).size, 3)
})

test('`directRoster()` makes a group of two: epoch 0, its hash the conversation', () => {
  const roster = directRoster({ user: 'alice', key: a }, { user: 'bob', key: b })
  assert.is(roster.epoch, 0)
  assert.is(roster.hash, roster.conv)
  assert.is(roster.conv, directConversation(a, b))
  assert.equal(
    roster.members.map(({ user }) => user),
    ['alice', 'bob'],
  )
})

test('`groupConversation()` is the hash that PROTOCOL.md says, another one for a group made again', async () => {
  const one = await createGroup(alice, { group: 'friends', members: [bob] })
  const again = await createGroup(alice, { group: 'friends', members: [bob], iat: NOW + 1 })
  assert.is(one.conv, sha256(`fastchat/group\n${one.state.head}`))
  assert.is.not(one.conv, again.conv)
  assert.is.not(groupConversation(a), directConversation(a, a))
})

test('`signRosterEvent()` makes what the schema says, and `verifyRosterEvent()` gives it back', async () => {
  const { event, hash } = await signRosterEvent(first({ members: [memberOf(bob)] }), alice)
  assert.is(parse(RosterJws, event, { what: 'event' }), event)
  const verified = await verifyRosterEvent(event)
  assert.equal(verified, {
    claims: {
      ...first({ members: [memberOf(bob)] }),
      ...{ by: 'alice', key: publicEd25519(alice.accountKey) },
    },
    ...{ hash: sha256(event), signer: alice.key },
  })
  assert.is(hash, sha256(event))
  const [head = ''] = event.split('.')
  assert.equal(JSON.parse(Buffer.from(head, 'base64url').toString()), {
    ...{ alg: 'EdDSA', typ: 'fastchat-roster+jws', kid: alice.key },
  })
})

test('`signRosterEvent()` fits the largest event into the limit', async () => {
  const members = Array.from({ length: limits.maxEventMembers }, (_, n) => ({
    ...{ user: `u${n}`.padEnd(32, 'x'), key: a },
  }))
  const { event } = await signRosterEvent(first({ group: 'g'.repeat(32), members }), alice)
  assert.ok(event.length <= limits.maxRosterJwsChars, String(event.length))
  assert.is((await verifyRosterEvent(event)).claims.members.length, limits.maxEventMembers)
  const more = [...members, memberOf(bob)]
  await refused(
    verifyRosterEvent((await signRosterEvent(first({ members: more }), alice)).event),
    'bad_roster',
  )
})

test('`verifyRosterEvent()` refuses what is longer than the limit, before anything is parsed', async () => {
  const { event } = await signRosterEvent(first({ more: 'x' } as object), alice)
  const long = await forge({ more: 'x'.repeat(limits.maxRosterJwsChars) }, { by: alice })
  await refused(verifyRosterEvent(long), 'bad_roster')
  assert.ok(await verifyRosterEvent(event))
  const within = await forge({ more: 'x'.repeat(limits.maxRosterJwsChars / 2) }, { by: alice })
  assert.ok(await verifyRosterEvent(within))
})

test('`verifyRosterEvent()` refuses another key, another kid, another typ, and an event without a kid', async () => {
  const attempts = [
    await forge({}, { by: alice, key: mallory }),
    await forge({ key: publicEd25519(mallory.accountKey) }, { by: alice }),
    await forge({}, { by: alice, header: { kid: mallory.key } }),
    await forge({}, { by: alice, header: { kid: undefined } }),
    await forge({}, { by: alice, header: { typ: typ.chain } }),
    await forge({}, { by: alice, header: { typ: undefined } }),
  ]
  for (const event of attempts) await refused(verifyRosterEvent(event), 'bad_roster')
  assert.ok(await verifyRosterEvent(await forge({}, { by: alice })))
})

test('`verifyRosterEvent()` takes no key from a header, no other algorithm, and nothing unsigned', async () => {
  const jwk = publicEd25519(mallory.accountKey) as JWK
  for (const header of [{ jwk }, { jku: 'https://a.test' }, { x5u: 'https://a.test' }, { cty: 'x' }]) {
    await refused(verifyRosterEvent(await forge({}, { by: alice, header })), 'bad_roster')
  }
  const [head = '', payload = '', signature = ''] = (await forge({}, { by: alice })).split('.')
  const none = part({ alg: 'none', typ: typ.roster, kid: alice.key })
  const hmac = part({ alg: 'HS256', typ: typ.roster, kid: alice.key })
  const attempts = [
    ...[`${none}.${payload}.`, `${none}.${payload}.${signature}`, `${hmac}.${payload}.${signature}`],
    ...[`${head}.${payload}.`, `${head}.${payload}`, `${head}..${signature}`, '', '..', 'a.b.c', 'x'],
  ]
  for (const event of attempts) await refused(verifyRosterEvent(event), 'bad_roster')
})

test('`verifyRosterEvent()` refuses changed claims, and claims that the schema does not know', async () => {
  const event = await forge({}, { by: alice })
  const [head, , signature] = event.split('.')
  const claims = { ...first(), by: 'alice', key: publicEd25519(alice.accountKey) }
  const changed = part({ ...claims, members: [memberOf(mallory)] })
  await refused(verifyRosterEvent([head, changed, signature].join('.')), 'bad_roster')
  const wrong = [
    { op: 'rename' },
    { epoch: -1 },
    { epoch: 0.5 },
    { prev: 'x' },
    { by: 'Alice' },
    { group: '..' },
    { key: { ...publicEd25519(alice.accountKey), d: alice.accountKey.d } },
    { members: [{ user: 'bob' }] },
    { members: null },
    { iat: '0' },
  ]
  for (const changes of wrong) {
    await refused(verifyRosterEvent(await forge(changes, { by: alice })), 'bad_roster')
  }
})

test('`verifyRosterEvent()` refuses the same signature written otherwise: it would have another hash', async () => {
  const event = await forge({}, { by: alice })
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(event.at(-1) ?? '')
  // 64 bytes leave four bits of the last character over.
  const others = [1, 2, 8, 15].map(bits => event.slice(0, -1) + alphabet[last ^ bits])
  for (const other of [...others, `${event}=`, `${event}==`, `${event}\n`, ` ${event}`]) {
    await refused(verifyRosterEvent(other), 'bad_roster')
  }
})

test('`extendRoster()` follows a history to the group that it makes', async () => {
  const { events, ...states } = await friends()
  const { state, added } = await extendRoster(null, events)
  assert.equal(state, states.last)
  assert.equal(state.members, {
    alice: { key: alice.key, isAdmin: true },
    bob: { key: bob.key, isAdmin: true },
    carol: { key: carol.key, isAdmin: false },
  })
  assert.equal(
    added.map(({ event, hash, claims }) => [event, hash, claims.op]),
    events.map((event, index) => [event, sha256(event), ['create', 'add', 'promote'][index]]),
  )
  assert.equal(await extendRoster(state, []), { state, added: [] })
  assert.equal((await extendRoster(states.made, events.slice(1))).state, state)
})

test('`extendRoster()` refuses a history without a beginning, of a dropped event, or in another order', async () => {
  const { events, added } = await friends()
  const [create = '', add = '', promote = ''] = events
  const histories = [[], [add], [create, promote], [add, create], [create, promote, add], [create, create]]
  for (const history of histories) await refused(extendRoster(null, history), 'bad_roster')
  await refused(extendRoster(added, [add]), 'bad_roster')
  await refused(extendRoster(added, [create]), 'bad_roster')
})

test('`extendRoster()` refuses a fork: of two events of one epoch, each follows only from its own past', async () => {
  const { added: before } = await friends()
  const ours = await signNext(before, { by: alice, op: 'promote', members: [bob] })
  const theirs = await signNext(before, { by: alice, op: 'promote', members: [carol] })
  const after = (await followRoster(before, theirs.event)).state
  const next = await signNext(after, { by: alice, op: 'remove', members: [bob] })
  await refused(extendRoster(before, [ours.event, theirs.event]), 'bad_roster')
  await refused(extendRoster(before, [ours.event, next.event]), 'bad_roster')
  assert.is((await extendRoster(before, [theirs.event, next.event])).state.epoch, 3)
})

test('`extendRoster()` refuses the events of another group, and another first event of the same name', async () => {
  const { events, made } = await friends()
  const other = await friends('strangers')
  const [create = ''] = events
  await refused(extendRoster(null, [create, other.events[1] ?? '']), 'bad_roster')
  const again = await createGroup(alice, { group: 'friends', members: [bob], iat: NOW + 1 })
  await refused(extendRoster(null, [again.events[0] ?? '', events[1] ?? '']), 'bad_roster')
  // Renamed by whoever signs, but with the past of the other group.
  const moved = await signNext(
    { ...made, group: 'strangers' },
    {
      ...{ by: alice, op: 'add', members: [carol] },
    },
  )
  await refused(extendRoster(made, [moved.event]), 'bad_roster')
})

test('`followRoster()` refuses whoever may not: an outsider, a member, an admin’s name with another key', async () => {
  const { added: before } = await friends()
  const impostor = await createDevice('alice')
  for (const by of [mallory, bob, impostor]) {
    const { event } = await signNext(before, { by, op: 'add', members: [mallory] })
    await refused(followRoster(before, event), 'not_an_admin')
  }
  const { event } = await signNext(before, { by: alice, op: 'add', members: [mallory] })
  assert.ok(await followRoster(before, event))
})

test('`followRoster()` refuses to remove somebody under another key than the group has', async () => {
  const { last: before } = await friends()
  const wrong = { ...carol, key: mallory.key }
  const { event } = await signNext(before, { by: alice, op: 'remove', members: [wrong] })
  await refused(followRoster(before, event), 'bad_roster')
})

test('`followRoster()` lets nobody back in by an event from before they were removed', async () => {
  const { last: before } = await friends()
  const removal = await signNext(before, { by: alice, op: 'remove', members: [bob] })
  const after = (await followRoster(before, removal.event)).state
  const late = await signNext(before, { by: bob, op: 'add', members: [mallory] })
  await refused(followRoster(after, late.event), 'bad_roster')
  const still = await signNext(after, { by: bob, op: 'add', members: [mallory] })
  await refused(followRoster(after, still.event), 'not_an_admin')
})

test('`followRoster()` passes on what the rules say: the last admin, a full group', async () => {
  const made = await createGroup(alice, { group: 'friends', members: [bob] })
  const leave = await signNext(made.state, { by: alice, op: 'leave', members: [alice] })
  await refused(followRoster(made.state, leave.event), 'last_admin')
  const members = Object.fromEntries(
    Array.from({ length: limits.maxMembers - 1 }, (_, n) => [`user${n}`, { key: a, isAdmin: false }]),
  )
  const full = { ...made.state, members: { ...members, alice: { key: alice.key, isAdmin: true } } }
  const add = await signNext(full, { by: alice, op: 'add', members: [bob] })
  await refused(followRoster(full, add.event), 'group_full')
})

test('`groupRoster()` names the group as it is, for a chain', async () => {
  const { conv, state } = await createGroup(alice, { group: 'friends', members: [bob] })
  const roster = groupRoster(state, { conv })
  assert.equal(roster, { conv, epoch: 0, hash: state.head, members: [memberOf(alice), memberOf(bob)] })
})

test('a key of low order signs for nobody but whoever chose it', async () => {
  // With it "signatures" verify that nobody made; it still counts only for the member who has it in the roster.
  const { state } = await createGroup(alice, { group: 'friends', members: [bob] })
  const x = Buffer.from([1, ...new Array<number>(31).fill(0)]).toString('base64url')
  const claims = { group: 'friends', epoch: 1, prev: state.head, op: 'add', by: 'alice', iat: NOW }
  const payload = { ...claims, key: { kty: 'OKP', crv: 'Ed25519', x }, members: [memberOf(mallory)] }
  const thumb = sha256(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
  const head = part({ alg: 'EdDSA', typ: typ.roster, kid: thumb })
  const signature = Buffer.from([1, ...new Array<number>(63).fill(0)]).toString('base64url')
  const outcome = await followRoster(state, `${head}.${part(payload)}.${signature}`).then(
    () => 'accepted',
    (error: { code: string }) => error.code,
  )
  assert.ok(['bad_roster', 'not_an_admin'].includes(outcome), outcome)
})

test('`verifyRosterEvent()` refuses a key that is none', async () => {
  const jws = await forge({ key: { kty: 'OKP', crv: 'Ed25519', x: '_'.repeat(43) } }, { by: alice })
  await refused(verifyRosterEvent(jws), 'bad_roster')
  const agreement = await generateKey('X25519')
  const { x } = agreement
  await refused(
    verifyRosterEvent(await forge({ key: { kty: 'OKP', crv: 'X25519', x } }, { by: alice })),
    'bad_roster',
  )
})

test.run()
