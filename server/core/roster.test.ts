import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RosterEventDocument } from '../../schema/documents.ts'
import { FastChatError } from '../../schema/errors.ts'
import { groupOf, rollForward, rosterOf } from './roster.ts'

const test = suite('groups out of their events')

function event(epoch: number, op: string, subjects: string[], by = 'alice'): RosterEventDocument {
  const createdAt = new Date(1_700_000_000_000 + epoch)
  return { _id: `hash-${epoch}`, group: 'friends', epoch, op, by, subjects, event: 'a.b.c', createdAt }
}

const events = [
  event(0, 'create', ['alice', 'carol', 'bob']),
  event(1, 'promote', ['bob']),
  event(2, 'add', ['dora', 'erin']),
  event(3, 'remove', ['carol', 'dora'], 'bob'),
  event(4, 'demote', ['alice'], 'bob'),
  event(5, 'leave', ['erin'], 'erin'),
]

test('`rollForward()` makes the same of all events as of some of them and then the others', () => {
  const whole = rollForward(null, events)
  assert.equal(whole, {
    ...{ _id: 'friends', adminIds: ['bob'], memberIds: ['alice', 'bob'], epoch: 5, head: 'hash-5' },
    createdAt: events[0]?.createdAt,
  })
  for (let at = 0; at <= events.length; at++) {
    assert.equal(rollForward(rollForward(null, events.slice(0, at)), events.slice(at)), whole, `at ${at}`)
  }
})

test('`rollForward()` of nothing is what there was', () => {
  const before = rollForward(null, events.slice(0, 2))
  assert.is(rollForward(before, []), before)
  assert.is(rollForward(null, []), null)
})

test('`rollForward()` goes over no gap, and takes nothing that no server would have stored', () => {
  const before = rollForward(null, events.slice(0, 2))
  for (const wrong of [
    events.slice(3),
    [event(2, 'invite', ['dora'])],
    [event(2, 'add', ['dora'], 'carol')],
  ]) {
    assert.throws(() => rollForward(before, wrong))
  }
  assert.throws(
    () => rollForward(null, events.slice(1)),
    (error: unknown) => error instanceof FastChatError && error.code === 'bad_roster',
  )
})

test('`rosterOf()` and `groupOf()` are each other’s opposite', () => {
  const group = rollForward(null, events)
  assert.ok(group)
  if (!group) return
  const roster = rosterOf(group, userId => `key-of-${userId}`)
  assert.equal(roster.members.bob, { key: 'key-of-bob', isAdmin: true })
  assert.equal(groupOf(roster, group.createdAt), group)
})

test.run()
