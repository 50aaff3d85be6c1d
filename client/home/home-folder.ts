import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import { Base64Url32, UserId } from '../../schema/ids.ts'
import { parse, parseJson } from '../../schema/parse.ts'
import { asDiskFull } from '../store/disk-full.ts'
import {
  checkPrivate,
  exists,
  flushFolder,
  hasCode,
  isPrivateFolder,
  readPrivateFile,
  replaceFile,
} from './files.ts'
import { type AccountFiles, AccountLock, type Home, PasswordCheck } from './home.ts'

const LOCK = 'lock.json'
const CHECK = 'check.json'
const OPEN_KEY = 'open.key'
/** An account being made; user ids begin with a letter or a digit, so it can never be one. */
const TEMPORARY = '.new-'
/** Nobody takes so long to sign up: what is older was left by a crash. */
const TEMPORARY_MAX_AGE_MS = 24 * 60 * 60 * 1000

/**
 * Opens a home, made (0700) when it is not there.
 *
 * @param folder FASTCHAT_HOME
 * @throws FastChatError `home_unsafe` when it belongs to somebody else or others may get at it: the message says what to
 *   run; `disk_full`.
 */
export async function openHome({ folder }: { folder: string }): Promise<Home> {
  const home = resolve(folder)
  const accounts = join(home, 'accounts')
  try {
    await makePrivateFolder(home)
    // The home itself may be a link to where the person wants it; nothing within it may be.
    checkPrivate(home, await stat(home))
    await makePrivateFolder(accounts)
    await isPrivateFolder(accounts)
    await removeLeftOvers(accounts)
  } catch (error) {
    throw asDiskFull(error, 'make home') ?? error
  }
  return new HomeFolder(home, accounts)
}

class HomeFolder implements Home {
  readonly folder: string
  readonly #accounts: string

  constructor(folder: string, accounts: string) {
    this.folder = folder
    this.#accounts = accounts
  }

  async list(): Promise<{ userId: UserId; loggedIn: boolean }[]> {
    const names = (await readdir(this.#accounts)).filter(name => v.is(UserId, name)).sort()
    return Promise.all(
      names.map(async userId => ({
        userId,
        loggedIn: await exists(join(this.#accounts, userId), OPEN_KEY),
      })),
    )
  }

  async account(userId: UserId): Promise<AccountFiles | null> {
    const folder = this.#folderOf(userId)
    return (await isPrivateFolder(folder)) ? new AccountFolder(userId, folder) : null
  }

  async create({
    userId,
    lock,
    check,
    storageKey,
    fill,
  }: Parameters<Home['create']>[0]): Promise<AccountFiles> {
    const folder = this.#folderOf(userId)
    await this.#checkAbsent(userId)
    const temporary = join(this.#accounts, `${TEMPORARY}${userId}-${randomBytes(6).toString('hex')}`)
    try {
      await makePrivateFolder(temporary)
      const files = new AccountFolder(userId, temporary)
      await files.writeLock(lock)
      if (check) await files.writePasswordCheck(check)
      await files.writeStorageKey(storageKey)
      await fill(temporary)
      await flushFolder(temporary)
      // An empty folder would be replaced by `rename`, but an account's is never empty.
      await rename(temporary, folder)
      await flushFolder(this.#accounts)
    } catch (error) {
      await rm(temporary, { recursive: true, force: true })
      if (hasCode(error, 'ENOTEMPTY') || hasCode(error, 'EEXIST')) await this.#checkAbsent(userId)
      throw asDiskFull(error, 'make account') ?? error
    }
    return new AccountFolder(userId, folder)
  }

  async #checkAbsent(userId: UserId): Promise<void> {
    if (!(await exists(this.#accounts, userId))) return
    throw new FastChatError('user_exists', `Cannot make account "${userId}": this home has it already`)
  }

  #folderOf(userId: UserId): string {
    // A user id is never a path: that is checked again where it becomes one.
    return join(this.#accounts, parse(UserId, userId, { what: 'user id', code: 'usage' }))
  }
}

class AccountFolder implements AccountFiles {
  readonly userId: UserId
  readonly folder: string

  constructor(userId: UserId, folder: string) {
    this.userId = userId
    this.folder = folder
  }

  async readLock(): Promise<AccountLock> {
    const what = `${LOCK} of "${this.userId}"`
    const text = await readPrivateFile(join(this.folder, LOCK))
    if (text === null) throw new FastChatError('home_damaged', `Cannot read ${what}: it is not there`)
    const lock = parseJson(AccountLock, text, { what, code: 'home_damaged' })
    if (lock.userId !== this.userId) {
      throw new FastChatError('home_damaged', `Cannot read ${what}: it is another account's`)
    }
    return lock
  }

  async writeLock(lock: AccountLock): Promise<void> {
    await replaceFile(join(this.folder, LOCK), `${JSON.stringify(lock, null, 2)}\n`)
  }

  async readPasswordCheck(): Promise<PasswordCheck | null> {
    const text = await readPrivateFile(join(this.folder, CHECK))
    const what = `${CHECK} of "${this.userId}"`
    return text === null ? null : parseJson(PasswordCheck, text, { what, code: 'home_damaged' })
  }

  async writePasswordCheck(check: PasswordCheck): Promise<void> {
    await replaceFile(join(this.folder, CHECK), `${JSON.stringify(check, null, 2)}\n`)
  }

  async readStorageKey(): Promise<Uint8Array<ArrayBuffer> | null> {
    const text = await readPrivateFile(join(this.folder, OPEN_KEY))
    if (text === null) return null
    const encoded = parse(Base64Url32, text.trimEnd(), {
      what: `${OPEN_KEY} of "${this.userId}"`,
      code: 'home_damaged',
    })
    return new Uint8Array(Buffer.from(encoded, 'base64url'))
  }

  async writeStorageKey(storageKey: Uint8Array): Promise<void> {
    if (storageKey.byteLength !== 32) throw new TypeError('Cannot write key: a storage key has 32 bytes')
    await replaceFile(join(this.folder, OPEN_KEY), `${Buffer.from(storageKey).toString('base64url')}\n`)
  }

  async removeStorageKey(): Promise<void> {
    await rm(join(this.folder, OPEN_KEY), { force: true })
    await flushFolder(this.folder)
  }

  async remove(): Promise<void> {
    // The key first: a crash in between leaves data that is logged out, not half an account that opens.
    await this.removeStorageKey()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Makes a folder 0700 whatever the umask; one that is there is left as it is. */
async function makePrivateFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 })
  if (made !== undefined) await chmod(path, 0o700)
}

async function removeLeftOvers(accounts: string): Promise<void> {
  for (const name of await readdir(accounts)) {
    if (!name.startsWith(TEMPORARY)) continue
    const path = join(accounts, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > TEMPORARY_MAX_AGE_MS) await rm(path, { recursive: true, force: true })
  }
}
