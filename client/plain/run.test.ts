// Long because a person in front of lines does much, and each thing is a line here and a line there.
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { conversationWith, createTestChat, type TestChat } from '../agent/test-chat.fixture.ts'
import type { AccountEntry, Accounts, ConversationSummary, GroupInfo, MessageItem } from '../chat.ts'
import { OutputClosed } from '../commands/io.ts'
import type { PasswordChecker } from '../locking.ts'
import type { Line, LineInput } from './line-input.ts'
import { type PlainOptions, runPlain } from './run.ts'

const test = suite('the chat in lines')

const CODE = '0000-0000-0000-0000-0000-0000-000'

const BOB: ConversationSummary = {
  ...{ id: conversationWith('bob'), kind: 'direct', with: 'bob', unread: 0 },
  lastAt: Date.UTC(2026, 10, 23),
}
const OPS: ConversationSummary = {
  ...BOB,
  id: conversationWith('ops'),
  kind: 'group',
  with: 'ops',
  role: 'admin',
}

/** A person who writes lines and sees what is printed. */
interface Sitting {
  world: TestChat
  printed(): string
  /** Resolves with all that was printed once a text is in it. */
  sees(text: string | RegExp): Promise<string>
  writes(...lines: string[]): void
  /** The input ends. */
  hangsUp(): void
  /** Which lines were asked for without showing them. */
  secrets: number
  stop(code: number): void
  ended: Promise<number>
}

interface SitOptions extends Partial<PlainOptions> {
  list?: AccountEntry[]
  conversations?: ConversationSummary[]
  messages?: MessageItem[]
  refuses?: FastChatError
  isClosed?: () => boolean
}

function sit({
  list = [{ userId: 'alice', loggedIn: true }],
  conversations = [BOB],
  messages = [],
  refuses,
  isClosed = () => false,
  ...options
}: SitOptions = {}): Sitting {
  const world = createTestChat('alice', messages)
  world.snapshot.conversations = conversations
  let refusal = refuses
  const opens = () => {
    if (!refusal) return Promise.resolve(world.chat)
    const error = refusal
    refusal = undefined
    return Promise.reject(error)
  }
  const accounts: Accounts & PasswordChecker = {
    list: () => Promise.resolve(list),
    signUp: request => {
      request.tellCode?.(CODE)
      return opens()
    },
    recover: request => {
      request.tellCode?.(CODE)
      return opens()
    },
    changePassword: () => Promise.resolve(),
    measure: () => Promise.resolve(),
    logIn: opens,
    resume: () => Promise.resolve(world.chat),
    checkPassword: () => Promise.resolve(false),
  }
  const waiting: Line[] = []
  let wanted: ((line: Line) => void) | undefined
  const comes = (line: Line) => {
    if (!wanted) return void waiting.push(line)
    wanted(line)
    wanted = undefined
  }
  let pending: Promise<Line> | undefined
  const line = (): Promise<Line> => {
    pending ??= new Promise<Line>(resolve => {
      wanted = resolve
      if (waiting.length > 0) comes(waiting.shift() ?? null)
    }).finally(() => {
      pending = undefined
    })
    return pending
  }
  let printed = ''
  const controller = new AbortController()
  const sitting: Sitting = {
    world,
    printed: () => printed,
    async sees(text) {
      return await waitFor(
        () => ((typeof text === 'string' ? printed.includes(text) : text.test(printed)) ? printed : null),
        { what: `${text} in ${JSON.stringify(printed)}` },
      )
    },
    writes(...lines) {
      for (const text of lines) comes({ text })
    },
    hangsUp: () => comes(null),
    secrets: 0,
    stop: code => controller.abort(code),
    ended: Promise.resolve(0),
  }
  const input: LineInput = {
    line,
    secret() {
      sitting.secrets++
      return line()
    },
    close: () => undefined,
  }
  sitting.ended = runPlain({
    ...{ accounts, input, isUtf8: true, stop: controller.signal },
    io: {
      print(text) {
        if (isClosed()) return Promise.reject(new OutputClosed())
        printed += text
        return Promise.resolve()
      },
    },
    ...options,
  })
  // Whoever waits for it is told; the others must not be.
  sitting.ended.catch(() => undefined)
  return sitting
}

const methodsOf = ({ world }: Sitting) => world.calls.map(({ method }) => method)

/** A message of somebody's that comes now. */
function item(change: Partial<MessageItem>): MessageItem {
  const at = Date.now()
  return {
    ...{ kind: 'message', id: 'id-1', conversation: BOB.id, seq: 1, from: 'bob', mine: false },
    ...{ sentAt: at, receivedAt: at, content: { type: 'text', text: 'hello' } },
    ...change,
  }
}

test('what is written goes to the open conversation, and each is told how far it is', async () => {
  const at = sit()
  await at.sees('Now writing to bob.\n')
  at.writes('hello there', '//me too')
  await waitFor(() => at.world.messages.length === 2, { what: 'two messages' })
  assert.equal(
    at.world.messages.map(({ content }) => content),
    [
      { type: 'text', text: 'hello there' },
      { type: 'text', text: '/me too' },
    ],
  )
  const [first] = at.world.messages
  if (!first) throw new Error('Cannot look at the message: there is none')
  for (const state of ['stored', 'delivered', 'read'] as const)
    at.world.emit({ type: 'item', item: { ...first, state } })
  const failure = { code: 'too_large', message: 'Cannot send: too large' }
  at.world.emit({ type: 'item', item: { ...first, state: 'failed', failure } })
  const said = await at.sees('! not sent to bob: Cannot send: too large: hello there\n')
  assert.match(
    said,
    '* sent to bob: hello there\n* delivered to bob: hello there\n* read by bob: hello there\n',
  )
  assert.not.match(said, 'you to bob')
  at.writes('/quit')
  assert.is(await at.ended, 0)
  assert.ok(at.world.isClosed())
})

test('what comes is a line of its conversation, and what was printed is read', async () => {
  const at = sit({ conversations: [BOB, OPS] })
  await at.sees('Now writing to')
  at.world.emit({ type: 'item', item: item({ content: { type: 'text', text: 'one\nbob 09:12: two' } }) })
  at.world.emit({ type: 'item', item: item({ id: 'id-2', conversation: OPS.id, from: 'carol' }) })
  const said = await at.sees(/^#ops carol \d\d:\d\d: hello$/m)
  assert.match(said, /^bob \d\d:\d\d: one\n {4}bob 09:12: two$/m)
  await waitFor(() => methodsOf(at).includes('markRead'), { what: 'the message marked as read' })
  assert.equal(at.world.calls.find(({ method }) => method === 'markRead')?.request, {
    conversation: OPS.id,
    upToSeq: 1,
  })
  const before = item({})
  at.world.emit({ type: 'item', item: { ...before, content: { type: 'text', text: 'new' }, editedAt: 5 } })
  await at.sees(/^\* bob: bob changed: .*: now: new$/m)
  at.world.emit({
    type: 'item',
    item: { ...before, editedAt: 5, reactions: [{ emoji: '👍', from: ['alice', 'carol'] }] },
  })
  await at.sees('👍 from you, carol')
  at.world.emit({ type: 'item', item: { ...before, content: { type: 'deleted', by: 'bob' } } })
  await at.sees('* bob: bob deleted: ')
  at.stop(143)
  assert.is(await at.ended, 0)
})

test('of a stranger nothing is told but that they are there, of the blocked nothing', async () => {
  const mallory = { ...BOB, id: conversationWith('mallory'), with: 'mallory', isBlocked: true }
  const at = sit({ conversations: [BOB, mallory] })
  await at.sees('Now writing to bob')
  const eve = { ...BOB, id: conversationWith('eve'), with: 'eve', isRequest: true, unread: 1 }
  at.world.emit({
    type: 'item',
    item: item({ conversation: eve.id, from: 'eve', content: { type: 'text', text: 'buy' } }),
  })
  at.world.emit({ type: 'conversation', conversation: eve })
  at.world.emit({ type: 'item', item: item({ id: 'm', conversation: mallory.id, from: 'mallory' }) })
  at.world.emit({ type: 'item', item: item({ id: 'last', content: { type: 'text', text: 'last' } }) })
  await at.sees('! eve, a stranger, writes: /msg eve shows it; then /accept, or /block.\n')
  const said = await at.sees(/^bob .*last$/m)
  assert.not.match(said, 'buy')
  assert.not.match(said, 'mallory')
  at.stop(143)
  await at.ended
})

test('messages have numbers in /list, by which they are answered, changed, deleted and reacted to', async () => {
  const at = sit({
    messages: [item({ id: 'a' }), item({ id: 'b', seq: 2, mine: true, from: 'alice', state: 'read' })],
  })
  await at.sees('Now writing to bob')
  at.writes('/reply 1 too early', '/list')
  await at.sees('There is no message 1: /list shows them')
  await at.sees(/^2\. you to bob \d\d:\d\d: hello$/m)
  at.writes('/edit 1 mine?', '/delete 1', '/react 1 nothing like it', '/fetch 1')
  await at.sees(
    'Only your own texts can be edited.\nOnly its author and admins can delete it.\nNo emoji has that name',
  )
  await at.sees('There is no file in this message.')
  at.writes('/reply 1 an answer')
  await waitFor(() => at.world.calls.find(({ method }) => method === 'send'), { what: 'the answer' })
  assert.equal(at.world.calls.find(({ method }) => method === 'send')?.request, {
    ...{ to: 'bob', text: 'an answer', replyTo: 'a' },
  })
  at.writes('/delete 2', 'n')
  await at.sees('Delete for everybody: hello? y or n:\nNothing was done.\n')
  at.writes('/react 1 heart', '/delete 2', 'y')
  await waitFor(() => methodsOf(at).includes('deleteMessage'), { what: 'the deletion' })
  const asked = at.world.calls.filter(({ method }) => method === 'react' || method === 'deleteMessage')
  assert.equal(
    asked.map(({ request }) => request),
    [{ id: 'a', emoji: '❤️' }, { id: 'b' }],
  )
  at.hangsUp()
  assert.is(await at.ended, 0)
})

test('of a large file it is told how far it is, in quarters, and that it failed', async () => {
  const at = sit()
  await at.sees('Now writing to bob')
  const content = {
    type: 'file' as const,
    name: 'big.iso',
    mediaType: 'x/y',
    size: 4e7,
    state: 'here' as const,
  }
  at.world.emit({ type: 'item', item: item({ content, mine: true, from: 'alice', state: 'queued' }) })
  const transfer = { message: 'id-1', conversation: BOB.id, direction: 'up' as const, total: 4e7 }
  for (const done of [1e6, 1.1e7, 1.2e7, 2.1e7, 4e7])
    at.world.emit({ type: 'transfer', transfer: { ...transfer, done, state: 'running' } })
  at.world.emit({ type: 'transfer', transfer: { ...transfer, done: 4e7, state: 'failed' } })
  await at.sees('* 25%: [big.iso]\n* 50%: [big.iso]\n* 75%: [big.iso]\n! not uploaded: [big.iso]\n')
  await at.sees(/^you to bob .*\[file big.iso 38 MB\]$/m)
  at.stop(143)
  await at.ended
})

test('a line that was refused is not in the way of the next', async () => {
  const at = sit()
  await at.sees('Now writing to bob')
  at.writes('/nonsense', '/trust', 'n', 'hello')
  await waitFor(() => at.world.messages.length === 1, { what: 'the message' })
  assert.equal(at.world.messages[0]?.content, { type: 'text', text: 'hello' })
  assert.match(at.printed(), 'There is no command /nonsense. /help shows them')
  at.hangsUp()
  await at.ended
})

test('at the end of the input all that was written before is sent first', async () => {
  const at = sit()
  at.writes(...Array.from({ length: 20 }, (_, index) => `line ${index}`))
  at.hangsUp()
  assert.is(await at.ended, 0)
  assert.is(at.world.messages.length, 20)
})

test('an account is made by questions, the password asked for twice, and what is refused asked again', async () => {
  const at = sit({ list: [], refuses: new FastChatError('user_exists', 'Cannot sign up: the name is taken') })
  await at.sees('No account on this machine yet.')
  at.writes('what', 'new', 'alice', 'a long password', 'another password')
  await at.sees('! There is no what here.')
  await at.sees('! not the same as above')
  at.writes('new', 'alice', 'a long password', 'a long password')
  await at.sees('! Cannot sign up: the name is taken')
  at.writes('new', 'alice2', 'a long password', 'a long password')
  await at.sees('You are alice.')
  assert.is(at.secrets, 6)
  assert.not.match(at.printed(), 'long password')
  at.stop(143)
  await at.ended
})

test('a forgotten password is replaced by questions, and the new recovery code is printed once', async () => {
  const alice = sit({ list: [] })
  await alice.sees('recover does with a recovery code')
  alice.writes('recover', 'alice', CODE, 'correct horse battery', 'correct horse battery')
  const printed = await alice.sees('Write it down')
  assert.is(printed.split(CODE).length, 2)
  assert.is(alice.secrets, 3)
  alice.hangsUp()
  assert.is(await alice.ended, 0)
})

test('the password of the environment is not asked for, and is tried once', async () => {
  const at = sit({
    ...{ list: [{ userId: 'alice', loggedIn: false }], as: 'alice', password: 'from outside' },
    refuses: new FastChatError('login_refused', 'Cannot log in: user or password is wrong'),
  })
  await at.sees('! Cannot log in')
  assert.is(at.secrets, 0)
  at.writes('alice', 'typed')
  await at.sees('You are alice.')
  assert.is(at.secrets, 1)
  at.stop(143)
  await at.ended
})

test('when the input ends before an account is open, the exit code says why', async () => {
  const at = sit({ list: [] })
  at.hangsUp()
  const error = await at.ended.catch((thrown: unknown) => thrown)
  assert.ok(error instanceof FastChatError && error.code === 'usage')
  const refused = sit({
    list: [],
    password: 'x',
    refuses: new FastChatError('no_server', 'Cannot log in: no server'),
  })
  refused.writes('login', 'alice')
  refused.hangsUp()
  assert.is(await refused.ended, 4)
  const quits = sit({ list: [] })
  quits.writes('quit')
  assert.is(await quits.ended, 0)
})

test('a session that ends leads back to the question of who one is', async () => {
  const at = sit()
  await at.sees('Now writing to bob')
  at.world.emit({ type: 'closed', reason: 'revoked' })
  await at.sees('This device was removed from the account')
  await at.sees('Write: a name opens it')
  at.writes('quit')
  assert.is(await at.ended, 0)
})

test('it ends when nobody reads what it prints', async () => {
  let isClosed = false
  const at = sit({ isClosed: () => isClosed })
  await at.sees('Now writing to bob')
  isClosed = true
  at.world.receive('bob', 'x')
  at.world.emit({ type: 'item', item: item({}) })
  assert.instance(await at.ended.catch((thrown: unknown) => thrown), OutputClosed)
})

test('a terminal without UTF-8 gets ASCII', async () => {
  const at = sit({ isUtf8: false })
  await at.sees('Now writing to bob')
  at.world.emit({ type: 'item', item: item({ content: { type: 'text', text: 'Grüße 日本…' } }) })
  await at.sees(/: Gru\?e \?\?\?\?\.\.\.$/m)
  at.stop(143)
  await at.ended
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
const EFFECTS = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\u200b\ufeff]/
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\x1b[2J',
        '\x9b5A',
        '\x1b]0;x\x07',
        '\r',
        '\n',
        '\b',
        '\x1bc',
        '\u202e',
        '\u2028',
        '\x85',
        'a',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map(parts => parts.join(''))

test('what only a screen has is said to be so, and nothing is locked that no line could open', async () => {
  const at = sit({ conversations: [BOB] })
  await at.sees('Now writing to')
  at.writes('/lock')
  await at.sees('/lock is of the screen only.')
  at.writes('/theme light')
  await at.sees('/theme is of the screen only.')
  at.writes('/chats')
  await at.sees('open')
  at.stop(143)
  await at.ended
})

test('whatever others send or name, no line has an effect or looks like somebody else’s', async () => {
  const at = sit({ conversations: [BOB, OPS] })
  await at.sees('Now writing to')
  let seq = 1
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (text, name) => {
      const group: GroupInfo = {
        ...{ group: 'ops', conversation: OPS.id, title: text, role: 'admin', epoch: 1 },
        members: [{ user: name, isAdmin: true, isMe: false, isVerified: true }],
      }
      at.world.groups.set('ops', group)
      const before = at.printed().length
      const id = `hostile-${++seq}`
      const one = item({ id, seq, from: name, conversation: OPS.id, content: { type: 'text', text } })
      at.world.emit({ type: 'conversation', conversation: { ...OPS, title: text } })
      at.world.emit({ type: 'item', item: one })
      at.world.emit({ type: 'item', item: { ...one, reactions: [{ emoji: text, from: [name] }] } })
      at.world.emit({ type: 'item', item: { ...one, content: { type: 'deleted', by: name } } })
      const replyTo = { id: 'x', from: name, excerpt: text }
      const content = {
        type: 'file' as const,
        name: text,
        mediaType: text,
        size: 1,
        state: 'gone' as const,
        caption: text,
      }
      at.world.emit({ type: 'item', item: { ...one, id: `${id}-f`, replyTo, content } })
      at.world.emit({
        type: 'item',
        item: { ...one, id: `${id}-u`, content: { type: 'unknown', originally: text } },
      })
      const notice = { type: 'title' as const, by: name, title: text }
      at.world.emit({
        type: 'item',
        item: { kind: 'notice', id: `${id}-n`, conversation: OPS.id, seq, at: 1, notice },
      })
      at.world.emit({ type: 'connection', connection: { state: 'offline', reason: text } })
      at.world.emit({ type: 'connection', connection: { state: 'online', server: text } })
      const end = item({ id: `${id}-end`, content: { type: 'text', text: `end ${id}.` } })
      at.world.emit({ type: 'item', item: end })
      await at.sees(`end ${id}.`)
      const said = at.printed().slice(before)
      assert.not.match(said, EFFECTS)
      // Lines of our own begin with a sign or a name; what goes on is indented.
      for (const line of said.trimEnd().split('\n')) assert.match(line, /^(?:[*!] |#ops |bob | {4})/)
    }),
    { numRuns: 150 },
  )
  at.stop(143)
  await at.ended
})

test.run()
