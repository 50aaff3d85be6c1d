import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TimelineItem } from '../../chat.ts'
import { conversationOf, type Desk, MORNING, message, sitInChat } from '../model.fixture.ts'
import { openConversation } from '../model.ts'
import { view } from '../view/view.ts'

const test = suite('scrolling')

const lines = (count: number, from = 1): TimelineItem[] =>
  Array.from({ length: count }, (_, index) => message(from + index, `line ${from + index}`))

const anchor = (desk: Desk) => openConversation(desk.chat())?.anchor

function shown(desk: Desk): number[] {
  const text = view(desk.model())
    .cells.map(row => row.map(cell => cell.text).join(''))
    .join('\n')
  return [...text.matchAll(/line (\d+)/g)].map(([, number]) => Number(number))
}

test('`update()` scrolls by pages and by the wheel, and stops at both ends', () => {
  const desk = sitInChat({ items: lines(60) })
  const newest = shown(desk)
  assert.is(newest.at(-1), 60)
  desk.tell({ type: 'mouse', what: 'wheel-up', x: 30, y: 5 })
  assert.is(shown(desk).at(-1), 57)
  for (let page = 0; page < 9; page++) desk.press('page-up')
  assert.is(shown(desk)[0], 1)
  const top = shown(desk)
  desk.press('page-up')
  assert.equal(shown(desk), top)
  for (let page = 0; page < 9; page++) desk.press('page-down')
  assert.equal(shown(desk), newest)
  assert.is(anchor(desk), null, 'it follows what comes')
})

test('`update()` shows every line once on the way up', () => {
  const desk = sitInChat({
    items: lines(40).map((item, index) =>
      index % 5 ? item : message(item.seq, `line ${item.seq} ${'goes on '.repeat(40)}`),
    ),
  })
  const seen = new Set<number>()
  for (let step = 0; step < 60; step++) {
    for (const line of shown(desk)) seen.add(line)
    desk.tell({ type: 'mouse', what: 'wheel-up', x: 30, y: 5 })
  }
  assert.is(seen.size, 40)
})

test('`update()` stays where one reads when a message comes, and follows at the bottom', () => {
  const desk = sitInChat({ items: lines(60) })
  desk.press('page-up')
  const reading = shown(desk)
  desk.tell({ type: 'chat-event', event: { type: 'item', item: message(61, 'line 61') }, now: MORNING })
  assert.equal(shown(desk), reading)
  desk.press('escape')
  assert.is(shown(desk).at(-1), 61)
  desk.tell({ type: 'chat-event', event: { type: 'item', item: message(62, 'line 62') }, now: MORNING })
  assert.is(shown(desk).at(-1), 62)
})

test('`update()` asks for older lines before one gets there, once, and stays in place when they come', () => {
  const desk = sitInChat({ items: lines(100, 101) })
  desk.press('page-up', 'page-up', 'page-up')
  const asked = desk.commands()
  assert.equal(asked, [
    { type: 'load-history', conversation: conversationOf('bob'), beforeSeq: 101, limit: 100 },
  ])
  const before = shown(desk)
  desk.tell({
    type: 'history',
    conversation: conversationOf('bob'),
    items: lines(100),
    beforeSeq: 101,
    isWhole: true,
  })
  assert.equal(shown(desk), before)
  for (let page = 0; page < 20; page++) desk.press('page-up')
  assert.is(shown(desk)[0], 1)
  assert.equal(desk.commands(), [], 'nothing is older')
})

test('`update()` keeps the place when the window changes its size', () => {
  const desk = sitInChat({ items: lines(60) })
  desk.press('page-up')
  const last = shown(desk).at(-1)
  desk.tell({ type: 'resize', size: { cols: 50, rows: 12 } })
  assert.is(shown(desk).at(-1), last)
})

test('`view()` and `update()` answer a key within 16 ms when a conversation has 10,000 messages', () => {
  const desk = sitInChat({ size: { cols: 160, rows: 50 }, items: lines(10_000) })
  desk.tell({ type: 'mouse', what: 'wheel-up', x: 30, y: 5 })
  view(desk.model())
  const timesMs = Array.from({ length: 41 }, (_, index) => {
    const began = performance.now()
    if (index % 4 === 0) desk.press('page-up')
    else desk.type('ä')
    view(desk.model())
    return performance.now() - began
  })
  // The median: this machine may be doing something else just now.
  const median = timesMs.sort((a, b) => a - b)[20] ?? Number.NaN
  assert.ok(median < 16, `${median.toFixed(1)} ms`)
})

test('`update()` takes a message in within 5 ms when the conversation has 10,000', () => {
  const desk = sitInChat({ items: lines(10_000) })
  const timesMs = Array.from({ length: 21 }, (_, index) => {
    const item = message(10_001 + index, 'one more')
    const began = performance.now()
    desk.tell({ type: 'chat-event', event: { type: 'item', item }, now: MORNING })
    return performance.now() - began
  })
  const median = timesMs.sort((a, b) => a - b)[10] ?? Number.NaN
  assert.ok(median < 5, `${median.toFixed(1)} ms`)
})

test.run()
