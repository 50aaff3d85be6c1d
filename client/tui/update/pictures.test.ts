import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  conversationOf,
  type Desk,
  file,
  MORNING,
  message,
  picture,
  sitInChat,
  summary,
} from '../model.fixture.ts'
import { openConversation } from '../model.ts'

const test = suite('pictures, files and lines that go')

const IMAGE = { width: 40, height: 20 }
const MIB = 1024 * 1024

/** What was asked for while the conversation was loaded and after it. */
function asked(desk: Desk): string[] {
  return desk.commands().flatMap(command => (command.type === 'picture' ? [command.id] : []))
}

function sitWith(items: Parameters<typeof sitInChat>[0], change: Parameters<typeof summary>[1] = {}): Desk {
  const desk = sitInChat({
    ...items,
    conversations: [summary('carol', { lastAt: 1 }), summary('bob', { lastAt: 2, ...change })],
  })
  return desk
}

test('pictures in sight are asked for once; too large, gone, or of a stranger never', () => {
  const items = [
    message(1, '', { content: file({ image: IMAGE, size: 8 * MIB }) }),
    message(2, '', { content: file({ image: IMAGE, size: 8 * MIB + 1 }) }),
    message(3, '', { content: file({ image: IMAGE, size: 20 * MIB, state: 'here' }) }),
    message(4, '', { content: file({ image: IMAGE, state: 'gone' }) }),
    message(5, '', { content: file() }),
  ]
  const desk = sitInChat({ size: { cols: 80, rows: 100 } })
  for (const item of items) desk.tell({ type: 'chat-event', event: { type: 'item', item }, now: MORNING })
  assert.equal(asked(desk), ['message-1', 'message-3'])
  desk.press('left')
  assert.equal(asked(desk), [])

  const stranger = sitInChat({ conversations: [summary('bob', { isRequest: true })] })
  stranger.press('alt-down')
  stranger.tell({ type: 'history', conversation: conversationOf('bob'), items, isWhole: true })
  assert.equal(asked(stranger), [])
  stranger.tell({
    type: 'chat-event',
    event: { type: 'conversation', conversation: summary('bob') },
    now: MORNING,
  })
  assert.ok(asked(stranger).length > 0, 'once accepted')
})

test('one that is out of sight is asked for when it comes into it', () => {
  const items = [
    message(1, '', { content: file({ image: IMAGE }) }),
    ...Array.from({ length: 60 }, (_, index) => message(index + 2, `line ${index}`)),
  ]
  const desk = sitInChat({ items })
  assert.equal(asked(desk), [])
  desk.press('page-up', 'page-up', 'page-up', 'page-up')
  assert.equal(asked(desk), ['message-1'])
})

test('of many pictures the last 32 are kept', () => {
  const desk = sitInChat()
  for (let index = 0; index < 40; index++)
    desk.tell({ type: 'picture', id: `p${index}`, picture: picture({ width: 1, height: 1 }) })
  assert.is(desk.chat().pictures.size, 32)
  assert.ok(desk.chat().pictures.has('p39'))
  assert.not(desk.chat().pictures.has('p7'))
})

test('what could not be fetched is tried again when a server is there again', () => {
  const desk = sitInChat({ items: [] })
  const item = message(1, '', { content: file({ image: IMAGE }) })
  desk.tell({ type: 'chat-event', event: { type: 'item', item }, now: MORNING })
  desk.tell({
    type: 'picture-failed',
    id: 'message-1',
    failure: { code: 'no_server', message: 'Cannot fetch' },
  })
  desk.press('left')
  assert.equal(asked(desk), ['message-1'])
  const connection = { state: 'online' as const, server: 'ws://x' }
  desk.tell({ type: 'chat-event', event: { type: 'connection', connection }, now: MORNING })
  assert.equal(asked(desk), ['message-1'])
})

test('what was taken back or is over leaves no picture behind', () => {
  const desk = sitWith({ items: [] })
  for (const seq of [1, 2]) desk.tell({ type: 'picture', id: `message-${seq}`, picture: picture() })
  const deleted = message(1, '', { content: { type: 'deleted', by: 'bob' } })
  desk.tell({ type: 'chat-event', event: { type: 'item', item: deleted }, now: MORNING })
  const removed = {
    type: 'item-removed' as const,
    conversation: conversationOf('bob'),
    id: 'message-2',
    seq: 2,
  }
  desk.tell({ type: 'chat-event', event: removed, now: MORNING })
  assert.is(desk.chat().pictures.size, 0)
})

test('a file on its way is known until it is there', () => {
  const desk = sitInChat()
  const transfer = {
    message: 'm',
    conversation: conversationOf('bob'),
    direction: 'up' as const,
    done: 1,
    total: 2,
  }
  for (const [state, size] of [
    ['running', 1],
    ['failed', 1],
    ['done', 0],
  ] as const) {
    desk.tell({
      type: 'chat-event',
      event: { type: 'transfer', transfer: { ...transfer, state } },
      now: MORNING,
    })
    assert.is(desk.chat().transfers.size, size)
  }
})

test('lines that have other places are asked for again: at once when they are seen, else when they are', () => {
  const desk = sitWith({ items: [message(1, 'one'), message(2, 'two')] })
  const change = (user: string) =>
    desk.tell({
      type: 'chat-event',
      event: { type: 'history-changed', conversation: conversationOf(user) },
      now: MORNING,
    })
  desk.press('alt-up')
  change('bob')
  assert.equal(desk.commands().at(-1), {
    type: 'load-history',
    conversation: conversationOf('bob'),
    limit: 100,
  })
  desk.tell({
    type: 'history',
    conversation: conversationOf('bob'),
    items: [message(1, 'older'), message(2, 'one')],
    isWhole: true,
  })
  assert.equal(
    openConversation(desk.chat())?.items.map(({ seq }) => seq),
    [1, 2],
  )
  change('carol')
  assert.equal(desk.commands(), [])
  desk.press('alt-down')
  assert.is(desk.commands()[0]?.type, 'load-history')
})

test.run()
