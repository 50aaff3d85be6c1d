import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SearchHit } from '../../searching.ts'
import {
  conversationOf,
  type Desk,
  file,
  group,
  MORNING,
  message,
  sitInChat,
  summary,
} from '../model.fixture.ts'
import type { Size } from '../model.ts'
import { assertGolden } from './golden.fixture.ts'
import { view } from './view.ts'

const test = suite('screens of search')

const NARROW = { cols: 40, rows: 15 }
const DAY_MS = 24 * 60 * 60 * 1000

const conversations = [
  summary('bob', { lastAt: MORNING + 9, isVerified: true }),
  group('climbing', { lastAt: MORNING + 8, title: 'Saturday climbing 🧗', role: 'admin' }),
]

const items = [
  message(1, 'The crag is wet today, says the warden, and tomorrow it will be too'),
  message(2, 'no crag then', { mine: true, state: 'read' }),
  message(3, '', { content: file({ name: 'crag.jpg', caption: 'the Crág in the sun' }) }),
  message(4, 'tea?'),
]

function hit(seq: number, excerpt: string, change: Partial<SearchHit> = {}): SearchHit {
  const at = MORNING + seq * 60_000
  return {
    id: `message-${seq}`,
    conversation: conversationOf('bob'),
    seq,
    from: 'bob',
    mine: false,
    sentAt: at,
    receivedAt: at,
    excerpt,
    words: ['crag'],
    ...change,
  }
}

const hits = [
  hit(3, 'crag.jpg the Crág in the sun'),
  hit(2, 'no crag then', { from: 'alice', mine: true }),
  hit(1, '', {}),
]

function find(size?: Size): Desk {
  const desk = sitInChat({ conversations, items, ...(size ? { size } : {}) })
  desk.press('ctrl-f')
  return desk
}

function found(size?: Size): Desk {
  const desk = find(size)
  const conversation = conversationOf('bob')
  desk.tell({ type: 'found', query: '', conversation, found: { hits: [], total: 0 } })
  desk.type('crag')
  desk.tell({ type: 'found', query: 'crag', conversation, found: { hits, total: 12 } })
  desk.press('enter')
  return desk
}

function everywhere(size?: Size): Desk {
  const desk = sitInChat({ conversations, items, ...(size ? { size } : {}) })
  desk.type('/search crag')
  desk.press('enter')
  const of = { conversation: conversationOf('climbing'), words: ['crag'] }
  const more = [
    hit(9, '明日は crag に行く？ 👍 \u202ehostile\u001b[2J', { ...of, from: 'carol' }),
    hit(5, `${'long before it '.repeat(8)}there is the crag and a little more`, {
      ...of,
      from: 'a-very-long-name-of-a-person-indeed',
      sentAt: MORNING - 40 * DAY_MS,
      receivedAt: MORNING - 40 * DAY_MS,
    }),
    hit(4, 'found by a name', { words: [] }),
  ]
  desk.tell({ type: 'found', query: 'crag', found: { hits: [...hits.slice(0, 2), ...more], total: 31 } })
  desk.press('down')
  return desk
}

const screens: Record<string, () => Desk> = {
  find: () => find(),
  'find-matches': () => found(),
  'find-matches-40x15': () => found(NARROW),
  'find-nothing': () => {
    const desk = find()
    desk.type('a query that is longer than the line at the bottom has room for, since it goes on and on')
    const conversation = conversationOf('bob')
    desk.tell({ type: 'found', query: '', conversation, found: { hits: [], total: 0 } })
    const query = desk.chat().find?.field.text ?? ''
    desk.tell({ type: 'found', query, conversation, found: { hits: [], total: 0 } })
    return desk
  },
  search: () => everywhere(),
  'search-40x15': () => everywhere(NARROW),
}

for (const [name, make] of Object.entries(screens)) {
  test(`\`view()\` draws ${name} as in golden/${name}.txt`, () => {
    assertGolden(name, view(make().model()))
  })
}

test('`view()` fills exactly the size with each of them, at every size', () => {
  for (const [name, make] of Object.entries(screens)) {
    const desk = make()
    for (const [cols, rows] of [
      [1, 1],
      [20, 6],
      [21, 7],
      [33, 11],
      [200, 60],
    ] as const) {
      desk.tell({ type: 'resize', size: { cols, rows } })
      const { cells, cursor } = view(desk.model())
      assert.equal([cells.length, ...new Set(cells.map(row => row.length))], [rows, cols], name)
      assert.ok(!cursor || (cursor.x < cols && cursor.y < rows), `${name} at ${cols}x${rows}`)
    }
  }
})

test.run()
