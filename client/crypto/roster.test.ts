import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { directConversation, directRoster } from './roster.ts'

const test = suite('roster')
const a = 'A'.repeat(43)
const b = 'B'.repeat(43)
const c = 'C'.repeat(43)

test('`directConversation()` is the hash that PROTOCOL.md says, whoever asks', () => {
  const expected = createHash('sha256').update(`fastchat/direct\n${a}\n${b}`).digest('base64url')
  assert.is(directConversation(a, b), expected)
  assert.is(directConversation(b, a), expected)
})

test('`directConversation()` cannot be given to a third person', () => {
  assert.is(new Set([directConversation(a, b), directConversation(a, c), directConversation(a, a)]).size, 3)
})

test('`directRoster()` makes a group of two: epoch 0, its hash the conversation', () => {
  const roster = directRoster({ user: 'alice', key: a }, { user: 'bob', key: b })
  assert.is(roster.epoch, 0)
  assert.is(roster.hash, roster.conv)
  assert.is(roster.conv, directConversation(a, b))
  assert.equal(
    roster.members.map(({ user }) => user),
    ['alice', 'bob'],
  )
})

test.run()
