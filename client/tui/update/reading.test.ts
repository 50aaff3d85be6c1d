import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  conversationOf,
  type Desk,
  MORNING,
  message,
  sit,
  sitInChat,
  snapshot,
  summary,
} from '../model.fixture.ts'
import { openConversation } from '../model.ts'

const test = suite('what comes, and what is read')

const people = [
  summary('bob', { lastAt: MORNING + 3 }),
  summary('carol', { lastAt: MORNING + 2, unread: 2 }),
  summary('dave', { lastAt: MORNING + 1 }),
]

const open = (desk: Desk) => openConversation(desk.chat())
const flash = (desk: Desk) => desk.chat().flash

test('`update()` finds the next unread with Alt-A', () => {
  const desk = sitInChat({ conversations: people })
  desk.press('alt-a')
  assert.is(open(desk)?.summary.with, 'carol')
  desk.tell({
    type: 'history',
    conversation: conversationOf('carol'),
    items: [message(4, 'hi')],
    isWhole: true,
  })
  desk.press('alt-a')
  assert.is(flash(desk)?.text, 'Nothing unread.')
})

test('`update()` marks as read what is seen, once', () => {
  const desk = sitInChat({ conversations: people })
  desk.press('alt-a')
  desk.tell({
    type: 'history',
    conversation: conversationOf('carol'),
    items: [message(4, 'hi')],
    isWhole: true,
  })
  assert.equal(desk.commands().at(-1), {
    type: 'mark-read',
    conversation: conversationOf('carol'),
    upToSeq: 4,
  })
  desk.press('left')
  desk.tell({ type: 'focus', isFocused: true })
  assert.equal(desk.commands(), [])
  assert.is(open(desk)?.summary.unread, 0)
})

test('`update()` marks nothing as read while the window has no focus, help is open, or one has scrolled up', () => {
  const items = Array.from({ length: 50 }, (_, index) => message(index + 1, 'x'))
  for (const [away, back] of [
    [
      (desk: Desk) => desk.tell({ type: 'focus', isFocused: false }),
      (desk: Desk) => desk.tell({ type: 'focus', isFocused: true }),
    ],
    [(desk: Desk) => desk.press('f1'), (desk: Desk) => desk.press('f1')],
    [(desk: Desk) => desk.press('page-up'), (desk: Desk) => desk.press('escape')],
  ] as const) {
    const desk = sitInChat({ items })
    away(desk)
    comes(desk, 51)
    assert.equal(desk.commands(), [])
    assert.is(open(desk)?.newFromSeq, 51)
    back(desk)
    assert.equal(desk.commands(), [{ type: 'mark-read', conversation: conversationOf('bob'), upToSeq: 51 }])
  }
})

test('`update()` marks a message as read that comes after its count did', () => {
  const desk = sitInChat({ items: [message(1, 'x')] })
  const counted = { type: 'conversation' as const, conversation: summary('bob', { unread: 1 }) }
  desk.tell({ type: 'chat-event', event: { type: 'item', item: message(2, 'y') }, now: MORNING })
  desk.tell({ type: 'chat-event', event: counted, now: MORNING })
  assert.is(desk.commands().length, 1)
  desk.tell({ type: 'chat-event', event: counted, now: MORNING })
  assert.equal(desk.commands(), [], 'of the third only the count is there')
  desk.tell({ type: 'chat-event', event: { type: 'item', item: message(3, 'z') }, now: MORNING })
  assert.equal(desk.commands(), [{ type: 'mark-read', conversation: conversationOf('bob'), upToSeq: 3 }])
})

test('`update()` replaces a message by its new version, in place', () => {
  const sent = message(1, 'hi', { mine: true, state: 'queued' })
  const desk = sitInChat({ items: [sent, message(2, 'yes')] })
  desk.tell({
    type: 'chat-event',
    event: { type: 'item', item: { ...sent, state: 'delivered' } },
    now: MORNING,
  })
  assert.equal(
    open(desk)?.items.map(item => item.kind === 'message' && item.state),
    ['delivered', undefined],
  )
})

test('`update()` keeps what came while the history was being read', () => {
  const desk = sit()
  desk.tell({ type: 'chat-opened', snapshot: snapshot({ conversations: [summary('bob')] }), now: MORNING })
  comes(desk, 3)
  const items = [message(1, 'a'), message(2, 'b')]
  desk.tell({ type: 'history', conversation: conversationOf('bob'), items, isWhole: true })
  assert.equal(
    open(desk)?.items.map(({ seq }) => seq),
    [1, 2, 3],
  )
})

function comes(desk: Desk, seq: number): void {
  desk.tell(
    { type: 'chat-event', event: { type: 'item', item: message(seq, `number ${seq}`) }, now: MORNING },
    {
      type: 'chat-event',
      event: { type: 'conversation', conversation: summary('bob', { unread: 1 }) },
      now: MORNING,
    },
  )
}

test('`update()` draws no line before the new ones when one has answered before they were read in', () => {
  const desk = sit()
  desk.tell({
    type: 'chat-opened',
    snapshot: snapshot({ conversations: [summary('bob', { unread: 1 })] }),
    now: MORNING,
  })
  const answer = message(2, 'yes', { mine: true, state: 'queued' })
  desk.tell({ type: 'chat-event', event: { type: 'item', item: answer }, now: MORNING })
  desk.tell({
    type: 'history',
    conversation: conversationOf('bob'),
    items: [message(1, 'ok?'), answer],
    isWhole: true,
  })
  assert.is(open(desk)?.newFromSeq, null)
})

test.run()
