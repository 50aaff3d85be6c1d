// Long because each state of the screen is a few lines here and a picture in golden/.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MessageItem, Notice, OwnDevice, TimelineItem } from '../../chat.ts'
import {
  conversationOf,
  type Desk,
  file,
  group,
  groupInfo,
  MORNING,
  message,
  notice,
  picture,
  sitInChat,
  summary,
  verification,
} from '../model.fixture.ts'
import type { Msg } from '../msg.ts'
import { qrModules } from '../qr.ts'
import { assertGolden } from './golden.fixture.ts'
import { view } from './view.ts'

const test = suite('screens of groups, trust, files and changes')

const NARROW = { cols: 40, rows: 15 }
const SIZES = [
  { cols: 1, rows: 1 },
  { cols: 20, rows: 6 },
  { cols: 21, rows: 7 },
  { cols: 33, rows: 11 },
  { cols: 60, rows: 8 },
  { cols: 200, rows: 60 },
]
const WIDE = { cols: 120, rows: 40 }

const all = [
  summary('bob', { lastAt: MORNING + 9, isVerified: true }),
  group('climbing', { lastAt: MORNING + 8, title: 'Saturday climbing 🧗', unread: 3, role: 'admin' }),
  summary('carol', { lastAt: MORNING + 7, isKeyChanged: true, unread: 1 }),
  group('ops', { lastAt: MORNING + 6, role: 'gone' }),
  group('forked', {
    lastAt: MORNING + 5,
    role: 'refused',
    title: 'A group whose title is far too long for a list',
  }),
  summary('mallory', { lastAt: MORNING + 4, isBlocked: true, unread: 7 }),
  summary('stranger', { lastAt: MORNING + 10, isRequest: true, unread: 1 }),
]

const away = [
  summary('dave', { lastAt: 3, unread: 2 }),
  summary('erin', { lastAt: 2, isMuted: true }),
  summary('alice'),
]

const reaction = (emoji: string, ...from: string[]) => ({ emoji, from })

const changed: readonly TimelineItem[] = [
  message(1, 'are we on for saturday?', {
    reactions: [reaction('👍', 'alice', 'bob'), reaction('❤️', 'bob'), reaction('🎉', 'carol')],
  }),
  message(2, 'yes, at nine', {
    mine: true,
    state: 'read',
    editedAt: MORNING,
    replyTo: { id: 'message-1', from: 'bob', excerpt: 'are we on for saturday?' },
  }),
  message(3, '', { content: { type: 'deleted', by: 'bob' } }),
  message(4, 'which one do you mean', { replyTo: { id: 'lost' } }),
  message(5, 'gone in an hour', { mine: true, state: 'delivered', expiresAt: MORNING + 3_600_000 }),
  message(6, 'and this once you have read it', { expiresInMs: 300_000 }),
  message(7, 'good', { mine: true, state: 'stored' }),
]

const files: readonly TimelineItem[] = [
  message(1, '', {
    content: file({ name: '../../etc/a very long name of a file that goes on and on.tar.gz' }),
  }),
  message(2, '', { content: file({ name: 'topo.pdf', size: 340 }), mine: true, state: 'delivered' }),
  message(3, '', { content: file({ name: 'old.zip', state: 'gone', size: 20_000_000 }) }),
  message(4, '', {
    content: file({ image: { width: 48, height: 24 }, caption: 'the crag, from below' }),
    reactions: [reaction('🔥', 'alice')],
  }),
]

const running = { conversation: conversationOf('bob'), direction: 'down' as const, state: 'running' as const }

const devices: readonly OwnDevice[] = [
  { deviceId: id('1'), name: 'laptop', since: MORNING - 86_400_000 * 40, current: true, active: true },
  {
    deviceId: id('2'),
    name: 'the old phone',
    since: MORNING - 86_400_000 * 400,
    current: false,
    active: false,
  },
  { deviceId: id('3'), since: MORNING, current: false, active: true },
]

function id(last: string): string {
  return `0193583f-0000-7000-8000-00000000000${last}`
}

const notices: readonly Notice[] = [
  { type: 'group-created', by: 'bob' },
  { type: 'joined', by: 'bob' },
  { type: 'title', by: 'alice', title: 'Saturday climbing' },
  { type: 'members-added', by: 'bob', users: ['carol', 'dave', 'erin', 'frank', 'grace', 'heidi'] },
  { type: 'members-removed', by: 'alice', users: ['dave'] },
  { type: 'member-left', user: 'erin' },
  { type: 'admin-changed', by: 'bob', user: 'alice', isAdmin: true },
  { type: 'admin-changed', by: 'bob', user: 'carol', isAdmin: false },
  { type: 'timer', by: 'alice', afterMs: 86_400_000 },
  { type: 'timer', by: 'bob', afterMs: null },
  { type: 'verified', user: 'bob', isVerified: true },
  { type: 'account-key-accepted', user: 'bob' },
  { type: 'device-added', user: 'alice', deviceId: id('3') },
  { type: 'history-received', messages: 120 },
  { type: 'change-failed', what: 'edit', code: 'not_allowed', message: 'Cannot edit message: it is gone' },
  { type: 'roster-refused', reason: 'unreachable' },
  { type: 'roster-refused', from: 'carol', reason: 'forked' },
  { type: 'roster-refused', from: 'carol', reason: 'invalid' },
  { type: 'roster-refused', from: 'mallory', reason: 'not-a-member' },
  { type: 'roster-refused', from: 'carol', reason: 'key-changed' },
]

function ofGroup(items: readonly TimelineItem[], to = 'climbing'): TimelineItem[] {
  return items.map(item => ({ ...item, conversation: conversationOf(to) }))
}

function sitInGroup(
  options: { size?: { cols: number; rows: number }; items?: readonly TimelineItem[] } = {},
): Desk {
  const first = group('climbing', { lastAt: MORNING + 99, title: 'Saturday climbing', role: 'admin' })
  return sitInChat({
    ...options,
    conversations: [first, ...all.filter(one => one.with !== 'climbing')],
    items: ofGroup(options.items ?? []),
  })
}

/** Opens a conversation whose lines have come. */
function sitWith(
  user: string,
  items: readonly TimelineItem[] = [],
  size?: { cols: number; rows: number },
): Desk {
  const desk = sitInChat({ conversations: all, ...(size ? { size } : {}) })
  const kind = all.find(one => one.with === user)?.kind === 'group' ? '#' : '@'
  desk.type(`/msg ${kind}${user}`)
  desk.press('enter')
  desk.tell({
    type: 'history',
    conversation: conversationOf(user),
    items: ofGroup(items, user),
    isWhole: true,
  })
  return desk
}

function verifying(
  size?: { cols: number; rows: number },
  change: Parameters<typeof verification>[0] = {},
): Desk {
  const desk = sitInChat({ conversations: all, ...(size ? { size } : {}) })
  const shown = verification(change)
  const modules = qrModules(Buffer.from(shown.qr, 'base64url'))
  desk.tell({ type: 'verification', verification: shown, modules, isNews: false })
  return desk
}

function withPicture(size?: { cols: number; rows: number }): Desk {
  const desk = sitInChat({ conversations: all, items: files, ...(size ? { size } : {}) })
  desk.tell({ type: 'picture', id: 'message-4', picture: picture() })
  return desk
}

/** Everybody but dave is there, as far as a server says. */
function seeing(desk: Desk): Desk {
  const { settings } = desk.chat()
  desk.tell(event({ type: 'settings', settings: { ...settings, showsPresence: true } }))
  const online = ['alice', 'bob', 'carol', 'erin', 'mallory', 'stranger']
  desk.tell(event({ type: 'presence', online }))
  return desk
}

const event = (given: Extract<Msg, { type: 'chat-event' }>['event']): Msg => ({
  type: 'chat-event',
  event: given,
  now: MORNING,
})

const screens: Record<string, () => Desk> = {
  'list-of-all': () => sitInChat({ conversations: all, items: [message(1, 'hello')] }),
  presence: () => seeing(sitInChat({ conversations: [...all, ...away], items: [message(1, 'hello')] })),
  'presence-40x15': () => seeing(sitInChat({ conversations: all, size: NARROW })),
  'presence-unknown'() {
    const desk = seeing(sitInChat({ conversations: [...all, ...away] }))
    desk.tell(event({ type: 'connection', connection: { state: 'offline', reason: 'gone' } }))
    return desk
  },
  request: () =>
    sitWith('stranger', [
      message(1, 'hello, we met at the crag'),
      message(2, '', { content: file({ image: { width: 48, height: 24 } }) }),
    ]),
  'request-40x15': () => sitWith('stranger', [message(1, 'hello, we met at the crag')], NARROW),
  'key-changed'() {
    const desk = sitWith('carol', [
      message(1, 'hi', { from: 'carol' }),
      notice(2, { type: 'account-key-changed', user: 'carol' }),
    ])
    desk.type('is it you?')
    desk.press('enter')
    return desk
  },
  'key-changed-40x15': () => sitWith('carol', [message(1, 'hi', { from: 'carol' })], NARROW),
  'group-gone': () => sitWith('ops', [notice(1, { type: 'members-removed', by: 'bob', users: ['alice'] })]),
  'group-refused': () => sitWith('forked', [notice(1, { type: 'roster-refused', reason: 'forked' })]),
  blocked() {
    const desk = sitInChat({ conversations: all })
    desk.type('/blocked')
    desk.press('enter')
    return desk
  },
  'group-120x40': () =>
    sitInGroup({ size: WIDE, items: notices.map((one, index) => notice(index + 1, one)) }),
  'group-receipts': () =>
    sitInGroup({
      items: [
        message(1, 'who comes?', { mine: true, state: 'stored', receipts: { delivered: 3, read: 0, of: 5 } }),
        message(2, 'me', { from: 'carol' }),
        message(3, 'nine sharp', {
          mine: true,
          state: 'delivered',
          receipts: { delivered: 5, read: 2, of: 5 },
        }),
        message(4, 'ok', { from: 'somebody-with-a-long-name' }),
        message(5, 'bring a rope', { mine: true, state: 'read', receipts: { delivered: 5, read: 5, of: 5 } }),
      ],
    }),
  'group-admin'() {
    const desk = sitInGroup()
    desk.tell({ type: 'group', info: groupInfo('climbing'), how: 'admin' })
    desk.press('down', 'down')
    return desk
  },
  'group-admin-add-40x15'() {
    const desk = sitInGroup({ size: NARROW })
    desk.tell({ type: 'group', info: groupInfo('climbing'), how: 'admin' })
    desk.type('aerin, frank')
    return desk
  },
  'group-admin-remove'() {
    const desk = sitInGroup()
    desk.tell({ type: 'group', info: groupInfo('climbing'), how: 'admin' })
    desk.press('down', 'down')
    desk.type('r')
    return desk
  },
  'group-not-admin'() {
    const desk = sitInGroup()
    desk.tell({ type: 'group', info: groupInfo('climbing', { role: 'member' }), how: 'admin' })
    return desk
  },
  changes: () => sitInChat({ conversations: all, items: changed }),
  'changes-40x15': () => sitInChat({ size: NARROW, conversations: all, items: changed }),
  'changes-20x6': () => sitInChat({ size: { cols: 20, rows: 6 }, conversations: all, items: changed }),
  selected() {
    const desk = sitInChat({ conversations: all, items: changed })
    desk.press('shift-up', 'up', 'up')
    return desk
  },
  'delete-question'() {
    const desk = sitInChat({ conversations: all, items: changed })
    desk.press('shift-up')
    desk.type('d')
    return desk
  },
  replying() {
    const desk = sitInChat({ conversations: all, items: changed })
    desk.press('shift-up', 'up')
    desk.type('rwill do')
    return desk
  },
  'editing-40x15'() {
    const desk = sitInChat({ size: NARROW, conversations: all, items: changed })
    desk.press('up')
    return desk
  },
  reacting() {
    const desk = sitInChat({ conversations: all, items: changed })
    desk.press('shift-up')
    desk.type('+')
    desk.press('down')
    return desk
  },
  files() {
    const desk = withPicture()
    desk.tell(
      event({ type: 'transfer', transfer: { ...running, message: 'message-1', done: 82, total: 100 } }),
    )
    return desk
  },
  'files-40x15'() {
    const desk = withPicture(NARROW)
    desk.press('page-up')
    desk.tell(
      event({ type: 'transfer', transfer: { ...running, message: 'message-1', done: 82, total: 100 } }),
    )
    return desk
  },
  'files-120x40': () => withPicture(WIDE),
  'picture-loading': () => sitInChat({ conversations: all, items: files }),
  'picture-failed'() {
    const desk = sitInChat({ conversations: all, items: files })
    const failure = { code: 'bad_image', message: 'Cannot show picture: it is none that can be shown' }
    desk.tell({ type: 'picture-failed', id: 'message-4', failure })
    desk.tell(
      event({
        type: 'transfer',
        transfer: { ...running, message: 'message-1', done: 1, total: 9, state: 'failed' },
      }),
    )
    return desk
  },
  'picture-large'() {
    const desk = sitInChat({ conversations: all, items: files })
    desk.tell({ type: 'picture', id: 'message-4', picture: picture({ width: 160, height: 90 }) })
    desk.press('shift-up')
    desk.type('o')
    return desk
  },
  typing() {
    const desk = sitInChat({ conversations: all, items: [message(1, 'hello')] })
    for (const user of ['bob', 'carol']) {
      desk.tell(event({ type: 'typing', conversation: conversationOf('bob'), user, isTyping: true }))
    }
    return desk
  },
  verify: () => verifying(),
  'verify-40x15': () => verifying(NARROW, { isVerified: true }),
  'verify-20x6': () => verifying({ cols: 20, rows: 6 }),
  'verify-key-changed-120x40': () => verifying(WIDE, { isKeyChanged: true }),
  trust() {
    const desk = sitWith('carol')
    desk.type('/trust')
    desk.press('enter')
    return desk
  },
  devices() {
    const desk = sitInChat({ conversations: all })
    desk.tell({ type: 'devices', devices, isNews: false })
    desk.press('down')
    return desk
  },
  'devices-40x15'() {
    const desk = sitInChat({ size: NARROW, conversations: all })
    desk.tell({ type: 'devices', devices, isNews: false })
    desk.press('down', 'down')
    desk.type('ntablet')
    return desk
  },
  'devices-revoke-own'() {
    const desk = sitInChat({ conversations: all })
    desk.tell({ type: 'devices', devices, isNews: false })
    desk.type('x')
    return desk
  },
  'history-offered'() {
    const desk = sitInChat({
      conversations: all,
      items: [notice(1, { type: 'device-added', user: 'alice', deviceId: id('3') })],
    })
    const offer = { id: 'offer-1', from: id('1'), messages: 1200, conversations: 9 }
    desk.tell(event({ type: 'history-offers', offers: [offer] }))
    return desk
  },
  'timer-and-saved'() {
    const desk = sitInChat({
      conversations: [summary('bob', { disappearAfterMs: 3_600_000 })],
      items: files.slice(0, 1),
    })
    desk.tell({ type: 'done', text: 'Saved: /home/alice/Downloads/topo.pdf' })
    return desk
  },
  'hostile-all'() {
    const evil = '\x1b[2J\u202eevil\u202c\x07\nline'
    const items: MessageItem[] = [
      message(1, 'x', {
        replyTo: { id: 'm', from: evil, excerpt: evil.repeat(9) },
        reactions: [reaction(evil, evil), reaction('👍'.repeat(30), evil, 'bob')],
      }),
      message(2, '', { content: file({ name: `${evil}\x1b]0;x\x07.exe`, caption: evil }) }),
      message(3, '', { content: { type: 'deleted', by: evil } }),
    ]
    const conversation = group('climbing', { title: evil, lastAt: MORNING + 99 })
    const desk = sitInChat({ conversations: [conversation, ...all], items: ofGroup(items) })
    desk.tell(event({ type: 'typing', conversation: conversationOf('climbing'), user: evil, isTyping: true }))
    return desk
  },
}

for (const [name, make] of Object.entries(screens)) {
  test(`\`view()\` draws ${name} as in golden/${name}.txt`, () => {
    assertGolden(name, view(make().model()))
  })
}

test('`view()` fills exactly the size with each of them, at every size', () => {
  for (const [name, make] of Object.entries(screens)) {
    const desk = make()
    for (const size of SIZES) {
      desk.tell({ type: 'resize', size })
      const { cells, cursor } = view(desk.model())
      assert.is(cells.length, size.rows)
      for (const row of cells) {
        assert.is(row.length, size.cols)
        for (const [x, cell] of row.entries()) {
          if (cell.width === 2) assert.is(row[x + 1]?.width, 0, name)
          if (cell.width === 0) assert.is(row[x - 1]?.width, 2, name)
        }
      }
      const isIn = !cursor || (cursor.x < size.cols && cursor.y < size.rows)
      assert.ok(isIn, `${name} at ${size.cols}x${size.rows}: cursor ${cursor?.x},${cursor?.y}`)
    }
  }
})

test('what stands above the composer never takes the last line of the conversation', () => {
  for (const user of ['carol', 'stranger', 'forked']) {
    const desk = sitWith(user, [message(1, 'last')], { cols: 20, rows: 6 })
    const rows = view(desk.model()).cells.map(row => row.map(({ text }) => text).join(''))
    assert.match(rows[2] ?? '', 'last', user)
  }
})

test.run()
