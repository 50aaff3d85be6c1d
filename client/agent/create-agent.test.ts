import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { currentRuntime, type Runtime } from '../../scripts/test/runtimes.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import type { Chat, ChatEvent } from '../chat.ts'
import type { Home } from '../home/home.ts'
import { openHome } from '../home/home-folder.ts'
import { createAgent } from './create-agent.ts'
import { readOwner } from './owner-file.ts'
import { type AgentProcess, startAgentProcess } from './processes.fixture.ts'
import { createTestChat, type TestChat } from './test-chat.fixture.ts'

interface Context {
  root: string
  home: Home
  account: string
  open: (
    test?: TestChat,
  ) => Promise<{ chat: Chat; test: TestChat; starts: () => number; events: ChatEvent[] }>
  process: (runtime?: Runtime) => AgentProcess
  cleanUp: (() => Promise<unknown>)[]
}

// Long because every way in which a session is shared and lost is played here, over one set-up.
const test = suite<Context>('agent')

async function createBob(folder: string): Promise<{ home: Home; account: string }> {
  const home = await openHome({ folder })
  const lock = { version: 1 as const, userId: 'bob', accountKey: 'A'.repeat(43), wrapped: 'wrapped' }
  const fill = async () => undefined
  const files = await home.create({ userId: 'bob', lock, storageKey: new Uint8Array(32), fill })
  return { home, account: files.folder }
}

test.before.each(async context => {
  context.root = mkdtempSync(join(tmpdir(), 'fastchat-agent-'))
  Object.assign(context, await createBob(join(context.root, 'home')))
  context.cleanUp = []
  context.open = async (test = createTestChat('bob')) => {
    let starts = 0
    const agent = createAgent({ home: context.home, helloTimeoutMs: 3000, callTimeoutMs: 20_000 })
    const chat = await agent.openChat('bob', async () => {
      starts++
      return test.chat
    })
    const events: ChatEvent[] = []
    chat.subscribe(event => events.push(event))
    context.cleanUp.unshift(() => chat.close())
    return { chat, test, starts: () => starts, events }
  }
  context.process = (runtime = currentRuntime()) => {
    const process = startAgentProcess(runtime, context.home.folder)
    context.cleanUp.unshift(() => process.kill())
    return process
  }
})

test.after.each(async ({ cleanUp, root }) => {
  for (const action of cleanUp) await action()
  rmSync(root, { recursive: true, force: true })
})

async function rejectsWith(code: string, action: Promise<unknown>): Promise<void> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof FastChatError && error.code === code, `unexpected: ${error}`)
}

test('`openChat()` starts the first and shares it with those who come after', async ({ open }) => {
  const owner = await open()
  const other = await open()
  assert.is(owner.starts(), 1)
  assert.is(other.starts(), 0)
  const item = await other.chat.send({ to: 'carol', text: 'hi' })
  assert.equal(owner.test.messages, [item])
  assert.equal(await other.chat.message({ id: item.id }), item)
  assert.equal(await other.chat.history({ conversation: item.conversation, limit: 5 }), [item])
  assert.is((await other.chat.snapshot()).me, 'bob')
  assert.is((await other.chat.open({ with: 'carol' })).with, 'carol')
  const received = owner.test.receive('carol', 'hello')
  assert.equal(await other.chat.unread({ limit: 5 }), [received])
  await other.chat.markRead({ conversation: received.conversation, upToSeq: received.seq })
  assert.equal(await other.chat.unread({ limit: 5 }), [])
  const expected = [item.id, received.id]
  await waitFor(() => other.events.length === 2, { what: 'events' })
  assert.equal(
    other.events.map(event => event.type === 'item' && event.item.id),
    expected,
  )
})

test('`openChat()` throws no_account for an account that the home has not', async ({ home }) => {
  const agent = createAgent({ home })
  await rejectsWith(
    'no_account',
    agent.openChat('carol', async () => createTestChat().chat),
  )
})

test('`openChat()` throws what `start` throws, and another one can own the account then', async ({
  home,
  open,
}) => {
  const boom = new FastChatError('home_damaged', 'Cannot read table "x"')
  const agent = createAgent({ home })
  await rejectsWith(
    'home_damaged',
    agent.openChat('bob', () => Promise.reject(boom)),
  )
  assert.is((await open()).starts(), 1)
})

test('an error of the owner crosses with its code and message', async ({ open }) => {
  await open()
  const { chat } = await open()
  const error = await chat.send({ to: 'nobody', text: 'hi' }).catch((reason: unknown) => reason)
  assert.ok(error instanceof FastChatError)
  assert.is(error.code, 'unknown_user')
  assert.is(error.message, 'Cannot send to "nobody": no such user')
})

test('an error that is a defect crosses as internal, without its message', async ({ open }) => {
  const owner = await open()
  owner.test.chat.snapshot = () => Promise.reject(new Error('with something private'))
  const { chat } = await open()
  const error = await chat.snapshot().catch((reason: unknown) => reason)
  assert.ok(error instanceof FastChatError && error.code === 'internal' && !error.message.includes('private'))
})

test('a request that is not valid never reaches the owner', async ({ open }) => {
  const owner = await open()
  const { chat } = await open()
  await rejectsWith('bad_request', chat.message({ id: 'not-an-id' }))
  await rejectsWith('bad_request', chat.history({ conversation: '../..', limit: 1 }))
  assert.equal(owner.test.calls, [])
})

test('a text whose every character is escaped in JSON arrives; a longer line than allowed ends the connection', async ({
  open,
}) => {
  await open()
  const { chat } = await open()
  const text = '\u0000'.repeat(64 * 1024)
  const item = await chat.send({ to: 'carol', text })
  assert.equal(item.content, { type: 'text', text })
  const { chat: greedy, starts } = await open()
  greedy.send({ to: 'carol', text: 'x'.repeat(2 * 1024 * 1024) }).catch(() => undefined)
  const { events } = await open()
  assert.is(starts(), 0)
  assert.equal(events, [])
})

test('an answer that is too large is refused, and the connection goes on', async ({ open }) => {
  const owner = await open()
  for (let n = 0; n < 300; n++) owner.test.receive('carol', 'x'.repeat(64 * 1024))
  const { chat } = await open()
  await rejectsWith('too_large', chat.unread({ limit: 300 }))
  assert.is((await chat.unread({ limit: 10 })).length, 10)
})

test('`close()` of one who shares leaves the owner; of the owner, makes another one the owner', async ({
  open,
}) => {
  const owner = await open()
  const second = await open()
  const third = await open()
  await third.chat.close()
  assert.equal(third.events, [{ type: 'closed', reason: 'closed' }])
  assert.is(owner.test.isClosed(), false)
  await owner.chat.close()
  assert.ok(owner.test.isClosed())
  await waitFor(() => second.starts() === 1, { what: 'the second to become the owner' })
  const item = await second.chat.send({ to: 'carol', text: 'still here' })
  assert.equal(second.test.messages, [item])
  assert.not(second.events.some(event => event.type === 'closed'))
})

test('what was asked while the owner ends is asked again of the next one, with the same id', async ({
  open,
}) => {
  const messages: TestChat['messages'] = []
  const owner = await open(createTestChat('bob', messages))
  let release = () => {}
  owner.test.holdSend = new Promise(resolve => {
    release = resolve
  })
  const second = await open(createTestChat('bob', messages))
  const sent = second.chat.send({ to: 'carol', text: 'once' })
  await waitFor(() => owner.test.calls.some(({ method }) => method === 'send'), { what: 'the call' })
  const closed = owner.chat.close()
  const item = await sent
  release()
  await closed
  assert.is(second.starts(), 1)
  const ids = [...owner.test.calls, ...second.test.calls]
    .filter(({ method }) => method === 'send')
    .map(({ request }) => (request as { id: string }).id)
  assert.equal(ids, [item.id, item.id])
  assert.is(messages.filter(({ id }) => id === item.id).length, 1)
})

test('after a change of owner, what may have been missed comes as events', async ({ open }) => {
  const owner = await open()
  const messages = createTestChat('bob')
  const missed = messages.receive('carol', 'missed')
  const { conversation } = missed
  messages.snapshot.conversations = [
    { id: conversation, kind: 'direct', with: 'carol', unread: 1, lastAt: Date.now() },
  ]
  messages.snapshot.online = ['carol']
  const second = await open(messages)
  await owner.chat.close()
  await waitFor(() => second.events.at(-1)?.type === 'drained', { what: 'events' })
  assert.equal(second.events, [
    { type: 'connection', connection: { state: 'connecting' } },
    { type: 'presence', online: [] },
    { type: 'connection', connection: { state: 'online', server: 'ws://test' } },
    { type: 'item', item: missed },
    { type: 'conversation', conversation: messages.snapshot.conversations[0] },
    { type: 'presence', online: ['carol'] },
    { type: 'queued', queued: 0 },
    { type: 'drained' },
  ])
})

test('`logOut()` of one who shares ends the session for all', async ({ open }) => {
  const owner = await open()
  const second = await open()
  const third = await open()
  await second.chat.logOut()
  for (const { events } of [owner, second, third]) {
    await waitFor(() => events.length > 0, { what: 'the end' })
    assert.equal(events, [{ type: 'closed', reason: 'logged-out' }])
  }
  assert.is(second.starts() + third.starts(), 0)
  await owner.chat.close()
  assert.is((await open()).starts(), 1)
})

test('a session that ends by itself gives the account up', async ({ open, account }) => {
  const owner = await open()
  const second = await open()
  owner.test.emit({ type: 'closed', reason: 'revoked' })
  for (const { events } of [owner, second]) {
    await waitFor(() => events.length > 0, { what: 'the end' })
    assert.equal(events, [{ type: 'closed', reason: 'revoked' }])
  }
  await rejectsWith('device_revoked', second.chat.devices())
  await waitFor(async () => (await readOwner(account)).record === null, { what: 'release' })
})

test('the socket is for this user alone, and gone after the end', async ({ open, account }) => {
  const owner = await open()
  const { record } = await readOwner(account)
  assert.is(record?.pid, process.pid)
  const path = record?.socketPath ?? ''
  assert.is(statSync(path).mode & 0o777, 0o600)
  await owner.chat.close()
  assert.not(existsSync(path))
  assert.equal(readdirSync(account).sort(), ['lock.json', 'open.key', 'owner-1.json'])
  for (const name of readdirSync(account)) assert.is(statSync(join(account, name)).mode & 0o777, 0o600, name)
})

test('a folder too deep for a socket has it elsewhere, in a folder of its own', async ({ root }) => {
  const { home, account } = await createBob(join(root, 'deep'.repeat(20), 'home'))
  const agent = createAgent({ home, runtimeFolder: root })
  const owner = createTestChat('bob')
  const chat = await agent.openChat('bob', async () => owner.chat)
  const path = (await readOwner(account)).record?.socketPath ?? ''
  assert.ok(path.startsWith(join(root, 'fastchat-')))
  assert.is(statSync(join(path, '..')).mode & 0o777, 0o700)
  const other = await agent.openChat('bob', () => Promise.reject(new Error('must share')))
  assert.is((await other.snapshot()).me, 'bob')
  await other.close()
  await chat.close()
  assert.not(existsSync(join(path, '..')))
})

test('of many that open at once, one is the owner and all share it', async ({ open }) => {
  const all = await Promise.all(Array.from({ length: 12 }, () => open()))
  assert.is(
    all.reduce((sum, { starts }) => sum + starts(), 0),
    1,
  )
  const owner = all.find(({ starts }) => starts() === 1)
  await Promise.all(all.map(({ chat }, n) => chat.send({ to: 'carol', text: `${n}` })))
  assert.is(owner?.test.messages.length, 12)
})

test('when the owner is killed, one of those who shared takes over, and the socket is tidied', async ({
  process,
  account,
}) => {
  const owner = process()
  await owner.waitFor('opened', line => 'opened' in line)
  const others = [process(), process()]
  for (const other of others) await other.waitFor('opened', line => 'opened' in line)
  assert.equal(
    others.map(({ isOwner }) => isOwner()),
    [false, false],
  )
  await owner.kill()
  await waitFor(() => others.some(({ isOwner }) => isOwner()), { what: 'another owner' })
  for (const other of others) {
    const { answer } = await other.ask('send', { to: 'carol', text: 'hi' })
    assert.is((answer as { from: string }).from, 'bob')
  }
  assert.is(others.filter(({ isOwner }) => isOwner()).length, 1)
  assert.is(readdirSync(account).filter(name => name.endsWith('.sock')).length, 1)
})

test('an owner that is killed alone leaves nothing that stops the next one', async ({ process, open }) => {
  for (let round = 0; round < 2; round++) {
    const owner = process()
    await owner.waitFor('opened', line => 'opened' in line)
    await owner.kill()
  }
  assert.is((await open()).starts(), 1)
})

test('an owner that is suspended is waited for, and then named in account_in_use', async ({
  process,
  open,
}) => {
  const owner = process()
  await owner.waitFor('opened', line => 'opened' in line)
  owner.signal('SIGSTOP')
  await rejectsWith('account_in_use', open())
  owner.signal('SIGCONT')
  assert.is((await open()).starts(), 0)
})

test('Node and Deno share a session, whichever owns it', async ({ process }) => {
  for (const [first, second] of [
    ['node', 'deno'],
    ['deno', 'node'],
  ] as const) {
    const owner = process(first)
    await owner.waitFor('opened', line => 'opened' in line)
    const other = process(second)
    await other.waitFor('opened', line => 'opened' in line)
    assert.is(other.isOwner(), false)
    const { answer } = await other.ask('send', { to: 'carol', text: 'é' })
    await owner.waitFor('the item', line => JSON.stringify(line).includes((answer as { id: string }).id))
    await owner.kill()
    await waitFor(other.isOwner, { what: `${second} to take over` })
    await other.kill()
  }
})

test.run()
