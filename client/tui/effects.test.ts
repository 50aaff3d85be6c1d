import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { Calls } from '../agent/calls.ts'
import type { CallName } from '../agent/protocol.ts'
import type { AccountEntry, Accounts, Chat, ChatEvent, ChatSnapshot, ConversationSummary } from '../chat.ts'
import { createEffects } from './effects.ts'
import type { Msg } from './msg.ts'

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
  settings: { sendsReadReceipts: true, sendsTyping: true },
  historyOffers: [],
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
  const all: Accounts = {
    list: () => Promise.resolve([]),
    signUp: () => Promise.resolve(whole),
    logIn: () => Promise.resolve(whole),
    resume: () => Promise.resolve(whole),
    ...accounts,
  }
  const dispatch = (msg: Msg) => void told.push(msg)
  return { told, asked, all, dispatch, emit: (event: ChatEvent) => listener(event) }
}

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
