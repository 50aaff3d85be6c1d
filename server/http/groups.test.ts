import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { GroupDocument } from '../../schema/documents.ts'
import { ErrorBody, RosterEventsResponse } from '../../schema/http.ts'
import { type RosterClaims, typ } from '../../schema/jose.ts'
import { limits } from '../../schema/limits.ts'
import { parse } from '../../schema/parse.ts'
import { assertion, makeDevice, makePerson, signUpRequest, type TestDevice } from '../testing/person.ts'
import { rosterEvent, rosterMember, type SignedEvent } from '../testing/rosters.ts'
import { openTestApp, type TestApp } from '../testing/test-app.ts'
import type { Answer } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'

// Long because all of it is done by the same three people, who make events that follow one another.
const test = suite('groups over HTTP')
let database: TestDatabase
let app: TestApp
let alice: Member
let bob: Member
let carol: Member
let count = 0

interface Member extends TestDevice {
  token: string
}

test.before(async () => {
  database = await openTestDatabase()
  app = await openTestApp(database.uri)
  ;[alice, bob, carol] = await Promise.all([newMember('alice'), newMember('bob'), newMember('carol')])
})

test.after(async () => {
  await app.close()
  await database.close()
})

async function newMember(userId: string, to = app): Promise<Member> {
  const device = await makeDevice(await makePerson(userId))
  assert.is((await to.ask({ path: '/v1/accounts', body: signUpRequest(device) })).status, 201)
  const body = { assertion: await assertion(device, { audience: to.serverId }) }
  const { token } = (await to.ask({ path: '/v1/token', body })).body as { token: string }
  return { ...device, token }
}

const newId = () => `group-${++count}`
const codeOf = ({ body }: Answer) => parse(ErrorBody, body, { what: 'error' }).error.code
const document = (group: string) =>
  database.db.collection<GroupDocument>('groups').findOne({ _id: group }, { projection: { createdAt: 0 } })

function create(by: Member, { event }: Pick<SignedEvent, 'event'>, to = app) {
  return to.ask({ path: '/v1/groups', body: { event }, token: by.token })
}

function change(by: Member, { event, head }: SignedEvent, to = app) {
  return to.ask({ path: `/v1/groups/${head.group}/events`, body: { event }, token: by.token })
}

async function read(by: Member, { group, from }: { group: string; from?: number | string }) {
  const query = from === undefined ? '' : `?from=${from}`
  return await app.ask({ path: `/v1/groups/${group}/events${query}`, token: by.token })
}

async function newGroup(by: Member, members: readonly Member[]): Promise<SignedEvent> {
  const made = await rosterEvent(by.person, {
    ...{ group: newId(), op: 'create', after: null },
    members: members.map(({ person }) => person),
  })
  assert.is((await create(by, made)).status, 201)
  return made
}

async function next(
  by: Member,
  { after, op, members }: { after: SignedEvent; op: RosterClaims['op']; members: readonly Member[] },
): Promise<SignedEvent> {
  return await rosterEvent(by.person, {
    ...{ group: after.head.group, op, after: after.head },
    members: members.map(({ person }) => person),
  })
}

async function changed(by: Member, what: Parameters<typeof next>[1]): Promise<SignedEvent> {
  const event = await next(by, what)
  const answer = await change(by, event)
  assert.is(answer.status, 200, JSON.stringify(answer.body))
  return event
}

test('`POST /v1/groups` makes a group, and the same request again is answered alike', async () => {
  const made = await rosterEvent(alice.person, {
    ...{ group: newId(), op: 'create', after: null },
    members: [bob.person],
  })
  for (let times = 0; times < 2; times++) {
    const { status, body } = await create(alice, made)
    assert.equal([status, body], [201, made.head])
  }
  const { group, head } = made.head
  assert.equal(await document(group), {
    ...{ _id: group, adminIds: ['alice'], memberIds: ['alice', 'bob'], epoch: 0, head },
  })
})

test('`POST /v1/groups` refuses an id that another group has, also when nobody is left in that one', async () => {
  const made = await newGroup(alice, [])
  const { group } = made.head
  const other = await rosterEvent(bob.person, { group, op: 'create', members: [], after: null })
  assert.is(codeOf(await create(bob, other)), 'group_exists')
  const left = await changed(alice, { after: made, op: 'leave', members: [alice] })
  assert.equal((await document(group))?.epoch, 1)
  assert.is(codeOf(await create(bob, other)), 'group_exists')
  assert.is((await change(alice, left)).status, 200, 'the answer was lost')
  assert.is((await create(alice, made)).status, 201, 'the answer was lost long ago')
})

test('`POST /v1/groups/:id/events` adds, promotes, demotes, removes, and lets people leave', async () => {
  const made = await newGroup(alice, [])
  const added = await changed(alice, { after: made, op: 'add', members: [bob, carol] })
  const promoted = await changed(alice, { after: added, op: 'promote', members: [bob] })
  const demoted = await changed(bob, { after: promoted, op: 'demote', members: [alice] })
  const removed = await changed(bob, { after: demoted, op: 'remove', members: [carol] })
  const left = await changed(alice, { after: removed, op: 'leave', members: [alice] })
  const { group, head } = left.head
  assert.equal(await document(group), {
    ...{ _id: group, adminIds: ['bob'], memberIds: ['bob'], epoch: 5, head },
  })
  const { events, last } = parse(RosterEventsResponse, (await read(bob, { group })).body, { what: 'events' })
  const all = [made, added, promoted, demoted, removed, left].map(({ event }) => event)
  assert.equal([events, last], [all, 5])
})

test('`POST /v1/groups/:id/events` refuses what the rules of rosters refuse', async () => {
  const made = await newGroup(alice, [bob])
  const by = (who: Member, op: RosterClaims['op'], members: Member[]) =>
    next(who, { after: made, op, members })
  assert.is(codeOf(await change(bob, await by(bob, 'add', [carol]))), 'not_an_admin')
  assert.is(codeOf(await change(bob, await by(bob, 'promote', [bob]))), 'not_an_admin')
  assert.is(codeOf(await change(alice, await by(alice, 'leave', [alice]))), 'last_admin')
  assert.is(codeOf(await change(alice, await by(alice, 'demote', [alice]))), 'last_admin')
  assert.is(codeOf(await change(alice, await by(alice, 'add', [bob]))), 'bad_roster')
  assert.is(codeOf(await change(alice, await by(alice, 'remove', [carol]))), 'bad_roster')
  assert.is(codeOf(await change(alice, await by(alice, 'remove', [alice]))), 'bad_roster')
  assert.is(codeOf(await change(alice, await by(alice, 'remove', []))), 'bad_roster')
  assert.is((await document(made.head.group))?.epoch, 0)
})

/** The last character of a signature has four bits to spare: with others it is as good, but has another hash. */
function otherwise(jws: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return jws.slice(0, -1) + alphabet.charAt(alphabet.indexOf(jws.slice(-1)) ^ 1)
}

test('rosters take an event only when it is signed as it must be, by whoever sends it', async () => {
  const made = await newGroup(alice, [bob])
  const { group } = made.head
  const spoilt = (options: Partial<Parameters<typeof rosterEvent>[1]>, signer = alice.person) =>
    rosterEvent(signer, { ...{ group, op: 'add', after: made.head }, members: [carol.person], ...options })
  const [, carolsKey] = [group, (await rosterMember(carol.person)).key]
  const stranger = await makePerson('alice')
  const good = await spoilt({})
  const [head = '', payload = '', signature = ''] = good.event.split('.')
  const wrong: [why: string, SignedEvent][] = [
    ['another typ', await spoilt({ type: typ.certificate })],
    ['another kid', await spoilt({ kid: carolsKey })],
    ['the same signature written otherwise', { ...good, event: otherwise(good.event) }],
    ['another key', await spoilt({}, stranger)],
    ['a key that did not sign', await spoilt({ change: { key: carol.person.accountKey } })],
    ['by another member', await spoilt({ change: { by: 'bob' } })],
    ['another group', await spoilt({ change: { group: 'other-group' } })],
    ['an epoch too far', await spoilt({ change: { epoch: 2 } })],
    ['another prev', await spoilt({ change: { prev: carolsKey } })],
    ['no prev', await spoilt({ change: { prev: null } })],
    [
      'a member by another key',
      await spoilt({ change: { members: [{ user: 'carol', key: 'A'.repeat(43) }] } }),
    ],
    ['an op that is none', await spoilt({ change: { op: 'invite' } })],
    ['create on top', await spoilt({ op: 'create' })],
    ['a changed payload', { ...good, event: `${head}.${payload}A.${signature}` }],
    [
      'alg none',
      {
        ...good,
        event: `${Buffer.from('{"alg":"none","typ":"fastchat-roster+jws"}').toString('base64url')}.${payload}.${signature}`,
      },
    ],
  ]
  for (const [why, { event }] of wrong) {
    assert.is(codeOf(await change(alice, { event, head: made.head })), 'bad_roster', why)
  }
  assert.is(codeOf(await change(bob, good)), 'bad_roster', 'sent by another member')
  assert.is(codeOf(await change(alice, { ...good, event: 'no-jws' })), 'bad_request')
  assert.is((await change(alice, good)).status, 200)
})

test('nobody is added who does not exist', async () => {
  const nobody = await makePerson('nobody')
  const made = await newGroup(alice, [])
  const { group } = made.head
  const add = await rosterEvent(alice.person, { group, op: 'add', members: [nobody], after: made.head })
  assert.is(codeOf(await change(alice, add)), 'unknown_user')
  const with_ = await rosterEvent(alice.person, {
    group: newId(),
    op: 'create',
    members: [nobody],
    after: null,
  })
  assert.is(codeOf(await create(alice, with_)), 'unknown_user')
  assert.is(await document(with_.head.group), null)
})

test('of two admins at once one is first, and the other is told `stale_roster`', async () => {
  const made = await newGroup(alice, [bob])
  const after = await changed(alice, { after: made, op: 'promote', members: [bob] })
  const both = [
    await next(alice, { after, op: 'add', members: [carol] }),
    await next(bob, { after, op: 'add', members: [carol] }),
  ] as const
  const answers = await Promise.all([change(alice, both[0]), change(bob, both[1])])
  assert.equal(answers.map(({ status }) => status).sort(), [200, 409])
  for (const answer of answers) if (answer.status !== 200) assert.is(codeOf(answer), 'stale_roster')
  assert.is(
    await database.db.collection('rosterEvents').countDocuments({ group: made.head.group, epoch: 2 }),
    1,
  )
  assert.is((await document(made.head.group))?.epoch, 2)
  // Whoever is late by more is told the same.
  const late = await next(bob, { after: made, op: 'leave', members: [bob] })
  assert.is(codeOf(await change(bob, late)), 'stale_roster')
})

test('an event that is sent again is answered alike, also when others have followed', async () => {
  const made = await newGroup(alice, [bob])
  const added = await changed(alice, { after: made, op: 'add', members: [carol] })
  const left = await changed(bob, { after: added, op: 'leave', members: [bob] })
  for (const [by, event] of [
    [alice, added],
    [bob, left],
  ] as const) {
    assert.equal(await change(by, event).then(({ status, body }) => [status, body]), [200, event.head])
  }
  assert.is((await document(made.head.group))?.epoch, 2)
})

test('a server that was killed between its two writes leaves a group that heals', async () => {
  const made = await newGroup(alice, [bob])
  const { group } = made.head
  const groups = database.db.collection<GroupDocument>('groups')
  const before = await groups.findOne({ _id: group })
  const added = await changed(alice, { after: made, op: 'add', members: [carol] })
  const removed = await changed(alice, { after: added, op: 'remove', members: [bob] })
  const after = await groups.findOne({ _id: group })
  assert.ok(before)
  if (!before) return
  // Two events behind: whoever changes the group next finds out.
  await groups.replaceOne({ _id: group }, before)
  const promoted = await changed(alice, { after: removed, op: 'promote', members: [carol] })
  const healed = { _id: group, adminIds: ['alice', 'carol'], memberIds: ['alice', 'carol'], ...promoted.head }
  const { group: _, ...expected } = healed
  assert.equal(await document(group), expected)
  // One behind, or not even made: the event that is sent again heals it, at any server.
  for (const left of [after, null]) {
    const other = await openTestApp(database.uri)
    await groups.deleteOne({ _id: group })
    if (left) await groups.insertOne(left)
    assert.is((await change(alice, promoted, other)).status, 200)
    assert.equal(await document(group), expected)
    await other.close()
  }
})

test('`GET /v1/groups/:id/events` is for members; whoever left sees it end, and nobody else sees anything', async () => {
  const dora = await newMember('dora')
  const made = await newGroup(alice, [bob])
  const { group } = made.head
  const added = await changed(alice, { after: made, op: 'add', members: [carol] })
  const removed = await changed(alice, { after: added, op: 'remove', members: [bob] })
  const left = await changed(carol, { after: removed, op: 'leave', members: [carol] })
  const promise = async (by: Member, from?: number) => {
    const { events, last } = parse(
      RosterEventsResponse,
      (await read(by, from === undefined ? { group } : { group, from })).body,
      { what: 'events' },
    )
    return { events, last }
  }
  const [a, b, c, d] = [made, added, removed, left].map(({ event }) => event)
  assert.equal(await promise(alice), { events: [a, b, c, d], last: 3 })
  assert.equal(await promise(alice, 3), { events: [d], last: 3 })
  assert.equal(await promise(alice, 4), { events: [], last: 3 })
  assert.equal(await promise(bob), { events: [a, b, c], last: 2 })
  assert.equal(await promise(bob, 3), { events: [], last: 2 })
  assert.equal(await promise(carol), { events: [a, b, c, d], last: 3 })
  const strangers = [await read(dora, { group }), await read(dora, { group: 'no-such-group' })]
  assert.equal(
    strangers.map(answer => [answer.status, codeOf(answer)]),
    [
      [404, 'unknown_group'],
      [404, 'unknown_group'],
    ],
  )
  assert.equal(
    strangers.map(({ body }) => JSON.stringify(body).replace(group, 'no-such-group')),
    [JSON.stringify(strangers[1]?.body), JSON.stringify(strangers[1]?.body)],
  )
  const again = await changed(alice, { after: left, op: 'add', members: [bob] })
  assert.equal((await promise(bob, 3)).events, [d, again.event])
  for (const member of [dora, carol]) {
    const event = await next(member, { after: again, op: 'leave', members: [member] })
    assert.is(codeOf(await change(member, event)), 'unknown_group')
  }
  for (const from of ['-1', '1.5', 'x', ''])
    assert.is(codeOf(await read(alice, { group, from })), 'bad_request', from)
  assert.is(codeOf(await read(alice, { group: 'No Group' })), 'bad_request')
  assert.is((await app.ask({ path: `/v1/groups/${group}/events` })).status, 401)
})

test('`maxRosterEvents` bounds an answer, and the next one goes on', async () => {
  const limited = await openTestApp(database.uri, { limits: { maxRosterEvents: 2 } })
  let after = await newGroup(alice, [])
  for (const op of ['add', 'promote', 'demote'] as const)
    after = await changed(alice, { after, op, members: [bob] })
  const path = `/v1/groups/${after.head.group}/events`
  const first = await limited.ask({ path, token: alice.token })
  const second = await limited.ask({ path: `${path}?from=2`, token: alice.token })
  const read = ({ body }: Answer) => parse(RosterEventsResponse, body, { what: 'events' })
  assert.equal([read(first).events.length, read(second).events.length], [2, 2])
  assert.equal([read(first).last, read(second).last, read(second).events[1]], [3, 3, after.event])
  await limited.close()
})

test('`maxRosterEventsPerMinute` is per account', async () => {
  const limited = await openTestApp(database.uri, { limits: { maxRosterEventsPerMinute: 2 } })
  const made = await newGroup(alice, [bob])
  const { group } = made.head
  const codes = []
  for (let times = 0; times < 3; times++) codes.push((await create(alice, made, limited)).status)
  assert.equal(codes, [201, 201, 429])
  const left = await rosterEvent(bob.person, { group, op: 'leave', members: [bob.person], after: made.head })
  assert.is((await change(bob, left, limited)).status, 200)
  await limited.close()
})

test('`maxGroups` bounds the groups of one account, whoever puts it into them', async () => {
  const limited = await openTestApp(database.uri, { limits: { maxGroups: 2 } })
  const [erin, fred] = [await newMember('erin'), await newMember('fred')]
  const made = await newGroup(erin, [])
  await newGroup(erin, [])
  const third = await rosterEvent(erin.person, { group: newId(), op: 'create', members: [], after: null })
  const refused = await create(erin, third, limited)
  assert.equal([refused.status, codeOf(refused)], [413, 'too_large'])
  const freds = await newGroup(fred, [])
  const add = await next(fred, { after: freds, op: 'add', members: [erin] })
  assert.is(codeOf(await change(fred, add, limited)), 'too_large')
  await changed(erin, { after: made, op: 'leave', members: [erin] })
  assert.is((await change(fred, add, limited)).status, 200)
  await limited.close()
})

test('`maxEventMembers`, `maxMembers` and `maxRosterJwsChars` are reached and no further', async () => {
  const gina = await newMember('gina')
  const people = await Promise.all(
    Array.from({ length: limits.maxMembers }, (_, index) => makePerson(`m${index}`)),
  )
  const { createUser } = app.database.store.accounts
  const template = await app.database.store.accounts.findUser('gina')
  assert.ok(template)
  if (!template) return
  for (const { userId, accountKey } of people) await createUser({ ...template, _id: userId, accountKey })
  let after = await newGroup(gina, [])
  const { group } = after.head
  const add = (members: typeof people) =>
    rosterEvent(gina.person, { group, op: 'add', members, after: after.head })
  const tooMany = await add(people.slice(0, limits.maxEventMembers + 1))
  assert.is(codeOf(await change(gina, tooMany)), 'bad_roster')
  // All but one: the founder is a member too.
  for (let from = 0; from < limits.maxMembers; from += limits.maxEventMembers) {
    const to = Math.min(from + limits.maxEventMembers, limits.maxMembers - 1)
    after = await add(people.slice(from, to))
    assert.ok(after.event.length <= limits.maxRosterJwsChars)
    assert.is((await change(gina, after)).status, 200)
  }
  assert.is(codeOf(await change(gina, await add(people.slice(-1)))), 'group_full')
  const stored = await app.database.store.groups.find(group)
  assert.is(stored?.memberIds.length, limits.maxMembers)
  const long = await rosterEvent(gina.person, {
    group,
    op: 'leave',
    members: [],
    after: after.head,
    change: { filler: 'x'.repeat(limits.maxRosterJwsChars) },
  })
  assert.is(codeOf(await change(gina, long)), 'bad_request')
})

test.run()
