import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ConversationSummary, Notifies } from '../../chat.ts'
import { type Desk, group, MORNING, sit, snapshot, summary } from '../model.fixture.ts'
import { windowTitle } from '../view/window-title.ts'

const test = suite('news of messages elsewhere')

/** bob's conversation is open; carol's and a group are there. */
function sitTold(notifies: Notifies, { drained = true } = {}): Desk {
  const desk = sit()
  const conversations = [summary('bob'), summary('carol', { lastAt: 1 }), group('climbing', { lastAt: 1 })]
  const settings = { sendsReadReceipts: true, sendsTyping: false, showsPresence: false, notifies }
  desk.tell({ type: 'chat-opened', snapshot: snapshot({ conversations, settings, drained }), now: MORNING })
  desk.commands()
  return desk
}

function tell(desk: Desk, conversation: ConversationSummary, now = MORNING): unknown[] {
  desk.tell({ type: 'tick', now })
  desk.tell({ type: 'chat-event', event: { type: 'conversation', conversation }, now })
  return desk.commands().filter(({ type }) => type === 'notify')
}

const ofCarol = { type: 'notify', how: 'desktop', text: 'a message from carol' }

test('a message in another conversation is told, with who has written and not what', () => {
  assert.equal(tell(sitTold('desktop'), summary('carol', { unread: 1 })), [ofCarol])
  const inGroup = group('climbing', { unread: 1, title: 'Saturday' })
  assert.equal(tell(sitTold('bell'), inGroup), [
    { type: 'notify', how: 'bell', text: 'a message in Saturday' },
  ])
})

test('of the open conversation it is told while the window has not the focus', () => {
  const desk = sitTold('desktop')
  assert.equal(tell(desk, summary('bob', { unread: 1 })), [])
  desk.tell({ type: 'focus', isFocused: false })
  assert.is(tell(desk, summary('bob', { unread: 2 })).length, 1)
})

test('nothing is told when it is switched off, muted, blocked, a request, read, or from before', () => {
  assert.equal(tell(sitTold('off'), summary('carol', { unread: 1 })), [])
  for (const change of [{ isMuted: true }, { isBlocked: true }, { isRequest: true }, { unread: 0 }]) {
    assert.equal(
      tell(sitTold('desktop'), summary('carol', { unread: 1, ...change })),
      [],
      JSON.stringify(change),
    )
  }
  assert.equal(tell(sitTold('desktop', { drained: false }), summary('carol', { unread: 1 })), [])
})

test('who is named is told of it, also where it is muted, once for each time', () => {
  const desk = sitTold('desktop')
  const named = group('climbing', { unread: 2, mentions: 1, isMuted: true, title: 'Saturday' })
  assert.equal(tell(desk, named), [{ type: 'notify', how: 'desktop', text: 'you are named in Saturday' }])
  assert.equal(tell(desk, { ...named, unread: 3 }, MORNING + 10_000), [])
  assert.is(tell(desk, { ...named, unread: 4, mentions: 2 }, MORNING + 20_000).length, 1)
  for (const change of [{ isBlocked: true }, { isRequest: true }]) {
    assert.equal(tell(sitTold('desktop'), { ...named, ...change }), [])
  }
})

test('a burst in one conversation is told once', () => {
  const desk = sitTold('desktop')
  const counts = [1, 2, 3].map(unread => tell(desk, summary('carol', { unread }), MORNING + unread).length)
  assert.equal(counts, [1, 0, 0])
  assert.is(tell(desk, group('climbing', { unread: 1 }), MORNING + 4).length, 1)
  assert.is(tell(desk, summary('carol', { unread: 4 }), MORNING + 10_000).length, 1)
})

test('`/mute` and `/unmute` are of the open conversation, `/notify` of all', () => {
  const desk = sitTold('desktop')
  for (const line of ['/mute', '/unmute', '/notify bell', '/notify']) {
    desk.type(line)
    desk.press('enter')
    desk.tell({ type: 'done' })
  }
  const asked = desk.commands().map(({ typed: _, ...command }: { typed?: unknown; type: string }) => command)
  const conversation = summary('bob').id
  assert.equal(asked, [
    { type: 'mute', conversation, isMuted: true },
    { type: 'mute', conversation, isMuted: false },
    { type: 'set-settings', settings: { notifies: 'bell' } },
  ])
  assert.match(desk.chat().flash?.text ?? '', 'off|bell|desktop')
})

test('the title of the window has the unread messages that matter, and whose conversation is open', () => {
  const desk = sit()
  assert.is(windowTitle(desk.model()), 'fastchat')
  const conversations = [
    summary('bob', { unread: 2 }),
    summary('carol', { unread: 4, isMuted: true, lastAt: 1 }),
    summary('dave', { unread: 8, isRequest: true, lastAt: 1 }),
    group('climbing', { unread: 16, title: 'x\u0007y\u202e', lastAt: 1 }),
  ]
  desk.tell({ type: 'chat-opened', snapshot: snapshot({ conversations }), now: MORNING })
  assert.is(windowTitle(desk.model()), 'fastchat (18) bob')
  desk.tell({
    type: 'chat-event',
    event: {
      type: 'conversation',
      conversation: group('climbing', { title: `x\u0007y\u202e${'z'.repeat(100)}` }),
    },
    now: MORNING,
  })
  desk.press('alt-down')
  const title = windowTitle(desk.model())
  assert.ok(title.length < 90)
  assert.not.match(title, /[\p{Cc}\u202e]/u)
})

test.run()
