import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { limits } from '../../../schema/limits.ts'
import type { ConversationSummary } from '../../chat.ts'
import {
  conversationOf,
  type Desk,
  file,
  group,
  groupInfo,
  MORNING,
  message,
  sitInChat,
  summary,
  verification,
} from '../model.fixture.ts'
import { draftOf, openConversation } from '../model.ts'
import type { Command } from '../msg.ts'

// Long because each command is a line or two here, and they share what they are tried on.

const test = suite('commands of groups, trust, files and devices')

const draft = (desk: Desk) => draftOf(desk.chat()).text
const CLIMBING = group('climbing', { role: 'admin', title: 'Saturday climbing' })

function sitIn(conversation: ConversationSummary): Desk {
  const desk = sitInChat({ conversations: [conversation] })
  desk.commands()
  return desk
}

function say(desk: Desk, line: string): readonly Command[] {
  desk.press('ctrl-u')
  desk.type(line)
  desk.press('enter')
  return desk.commands()
}

/** Without what is given back when it is refused. */
const bare = (commands: readonly Command[]) =>
  commands.map(command => {
    if (!('typed' in command)) return command
    const { typed: _typed, ...rest } = command
    return rest
  })

test('`/export` writes the open conversation, to a file when one is named', () => {
  const desk = sitIn(summary('bob'))
  const conversation = conversationOf('bob')
  assert.equal(bare(say(desk, '/export')), [{ type: 'export', conversation }])
  desk.tell({ type: 'done', text: 'Exported' })
  assert.equal(bare(say(desk, '/export my\\ file.txt')), [
    { type: 'export', conversation, path: 'my file.txt' },
  ])
  const alone = sitInChat({ conversations: [] })
  assert.equal([say(alone, '/export'), alone.chat().flash?.text], [[], 'No conversation is open.'])
})

test('`/group create` makes a group with a title and members, and shows it when it is there', () => {
  const desk = sitIn(summary('bob'))
  const [command] = say(desk, '/group create Climbing Saturday climbing @bob @Carol')
  assert.equal(bare(command ? [command] : []), [
    { type: 'create-group', group: 'climbing', title: 'Saturday climbing', members: ['bob', 'carol'] },
  ])
  assert.is(desk.chat().busy, 'making climbing')
  desk.tell({ type: 'group', info: groupInfo('climbing'), how: 'created' })
  assert.is(openConversation(desk.chat())?.summary.with, 'climbing')
  assert.is(desk.chat().busy, null)
  desk.type('hello')
  desk.press('enter')
  const sent = desk.commands().at(-1)
  assert.is(sent?.type === 'send' && sent.to, '#climbing')
})

test('`/group add, remove, promote, demote, title` change the open group, and need what they change it with', () => {
  const desk = sitIn(CLIMBING)
  const group = 'climbing'
  for (const [line, command] of [
    ['/group add @carol dave', { type: 'add-members', group, members: ['carol', 'dave'] }],
    ['/group remove carol', { type: 'remove-members', group, members: ['carol'] }],
    ['/group promote carol', { type: 'set-admin', group, user: 'carol', isAdmin: true }],
    ['/group demote carol', { type: 'set-admin', group, user: 'carol', isAdmin: false }],
    ['/group title Sunday, after all', { type: 'set-title', group, title: 'Sunday, after all' }],
    ['/members', { type: 'group-info', group, how: 'members' }],
    ['/admin', { type: 'group-info', group, how: 'admin' }],
    ['/admin #Ops', { type: 'group-info', group: 'ops', how: 'admin' }],
  ] as const) {
    assert.equal(bare(say(desk, line)), [command], line)
    assert.is(draft(desk), '')
  }
  for (const line of ['/group', '/group add', '/group title', '/group promote', '/group paint red']) {
    assert.equal(say(desk, line), [], line)
    assert.is(desk.chat().flash?.kind, 'error')
    assert.is(draft(desk), line)
  }
  const direct = sitIn(summary('bob'))
  assert.equal(say(direct, '/group add carol'), [])
  assert.match(direct.chat().flash?.text ?? '', 'open one first')
})

test('`/group leave` and `/trust` ask before, and only y does it', () => {
  const desk = sitIn(CLIMBING)
  assert.equal(say(desk, '/group leave'), [])
  desk.press('escape')
  assert.equal(desk.commands(), [])
  say(desk, '/group leave')
  desk.type('y')
  assert.equal(desk.commands(), [{ type: 'leave-group', group: 'climbing' }])
  const direct = sitIn(summary('bob', { isKeyChanged: true }))
  say(direct, '/trust')
  direct.type('y')
  assert.equal(direct.commands(), [{ type: 'accept-key', user: 'bob' }])
})

test('a refused command comes back to where it was written, with why', () => {
  const desk = sitIn(CLIMBING)
  const [command] = say(desk, '/group add nobody')
  const typed = command && 'typed' in command ? command.typed : undefined
  assert.equal(typed, { conversation: conversationOf('climbing'), text: '/group add nobody' })
  const failure = { code: 'unknown_user', message: 'Cannot find "nobody": no such user' }
  desk.tell({
    type: 'refused',
    typed: { conversation: conversationOf('climbing'), text: '/group add nobody' },
    failure,
  })
  assert.is(draft(desk), '/group add nobody')
  assert.equal(desk.chat().flash, { kind: 'error', text: failure.message })
  assert.is(desk.chat().busy, null)
})

test('nothing is sent where nothing can be: a changed key, somebody blocked, a group one is out of', () => {
  for (const conversation of [
    summary('bob', { isKeyChanged: true }),
    summary('bob', { isBlocked: true }),
    group('ops', { role: 'gone' }),
    group('ops', { role: 'refused' }),
  ]) {
    const desk = sitInChat({ conversations: [summary('alice2'), conversation] })
    desk.tell({ type: 'conversation-opened', summary: conversation })
    desk.commands()
    for (const line of ['hello', '/image cat.png', '/timer 1h']) {
      assert.equal(say(desk, line), [], line)
      assert.is(draft(desk), line)
      assert.is(desk.chat().flash?.kind, 'error')
    }
  }
})

test('a request is accepted, refused, or answered', () => {
  const desk = sitInChat({ conversations: [summary('stranger', { isRequest: true, unread: 1 })] })
  assert.is(desk.chat().open, null, 'it is not opened by itself')
  desk.press('alt-a')
  desk.commands()
  assert.equal(bare(say(desk, '/accept')), [{ type: 'accept', conversation: conversationOf('stranger') }])
  assert.equal(bare(say(desk, '/block')), [{ type: 'block', user: 'stranger', isBlocked: true }])
  assert.is(say(desk, 'who are you?')[0]?.type, 'send')
  assert.equal(bare(say(desk, '/unblock @Mallory')), [{ type: 'block', user: 'mallory', isBlocked: false }])
})

test('`/blocked` shows who is, and u shows them again', () => {
  const desk = sitInChat({
    conversations: [summary('bob'), summary('mallory', { isBlocked: true, lastAt: 1 })],
  })
  say(desk, '/blocked')
  desk.type('u')
  assert.equal(desk.commands(), [{ type: 'block', user: 'mallory', isBlocked: false }])
})

test('`/verify` asks for the number; v and u say whether it is the same, of the number that was shown', () => {
  const desk = sitIn(summary('bob'))
  assert.equal(bare(say(desk, '/verify')), [{ type: 'verification', user: 'bob' }])
  const shown = verification()
  desk.tell({ type: 'verification', verification: shown, modules: [[true]], isNews: false })
  desk.type('v')
  desk.type('u')
  const { safetyNumber } = shown
  assert.equal(desk.commands(), [
    { type: 'set-verified', user: 'bob', isVerified: true, safetyNumber },
    { type: 'set-verified', user: 'bob', isVerified: false, safetyNumber },
  ])
  desk.press('escape')
  desk.tell({ type: 'verification', verification: shown, modules: [[true]], isNews: true })
  assert.is(desk.chat().overlay, null, 'news of it open nothing')
})

test('`/image` and `/file` send a path with its caption, and give both back', () => {
  const desk = sitIn(CLIMBING)
  const [command] = say(desk, '/image ~/my\\ crag.jpg from below')
  assert.equal(bare(command ? [command] : []), [
    {
      type: 'send-file',
      conversation: conversationOf('climbing'),
      to: '#climbing',
      path: '~/my crag.jpg',
      as: 'image',
      caption: 'from below',
    },
  ])
  assert.is(command?.type === 'send-file' && command.typed.text, '/image ~/my\\ crag.jpg from below')
  const [quoted] = say(desk, '/file "a b.pdf"')
  assert.is(quoted?.type === 'send-file' && quoted.path, 'a b.pdf')
  assert.equal(say(desk, '/file'), [])
})

test('`/save` saves the last file, to the usual folder or another one', () => {
  const desk = sitInChat({ items: [message(1, '', { content: file() }), message(2, 'text')] })
  assert.equal(bare(say(desk, '/save')), [{ type: 'save-file', id: 'message-1' }])
  assert.equal(bare(say(desk, '/save ~/x')), [{ type: 'save-file', id: 'message-1', folder: '~/x' }])
  desk.tell({ type: 'done', text: 'Saved: /home/alice/Downloads/crag.jpg' })
  assert.is(desk.chat().flash?.text, 'Saved: /home/alice/Downloads/crag.jpg')
  const none = sitIn(summary('bob'))
  assert.equal(say(none, '/save'), [])
})

test('Tab completes a path by what is on the disk, blanks and all', () => {
  const desk = sitIn(summary('bob'))
  desk.type('/image my\\ ')
  desk.press('tab')
  assert.equal(desk.commands(), [{ type: 'complete-path', typed: 'my ' }])
  desk.tell({ type: 'paths', typed: 'my ', found: ['my crag.jpg', 'my crag.png'] })
  assert.is(draft(desk), '/image my\\ crag.')
  desk.tell({ type: 'paths', typed: 'my ', found: ['my other'] })
  assert.is(draft(desk), '/image my\\ crag.', 'an answer to what was asked before changes nothing')
  desk.tell({ type: 'paths', typed: 'my crag.', found: ['my crag.jpg', 'my crag.png'] })
  assert.match(desk.chat().flash?.text ?? '', 'my crag.jpg  my crag.png')
  desk.tell({ type: 'paths', typed: 'my crag.', found: ['my crag.jpg'] })
  assert.is(draft(desk), '/image my\\ crag.jpg ')
})

test('Tab completes what commands take, groups, mentions and emoji', () => {
  const desk = sitInChat({ conversations: [summary('carol'), CLIMBING] })
  for (const [typed, completed] of [
    ['/group pro', '/group promote '],
    ['/group add ca', '/group add carol '],
    ['/admin cl', '/admin climbing '],
    ['/msg #cl', '/msg #climbing '],
    ['/history a', '/history accept '],
    ['hi @ca', 'hi @carol '],
    ['nice :tada', 'nice 🎉 '],
  ] as const) {
    desk.press('ctrl-u')
    desk.type(typed)
    desk.press('tab')
    assert.is(draft(desk), completed)
  }
})

test('`/timer` sets times within the limits', () => {
  const desk = sitIn(summary('bob'))
  const conversation = conversationOf('bob')
  for (const [line, afterMs] of [
    ['/timer off', null],
    ['/timer 30s', 30_000],
    ['/timer 1w', 604_800_000],
    ['/timer 5s', limits.minDisappearMs],
    ['/timer 365d', limits.maxDisappearMs],
  ] as const) {
    assert.equal(bare(say(desk, line)), [{ type: 'set-timer', conversation, afterMs }])
  }
  for (const line of ['/timer', '/timer 4s', '/timer 366d', '/timer soon'])
    assert.equal(say(desk, line), [], line)
})

test('`/receipts`, `/typing` and `/presence` say what they are, and change it', () => {
  const desk = sitIn(summary('bob'))
  assert.equal(say(desk, '/receipts'), [])
  assert.match(desk.chat().flash?.text ?? '', 'is on')
  assert.equal(bare(say(desk, '/receipts off')), [
    { type: 'set-settings', settings: { sendsReadReceipts: false } },
  ])
  assert.equal(bare(say(desk, '/typing on')), [{ type: 'set-settings', settings: { sendsTyping: true } }])
  assert.equal(bare(say(desk, '/presence off')), [
    { type: 'set-settings', settings: { showsPresence: false } },
  ])
})

test('`/history` answers what another device offers', () => {
  const desk = sitIn(summary('bob'))
  assert.equal(say(desk, '/history accept'), [])
  const offers = [{ id: 'offer-1', from: 'device', messages: 3, conversations: 1 }]
  desk.tell({ type: 'chat-event', event: { type: 'history-offers', offers }, now: 1 })
  assert.equal(say(desk, '/history'), [])
  assert.equal(bare(say(desk, '/history accept')), [
    { type: 'answer-history', id: 'offer-1', isAccepted: true },
  ])
  assert.equal(bare(say(desk, '/history decline')), [
    { type: 'answer-history', id: 'offer-1', isAccepted: false },
  ])
})

test('/mute takes a time or none, /unmute neither', () => {
  const desk = sitInChat()
  const conversation = conversationOf('bob')
  const asked = (line: string) => {
    desk.type(line)
    desk.press('enter')
    const [command] = desk.commands()
    desk.tell({ type: 'done' })
    desk.press('ctrl-u')
    return command?.type === 'mute'
      ? [command.isMuted, command.forMs]
      : (desk.chat().flash?.text ?? 'nothing')
  }
  assert.equal(asked('/mute'), [true, undefined])
  assert.equal(asked('/mute always'), [true, undefined])
  assert.equal(asked('/mute 8h'), [true, 28_800_000])
  assert.equal(asked('/unmute'), [false, undefined])
  for (const line of ['/mute soon', '/mute 0h', '/mute 54w', '/mute off', '/unmute 8h']) {
    desk.type(line)
    desk.press('enter')
    assert.equal(desk.commands(), [], line)
    assert.match(desk.chat().flash?.text ?? '', /for a time/, line)
    desk.press('ctrl-u')
  }
  assert.is(desk.chat().open, conversation)
})

test('Tab completes who has written in the open group', () => {
  const desk = sitInChat({
    conversations: [group('ops', { lastAt: MORNING }), summary('bob', { lastAt: 1 })],
    items: [message(1, 'hi', { from: 'carolina', conversation: conversationOf('ops') })],
  })
  desk.type('ask @car')
  desk.press('tab')
  assert.is(openConversation(desk.chat())?.draft.text, 'ask @carolina ')
})

test.run()
