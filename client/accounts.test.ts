// Long because each way in, and each way that it breaks off, is a few lines here.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../schema/errors.ts'
import { waitFor } from '../scripts/test/wait-for.ts'
import { createAccounts } from './accounts.ts'
import { createAgent } from './agent/create-agent.ts'
import type { Accounts } from './chat.ts'
import { openHome } from './home/home-folder.ts'
import type { PasswordChecker } from './locking.ts'
import type { Api } from './net/api.ts'
import { systemClock } from './net/clock.ts'
import type { Transport } from './net/transport.ts'
import { FakeServer } from './session/fake-server.fixture.ts'

const test = suite('accounts')
const alice = { userId: 'Alice', password: 'correct horse battery' }

interface Machine {
  accounts: Accounts & PasswordChecker
  folder: string
  /** What is in its home, temporary folders too. */
  entries(): Promise<string[]>
}

async function withServer(
  play: (world: {
    server: FakeServer
    machine: (change?: (api: Api) => Partial<Api>) => Promise<Machine>
  }) => Promise<void>,
): Promise<void> {
  const server = new FakeServer(systemClock)
  const folders: string[] = []
  try {
    await play({
      server,
      async machine(change = () => ({})) {
        const folder = await mkdtemp(join(tmpdir(), 'fastchat-accounts-'))
        folders.push(folder)
        const home = await openHome({ folder: join(folder, 'home') })
        const transport: Transport = {
          ...server.transport(),
          api(url) {
            const api = server.transport().api(url)
            return { ...api, ...change(api) }
          },
        }
        const accounts = createAccounts({
          home,
          agent: createAgent({ home }),
          servers: ['ws://one', 'ws://two/', 'ws://two'],
          transport,
        })
        return { accounts, folder, entries: () => readdir(join(folder, 'home', 'accounts')) }
      },
    })
  } finally {
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'nothing was thrown',
    (error: FastChatError) => error.code,
  )
}

test('`signUp()` makes an account that `resume()` opens until `logOut()`, and `logIn()` after it, as the same device', () =>
  withServer(async ({ server, machine }) => {
    const { accounts } = await machine()
    const chat = await accounts.signUp(alice)
    assert.is((await chat.snapshot()).me, 'alice')
    assert.equal(await accounts.list(), [{ userId: 'alice', loggedIn: true }])
    await chat.send({ to: 'alice', text: 'note' })
    await chat.close()
    const again = await accounts.resume({ userId: 'alice' })
    await waitFor(async () => (await again.snapshot()).connection.state === 'online', {
      what: 'to be online',
    })
    await again.logOut()
    assert.equal(await accounts.list(), [{ userId: 'alice', loggedIn: false }])
    assert.is(await codeOf(accounts.resume({ userId: 'alice' })), 'not_logged_in')
    assert.is(await codeOf(accounts.logIn({ ...alice, password: 'something else' })), 'login_refused')
    assert.equal(await accounts.list(), [{ userId: 'alice', loggedIn: false }])
    const back = await accounts.logIn(alice)
    assert.is(server.devices.size, 1)
    const [conversation] = (await back.snapshot()).conversations
    const [item] = await back.history({ conversation: conversation?.id ?? '', limit: 1 })
    assert.equal(item?.kind === 'message' && item.content, { type: 'text', text: 'note' })
    await back.close()
  }))

test('`logIn()` on another machine adds a device that the account key certified', () =>
  withServer(async ({ server, machine }) => {
    const first = await machine()
    const second = await machine()
    const chat = await first.accounts.signUp(alice)
    const other = await second.accounts.logIn(alice)
    assert.is(server.devices.size, 2)
    await chat.send({ to: 'alice', text: 'to my other machine' })
    await waitFor(async () => (await other.snapshot()).conversations.length === 1, { what: 'the note' })
    await chat.close()
    await other.close()
  }))

test('what a person gets wrong is said before anybody is asked', () =>
  withServer(async ({ server, machine }) => {
    const { accounts, entries } = await machine()
    server.isUp = false
    assert.is(await codeOf(accounts.signUp({ ...alice, userId: '-rf' })), 'usage')
    assert.is(await codeOf(accounts.signUp({ ...alice, password: '1234567' })), 'weak_password')
    assert.is(await codeOf(accounts.signUp({ ...alice, password: 'x'.repeat(1025) })), 'weak_password')
    assert.is(await codeOf(accounts.signUp({ ...alice, password: 'alice1234' })), 'weak_password')
    assert.is(await codeOf(accounts.resume({ userId: 'alice' })), 'no_account')
    assert.is(await codeOf(accounts.signUp(alice)), 'no_server')
    assert.is(await codeOf(accounts.logIn(alice)), 'no_server')
    assert.equal(await entries(), [])
  }))

test('a name that is taken, here or there, leaves nothing behind', () =>
  withServer(async ({ machine }) => {
    const first = await machine()
    await (await first.accounts.signUp(alice)).close()
    assert.is(await codeOf(first.accounts.signUp(alice)), 'user_exists')
    const second = await machine()
    assert.is(await codeOf(second.accounts.signUp(alice)), 'user_exists')
    assert.equal(await second.entries(), [])
  }))

test('`signUp()` whose answer is lost asks again with the same content, and is done', () =>
  withServer(async ({ server, machine }) => {
    const bodies: string[] = []
    const { accounts } = await machine(api => ({
      async createAccount(request) {
        bodies.push(JSON.stringify(request))
        await api.createAccount(request)
        if (bodies.length === 1)
          throw new FastChatError('unavailable', 'Cannot use server: the answer was lost')
        return await api.createAccount(request)
      },
    }))
    await (await accounts.signUp(alice)).close()
    assert.is(bodies.length, 2)
    assert.is(bodies[0], bodies[1])
    assert.is(server.devices.size, 1)
  }))

test('`signUp()` that never got its answer leaves an account that its password opens', () =>
  withServer(async ({ machine }) => {
    let isCut = true
    const { accounts, entries } = await machine(api => ({
      async createAccount(request) {
        await api.createAccount(request)
        if (isCut) throw new FastChatError('unavailable', 'Cannot use server: the answer was lost')
        return await api.createAccount(request)
      },
    }))
    assert.is(await codeOf(accounts.signUp(alice)), 'no_server')
    assert.equal(await entries(), [])
    isCut = false
    assert.is(await codeOf(accounts.signUp(alice)), 'user_exists')
    assert.equal(await entries(), [])
    const chat = await accounts.logIn(alice)
    assert.is((await chat.snapshot()).me, 'alice')
    await chat.close()
  }))

test('`logIn()` refuses a server that makes the password cheap to guess, or names another account key', () =>
  withServer(async ({ machine }) => {
    const honest = await machine()
    await (await honest.accounts.signUp(alice)).close()
    const weak = await machine(api => ({
      async challenge(request) {
        const { kdf } = await api.challenge(request)
        return { kdf: { ...kdf, memoryKiB: 8, iterations: 1 } }
      },
    }))
    assert.is(await codeOf(weak.accounts.logIn(alice)), 'weak_kdf')
    const lying = await machine(api => ({
      async logIn(request) {
        const answer = await api.logIn(request)
        return { ...answer, accountKey: { ...answer.accountKey, x: 'A'.repeat(43) } }
      },
    }))
    assert.is(await codeOf(lying.accounts.logIn(alice)), 'login_refused')
    assert.equal(await lying.entries(), [])
  }))

test('`logIn()` says so when the device of this machine was revoked', () =>
  withServer(async ({ server, machine }) => {
    const { accounts } = await machine()
    await (await accounts.signUp(alice)).logOut()
    for (const deviceId of server.devices.keys()) server.revoked.add(deviceId)
    assert.is(await codeOf(accounts.logIn(alice)), 'device_revoked')
  }))

test('`logIn()` does not take the account of another deployment for the one that is here', () =>
  withServer(async ({ server, machine }) => {
    const { accounts } = await machine()
    await (await accounts.signUp(alice)).logOut()
    server.accounts.clear()
    server.devices.clear()
    const other = await machine()
    await (await other.accounts.signUp(alice)).close()
    assert.is(await codeOf(accounts.logIn(alice)), 'account_key_changed')
    assert.equal(await accounts.list(), [{ userId: 'alice', loggedIn: false }])
  }))

test('`recover()` opens the account with a new password, here and elsewhere, and each code is good once', () =>
  withServer(async ({ machine }) => {
    const here = await machine()
    const elsewhere = await machine()
    const codes: string[] = []
    const tellCode = (code: string) => void codes.push(code)
    const chat = await here.accounts.signUp({ ...alice, tellCode })
    await chat.logOut()
    const forgotten = { userId: 'alice', password: 'another horse entirely', tellCode }
    const [first = ''] = codes
    const wrong = { ...forgotten, code: `${first.slice(0, -1)}${first.endsWith('0') ? '1' : '0'}` }
    assert.is(await codeOf(here.accounts.recover(wrong)), 'usage')
    assert.is(
      await codeOf(here.accounts.recover({ ...forgotten, code: first, password: 'alice1234' })),
      'weak_password',
    )
    await (await here.accounts.recover({ ...forgotten, code: first })).close()
    assert.is(codes.length, 2)
    assert.is(await codeOf(elsewhere.accounts.recover({ ...forgotten, code: first })), 'login_refused')
    assert.is(await codeOf(elsewhere.accounts.logIn(alice)), 'login_refused')
    const second = { ...forgotten, password: 'a third horse entirely', code: codes[1] ?? '' }
    await (await elsewhere.accounts.recover(second)).close()
    await (await here.accounts.logIn(second)).close()
  }))

test('`changePassword()` needs the present password, ends it, and keeps the recovery code unless another is wanted', () =>
  withServer(async ({ machine }) => {
    const { accounts } = await machine()
    const codes: string[] = []
    const tellCode = (code: string) => void codes.push(code)
    await (await accounts.signUp({ ...alice, tellCode })).close()
    const newPassword = 'another horse entirely'
    const wrong = { ...alice, password: 'not this one', newPassword }
    assert.is(await codeOf(accounts.changePassword(wrong)), 'login_refused')
    assert.is(await codeOf(accounts.changePassword({ ...alice, newPassword: 'alice1234' })), 'weak_password')
    await accounts.changePassword({ ...alice, newPassword })
    assert.is(await codeOf(accounts.logIn(alice)), 'login_refused')
    // The lock of the screen knows it, too.
    assert.is(await accounts.checkPassword({ ...alice, password: newPassword }), true)
    assert.is(await accounts.checkPassword(alice), false)
    await (await accounts.logIn({ ...alice, password: newPassword })).close()
    assert.is(codes.length, 1)
    const last = 'the very last horse'
    await accounts.changePassword({ ...alice, password: newPassword, newPassword: last, tellCode })
    assert.is(codes.length, 2)
    const old = { ...alice, password: last, code: codes[0] ?? '' }
    assert.is(await codeOf(accounts.recover(old)), 'login_refused')
  }))

test('`signUp()` at a typed server keeps it for that account', () =>
  withServer(async ({ machine }) => {
    const asked: string[] = []
    const note = (api: Api) => ({
      servers() {
        asked.push(api.url)
        return api.servers()
      },
    })
    const { accounts } = await machine(note)
    const chat = await accounts.signUp({ ...alice, server: 'https://own.example/' })
    await waitFor(async () => (await chat.snapshot()).connection.state === 'online', { what: 'a connection' })
    await chat.close()
    assert.equal([...new Set(asked)], ['wss://own.example'])
    asked.length = 0
    const again = await accounts.logIn(alice)
    await again.close()
    assert.ok(asked.every(url => url === 'wss://own.example'))
    assert.is(await codeOf(accounts.signUp({ ...alice, userId: 'bob', server: 'own.example' })), 'usage')
  }))

test('`measure()` tells how far the known servers are, or the one that is asked for', () =>
  withServer(async ({ machine }) => {
    const { accounts } = await machine()
    const urls: string[] = []
    const found = ({ url }: { url: string }) => void urls.push(url)
    await accounts.measure({ found })
    assert.ok(urls.includes('ws://one') && urls.includes('ws://two'))
    urls.length = 0
    await accounts.measure({ url: 'wss://own.example/', found })
    assert.equal(urls, ['wss://own.example'])
  }))
test('`checkPassword()` knows the password without a server, after sign-up and log-in, and keeps nothing that tells it', async () => {
  await withServer(async ({ server, machine }) => {
    const here = await machine()
    const chat = await here.accounts.signUp(alice)
    const there = await machine()
    const second = await there.accounts.logIn(alice)
    server.isUp = false
    for (const { accounts, folder } of [here, there]) {
      assert.is(await accounts.checkPassword(alice), true)
      assert.is(await accounts.checkPassword({ ...alice, password: 'correct horse batterz' }), false)
      assert.is(await accounts.checkPassword({ ...alice, password: '' }), false)
      const text = await readFile(join(folder, 'home', 'accounts', 'alice', 'check.json'), 'utf8')
      assert.not.match(text, alice.password)
    }
    await chat.close()
    await second.close()
  })
})

test('`checkPassword()` asks a server once when the account was logged in before there was anything to compare with', async () => {
  await withServer(async ({ machine }) => {
    const { accounts, folder } = await machine()
    const chat = await accounts.signUp(alice)
    const path = join(folder, 'home', 'accounts', 'alice', 'check.json')
    await rm(path)
    assert.is(await accounts.checkPassword({ ...alice, password: 'not the password' }), false)
    assert.is(await accounts.checkPassword(alice), true)
    assert.ok((await stat(path)).isFile())
    await chat.close()
  })
})

test.run()
