import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from './errors.ts'
import type { RosterClaims, RosterMember } from './jose.ts'
import { limits } from './limits.ts'
import { applyRosterEvent, isAdmin, isMember, type RosterState, type VerifiedEvent } from './roster.ts'

const test = suite('rosters')
const keyOf = (user: string) => `key-of-${user}`.padEnd(43, 'x')
const named = (...users: string[]): RosterMember[] => users.map(user => ({ user, key: keyOf(user) }))

interface Change extends Partial<RosterClaims> {
  op: RosterClaims['op']
  by: string
  signer?: string
}

/** An event that follows `before`, apart from what `change` says. */
function eventAfter(before: RosterState | null, { signer, ...change }: Change): VerifiedEvent {
  const epoch = before ? before.epoch + 1 : 0
  return {
    hash: `hash-${epoch}-${change.op}`.padEnd(43, 'x'),
    signer: signer ?? keyOf(change.by),
    claims: {
      ...{ group: 'friends', epoch, prev: before?.head ?? null, iat: 1_700_000_000_000 },
      key: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) },
      members: [],
      ...change,
    },
  }
}

function after(before: RosterState | null, change: Change): RosterState {
  return applyRosterEvent(before, eventAfter(before, change))
}

function refusal(before: RosterState | null, change: Change): string {
  try {
    after(before, change)
  } catch (error) {
    assert.instance(error, FastChatError)
    assert.match((error as Error).message, /^Cannot change group: /)
    return (error as FastChatError).code
  }
  return 'accepted'
}

/** alice (admin), bob, carol. */
const made = after(null, { op: 'create', by: 'alice', members: named('bob', 'carol') })
/** bob is an admin too. */
const two = after(made, { op: 'promote', by: 'alice', members: named('bob') })

test('the first event makes the group: whoever signs is its admin, the others are members', () => {
  assert.equal(made, {
    ...{ group: 'friends', epoch: 0, head: 'hash-0-create'.padEnd(43, 'x') },
    members: {
      alice: { key: keyOf('alice'), isAdmin: true },
      bob: { key: keyOf('bob'), isAdmin: false },
      carol: { key: keyOf('carol'), isAdmin: false },
    },
  })
  assert.equal([isMember(made, 'bob'), isAdmin(made, 'bob'), isAdmin(made, 'alice')], [true, false, true])
})

test('nobody is a member by the name of a property of all objects', () => {
  for (const name of ['constructor', 'tostring', 'hasownproperty']) {
    assert.equal([isMember(made, name), isAdmin(made, name)], [false, false])
  }
  assert.is(refusal(made, { op: 'remove', by: 'alice', members: named('constructor') }), 'bad_roster')
})

test('the first event has to be `create`, of epoch 0, behind nothing, and name nobody twice', () => {
  const first = (change: Partial<Change>) => refusal(null, { op: 'create', by: 'alice', ...change })
  assert.is(first({}), 'accepted')
  assert.is(first({ epoch: 1 }), 'bad_roster')
  assert.is(first({ prev: made.head }), 'bad_roster')
  for (const op of ['add', 'remove', 'promote', 'demote', 'leave'] as const) {
    assert.is(first({ op, members: named('bob') }), 'bad_roster', op)
  }
  assert.is(first({ members: named('bob', 'bob') }), 'bad_roster')
  assert.is(first({ members: named('alice') }), 'bad_roster')
})

test('an event has to follow the last one: group, epoch and hash', () => {
  const add = (change: Partial<Change>) =>
    refusal(made, { op: 'add', by: 'alice', members: named('dora'), ...change })
  assert.is(add({}), 'accepted')
  assert.is(add({ group: 'others' }), 'bad_roster')
  assert.is(add({ epoch: 0 }), 'bad_roster')
  assert.is(add({ epoch: 2 }), 'bad_roster')
  assert.is(add({ prev: null }), 'bad_roster')
  assert.is(add({ prev: keyOf('alice') }), 'bad_roster')
  assert.is(add({ op: 'create' }), 'bad_roster')
})

test('whoever signs has to be a member, by the key that the roster has for them', () => {
  for (const op of ['add', 'remove', 'promote', 'demote', 'leave'] as const) {
    assert.is(refusal(made, { op, by: 'mallory', members: named('bob') }), 'not_an_admin', op)
    assert.is(
      refusal(made, { op, by: 'alice', signer: keyOf('mallory'), members: named('bob') }),
      'not_an_admin',
    )
  }
})

test('only an admin changes others', () => {
  for (const op of ['add', 'remove', 'promote', 'demote'] as const) {
    const members = named(op === 'add' ? 'dora' : 'carol')
    assert.is(refusal(made, { op, by: 'bob', members }), 'not_an_admin', op)
  }
  assert.is(refusal(made, { op: 'promote', by: 'bob', members: named('bob') }), 'not_an_admin')
})

test('`add` takes in people who are not there yet, none of them as admins', () => {
  const added = after(made, { op: 'add', by: 'alice', members: named('dora', 'erin') })
  assert.equal(Object.keys(added.members), ['alice', 'bob', 'carol', 'dora', 'erin'])
  assert.not(isAdmin(added, 'dora'))
  assert.is(refusal(made, { op: 'add', by: 'alice', members: named('dora', 'bob') }), 'bad_roster')
  assert.is(refusal(made, { op: 'add', by: 'alice', members: named('dora', 'dora') }), 'bad_roster')
})

test('`remove` takes out others, members and admins, and never oneself', () => {
  const removed = after(two, { op: 'remove', by: 'alice', members: named('bob', 'carol') })
  assert.equal(Object.keys(removed.members), ['alice'])
  assert.is(refusal(two, { op: 'remove', by: 'alice', members: named('alice') }), 'bad_roster')
  assert.is(refusal(two, { op: 'remove', by: 'alice', members: named('dora') }), 'bad_roster')
})

test('`promote` and `demote` change somebody, also oneself, and only what they are not already', () => {
  assert.ok(isAdmin(two, 'bob'))
  const demoted = after(two, { op: 'demote', by: 'bob', members: named('bob') })
  assert.equal([isAdmin(demoted, 'bob'), isMember(demoted, 'bob')], [false, true])
  assert.ok(isAdmin(after(two, { op: 'demote', by: 'bob', members: named('alice') }), 'bob'))
  assert.is(refusal(two, { op: 'promote', by: 'alice', members: named('bob') }), 'bad_roster')
  assert.is(refusal(two, { op: 'demote', by: 'alice', members: named('carol') }), 'bad_roster')
  assert.is(refusal(two, { op: 'promote', by: 'alice', members: named('dora') }), 'bad_roster')
})

test('`leave` is of oneself alone, for members too', () => {
  assert.equal(Object.keys(after(made, { op: 'leave', by: 'bob', members: named('bob') }).members), [
    'alice',
    'carol',
  ])
  assert.is(refusal(made, { op: 'leave', by: 'bob', members: named('carol') }), 'bad_roster')
  assert.is(refusal(made, { op: 'leave', by: 'bob', members: named('bob', 'carol') }), 'bad_roster')
  assert.is(refusal(made, { op: 'leave', by: 'bob', members: [] }), 'bad_roster')
})

test('an event names somebody, nobody twice, and everybody by the key of the roster', () => {
  for (const op of ['add', 'remove', 'promote', 'demote'] as const) {
    assert.is(refusal(two, { op, by: 'alice', members: [] }), 'bad_roster', op)
  }
  const twice = named('carol', 'carol')
  assert.is(refusal(two, { op: 'remove', by: 'alice', members: twice }), 'bad_roster')
  assert.is(refusal(two, { op: 'promote', by: 'alice', members: twice }), 'bad_roster')
  const other = [{ user: 'carol', key: keyOf('mallory') }]
  for (const op of ['remove', 'promote'] as const) {
    assert.is(refusal(two, { op, by: 'alice', members: other }), 'bad_roster', op)
  }
})

test('an admin is always left while anybody is, and the last one may leave an empty group', () => {
  assert.is(refusal(made, { op: 'leave', by: 'alice', members: named('alice') }), 'last_admin')
  assert.is(refusal(made, { op: 'demote', by: 'alice', members: named('alice') }), 'last_admin')
  assert.is(refusal(two, { op: 'demote', by: 'alice', members: named('alice', 'bob') }), 'last_admin')
  assert.is(refusal(two, { op: 'leave', by: 'alice', members: named('alice') }), 'accepted')
  const alone = after(made, { op: 'remove', by: 'alice', members: named('bob', 'carol') })
  const empty = after(alone, { op: 'leave', by: 'alice', members: named('alice') })
  assert.equal(empty.members, {})
  assert.is(refusal(empty, { op: 'add', by: 'alice', members: named('alice') }), 'not_an_admin')
})

test('`maxMembers` is reached and no further', () => {
  const people = Array.from({ length: limits.maxMembers }, (_, index) => `member-${index}`)
  const full = after(null, { op: 'create', by: 'alice', members: named(...people.slice(1)) })
  assert.is(Object.keys(full.members).length, limits.maxMembers)
  assert.is(refusal(null, { op: 'create', by: 'alice', members: named(...people) }), 'group_full')
  assert.is(refusal(full, { op: 'add', by: 'alice', members: named('one-more') }), 'group_full')
})

test('a state is never changed in place, and what comes out depends on what goes in alone', () => {
  const people = ['alice', 'bob', 'carol', 'dora']
  const change = fc.record({
    op: fc.constantFrom<RosterClaims['op']>('add', 'remove', 'promote', 'demote', 'leave'),
    by: fc.constantFrom(...people),
    members: fc.subarray(people, { minLength: 1 }).map(users => named(...users)),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), changes => {
      let state = made
      for (const each of changes) {
        const before = structuredClone(state)
        let next = state
        try {
          next = after(state, each)
          assert.equal(after(before, each), next)
        } catch (error) {
          assert.instance(error, FastChatError)
        }
        assert.equal(state, before)
        const members = Object.values(next.members)
        assert.ok(members.length === 0 || members.some(member => member.isAdmin))
        assert.ok(Object.entries(next.members).every(([user, { key }]) => key === keyOf(user)))
        state = next
      }
    }),
  )
})

test.run()
