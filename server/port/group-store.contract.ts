import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import type { GroupDocument, RosterEventDocument } from '../../schema/documents.ts'
import { noise } from '../testing/person.ts'
import type { GroupStore } from './group-store.ts'

const createdAt = new Date(1_700_000_000_000)

/** What every store of groups must do: run by each adapter of the port. */
export function testGroupStore(test: Test, open: () => GroupStore): void {
  test('`groups.append()` gives each epoch of a group to one event, and knows it again', async () => {
    const groups = open()
    const [first, other, elsewhere] = [makeEvent(), makeEvent(), makeEvent({ group: newName() })]
    assert.is(await groups.append(first), 'stored')
    assert.is(await groups.append({ ...other, group: first.group }), 'taken')
    assert.is(await groups.append(first), 'stored')
    assert.is(await groups.append(elsewhere), 'stored')
    assert.equal(await groups.findEvent(first._id), first)
    assert.is(await groups.findEvent(other._id), null)
  })

  test('`groups.append()` lets one of many through that come at the same time', async () => {
    const groups = open()
    const group = newName()
    const results = await Promise.all(Array.from({ length: 8 }, () => groups.append(makeEvent({ group }))))
    assert.is(results.filter(result => result === 'stored').length, 1)
  })

  test('`groups.lastEvent()` and `groups.events()` read a group in its order', async () => {
    const groups = open()
    const group = newName()
    const events = Array.from({ length: 12 }, (_, epoch) => makeEvent({ group, epoch }))
    for (const event of [...events].reverse()) await groups.append(event)
    await groups.append(makeEvent({ epoch: 50 }))
    assert.equal(await groups.lastEvent(group), { group, epoch: 11, head: events[11]?._id })
    assert.is(await groups.lastEvent(newName()), null)
    assert.equal(await groups.events(group, { from: 0, limit: 100 }), events)
    assert.equal(await groups.events(group, { from: 9, limit: 2 }), events.slice(9, 11))
    assert.equal(await groups.events(group, { from: 2, to: 3, limit: 100 }), events.slice(2, 4))
    assert.equal(await groups.events(group, { from: 12, limit: 100 }), [])
  })

  test('`groups.lastAbout()` is the last event that was about somebody', async () => {
    const groups = open()
    const group = newName()
    await groups.append(makeEvent({ group, epoch: 0, op: 'create', subjects: ['alice', 'bob'] }))
    await groups.append(makeEvent({ group, epoch: 1, op: 'add', subjects: ['carol', 'dora'] }))
    await groups.append(makeEvent({ group, epoch: 2, op: 'remove', subjects: ['bob', 'carol'] }))
    await groups.append(makeEvent({ epoch: 9, op: 'add', subjects: ['erin'] }))
    const about = (userId: string) => groups.lastAbout(group, userId)
    assert.equal(await about('alice'), { epoch: 0, op: 'create' })
    assert.equal(await about('carol'), { epoch: 2, op: 'remove' })
    assert.equal(await about('dora'), { epoch: 1, op: 'add' })
    assert.is(await about('erin'), null)
  })

  test('`groups.bringUp()` writes a group, and never takes it back', async () => {
    const groups = open()
    const first = makeGroup()
    const third = { ...first, adminIds: ['bob'], memberIds: ['bob'], epoch: 2, head: noise(32) }
    await groups.bringUp(first)
    assert.equal(await groups.find(first._id), first)
    await groups.bringUp(third)
    await groups.bringUp({ ...first, epoch: 1 })
    await groups.bringUp({ ...third, memberIds: ['carol'] })
    assert.equal(await groups.find(first._id), third)
    assert.is(await groups.find(newName()), null)
    const group = makeGroup()
    await Promise.all([0, 1, 2, 3].map(epoch => groups.bringUp({ ...group, epoch })))
    await groups.bringUp({ ...group, epoch: 3 })
    assert.is((await groups.find(group._id))?.epoch, 3)
  })

  test('`groups.behind()` finds the groups that have come farther', async () => {
    const groups = open()
    const all = Array.from({ length: 450 }, (_, epoch) => ({ group: newName(), epoch, head: noise(32) }))
    const farther = all.filter((_, index) => index % 100 === 7)
    for (const { group, epoch } of farther) await groups.append(makeEvent({ group, epoch: epoch + 1 }))
    for (const { group, epoch } of all.slice(0, 5)) await groups.append(makeEvent({ group, epoch }))
    assert.equal((await groups.behind(all)).sort(), farther.map(({ group }) => group).sort())
    assert.equal(await groups.behind([]), [])
  })

  test('`groups.ofUser()` and `groups.countOf()` know the groups of one member', async () => {
    const groups = open()
    const userId = newName()
    const all = Array.from({ length: 3 }, () => makeGroup({ memberIds: ['alice', userId] }))
    for (const group of [...all, makeGroup()]) await groups.bringUp(group)
    const heads = all
      .map(({ _id: group, epoch, head }) => ({ group, epoch, head }))
      .sort((a, b) => (a.group < b.group ? -1 : 1))
    assert.equal(await groups.ofUser(userId, { limit: 10 }), heads)
    assert.equal(await groups.ofUser(userId, { limit: 2 }), heads.slice(0, 2))
    assert.is(await groups.countOf(userId), 3)
    const stranger = newName()
    assert.equal([await groups.ofUser(stranger, { limit: 2 }), await groups.countOf(stranger)], [[], 0])
  })
}

const newName = () => `g${noise(8).toLowerCase().replace(/-/g, 'x')}`
const sharedGroup = newName()

export function makeEvent(changed: Partial<RosterEventDocument> = {}): RosterEventDocument {
  return {
    _id: noise(32),
    group: sharedGroup,
    epoch: 0,
    op: 'create',
    by: 'alice',
    subjects: ['alice'],
    event: `${noise(10)}.${noise(100)}.${noise(64)}`,
    createdAt,
    ...changed,
  }
}

function makeGroup(changed: Partial<GroupDocument> = {}): GroupDocument {
  return {
    _id: newName(),
    adminIds: ['alice'],
    memberIds: ['alice', 'bob'],
    epoch: 0,
    head: noise(32),
    createdAt,
    ...changed,
  }
}
