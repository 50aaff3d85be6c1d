import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../../schema/limits.ts'
import type { ConversationSummary, Settings } from '../../chat.ts'
import { conversationOf, type Desk, MORNING, sit, snapshot, summary } from '../model.fixture.ts'
import { needsTicks } from '../model.ts'

const test = suite('who is typing')

const BOB = conversationOf('bob')

function sitTelling(
  change: Partial<ConversationSummary> = {},
  settings: Settings = { sendsReadReceipts: true, sendsTyping: true, showsPresence: false, notifies: 'off' },
): Desk {
  const desk = sit()
  const conversations = [summary('bob', change), summary('carol', { lastAt: 1 })]
  desk.tell({ type: 'chat-opened', snapshot: snapshot({ conversations, settings }), now: MORNING })
  desk.press('alt-down', 'alt-up')
  for (const { id } of conversations)
    desk.tell({ type: 'history', conversation: id, items: [], isWhole: true })
  desk.tell({ type: 'conversation-opened', summary: summary('bob', change) })
  desk.commands()
  return desk
}

/** What was told, as `+` and `-`. */
const told = (desk: Desk) =>
  desk
    .commands()
    .flatMap(command =>
      command.type === 'typing' ? [(command.isTyping ? '+' : '-') + command.conversation] : [],
    )

const tick = (desk: Desk, afterMs: number) => desk.tell({ type: 'tick', now: MORNING + afterMs })

test('the first letter is told, the next ones not before `typingRepeatMs`', () => {
  const desk = sitTelling()
  desk.type('h')
  assert.equal(told(desk), [`+${BOB}`])
  tick(desk, 0)
  desk.type('e')
  tick(desk, limits.typingRepeatMs - 1)
  desk.type('l')
  assert.equal(told(desk), [])
  tick(desk, limits.typingRepeatMs)
  desk.type('l')
  assert.equal(told(desk), [`+${BOB}`])
})

test('that it has stopped is told when the text was sent, emptied, left, or nothing was written for long', () => {
  const desk = sitTelling()
  desk.type('hello')
  desk.press('enter')
  assert.equal(told(desk), [`+${BOB}`, `-${BOB}`])
  desk.type('x')
  desk.press('backspace')
  assert.equal(told(desk), [`+${BOB}`, `-${BOB}`])
  desk.type('x')
  desk.press('alt-down')
  assert.equal(told(desk), [`+${BOB}`, `-${BOB}`])
  desk.press('alt-up')
  assert.equal(told(desk), [], 'an old draft is nobody writing')
  desk.type('y')
  tick(desk, 0)
  tick(desk, limits.typingTtlMs - 1)
  assert.equal(told(desk), [`+${BOB}`])
  tick(desk, limits.typingTtlMs)
  assert.equal(told(desk), [`-${BOB}`])
  assert.is(needsTicks(desk.model()), 'none')
})

test('nothing is told of commands, to strangers, where nothing can be written, or against the setting', () => {
  const command = sitTelling()
  command.type('/verify')
  assert.equal(told(command), [])
  for (const change of [{ isRequest: true }, { isKeyChanged: true }]) {
    const desk = sitTelling(change)
    desk.type('hello')
    assert.equal(told(desk), [], JSON.stringify(change))
  }
  const silent = sitTelling(
    {},
    { sendsReadReceipts: true, sendsTyping: false, showsPresence: false, notifies: 'off' },
  )
  silent.type('hello')
  assert.equal(told(silent), [])
})

test('others are shown until they stop, send, or are forgotten after `typingTtlMs`', () => {
  const desk = sitTelling()
  const hear = (isTyping: boolean) =>
    desk.tell({
      type: 'chat-event',
      event: { type: 'typing', conversation: BOB, user: 'bob', isTyping },
      now: MORNING,
    })
  hear(true)
  hear(true)
  assert.is(desk.chat().typing.length, 1)
  assert.is(needsTicks(desk.model()), 'slow')
  hear(false)
  assert.is(desk.chat().typing.length, 0)
  hear(true)
  tick(desk, limits.typingTtlMs - 1)
  assert.is(desk.chat().typing.length, 1)
  tick(desk, limits.typingTtlMs)
  assert.is(desk.chat().typing.length, 0)
})

test.run()
