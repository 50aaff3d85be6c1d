import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { currentRuntime, spawnArgs } from '../../scripts/test/runtimes.ts'
import type { AccountLock, Home } from './home.ts'
import { openHome } from './home-folder.ts'

const test = suite<{ folder: string; home: Home }>('home')

test.before.each(async context => {
  context.folder = join(mkdtempSync(join(tmpdir(), 'fastchat-home-')), 'home')
  context.home = await openHome({ folder: context.folder })
})
test.after.each(({ folder }) => rmSync(join(folder, '..'), { recursive: true, force: true }))

const storageKey = Buffer.alloc(32, 5)
const accountKey = 'A'.repeat(43)

function lockOf(userId: string): AccountLock {
  return { version: 1, userId, accountKey, wrapped: 'wrapped.by.client.crypto' }
}

function createBob(home: Home, fill: (folder: string) => Promise<void> = async () => undefined) {
  return home.create({ userId: 'bob', lock: lockOf('bob'), storageKey, fill })
}

function hasCode(code: string, message = /./) {
  return (error: unknown) =>
    error instanceof FastChatError && error.code === code && message.test(error.message)
}

async function rejects(action: Promise<unknown>, expected: (error: unknown) => boolean): Promise<void> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(expected(error), `unexpected: ${error}`)
}

test('`openHome()` makes folders and files that nobody else may get at, whatever the umask', () => {
  const script = fileURLToPath(new URL('create-account.fixture.ts', import.meta.url))
  for (const umask of ['000', '022', '077']) {
    const root = mkdtempSync(join(tmpdir(), 'fastchat-umask-'))
    const { command, args } = spawnArgs(currentRuntime(), script, [join(root, 'deep', 'home')])
    execFileSync('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', command, ...args])
    const home = join(root, 'deep', 'home')
    const bob = join(home, 'accounts', 'bob')
    for (const path of [home, join(home, 'accounts'), bob]) assert.is(modeOf(path), 0o700, `${umask} ${path}`)
    for (const name of ['lock.json', 'open.key'])
      assert.is(modeOf(join(bob, name)), 0o600, `${umask} ${name}`)
    rmSync(root, { recursive: true })
  }
})

test('`openHome()` throws home_unsafe with what to run when others may get at the folder', async ({
  folder,
}) => {
  for (const mode of [0o750, 0o705, 0o701]) {
    chmodSync(folder, mode)
    await rejects(openHome({ folder }), hasCode('home_unsafe', new RegExp(`chmod 700 '${folder}'`)))
  }
  chmodSync(folder, 0o700)
  await openHome({ folder })
  chmodSync(join(folder, 'accounts'), 0o755)
  await rejects(openHome({ folder }), hasCode('home_unsafe', /accounts/))
})

if (process.getuid?.() === 0) {
  test('`openHome()` throws home_unsafe when the folder belongs to somebody else', async ({ folder }) => {
    execFileSync('chown', ['65534', folder])
    await rejects(openHome({ folder }), hasCode('home_unsafe', /somebody else/))
  })
}

test('`openHome()` takes a link to a folder, but no link for an account', async ({ folder, home }) => {
  const link = `${folder}-link`
  symlinkSync(folder, link)
  await openHome({ folder: link })
  mkdirSync(`${folder}-other`, { mode: 0o700 })
  symlinkSync(`${folder}-other`, join(folder, 'accounts', 'bob'))
  await rejects(home.account('bob'), hasCode('home_unsafe', /not a folder/))
})

test('`create()` makes an account that is logged in, with what `fill` wrote', async ({ home, folder }) => {
  assert.equal(await home.list(), [])
  assert.is(await home.account('bob'), null)
  const files = await createBob(home, async temporary => {
    assert.equal(await home.list(), [])
    writeFileSync(join(temporary, 'data'), 'data')
  })
  assert.is(files.folder, join(folder, 'accounts', 'bob'))
  assert.is(readFileSync(join(files.folder, 'data'), 'utf8'), 'data')
  assert.equal(await home.list(), [{ userId: 'bob', loggedIn: true }])
  assert.equal(await files.readLock(), lockOf('bob'))
  assert.equal(await files.readStorageKey(), new Uint8Array(storageKey))
  assert.is((await home.account('bob'))?.folder, files.folder)
})

test('`create()` leaves nothing when `fill` throws', async ({ home, folder }) => {
  const boom = new FastChatError('no_server', 'Cannot reach server: none answers')
  const fill = () => Promise.reject(boom)
  await rejects(createBob(home, fill), error => error === boom)
  assert.equal(readdirSync(join(folder, 'accounts')), [])
  await createBob(home)
})

test('`create()` throws user_exists for an account that is there, also when it came meanwhile', async ({
  home,
}) => {
  const outcome = await Promise.allSettled([createBob(home), createBob(home), createBob(home)])
  assert.is(outcome.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const result of outcome) {
    if (result.status === 'rejected') assert.ok(hasCode('user_exists', /bob/)(result.reason))
  }
  await rejects(createBob(home), hasCode('user_exists'))
  assert.equal(readdirSync(join(home.folder, 'accounts')), ['bob'])
})

test('`create()` and `account()` refuse an id that would be a path', async ({ home }) => {
  for (const userId of ['..', '../x', 'a/b', '.new-bob', 'A']) {
    await rejects(home.account(userId), hasCode('usage'))
    await rejects(
      home.create({ userId, lock: lockOf('bob'), storageKey, fill: async () => undefined }),
      hasCode('usage'),
    )
  }
})

test('`openHome()` removes what a crash left a day ago, not what is being made', async ({ home, folder }) => {
  await createBob(home, async temporary => {
    const old = join(folder, 'accounts', '.new-carol-000000000000')
    mkdirSync(old)
    utimesSync(old, 1, 1)
    await openHome({ folder })
    assert.not(existsSync(old))
    assert.ok(existsSync(temporary))
  })
  assert.equal(readdirSync(join(folder, 'accounts')), ['bob'])
})

test('`list()` gives accounts in order and passes over what is none', async ({ home, folder }) => {
  for (const userId of ['carol', 'a.b', 'bob']) {
    await home.create({ userId, lock: lockOf(userId), storageKey, fill: async () => undefined })
  }
  mkdirSync(join(folder, 'accounts', '.new-dave'))
  writeFileSync(join(folder, 'accounts', 'NOTES'), '')
  await (await home.account('bob'))?.removeStorageKey()
  assert.equal(await home.list(), [
    { userId: 'a.b', loggedIn: true },
    { userId: 'bob', loggedIn: false },
    { userId: 'carol', loggedIn: true },
  ])
})

test('`removeStorageKey()` logs out and `writeStorageKey()` in again', async ({ home }) => {
  const files = await createBob(home)
  await files.removeStorageKey()
  await files.removeStorageKey()
  assert.is(await files.readStorageKey(), null)
  const other = new Uint8Array(32).fill(9)
  await files.writeStorageKey(other)
  assert.equal(await files.readStorageKey(), other)
  await rejects(files.writeStorageKey(new Uint8Array(16)), error => error instanceof TypeError)
})

test('`readLock()` and `readStorageKey()` throw home_damaged for what is not theirs', async ({ home }) => {
  const files = await createBob(home)
  const lock = join(files.folder, 'lock.json')
  const key = join(files.folder, 'open.key')
  for (const text of ['', '{', '{"version":2}', JSON.stringify(lockOf('carol')), 'x'.repeat(20_000)]) {
    writeFileSync(lock, text)
    await rejects(files.readLock(), hasCode('home_damaged', /lock.json/))
  }
  rmSync(lock)
  await rejects(files.readLock(), hasCode('home_damaged', /not there/))
  for (const text of ['', 'short', `${'A'.repeat(43)}A`]) {
    writeFileSync(key, text)
    await rejects(files.readStorageKey(), hasCode('home_damaged', /open.key/))
  }
})

test('`readStorageKey()` throws home_unsafe when others may read the key, or it is a link', async ({
  home,
}) => {
  const files = await createBob(home)
  const key = join(files.folder, 'open.key')
  chmodSync(key, 0o644)
  await rejects(files.readStorageKey(), hasCode('home_unsafe', /chmod 600/))
  chmodSync(key, 0o600)
  symlinkSync(key, join(files.folder, 'link'))
  rmSync(join(files.folder, 'lock.json'))
  symlinkSync(key, join(files.folder, 'lock.json'))
  await rejects(files.readLock(), hasCode('home_unsafe', /link/))
})

test('`writeLock()` replaces the file and leaves no other', async ({ home }) => {
  const files = await createBob(home)
  await files.writeLock({ ...lockOf('bob'), wrapped: 'another' })
  assert.is((await files.readLock()).wrapped, 'another')
  assert.equal(readdirSync(files.folder).sort(), ['lock.json', 'open.key'])
})

test('`remove()` removes the account', async ({ home }) => {
  const files = await createBob(home)
  await files.remove()
  assert.equal(await home.list(), [])
  assert.not(existsSync(files.folder))
})

test.run()

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}
