import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SearchHit } from '../../searching.ts'
import { conversationOf, type Desk, MORNING, message, sitInChat, summary } from '../model.fixture.ts'
import type { Command } from '../msg.ts'

const test = suite('update, search')

const bob = conversationOf('bob')

function hit(seq: number, conversation = bob): SearchHit {
  return {
    id: `message-${seq}`,
    conversation,
    seq,
    from: 'bob',
    mine: false,
    sentAt: MORNING,
    receivedAt: MORNING,
    excerpt: `text ${seq}`,
    words: ['text'],
  }
}

/** Lines 101 to 200 of bob's have come; those before have not. */
function sitBelow(): Desk {
  const items = Array.from({ length: 100 }, (_, index) => message(101 + index, `text ${101 + index}`))
  return sitInChat({ items, conversations: [summary('bob'), summary('carol', { lastAt: MORNING - 1 })] })
}

function searches(commands: readonly Command[]) {
  return commands.flatMap(command => (command.type === 'search' ? [command] : []))
}

/** The answer to a question. */
function answer(desk: Desk, query: string, seqs: readonly number[], total = seqs.length): void {
  const found = { hits: seqs.map(seq => hit(seq)), total }
  desk.tell({ type: 'found', query, conversation: bob, found })
}

test('Ctrl-F readies the session, and asks once at a time for what is written', () => {
  const desk = sitBelow()
  desk.press('ctrl-f')
  desk.type('te')
  desk.type('xt')
  assert.equal(searches(desk.commands()), [{ type: 'search', query: '', conversation: bob }])
  answer(desk, '', [])
  assert.equal(searches(desk.commands()), [{ type: 'search', query: 'text', conversation: bob }])
  answer(desk, 'text', [190, 110])
  assert.equal(searches(desk.commands()), [])
  assert.is(desk.chat().find?.at, 0)
})

test('Enter and Up go to older ones, Down to newer ones, Esc back to where one was', () => {
  const desk = sitBelow()
  desk.press('page-up')
  const before = desk.chat().conversations[0]?.anchor
  desk.press('ctrl-f')
  answer(desk, '', [])
  desk.type('text')
  answer(desk, 'text', [150, 130, 110])
  const at = () => desk.chat().find?.hits[desk.chat().find?.at ?? -1]?.seq
  desk.press('enter', 'up')
  assert.is(at(), 110)
  desk.press('up', 'down')
  assert.is(at(), 130)
  assert.is.not(desk.chat().conversations[0]?.anchor?.seq, before?.seq)
  desk.press('escape')
  assert.is(desk.chat().find, null)
  assert.equal(desk.chat().conversations[0]?.anchor, before)
})

test('a search leaves the draft alone, and is over in another conversation', () => {
  const desk = sitBelow()
  desk.type('a draft')
  desk.press('ctrl-f')
  desk.type('text')
  desk.press('left', 'backspace')
  assert.equal(desk.chat().find?.field, { text: 'tet', cursor: 2 })
  desk.tell({ type: 'paste', text: '\nlines\nof text ' })
  assert.is(desk.chat().find?.field.text, 'te lines of text t')
  desk.press('alt-down')
  assert.is(desk.chat().find, null)
  assert.is(desk.chat().conversations.find(({ summary }) => summary.with === 'bob')?.draft.text, 'a draft')
})

test('a message far above is gone to once its lines have come, and selected on demand', () => {
  const desk = sitBelow()
  desk.press('ctrl-f')
  answer(desk, '', [])
  desk.type('text')
  desk.commands()
  answer(desk, 'text', [50])
  const [load] = desk.commands()
  assert.equal(load, { type: 'load-history', conversation: bob, beforeSeq: 101, limit: 200 })
  const older = Array.from({ length: 100 }, (_, index) => message(1 + index, `text ${1 + index}`))
  desk.tell({ type: 'history', conversation: bob, items: older, beforeSeq: 101, isWhole: true })
  assert.is(desk.chat().goal, null)
  const seq = desk.chat().conversations[0]?.anchor?.seq ?? 0
  assert.ok(seq >= 50 && seq < 65, String(seq))
  desk.press('alt-s')
  assert.equal([desk.chat().find, desk.chat().selected], [null, 50])
})

test('at the last one that has come more are asked for', () => {
  const desk = sitBelow()
  desk.press('ctrl-f')
  answer(desk, '', [])
  desk.type('text')
  answer(desk, 'text', [190, 180], 3)
  desk.commands()
  desk.press('enter')
  const more = { type: 'search' as const, query: 'text', conversation: bob, before: 'message-180' }
  assert.equal(searches(desk.commands()), [more])
  desk.tell({
    type: 'found',
    query: 'text',
    conversation: bob,
    before: 'message-180',
    found: { hits: [hit(170)], total: 3 },
  })
  assert.equal([desk.chat().find?.at, desk.chat().find?.hits.length], [1, 3])
  desk.press('enter', 'enter')
  assert.equal([desk.chat().find?.at, searches(desk.commands())], [2, []])
})

test('what happens in the conversation meanwhile is asked for again, and one stays at the same message', () => {
  const desk = sitBelow()
  desk.press('ctrl-f')
  answer(desk, '', [])
  desk.type('text')
  answer(desk, 'text', [190, 180])
  desk.press('enter')
  desk.commands()
  const item = message(201, 'text 201')
  desk.tell({ type: 'chat-event', event: { type: 'item', item }, now: MORNING })
  assert.is(searches(desk.commands()).length, 1)
  answer(desk, 'text', [201, 190, 180])
  assert.is(desk.chat().find?.at, 2)
  desk.tell({ type: 'search-failed', conversation: bob, failure: { code: 'unavailable', message: 'no' } })
  assert.equal([desk.chat().flash?.text, desk.chat().find?.isAsking], ['no', false])
})

test('Ctrl-F twice searches everywhere for the same; Enter opens the conversation at the message', () => {
  const desk = sitBelow()
  desk.press('ctrl-f')
  desk.type('text')
  desk.commands()
  desk.press('ctrl-f')
  assert.equal(searches(desk.commands()), [{ type: 'search', query: 'text' }])
  const carol = conversationOf('carol')
  desk.tell({ type: 'found', query: 'text', found: { hits: [hit(7), hit(3, carol)], total: 2 } })
  desk.press('down', 'enter')
  assert.equal([desk.chat().overlay, desk.chat().find, desk.chat().open], [null, null, carol])
  const items = Array.from({ length: 40 }, (_, index) => ({
    ...message(1 + index, `text ${index}`),
    conversation: carol,
  }))
  desk.tell({ type: 'history', conversation: carol, items, isWhole: true })
  assert.is(desk.chat().selected, 3)
})

test('`/search` takes what follows it; Esc closes it, and is where one was', () => {
  const desk = sitBelow()
  desk.type('/search climbing rope')
  desk.press('enter')
  assert.equal(searches(desk.commands()), [{ type: 'search', query: 'climbing rope' }])
  assert.is(desk.chat().conversations[0]?.draft.text, '')
  desk.type('s')
  desk.tell({ type: 'found', query: 'climbing rope', found: { hits: [], total: 0 } })
  assert.equal(searches(desk.commands()), [{ type: 'search', query: 'climbing ropes' }])
  desk.tell({ type: 'search-failed', failure: { code: 'unavailable', message: 'no' } })
  desk.press('enter', 'escape')
  assert.equal([desk.chat().overlay, desk.chat().open], [null, bob])
})

test.run()
