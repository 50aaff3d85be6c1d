import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TestChat } from '../agent/test-chat.fixture.ts'
import { drainLater, jsonOf, runHere } from './run-here.fixture.ts'

const test = suite('fastchat conversations, requests, settings')

const AT = Date.UTC(2026, 10, 23, 9, 12, 3)

function several({ snapshot }: TestChat): void {
  snapshot.conversations = [
    {
      id: 'c1',
      kind: 'direct',
      with: 'bob',
      unread: 2,
      lastAt: AT,
      isVerified: true,
      disappearAfterMs: 300_000,
    },
    {
      id: 'c2',
      kind: 'group',
      with: 'ops',
      title: 'Night\u001b[2J shift',
      unread: 0,
      lastAt: AT,
      role: 'member',
      memberCount: 3,
    },
    { id: 'c3', kind: 'direct', with: 'mallory', unread: 1, lastAt: AT, isRequest: true },
    { id: 'c4', kind: 'direct', with: 'eve', unread: 1, lastAt: AT, isRequest: true, isBlocked: true },
    { id: 'c5', kind: 'direct', with: 'carol', unread: 0, lastAt: AT, isKeyChanged: true },
  ]
}

test('`conversations` prints a line for each, with what is to be known of it', async () => {
  const { code, stdout } = await runHere(['conversations'], { play: several })
  assert.is(code, 0)
  assert.equal(stdout.split('\n'), [
    '2026-11-23 09:12:03  @bob  2 unread  verified  disappears after 5m',
    '2026-11-23 09:12:03  #ops  "Night shift"  member  3 members',
    '2026-11-23 09:12:03  @mallory  1 unread  request',
    '2026-11-23 09:12:03  @eve  1 unread  request  blocked',
    '2026-11-23 09:12:03  @carol  account key changed',
    '',
  ])
})

test('`conversations --json` prints an object a line', async () => {
  const { stdout } = await runHere(['conversations', '--json'], { play: several })
  const lines = jsonOf(stdout)
  const lastAt = new Date(AT).toISOString()
  assert.equal(lines[0], {
    conversation: 'c1',
    kind: 'direct',
    with: 'bob',
    unread: 2,
    lastAt,
    disappearAfterMs: 300_000,
    verified: true,
  })
  assert.equal(
    [lines[1]?.title, lines[1]?.role, lines[1]?.memberCount],
    ['Night\u001b[2J shift', 'member', 3],
  )
  assert.equal([lines[2]?.request, lines[3]?.blocked, lines[4]?.keyChanged], [true, true, true])
  assert.not.match(stdout.replaceAll('\n', ''), /\p{Cc}/u)
})

test('`requests` are those that are neither accepted nor blocked', async () => {
  const { stdout } = await runHere(['requests', '--json'], { play: several })
  assert.equal(
    jsonOf(stdout).map(line => line.with),
    ['mallory'],
  )
  assert.is((await runHere(['requests'])).stdout, '')
})

test('waits for what is on its way; without a server says that it is what is known', async () => {
  const late = await runHere(['conversations', '--json'], {
    play: chat => drainLater(chat, () => several(chat)),
  })
  assert.equal([late.code, jsonOf(late.stdout).length, late.stderr], [0, 5, ''])
  for (const [connection, argv] of [
    [{ state: 'offline', reason: 'none' }, ['conversations', '--json']],
    [{ state: 'connecting' }, ['conversations', '--json', '--timeout', '0.05']],
  ] as const) {
    const ran = await runHere([...argv], {
      play(chat) {
        several(chat)
        Object.assign(chat.snapshot, { drained: false, connection })
      },
    })
    assert.equal([ran.code, jsonOf(ran.stdout).length], [0, 5])
    assert.match(ran.stderr, /no server has told/)
  }
})

test('`settings` changes what is named and prints how they are', async () => {
  const shown = await runHere(['settings'])
  assert.equal(
    [shown.stdout, shown.asked('setSettings')],
    ['read receipts  on\ntyping         on\npresence       on\n', []],
  )
  const ran = await runHere(['settings', '--read-receipts', 'off', '--json'])
  assert.equal(ran.asked('setSettings'), [{ sendsReadReceipts: false }])
  assert.equal(jsonOf(ran.stdout), [{ readReceipts: false, typing: true, presence: true }])
  const typing = await runHere(['settings', '--typing', 'off', '--json'])
  assert.equal(jsonOf(typing.stdout), [{ readReceipts: true, typing: false, presence: true }])
  const presence = await runHere(['settings', '--presence', 'off', '--json'])
  assert.equal(presence.asked('setSettings'), [{ showsPresence: false }])
  assert.equal(jsonOf(presence.stdout), [{ readReceipts: true, typing: true, presence: false }])
})

test.run()
