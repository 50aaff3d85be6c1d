import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { conversationWith } from '../agent/test-chat.fixture.ts'
import type { ConversationSummary, MessageItem, OwnDevice } from '../chat.ts'
import { assertHarmless, hostileText } from '../tui/hostile.fixture.ts'
import { formatDevice, formatDeviceJson } from './format.ts'
import {
  formatConversation,
  formatConversationJson,
  formatGroup,
  formatGroupEntry,
  formatGroupJson,
} from './format-conversation.ts'
import { formatKnownJson, formatReceived } from './format-received.ts'
import { runHere } from './run-here.fixture.ts'

/** What the one-shot commands print of others has no effect on the terminal that it is printed on. */
const test = suite('hostile texts in what commands print')

function itemsOf(text: string, other: string): MessageItem[] {
  const base = {
    ...{ kind: 'message' as const, id: '01939c1e-0101-7abc-8def-0123456789ab', seq: 1, mine: false },
    ...{ conversation: conversationWith('bob'), from: other, sentAt: 0, receivedAt: 0 },
    reactions: [{ emoji: text, from: [other] }],
  }
  const file = { type: 'file' as const, name: text, mediaType: other, size: 1, state: 'here' as const }
  return [
    { ...base, content: { type: 'text', text }, replyTo: { id: 'x', from: other, excerpt: text } },
    { ...base, content: { ...file, caption: other } },
    { ...base, content: { type: 'unknown', originally: text } },
    { ...base, content: { type: 'deleted', by: other } },
  ]
}

const summaryOf = (text: string, other: string): ConversationSummary => ({
  ...{ id: conversationWith('bob'), kind: 'group', with: other, title: text, unread: 1, lastAt: 0 },
  ...{ role: 'member', memberCount: 2 },
})

test('every line for people is harmless, and begins as ours do', () => {
  fc.assert(
    fc.property(hostileText, hostileText, (text, other) => {
      const conversation = summaryOf(text, other)
      const member = { user: text, isAdmin: true, isMe: false, isVerified: true }
      const device = {
        deviceId: 'd',
        name: text,
        since: 0,
        current: true,
        active: false,
      } as unknown as OwnDevice
      const group = { group: other, conversation: conversation.id, title: text, epoch: 1, members: [member] }
      for (const item of itemsOf(text, other)) {
        const printed = formatReceived({ item, conversation, path: text })
        assertHarmless(printed)
        for (const line of printed.trimEnd().split('\n').slice(1)) assert.match(line, /^ {4}/)
      }
      for (const printed of [
        formatConversation(conversation),
        formatConversation({ ...conversation, kind: 'direct' }),
        formatGroupEntry(conversation),
        formatDevice(device),
      ]) {
        assertHarmless(printed)
        assert.is(printed.indexOf('\n'), printed.length - 1)
      }
      const members = formatGroup({ ...group, role: 'admin' })
      assertHarmless(members)
      assert.is(members.split('\n').length, 3)
    }),
    { numRuns: 500 },
  )
})

test('every object is one harmless line, and holds what was sent', () => {
  fc.assert(
    fc.property(hostileText, hostileText, (text, other) => {
      const conversation = summaryOf(text, other)
      const member = { user: text, isAdmin: true, isMe: false, isVerified: true }
      const device = {
        deviceId: 'd',
        name: text,
        since: 0,
        current: true,
        active: false,
      } as unknown as OwnDevice
      const group = { group: other, conversation: conversation.id, title: text, epoch: 1, members: [member] }
      for (const printed of [
        ...itemsOf(text, other).map(item => formatKnownJson({ item, conversation })),
        formatConversationJson(conversation),
        formatGroupJson({ ...group, role: 'admin' }),
        formatDeviceJson(device),
      ]) {
        assertHarmless(printed)
        assert.is(printed.indexOf('\n'), printed.length - 1)
      }
      const [item] = itemsOf(text, other)
      if (item) assert.is(JSON.parse(formatKnownJson({ item, conversation })).text, text)
    }),
    { numRuns: 500 },
  )
})

test('what a server or another process says in an error is one harmless line', async () => {
  await fc.assert(
    fc.asyncProperty(hostileText, async text => {
      const { stderr, code } = await runHere(['conversations'], {
        play({ chat }) {
          chat.snapshot = () => Promise.reject(new FastChatError('not_allowed', `Cannot list: ${text}`))
        },
      })
      assert.is(code, 3)
      assertHarmless(stderr)
      assert.is(stderr.indexOf('\n'), stderr.length - 1)
    }),
    { numRuns: 200 },
  )
})

test.run()
