import { resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { conversationWith, type TestChat } from '../agent/test-chat.fixture.ts'
import type { ConversationSummary, FileItem, MessageItem } from '../chat.ts'
import { formatSize } from './format.ts'
import { jsonOf, runHere } from './run-here.fixture.ts'

const test = suite('what fastchat recv prints')

const ID = '01a20a5c-0101-7abc-8def-0123456789aa'
const picture: FileItem = {
  type: 'file',
  name: 'crag\u001b[2J.jpg',
  mediaType: 'image/jpeg',
  size: 1_234_567,
  image: { width: 800, height: 600 },
  state: 'remote',
}

const summary = (user: string, change: Partial<ConversationSummary> = {}): ConversationSummary => ({
  id: conversationWith(user),
  kind: 'direct',
  with: user,
  unread: 1,
  lastAt: 0,
  ...change,
})

interface Scene {
  from?: string
  text?: string
  change?: Partial<MessageItem>
  conversation?: Partial<ConversationSummary>
}

const receive =
  (...scenes: Scene[]) =>
  (chat: TestChat) => {
    for (const { from = 'bob', text = '', change, conversation } of scenes) {
      Object.assign(chat.receive(from, text), change)
      if (conversation) chat.snapshot.conversations.push(summary(from, conversation))
    }
  }

/** The one object, without what every one has. */
async function objectOf(scene: Scene): Promise<Record<string, unknown>> {
  const { stdout } = await runHere(['recv', '--json'], { play: receive(scene) })
  const [line, ...more] = jsonOf(stdout)
  assert.is(more.length, 0)
  const { id: _i, from: _f, conversation: _c, sentAt: _s, receivedAt: _r, ...rest } = line ?? {}
  return rest
}

/** The one line, without its time. */
async function lineOf(scene: Scene): Promise<string> {
  const { stdout } = await runHere(['recv'], { play: receive(scene) })
  return stdout.replace(/^\S+ \S+ /, '')
}

const scenes: [string, Scene, Record<string, unknown>, string][] = [
  ['a text', { text: 'hi' }, { text: 'hi', kind: 'text' }, 'bob: hi\n'],
  [
    'a text in a group',
    { text: 'hi', conversation: { kind: 'group', with: 'ops', title: 'Operations' } },
    { text: 'hi', kind: 'text', group: 'ops', title: 'Operations' },
    '#ops bob: hi\n',
  ],
  [
    'a picture with a caption',
    { change: { content: { ...picture, caption: 'our\nroute' } } },
    {
      text: 'our\nroute',
      kind: 'file',
      file: {
        name: picture.name,
        mediaType: 'image/jpeg',
        size: 1_234_567,
        image: { width: 800, height: 600 },
      },
    },
    'bob: [picture crag.jpg 1.2 MB] our\n    route\n',
  ],
  [
    'a file',
    { change: { content: { type: 'file', name: 'a', mediaType: 'text/plain', size: 12, state: 'remote' } } },
    { text: null, kind: 'file', file: { name: 'a', mediaType: 'text/plain', size: 12 } },
    'bob: [file a 12 B]\n',
  ],
  [
    'a reply',
    { text: 'yes', change: { replyTo: { id: ID, from: 'alice', excerpt: `shall\nwe ${'x'.repeat(50)}` } } },
    { text: 'yes', kind: 'text', replyTo: ID },
    `bob: [answers alice: shall we ${'x'.repeat(31)}…] yes\n`,
  ],
  [
    'a reply to what is not here',
    { text: 'yes', change: { replyTo: { id: ID } } },
    { text: 'yes', kind: 'text', replyTo: ID },
    'bob: [answers a message that is not here] yes\n',
  ],
  [
    "a stranger's first message",
    { from: 'mallory', text: 'psst', conversation: { isRequest: true } },
    { text: 'psst', kind: 'text', request: true },
    '(request) mallory: psst\n',
  ],
  [
    'one that was edited before it was read',
    { text: 'second', change: { editedAt: 5 } },
    { text: 'second', kind: 'text', edited: true },
    'bob: second (edited)\n',
  ],
  [
    'one that was taken back',
    { change: { content: { type: 'deleted', by: 'bob' } } },
    { text: null, kind: 'deleted', deleted: true },
    'bob: [deleted]\n',
  ],
  [
    'one that disappears',
    { text: 'soon gone', change: { expiresAt: Date.UTC(2026, 10, 23, 10), expiresInMs: 60_000 } },
    { text: 'soon gone', kind: 'text', expiresAt: '2026-11-23T10:00:00.000Z', expiresInMs: 60_000 },
    'bob: soon gone\n',
  ],
  [
    'one of a newer version',
    { change: { content: { type: 'unknown', originally: 'poll' } } },
    { text: null, kind: 'unknown', unsupported: 'poll' },
    'bob: [poll: not supported yet]\n',
  ],
]

for (const [what, scene, object, line] of scenes) {
  test(`${what}, as an object and as a line`, async () => {
    assert.equal(await objectOf(scene), object)
    assert.is(await lineOf(scene), line)
  })
}

test('nothing of what others have chosen plays tricks on the terminal', async () => {
  const trick = '\u001b]0;x\u0007\u202e\u009b2J\u200b'
  const scene: Scene = {
    text: trick,
    change: {
      content: { ...picture, name: trick, caption: trick },
      replyTo: { id: ID, from: trick, excerpt: trick },
    },
    conversation: { kind: 'group', with: trick, title: trick },
  }
  assert.not.match((await lineOf(scene)).replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
  const { stdout } = await runHere(['recv', '--json'], { play: receive(scene) })
  assert.not.match(stdout.slice(0, -1), /[\p{Cc}\p{Cf}]/u)
})

test('`--save` saves files as they come and says where; not those of strangers', async () => {
  const ran = await runHere(['recv', '--json', '--save', 'in'], {
    play: receive(
      { text: 'hi' },
      { change: { content: { ...picture, name: 'a.jpg' } } },
      { from: 'mallory', change: { content: picture }, conversation: { isRequest: true } },
    ),
  })
  assert.is(ran.code, 0, ran.stderr)
  assert.equal(
    jsonOf(ran.stdout).map(({ path }) => path),
    [undefined, resolve('in', 'a.jpg'), undefined],
  )
  assert.is(ran.asked('saveFile').length, 1)
  assert.is(ran.asked('markRead').length, 2)
})

test('a file that no server has any more is exit code 3, and its message is printed and read', async () => {
  const ran = await runHere(['recv', '--json', '--save', 'in'], {
    play: receive({ change: { content: { ...picture, state: 'gone' } } }, { text: 'after' }),
  })
  assert.is(ran.code, 3)
  assert.match(ran.stderr, /Cannot save file.*not_found/)
  assert.equal(
    jsonOf(ran.stdout).map(({ unsaved, text }) => [unsaved, text]),
    [
      ['not_found', null],
      [undefined, 'after'],
    ],
  )
  assert.equal(ran.asked('markRead'), [{ conversation: conversationWith('bob'), upToSeq: 2 }])
})

test('a file that cannot be fetched now leaves its message unread', async () => {
  const ran = await runHere(['recv', '--json', '--save', 'in', '--timeout', '1'], {
    play(chat) {
      receive({ text: 'before' }, { change: { content: picture } })(chat)
      chat.chat.saveFile = async () => {
        throw new FastChatError('no_server', 'Cannot fetch file: none is reached')
      }
    },
  })
  assert.is(ran.code, 4)
  assert.is(jsonOf(ran.stdout).length, 1)
  assert.equal(ran.asked('markRead'), [{ conversation: conversationWith('bob'), upToSeq: 1 }])
})

test('a signal ends it while a file is fetched', async () => {
  const ran = await runHere(['recv', '--save', 'in'], {
    play(chat, stop) {
      receive({ change: { content: picture } })(chat)
      chat.chat.saveFile = async () => {
        setImmediate(() => stop.abort(143))
        return await new Promise(() => undefined)
      }
    },
  })
  assert.equal([ran.code, ran.stdout, ran.asked('markRead')], [143, '', []])
})

test('`--no-requests` leaves strangers unread, however many they are', async () => {
  const flood = Array.from({ length: 150 }, (_, n): Scene => ({ from: 'mallory', text: `${n}` }))
  const ran = await runHere(['recv', '--json', '--no-requests'], {
    play: receive({ ...flood[0], conversation: { isRequest: true } }, ...flood, { text: 'from a friend' }),
  })
  assert.equal([ran.code, jsonOf(ran.stdout).map(({ text }) => text)], [0, ['from a friend']])
  assert.equal(
    ran.asked('markRead').map(request => (request as { conversation: string }).conversation),
    [conversationWith('bob')],
  )
})

test('`formatSize()` says bytes as people do', () => {
  const sizes = [0, 999, 1000, 999_949, 999_950, 1_234_567, 25 * 1024 * 1024, 3e9]
  assert.equal(sizes.map(formatSize), [
    '0 B',
    '999 B',
    '1.0 kB',
    '999.9 kB',
    '1.0 MB',
    '1.2 MB',
    '26.2 MB',
    '3.0 GB',
  ])
})

test.run()
