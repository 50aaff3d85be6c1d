import { join } from 'node:path'
import { FastChatError } from '../schema/errors.ts'
import type { UserId } from '../schema/ids.ts'
import type { Agent } from './agent/agent.ts'
import type { AccountEntry, Accounts, Chat, Credentials } from './chat.ts'
import { generateKey, publicEd25519, thumbprint } from './crypto/keys.ts'
import { derivePasswordKeys, makeStorageKey } from './crypto/password.ts'
import { isPassword, makePasswordCheck } from './crypto/password-check.ts'
import { recoveryKeys, sealWithCode, sealWithPassword } from './crypto/sealed-account.ts'
import type { PrivateJwk } from './crypto/types.ts'
import { wrapStorageKey } from './crypto/vault.ts'
import type { CodeTeller } from './entrance.ts'
import { FileStore } from './files/file-store.ts'
import type { AccountFiles, Home } from './home/home.ts'
import type { PasswordChecker } from './locking.ts'
import { askAnyServer } from './net/any-server.ts'
import type { Api } from './net/api.ts'
import { type Clock, systemClock } from './net/clock.ts'
import { createTransport } from './net/create-transport.ts'
import type { Transport } from './net/transport.ts'
import { normalizeServerUrl } from './net/urls.ts'
import {
  checkNew,
  type Derived,
  type NewPassword,
  noAccount,
  notRevoked,
  openChecked,
  readStorageKey,
  unlock,
} from './opening.ts'
import { ServerBook } from './server-book.ts'
import { readUserId } from './session/destinations.ts'
import { createDevice, type NewDevice, readIdentity, writeDevice } from './session/device.ts'
import { createSession } from './session.ts'
import { openStore } from './store/lmdb-store.ts'

export interface AccountsOptions {
  home: Home
  agent: Agent
  /** Addresses of servers of one deployment; at least one. */
  servers: readonly string[]
  /** Whether these are meant for every account, whatever server it was made at. Default: no. */
  isForced?: boolean
  transport?: Transport
  clock?: Clock
  /** Gets what must not happen: a defect of ours. Default: nothing is done. */
  report?: (error: unknown) => void
}

/**
 * What can be done before there is a `Chat`: see `Accounts`.
 *
 * A new account (or a new device) is made in this order, so that whatever breaks in between leaves nothing half:
 *
 * 1. keys, device, prekeys and vault in memory;
 * 2. a temporary folder of the home, with the whole account in it, durable;
 * 3. the request to the server, repeated with the same content when the answer is lost (the server answers 201 again);
 * 4. the temporary folder becomes the account's, by one rename.
 *
 * Refused, or nobody answered: the folder goes, as if nothing had been. Killed between 3 and 4, or the answer never came
 * though the server had done it: the account is there, and its password opens it from here or anywhere, since the server
 * has the vault; this machine is then a new device. No order leaves an account that nobody can open.
 *
 * @throws FastChatError `usage` for an address of a server that is none
 */
export function createAccounts(options: AccountsOptions): Accounts & PasswordChecker {
  const servers = [...new Set(options.servers.map(normalizeServerUrl))]
  const clock = options.clock ?? systemClock
  return new HomeAccounts({
    ...options,
    servers,
    isForced: options.isForced ?? false,
    clock,
    transport: options.transport ?? createTransport({ clock }),
    report: options.report ?? (() => undefined),
  })
}

class HomeAccounts implements Accounts, PasswordChecker {
  readonly #options: Required<AccountsOptions>
  readonly #servers: ServerBook

  constructor(options: Required<AccountsOptions>) {
    this.#options = options
    this.#servers = new ServerBook(options)
  }

  list(): Promise<AccountEntry[]> {
    return this.#options.home.list()
  }

  async measure(request: Parameters<Accounts['measure']>[0]): Promise<void> {
    await this.#servers.measure(request)
  }

  async signUp(request: Credentials & CodeTeller): Promise<Chat> {
    const { userId: typed, password, server, tellCode } = request
    const { home } = this.#options
    const userId = readUserId(typed)
    await checkNew({ userId, password })
    await this.#servers.choose(userId, server)
    if (await home.account(userId)) {
      throw new FastChatError(
        'user_exists',
        `Cannot sign up as "${userId}": this machine has that account already`,
      )
    }
    const now = await this.#serverTime(userId)
    const accountKey = await generateKey('Ed25519')
    const { seal, vaultKey } = await sealWithPassword(accountKey, { userId, password })
    const coded = tellCode && (await sealWithCode(accountKey, { userId }))
    const device = await createDevice({ userId, accountKey, now })
    await this.#create(device, { kdf: seal.kdf, vaultKey }, async api => {
      const { registration } = device
      const account = { userId, ...seal, accountKey: publicEd25519(accountKey) }
      const recovery = coded ? { recovery: coded.recovery } : {}
      await api.createAccount({ ...account, ...recovery, device: registration })
    })
    if (coded) tellCode?.(coded.code)
    return await this.resume({ userId })
  }

  async logIn({ userId: typed, password, server }: Credentials): Promise<Chat> {
    const userId = readUserId(typed)
    await this.#servers.choose(userId, server)
    const { accountKey, kdf, vaultKey } = await this.#fetchAccountKey({ userId, password })
    const derived = { kdf, vaultKey }
    return await this.#enter(accountKey, { userId, derived, isServerChosen: server !== undefined })
  }

  async recover(request: Parameters<Accounts['recover']>[0]): Promise<Chat> {
    const { userId: typed, code, password, server, tellCode } = request
    const userId = readUserId(typed)
    const { authKey, vaultKey } = recoveryKeys(code)
    await checkNew({ userId, password })
    await this.#servers.choose(userId, server)
    const accountKey = await this.#ask(userId, async api => {
      const answer = await api.recover({ userId, authKey })
      return await openChecked(answer, { userId, vaultKey })
    })
    const proof = { by: 'recovery', authKey } as const
    const derived = await this.#setPassword(accountKey, { userId, password, proof, tellCode })
    return await this.#enter(accountKey, { userId, derived, isServerChosen: server !== undefined })
  }

  async changePassword(request: Parameters<Accounts['changePassword']>[0]): Promise<void> {
    const { userId: typed, password: old, newPassword: password, server, tellCode } = request
    const userId = readUserId(typed)
    await checkNew({ userId, password })
    await this.#servers.choose(userId, server)
    const { accountKey, authKey } = await this.#fetchAccountKey({ userId, password: old })
    const proof = { by: 'password', authKey } as const
    const derived = await this.#setPassword(accountKey, { userId, password, proof, tellCode })
    const files = await this.#options.home.account(userId)
    const storageKey = await files?.readStorageKey()
    if (storageKey) await files?.writePasswordCheck(makePasswordCheck({ ...derived, storageKey }))
  }

  /** Seals the account key anew. All of it is made before the request, which is repeated with the same content. */
  async #setPassword(
    accountKey: PrivateJwk,
    { userId, password, proof, tellCode }: NewPassword,
  ): Promise<Derived> {
    const { seal, vaultKey } = await sealWithPassword(accountKey, { userId, password })
    const coded = tellCode && (await sealWithCode(accountKey, { userId }))
    const recovery = coded ? { recovery: coded.recovery } : {}
    await this.#ask(userId, api => api.changePassword({ userId, proof, ...seal, ...recovery }))
    if (coded) tellCode?.(coded.code)
    return { kdf: seal.kdf, vaultKey }
  }

  /** Opens the account with its key: with the device that this home has already, else with a new one. */
  async #enter(
    accountKey: PrivateJwk,
    { userId, derived, isServerChosen }: { userId: UserId; derived: Derived; isServerChosen: boolean },
  ): Promise<Chat> {
    const { home } = this.#options
    const files = await home.account(userId)
    if (files) {
      const storageKey = await unlock(files, accountKey)
      await files.writePasswordCheck(makePasswordCheck({ ...derived, storageKey }))
      await files.writeStorageKey(storageKey)
      if (isServerChosen) await this.#servers.keep(files)
      return await notRevoked(await this.resume({ userId }), userId)
    }
    const device = await createDevice({ userId, accountKey, now: await this.#serverTime(userId) })
    await this.#create(device, derived, async api => {
      await api.addDevice(device.registration)
    })
    return await this.resume({ userId })
  }

  async resume({ userId: typed }: { userId: string }): Promise<Chat> {
    const userId = readUserId(typed)
    const files = await this.#options.home.account(userId)
    if (!files) throw noAccount(userId)
    await readStorageKey(files)
    return await this.#options.agent.openChat(userId, () => this.#start(files))
  }

  /** See `PasswordChecker`. */
  async checkPassword({ userId: typed, password }: Credentials): Promise<boolean> {
    const userId = readUserId(typed)
    const files = await this.#options.home.account(userId)
    if (!files) throw noAccount(userId)
    const storageKey = await readStorageKey(files)
    const check = await files.readPasswordCheck()
    try {
      if (check) return await isPassword(password, { check, storageKey })
      // Logged in by a version that made none: a server tells, once.
      const { kdf, vaultKey } = await this.#fetchAccountKey({ userId, password })
      await files.writePasswordCheck(makePasswordCheck({ kdf, vaultKey, storageKey }))
      return true
    } catch (error) {
      const isWrong =
        error instanceof FastChatError && ['login_refused', 'weak_password'].includes(error.code)
      if (isWrong) return false
      throw error
    }
  }

  /** By which a server judges whether a prekey is good: this machine's clock may be wrong. */
  async #serverTime(userId: UserId): Promise<number> {
    return (await this.#ask(userId, api => api.servers())).now
  }

  /** The password's proof to a server, and the account key out of the vault that it gives for it. */
  async #fetchAccountKey({ userId, password }: { userId: UserId; password: string }) {
    return await this.#ask(userId, async api => {
      const { kdf } = await api.challenge({ userId })
      const { authKey, vaultKey } = await derivePasswordKeys(password, kdf)
      const answer = await api.logIn({ userId, authKey })
      return { authKey, kdf, vaultKey, accountKey: await openChecked(answer, { userId, vaultKey }) }
    })
  }

  /** Makes the account in this home around what `register` asks of a server. See `createAccounts`. */
  async #create(device: NewDevice, derived: Derived, register: (api: Api) => Promise<void>): Promise<void> {
    const { userId, accountKey } = device.identity
    const storageKey = makeStorageKey()
    const own = this.#servers.ownOf(userId)
    await this.#options.home.create({
      userId,
      storageKey,
      check: makePasswordCheck({ ...derived, storageKey }),
      lock: {
        version: 1,
        userId,
        accountKey: await thumbprint(accountKey),
        wrapped: await wrapStorageKey(storageKey, { userId, accountKey }),
        ...(own ? { servers: own } : {}),
      },
      fill: async folder => {
        const store = openStore({ folder, storageKey })
        try {
          await writeDevice(store, device)
        } finally {
          await store.close()
        }
        await this.#ask(userId, register)
      },
    })
  }

  async #start(files: AccountFiles): Promise<Chat> {
    const { transport, clock, report } = this.#options
    await this.#servers.choose(files.userId)
    const store = openStore({ folder: files.folder, storageKey: await readStorageKey(files) })
    try {
      const identity = readIdentity(store)
      if (!identity) {
        throw new FastChatError(
          'home_damaged',
          `Cannot open account "${files.userId}": its device is not there`,
        )
      }
      const onLogOut = () => files.removeStorageKey()
      const kept = new FileStore(join(files.folder, 'files'))
      return await createSession({
        identity,
        store,
        files: kept,
        transport,
        ...this.#servers.of(files.userId),
        clock,
        report,
        onLogOut,
      })
    } catch (error) {
      await store.close()
      throw error
    }
  }

  #ask<T>(userId: UserId, question: (api: Api) => Promise<T>): Promise<T> {
    const { transport } = this.#options
    return askAnyServer(question, { apis: this.#servers.order(userId).map(url => transport.api(url)) })
  }
}
