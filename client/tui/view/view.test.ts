// Long because each state of the screen is a few lines here and a picture in golden/.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TimelineItem } from '../../chat.ts'
import { lastGroup, makeRecoveryCode } from '../../core/recovery-code.ts'
import { keymapOf } from '../keymap.ts'
import {
  conversationOf,
  type Desk,
  group,
  MORNING,
  message,
  notice,
  SERVER,
  sit,
  sitInChat,
  snapshot,
  summary,
} from '../model.fixture.ts'
import { assertGolden } from './golden.fixture.ts'
import { view } from './view.ts'

const test = suite('view')

const DAY_MS = 24 * 60 * 60 * 1000

const talk: readonly TimelineItem[] = [
  message(1, 'are we on for saturday?', { sentAt: MORNING - DAY_MS, receivedAt: MORNING - DAY_MS }),
  message(2, 'yes', { mine: true, state: 'delivered' }),
  message(3, 'nine at the station?'),
  message(
    4,
    'I bring the rope and the quickdraws, you the tent. The forecast says rain from noon on, so rather early.',
    {
      mine: true,
      state: 'stored',
    },
  ),
  notice(5, { type: 'device-added', user: 'bob', deviceId: '0193583f-0000-7000-8000-000000000000' }),
  message(6, 'fine', { mine: true, state: 'queued' }),
]

const people = [
  summary('bob', { lastAt: MORNING + 9 }),
  summary('carol', { unread: 2, lastAt: MORNING + 8 }),
  summary('dave', { lastAt: MORNING + 7 }),
  summary('someone-with-a-rather-long-name', { unread: 1200, lastAt: MORNING + 6 }),
]

const screens: Record<string, () => Desk> = {
  'start-empty'() {
    const desk = sit()
    desk.tell({ type: 'accounts', accounts: [] })
    return desk
  },
  'no-conversations-40x15'() {
    return sitInChat({ size: { cols: 40, rows: 15 }, conversations: [] })
  },
  locked() {
    const desk = sitInChat({ items: talk })
    desk.press('down')
    desk.type('/lock')
    desk.press('enter')
    desk.type('correct')
    return desk
  },
  'locked-refused-small'() {
    const desk = sitInChat({ items: talk, size: { cols: 30, rows: 8 } })
    desk.tell({ type: 'idle' })
    desk.tell({
      type: 'unlock-refused',
      failure: { code: 'login_refused', message: 'That is not the password.' },
    })
    return desk
  },
  'vim-normal'() {
    const desk = sitInChat({ items: talk, isVim: true })
    desk.type('are we on')
    desk.press('escape')
    desk.type('2')
    return desk
  },
  'help-rebound'() {
    const keymap = keymapOf({ chat: { 'next-unread': ['f5'], quit: [], help: ['alt-h'] } })
    const desk = sitInChat({ keymap })
    desk.press('alt-h')
    return desk
  },
  'start-accounts'() {
    const desk = sit()
    desk.tell({
      type: 'accounts',
      accounts: [
        { userId: 'alice', loggedIn: true },
        { userId: 'bob', loggedIn: false },
      ],
    })
    desk.press('down')
    return desk
  },
  'start-after-replaced'() {
    const desk = sitInChat()
    desk.tell(
      { type: 'chat-event', event: { type: 'closed', reason: 'replaced' }, now: MORNING },
      { type: 'accounts', accounts: [{ userId: 'alice', loggedIn: true }] },
    )
    return desk
  },
  'sign-up-server'() {
    return atServer({ cols: 80, rows: 24 })
  },
  'sign-up-server-40x15'() {
    return atServer({ cols: 40, rows: 15 })
  },
  'sign-up-weak'() {
    const desk = signUp('alice', 'password1')
    const hint = 'This is a commonly used password.'
    desk.tell({ type: 'chat-refused', failure: { code: 'no_server', message: 'Cannot reach a server' } })
    desk.tell({ type: 'password-judged', judged: { password: 'password1', score: 0, hint } })
    desk.press('enter')
    return desk
  },
  'sign-up-strong'() {
    const desk = sit()
    desk.tell({ type: 'accounts', accounts: [] })
    desk.press('enter', 'tab')
    desk.type('correct horse')
    desk.tell({ type: 'password-judged', judged: { password: 'correct horse', score: 3, hint: '' } })
    return desk
  },
  recover() {
    const desk = sit()
    desk.tell({ type: 'accounts', accounts: [] })
    desk.press('down', 'down', 'enter')
    desk.type('alice')
    desk.press('tab')
    desk.type(CODE)
    return desk
  },
  'recover-wrong-code-40x15'() {
    const desk = sit({ cols: 40, rows: 15 })
    desk.tell({ type: 'accounts', accounts: [] })
    desk.press('down', 'down', 'enter')
    desk.type('alice')
    desk.press('tab')
    desk.type(CODE.replace('7', '8'))
    for (const _ of [1, 2]) {
      desk.press('enter')
      desk.type('correct horse')
    }
    desk.press('enter')
    return desk
  },
  'new-code'() {
    return showsCode({ cols: 80, rows: 24 })
  },
  'new-code-wrong'() {
    const desk = showsCode({ cols: 80, rows: 24 })
    desk.press('ctrl-u')
    desk.type('wrong')
    return desk
  },
  'new-code-40x15'() {
    return showsCode({ cols: 40, rows: 15 })
  },
  'new-code-20x6'() {
    return showsCode({ cols: 20, rows: 6 })
  },
  'sign-up-busy'() {
    const desk = signUp('alice', 'correct horse')
    desk.tell({ type: 'tick', now: MORNING })
    return desk
  },
  'sign-up-error'() {
    const desk = signUp('alice', 'correct horse')
    const failure = { code: 'user_exists', message: 'Cannot sign up "alice": this user id is taken' }
    desk.tell({ type: 'chat-refused', failure })
    return desk
  },
  'sign-up-error-40x15'() {
    return signUp('Älice', 'short', { cols: 40, rows: 15 })
  },
  'log-in-refused-30x7'() {
    const desk = sit({ cols: 30, rows: 7 })
    desk.tell({ type: 'accounts', accounts: [], as: 'alice' })
    desk.type('wrong password')
    desk.press('enter')
    desk.tell({
      type: 'chat-refused',
      failure: { code: 'login_refused', message: 'Cannot log in: user id or password is wrong' },
    })
    return desk
  },
  'chat-empty': () => sitInChat({ conversations: [] }),
  'conversation-empty': () => sitInChat(),
  conversation: () => sitInChat({ conversations: people, items: talk }),
  'conversation-40x15': () => sitInChat({ size: { cols: 40, rows: 15 }, conversations: people, items: talk }),
  'conversation-59x20': () => sitInChat({ size: { cols: 59, rows: 20 }, conversations: people, items: talk }),
  'conversation-120x40': () =>
    sitInChat({ size: { cols: 120, rows: 40 }, conversations: people, items: talk }),
  'conversation-20x6': () => sitInChat({ size: { cols: 20, rows: 6 }, conversations: people, items: talk }),
  'too-small': () => sitInChat({ size: { cols: 19, rows: 5 }, items: talk }),
  'wide-characters': () =>
    sitInChat({
      conversations: people,
      items: [
        message(
          1,
          '今日は天気がいいですね。明日も晴れるそうですから、一緒に山へ行きませんか。朝の七時に駅で会いましょう。',
        ),
        message(2, '👨‍👩‍👧 with 👍🏽 and 🇩🇪, ❤️ 1️⃣', { mine: true, state: 'delivered' }),
        message(3, 'cafe\u0301, مرحبا, שלום, नमस्ते, 한국어'),
      ],
    }),
  hostile: () =>
    sitInChat({
      conversations: [summary('bob\u202e\x1b[2J', { lastAt: MORNING })],
      items: [
        {
          ...message(1, '\x1b[31mred\x1b[0m \x9b2J\x1b]0;title\x07 \u202eevil\u202c a\u200bb \u{e0041}'),
          conversation: conversationOf('bob\u202e\x1b[2J'),
        },
      ],
    }),
  unread() {
    const desk = sitInChat({
      conversations: [summary('bob', { unread: 2 })],
      items: [
        message(1, 'read', { mine: true, state: 'delivered' }),
        message(2, 'not read'),
        message(3, 'nor this'),
      ],
    })
    return desk
  },
  failed: () =>
    sitInChat({
      items: [
        message(1, 'will this arrive?', {
          mine: true,
          state: 'failed',
          failure: {
            code: 'account_key_changed',
            message: "Cannot send to bob: the account's key has changed",
          },
        }),
      ],
    }),
  notices: () =>
    sitInChat({
      items: [
        notice(1, { type: 'account-key-changed', user: 'bob' }),
        notice(2, { type: 'gap', from: 'bob', missing: 1 }),
        notice(3, { type: 'gap', from: 'bob', missing: 3 }),
        message(4, '', { content: { type: 'unknown', originally: 'sticker' } }),
      ],
    }),
  offline() {
    const desk = sitInChat({ conversations: people, items: talk })
    const connection = { state: 'offline' as const, reason: 'the server does not answer', retryInMs: 4000 }
    desk.tell(
      { type: 'chat-event', event: { type: 'queued', queued: 2 }, now: MORNING },
      { type: 'chat-event', event: { type: 'connection', connection }, now: MORNING },
      { type: 'tick', now: MORNING + 1500 },
    )
    return desk
  },
  connecting() {
    const desk = sitInChat({ items: talk })
    const event = {
      type: 'connection' as const,
      connection: { state: 'connecting' as const, server: SERVER },
    }
    desk.tell({ type: 'chat-event', event, now: MORNING })
    return desk
  },
  composing() {
    const desk = sitInChat({ conversations: people, items: talk })
    desk.type('first line')
    desk.press('alt-enter')
    desk.type(`second line, ${'which goes on and on '.repeat(6)}`)
    desk.press('ctrl-left', 'ctrl-left')
    return desk
  },
  'unknown-command'() {
    const desk = sitInChat({ items: talk })
    desk.type('/etc/hosts is what I mean')
    desk.press('enter')
    return desk
  },
  scrolled() {
    const items = Array.from({ length: 60 }, (_, index) => message(index + 1, `line ${index + 1}`))
    const desk = sitInChat({ items })
    desk.press('page-up', 'page-up')
    return desk
  },
  help() {
    const desk = sitInChat({ items: talk })
    desk.press('f1')
    return desk
  },
  mentioned() {
    const desk = sitInChat({
      conversations: [
        summary('bob', { lastAt: MORNING + 9 }),
        group('ops', { lastAt: MORNING + 8, unread: 12, mentions: 1, isMuted: true }),
        group('climbing', { lastAt: MORNING + 7, unread: 3 }),
      ],
      items: [message(1, 'I told them that @alice knows, and @alicet does not'), message(2, '@Alice?')],
    })
    return desk
  },
  'palette-commands'() {
    const desk = sitInChat({ conversations: people, items: talk })
    desk.press('ctrl-k')
    desk.type('>ne')
    return desk
  },
  'palette-small'() {
    const desk = sitInChat({ size: { cols: 40, rows: 15 }, conversations: people, items: talk })
    desk.press('ctrl-k')
    desk.type('/')
    desk.press('down', 'down')
    return desk
  },
  'palette-both'() {
    const desk = sitInChat({ conversations: people, items: talk })
    desk.press('ctrl-k')
    desk.type('de')
    return desk
  },
  switcher() {
    const desk = sitInChat({ conversations: people, items: talk })
    desk.press('ctrl-k')
    desk.type('ar')
    desk.press('down')
    return desk
  },
}

const CODE = makeRecoveryCode(Uint8Array.from({ length: 26 }, (_, index) => index))

function showsCode(size: { cols: number; rows: number }): Desk {
  const desk = signUp('alice', 'correct horse', size)
  desk.tell({ type: 'recovery-code', code: CODE })
  desk.tell({ type: 'chat-opened', snapshot: snapshot(), now: MORNING })
  desk.type(lastGroup(CODE).slice(0, 1))
  return desk
}

function atServer(size: { cols: number; rows: number }): Desk {
  const desk = sit(size)
  desk.tell({ type: 'accounts', accounts: [] })
  desk.press('enter')
  const measures: [string, number | null][] = [
    ['ws://chat.example:8080', 31],
    ['wss://near.example', 4],
    ['wss://down.example', null],
  ]
  for (const [url, latencyMs] of measures) {
    desk.tell({ type: 'server-measured', server: { url, latencyMs }, isOwn: false })
  }
  desk.press('shift-tab', 'down', 'down')
  return desk
}

function signUp(userId: string, password: string, size?: { cols: number; rows: number }): Desk {
  const desk = sit(size)
  desk.tell({ type: 'accounts', accounts: [] })
  desk.press('enter')
  desk.type(userId)
  desk.press('enter')
  desk.type(password)
  desk.press('enter')
  desk.type(password)
  desk.press('enter')
  return desk
}

for (const [name, make] of Object.entries(screens)) {
  test(`\`view()\` draws ${name} as in golden/${name}.txt`, () => {
    assertGolden(name, view(make().model()))
  })
}

test('`view()` never shows a password, whatever the size', () => {
  for (const cols of [20, 40, 80]) {
    const desk = sit({ cols, rows: 24 })
    desk.tell({ type: 'accounts', accounts: [] })
    desk.press('down', 'enter')
    desk.type('alice')
    desk.press('tab')
    desk.type('sesame')
    const text = view(desk.model())
      .cells.map(row => row.map(cell => cell.text).join(''))
      .join('\n')
    assert.not.match(text, 'sesame')
    assert.match(text, /•{5}/)
  }
})

test('`view()` fills exactly the size, at every size', () => {
  const desks = Object.values(screens).map(make => make())
  for (const desk of desks) {
    for (const size of [
      { cols: 1, rows: 1 },
      { cols: 20, rows: 6 },
      { cols: 21, rows: 7 },
      { cols: 60, rows: 8 },
      { cols: 200, rows: 60 },
    ]) {
      desk.tell({ type: 'resize', size })
      const { cells, cursor } = view(desk.model())
      assert.is(cells.length, size.rows)
      for (const row of cells) {
        assert.is(row.length, size.cols)
        for (const [x, cell] of row.entries()) {
          if (cell.width === 2) assert.is(row[x + 1]?.width, 0)
          if (cell.width === 0) assert.is(row[x - 1]?.width, 2)
        }
      }
      if (cursor) assert.ok(cursor.x < size.cols && cursor.y < size.rows, `cursor ${cursor.x},${cursor.y}`)
    }
  }
})

test.run()
