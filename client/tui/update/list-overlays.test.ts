import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { conversationOf, type Desk, group, groupInfo, notice, sitInChat } from '../model.fixture.ts'

const test = suite('members and devices')

const id = (last: string) => `0193583f-0000-7000-8000-00000000000${last}`
const DEVICES = [
  { deviceId: id('1'), name: 'laptop', since: 1, current: true, active: true },
  { deviceId: id('2'), since: 2, current: false, active: true },
]

function sitWithMembers(
  change: Parameters<typeof groupInfo>[1] = {},
  how: 'admin' | 'members' = 'admin',
): Desk {
  const desk = sitInChat({ conversations: [group('climbing', { role: 'admin' })] })
  desk.tell({ type: 'group', info: groupInfo('climbing', change), how })
  desk.commands()
  return desk
}

function sitWithDevices(): Desk {
  const desk = sitInChat()
  desk.tell({ type: 'devices', devices: DEVICES, isNews: false })
  desk.commands()
  return desk
}

test('an admin adds several, removes after a yes, promotes, and gives the group a title', () => {
  const desk = sitWithMembers()
  desk.type('a@Erin, frank')
  desk.press('enter', 'down', 'down')
  desk.type('ry')
  desk.type('p')
  desk.type('t')
  desk.press('ctrl-u')
  desk.type('Sunday')
  desk.press('enter')
  const group = 'climbing'
  assert.equal(desk.commands(), [
    { type: 'add-members', group, members: ['erin', 'frank'] },
    { type: 'remove-members', group, members: ['carol'] },
    { type: 'set-admin', group, user: 'carol', isAdmin: true },
    { type: 'set-title', group, title: 'Sunday' },
  ])
})

test('who is selected stays selected wherever they are in a list that came anew', () => {
  const desk = sitWithMembers()
  const { members } = groupInfo('climbing')
  const at = () => {
    const { overlay } = desk.chat()
    if (overlay?.type === 'group') return overlay.info.members[overlay.selected]?.user
    return overlay?.type === 'devices' ? overlay.devices[overlay.selected]?.deviceId : undefined
  }
  desk.press('down', 'down')
  const chosen = at()
  const reversed = groupInfo('climbing', { members: members.toReversed() })
  desk.tell({ type: 'group', info: reversed, how: 'changed' })
  assert.is(at(), chosen)
  const without = groupInfo('climbing', { members: members.filter(({ user }) => user !== chosen) })
  desk.tell({ type: 'group', info: without, how: 'changed' })
  assert.ok(at())
  const others = sitWithDevices()
  others.press('down')
  others.tell({ type: 'devices', devices: DEVICES.toReversed(), isNews: true })
  const { overlay } = others.chat()
  assert.is(overlay?.type === 'devices' && overlay.selected, 0)
})

test('an admin does not remove themselves, and is asked before giving up to be one', () => {
  const desk = sitWithMembers()
  desk.type('r')
  assert.is(desk.chat().question, null)
  assert.match(desk.chat().flash?.text ?? '', '/group leave')
  desk.type('pn')
  assert.equal(desk.commands(), [])
  desk.type('py')
  assert.equal(desk.commands(), [{ type: 'set-admin', group: 'climbing', user: 'alice', isAdmin: false }])
})

test('who is no admin, or only looks, changes nothing', () => {
  for (const desk of [sitWithMembers({ role: 'member' }), sitWithMembers({}, 'members')]) {
    desk.press('down', 'delete')
    desk.type('arpt')
    assert.is(desk.chat().question, null)
    assert.equal(desk.commands(), [])
    desk.press('escape')
    assert.is(desk.chat().overlay, null)
  }
})

test('Esc gives a line up that was begun, then closes; what was given up is not done', () => {
  const desk = sitWithMembers()
  desk.type('aerin')
  desk.press('escape')
  assert.is(desk.chat().overlay?.type, 'group')
  desk.press('escape')
  assert.is(desk.chat().overlay, null)
  assert.equal(desk.commands(), [])
})

test('members are asked for again when a line of the group says something new, and news replace them', () => {
  const desk = sitWithMembers()
  const item = {
    ...notice(9, { type: 'members-added' as const, by: 'bob', users: ['erin'] }),
    conversation: conversationOf('climbing'),
  }
  desk.press('end')
  desk.tell({ type: 'chat-event', event: { type: 'item', item }, now: 1 })
  assert.equal(desk.commands(), [{ type: 'group-info', group: 'climbing', how: 'changed' }])
  const [alice] = groupInfo('climbing').members
  desk.tell({ type: 'group', info: groupInfo('climbing', { members: alice ? [alice] : [] }), how: 'changed' })
  const { overlay } = desk.chat()
  assert.is(overlay?.type === 'group' && overlay.selected, 0, 'what is chosen is still there')
})

test('a device is named, unnamed, revoked after a yes, and offered history', () => {
  const desk = sitWithDevices()
  desk.press('down')
  desk.type('nphone')
  desk.press('enter')
  desk.press('up')
  desk.type('n')
  desk.press('ctrl-u', 'enter', 'down')
  desk.type('xn')
  desk.type('xy')
  desk.type('hy')
  assert.equal(desk.commands(), [
    { type: 'name-device', deviceId: id('2'), name: 'phone' },
    { type: 'name-device', deviceId: id('1'), name: null },
    { type: 'revoke-device', deviceId: id('2') },
    { type: 'share-history', deviceId: id('2') },
  ])
})

test('revoking the device one is at warns of it, and history is not offered to it', () => {
  const desk = sitWithDevices()
  desk.type('x')
  assert.match(desk.chat().question?.text ?? '', 'the device you are at')
  desk.type('n')
  desk.type('h')
  assert.is(desk.chat().question, null)
  assert.is(desk.chat().flash?.kind, 'error')
})

test.run()
