// Long because every command that a person can give is refused here once.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { Calls } from '../agent/calls.ts'
import type { CallName } from '../agent/protocol.ts'
import type {
  AccountEntry,
  Accounts,
  Chat,
  ChatEvent,
  ChatSnapshot,
  ConversationSummary,
  MessageItem,
} from '../chat.ts'
import type { PasswordChecker } from '../locking.ts'
import { createEffects } from './effects.ts'
import type { ChatCommand, Msg } from './msg.ts'
import type { Paths } from './paths.ts'

const test = suite('effects')

const CONVERSATION = 'c'.repeat(43)
const SUMMARY: ConversationSummary = { id: CONVERSATION, kind: 'direct', with: 'bob', unread: 0, lastAt: 1 }
const SNAPSHOT: ChatSnapshot = {
  me: 'alice',
  connection: { state: 'connecting' },
  conversations: [],
  queued: 0,
  unsent: 0,
  drained: false,
  settings: { sendsReadReceipts: true, sendsTyping: true, showsPresence: true, notifies: 'desktop' },
  historyOffers: [],
  online: [],
}
const NOW = 1000

/** What no test here asks for. */
class Unscripted extends Calls {
  protected override ask(name: CallName): never {
    throw new Error(`Cannot ${name}: the test does not say what comes`)
  }
}
const unscripted = new Unscripted()

/** A chat that answers with what a test says, and notes what it was asked. */
function stage({ chat = {}, accounts = {} }: { chat?: Partial<Chat>; accounts?: Partial<Accounts> } = {}) {
  const told: Msg[] = []
  const asked: unknown[][] = []
  let listener: (event: ChatEvent) => void = () => undefined
  const note =
    <T>(name: string, answer: T) =>
    (...parameters: unknown[]): Promise<T> => {
      asked.push([name, ...parameters])
      return Promise.resolve(answer)
    }
  const whole: Chat = {
    ...unscripted,
    snapshot: note('snapshot', SNAPSHOT),
    history: note('history', []),
    open: note('open', SUMMARY),
    send: () => Promise.reject(new FastChatError('disk_full', 'Cannot send message: the disk is full')),
    message: note('message', null),
    unread: note('unread', []),
    markRead: note('markRead', undefined),
    devices: note('devices', []),
    revokeDevice: note('revokeDevice', undefined),
    logOut: note('logOut', undefined),
    subscribe(given) {
      listener = given
      return note('unsubscribe', undefined)
    },
    close: note('close', undefined),
    ...chat,
  }
  const all: Accounts & PasswordChecker = {
    list: () => Promise.resolve([]),
    recover: () => Promise.resolve(whole),
    changePassword: () => Promise.resolve(),
    measure: () => Promise.resolve(),
    signUp: () => Promise.resolve(whole),
    logIn: () => Promise.resolve(whole),
    resume: () => Promise.resolve(whole),
    checkPassword: ({ password }) => Promise.resolve(password === 'right'),
    ...accounts,
  }
  const dispatch = (msg: Msg) => void told.push(msg)
  return { told, asked, all, dispatch, emit: (event: ChatEvent) => listener(event) }
}

test('`run()` unlocks a screen with the right password only, and says when nothing could be told', async () => {
  const { told, all, dispatch } = stage({})
  const effects = createEffects({ accounts: all, dispatch, now: () => NOW })
  await effects.run({ type: 'unlock', userId: 'alice', password: 'wrong' })
  await effects.run({ type: 'unlock', userId: 'alice', password: 'right' })
  const failing = {
    ...all,
    checkPassword: () => Promise.reject(new FastChatError('no_server', 'Cannot ask: none')),
  }
  await createEffects({ accounts: failing, dispatch, now: () => NOW }).run({
    type: 'unlock',
    userId: 'alice',
    password: 'right',
  })
  assert.equal(
    told.map(msg => (msg.type === 'unlock-refused' ? msg.failure.code : msg.type)),
    ['login_refused', 'unlocked', 'no_server'],
  )
})

function accountsOf(...entries: AccountEntry[]): Partial<Accounts> {
  return { list: () => Promise.resolve(entries) }
}

test('`run()` opens the only account at the start when it is logged in, and not again later', async () => {
  const { told, all, dispatch } = stage({ accounts: accountsOf({ userId: 'alice', loggedIn: true }) })
  const effects = createEffects({ accounts: all, dispatch, now: () => NOW })
  await effects.run({ type: 'list-accounts' })
  await effects.run({ type: 'list-accounts' })
  assert.equal(
    told.map(msg => msg.type === 'accounts' && msg.as),
    ['alice', undefined],
  )
})

test('`run()` leaves the choice to the person when there are several accounts, or a password is needed', async () => {
  for (const entries of [
    [
      { userId: 'alice', loggedIn: true },
      { userId: 'bob', loggedIn: true },
    ],
    [{ userId: 'alice', loggedIn: false }],
    [],
  ]) {
    const { told, all, dispatch } = stage({ accounts: accountsOf(...entries) })
    await createEffects({ accounts: all, dispatch, now: () => NOW }).run({ type: 'list-accounts' })
    assert.equal(told, [{ type: 'accounts', accounts: entries }])
  }
})

test('`run()` keeps events back that come before the snapshot, and loses none', async () => {
  const held: { answer: (snapshot: ChatSnapshot) => void }[] = []
  const snapshot = () =>
    new Promise<ChatSnapshot>(answer => {
      held.push({ answer })
    })
  const { told, all, dispatch, emit } = stage({ chat: { snapshot } })
  const running = createEffects({ accounts: all, dispatch, now: () => NOW }).run({
    type: 'resume',
    userId: 'alice',
  })
  await waitFor(() => held.length === 1, { what: 'the snapshot to be asked for' })
  emit({ type: 'queued', queued: 1 })
  assert.equal(told, [])
  held[0]?.answer(SNAPSHOT)
  await running
  emit({ type: 'drained' })
  assert.equal(
    told.map(msg => (msg.type === 'chat-event' ? msg.event.type : msg.type)),
    ['chat-opened', 'queued', 'drained'],
  )
})

test('`run()` answers a refused log-in with words, and an error that is not ours with none of its own', async () => {
  const refused = new FastChatError('login_refused', 'Cannot log in: user id or password is wrong')
  for (const [error, message] of [
    [refused, /user id or password/],
    [new Error('the password is hunter2'), /^Cannot do this: internal error/],
  ] as const) {
    const { told, all, dispatch } = stage({ accounts: { logIn: () => Promise.reject(error) } })
    const effects = createEffects({ accounts: all, dispatch, now: () => NOW })
    await effects.run({ type: 'log-in', userId: 'alice', password: 'hunter2 hunter2' })
    const [msg] = told
    assert.is(msg?.type, 'chat-refused')
    assert.match(msg?.type === 'chat-refused' ? msg.failure.message : '', message)
    assert.not.match(JSON.stringify(told), 'hunter2')
  }
})

test('`run()` gives a text back that the session did not take', async () => {
  const { told, all, dispatch } = stage()
  const effects = createEffects({ accounts: all, dispatch, now: () => NOW })
  await effects.run({ type: 'resume', userId: 'alice' })
  await effects.run({ type: 'send', conversation: CONVERSATION, to: 'bob', text: 'precious' })
  const last = told.at(-1)
  assert.is(last?.type === 'send-refused' && last.text, 'precious')
  assert.is(last?.type === 'send-refused' && last.failure.code, 'disk_full')
})

test('`run()` says that a history is whole when fewer lines came than were asked for', async () => {
  const { told, asked, all, dispatch } = stage()
  const effects = createEffects({ accounts: all, dispatch, now: () => NOW })
  await effects.run({ type: 'resume', userId: 'alice' })
  await effects.run({ type: 'load-history', conversation: CONVERSATION, beforeSeq: 9, limit: 50 })
  assert.equal(asked.at(-1), ['history', { conversation: CONVERSATION, beforeSeq: 9, limit: 50 }])
  assert.equal(told.at(-1), {
    type: 'history',
    conversation: CONVERSATION,
    items: [],
    isWhole: true,
    beforeSeq: 9,
  })
})

const PATHS: Paths = {
  resolve: written => `/whole/${written}`,
  downloads: () => Promise.resolve('/home/alice/Downloads'),
  complete: written => Promise.resolve([`${written}.jpg`]),
}

test('`run()` makes paths whole, replies to what is meant, and says where a file was saved', async () => {
  const asked: unknown[] = []
  const item = {} as MessageItem
  const { told, all, dispatch } = stage({
    chat: {
      send: request => Promise.resolve(asked.push(request)).then(() => item),
      sendFile: request => Promise.resolve(asked.push(request)).then(() => item),
      saveFile: request =>
        Promise.resolve(asked.push(request)).then(() => ({ path: `${request.folder}/a.jpg` })),
    },
  })
  const effects = createEffects({ accounts: all, dispatch, now: () => NOW, paths: PATHS })
  await effects.run({ type: 'resume', userId: 'alice' })
  const about = { type: 'reply' as const, id: 'message-1', from: 'bob', excerpt: 'x' }
  const typed = { conversation: CONVERSATION, text: '/image cat.png' }
  await effects.run({ type: 'send', conversation: CONVERSATION, to: 'bob', text: 'yes', about })
  await effects.run({
    type: 'send-file',
    conversation: CONVERSATION,
    to: 'bob',
    path: 'cat.png',
    as: 'image',
    typed,
  })
  await effects.run({ type: 'save-file', id: 'message-1' })
  await effects.run({ type: 'save-file', id: 'message-1', folder: 'here' })
  await effects.run({ type: 'complete-path', typed: 'cat' })
  assert.equal(asked, [
    { to: 'bob', text: 'yes', replyTo: 'message-1' },
    { to: 'bob', path: '/whole/cat.png', as: 'image' },
    { id: 'message-1', folder: '/home/alice/Downloads' },
    { id: 'message-1', folder: '/whole/here' },
  ])
  assert.equal(told.slice(-3), [
    { type: 'done', text: 'Saved: /home/alice/Downloads/a.jpg' },
    { type: 'done', text: 'Saved: /whole/here/a.jpg' },
    { type: 'paths', typed: 'cat', found: ['cat.jpg'] },
  ])
})

test('`run()` gives the line of every refused command back, and says why', async () => {
  const refuse = () => Promise.reject(new FastChatError('no_server', 'Cannot do it: no server'))
  const names = [
    'sendFile',
    'saveFile',
    'setTimer',
    'accept',
    'block',
    'verification',
    'setVerified',
    'acceptKey',
  ] as const
  const more = [
    'createGroup',
    'groupInfo',
    'addMembers',
    'removeMembers',
    'setAdmin',
    'setTitle',
    'leaveGroup',
  ] as const
  const last = [
    'devices',
    'answerHistory',
    'setSettings',
    'shareHistory',
    'nameDevice',
    'revokeDevice',
  ] as const
  const chat = Object.fromEntries([...names, ...more, ...last].map(name => [name, refuse]))
  const { told, all, dispatch } = stage({ chat })
  const effects = createEffects({ accounts: all, dispatch, now: () => NOW, paths: PATHS })
  await effects.run({ type: 'resume', userId: 'alice' })
  told.length = 0
  const typed = { conversation: CONVERSATION, text: '/what was typed' }
  const withLine: ChatCommand[] = [
    { type: 'send-file', conversation: CONVERSATION, to: 'bob', path: 'x', as: 'file', typed },
    { type: 'save-file', id: 'm', typed },
    { type: 'set-timer', conversation: CONVERSATION, afterMs: null, typed },
    { type: 'accept', conversation: CONVERSATION, typed },
    { type: 'block', user: 'bob', isBlocked: true, typed },
    { type: 'verification', user: 'bob', typed },
    { type: 'create-group', group: 'g', members: [], typed },
    { type: 'group-info', group: 'g', how: 'admin', typed },
    { type: 'add-members', group: 'g', members: ['bob'], typed },
    { type: 'remove-members', group: 'g', members: ['bob'], typed },
    { type: 'set-admin', group: 'g', user: 'bob', isAdmin: true, typed },
    { type: 'set-title', group: 'g', title: 't', typed },
    { type: 'leave-group', group: 'g', typed },
    { type: 'devices', typed },
    { type: 'answer-history', id: 'm', isAccepted: true, typed },
    {
      type: 'set-settings',
      settings: { sendsTyping: true, showsPresence: true, notifies: 'desktop' },
      typed,
    },
  ]
  for (const command of withLine) await effects.run(command)
  const failure = { code: 'no_server', message: 'Cannot do it: no server' }
  for (const msg of told) assert.equal(msg, { type: 'refused', typed, failure })
  assert.is(told.length, withLine.length)
  told.length = 0
  const without: ChatCommand[] = [
    { type: 'set-verified', user: 'bob', isVerified: true, safetyNumber: '1' },
    { type: 'accept-key', user: 'bob' },
    { type: 'share-history', deviceId: 'd' },
    { type: 'name-device', deviceId: 'd', name: null },
    { type: 'revoke-device', deviceId: 'd' },
  ]
  for (const command of without) await effects.run(command)
  assert.equal(
    told,
    without.map(() => ({ type: 'failed', failure })),
  )
})

test('`run()` asks for so much of a search at a time, and says where it was refused', async () => {
  const asked: unknown[] = []
  const found = { hits: [], total: 0 }
  const { told, all, dispatch } = stage({
    chat: {
      search: request =>
        request.conversation === undefined
          ? Promise.reject(new FastChatError('usage', 'Cannot search: too long'))
          : Promise.resolve(asked.push(request)).then(() => found),
    },
  })
  const effects = createEffects({ accounts: all, dispatch, now: () => NOW, paths: PATHS })
  await effects.run({ type: 'resume', userId: 'alice' })
  told.length = 0
  const question = { query: 'rope', conversation: CONVERSATION, before: 'message-1' }
  await effects.run({ type: 'search', ...question })
  await effects.run({ type: 'search', query: 'rope' })
  assert.equal(asked, [{ ...question, limit: 200 }])
  const failure = { code: 'usage', message: 'Cannot search: too long' }
  assert.equal(told, [
    { type: 'found', ...question, found },
    { type: 'search-failed', failure },
  ])
})

test('`run()` says nothing of what nobody waits for, and gives an edit back with what it was of', async () => {
  const refuse = () => Promise.reject(new FastChatError('no_server', 'Cannot do it: no server'))
  const { told, all, dispatch } = stage({ chat: { typing: refuse, edit: refuse, picture: refuse } })
  const effects = createEffects({ accounts: all, dispatch, now: () => NOW, paths: PATHS })
  await effects.run({ type: 'resume', userId: 'alice' })
  told.length = 0
  await effects.run({ type: 'typing', conversation: CONVERSATION, isTyping: true })
  assert.equal(told, [])
  const about = { type: 'edit' as const, id: 'm', excerpt: 'x', before: { text: '', cursor: 0 } }
  await effects.run({ type: 'edit', conversation: CONVERSATION, text: 'y', about })
  await effects.run({ type: 'picture', id: 'm' })
  const failure = { code: 'no_server', message: 'Cannot do it: no server' }
  assert.equal(told, [
    { type: 'send-refused', conversation: CONVERSATION, text: 'y', about, failure },
    { type: 'picture-failed', id: 'm', failure },
  ])
})

test('`run()` asks a chat nothing once it has been closed, and `close()` ends one that is open', async () => {
  const { asked, all, dispatch, emit } = stage()
  const effects = createEffects({ accounts: all, dispatch, now: () => NOW })
  await effects.run({ type: 'resume', userId: 'alice' })
  emit({ type: 'closed', reason: 'revoked' })
  await effects.run({ type: 'mark-read', conversation: CONVERSATION, upToSeq: 1 })
  assert.equal(
    asked.map(([name]) => name),
    ['snapshot'],
  )
  await effects.run({ type: 'resume', userId: 'alice' })
  await effects.close()
  assert.is(asked.at(-1)?.[0], 'close')
})

test.run()
