import { join } from 'node:path'
import { FastChatError } from '../schema/errors.ts'
import type { ChangePasswordRequest, RecoveryResponse } from '../schema/http.ts'
import type { UserId } from '../schema/ids.ts'
import type { Agent } from './agent/agent.ts'
import type { AccountEntry, Accounts, Chat, Connection, Credentials } from './chat.ts'
import { generateKey, publicEd25519, thumbprint } from './crypto/keys.ts'
import { checkNewPassword, derivePasswordKeys, makeStorageKey } from './crypto/password.ts'
import { recoveryKeys, sealWithCode, sealWithPassword } from './crypto/sealed-account.ts'
import type { PrivateJwk } from './crypto/types.ts'
import { isSameAccountKey, openVault, unwrapStorageKey, wrapStorageKey } from './crypto/vault.ts'
import type { CodeTeller } from './entrance.ts'
import { FileStore } from './files/file-store.ts'
import type { AccountFiles, Home } from './home/home.ts'
import { askAnyServer } from './net/any-server.ts'
import type { Api } from './net/api.ts'
import { type Clock, systemClock } from './net/clock.ts'
import { createTransport } from './net/create-transport.ts'
import type { Transport } from './net/transport.ts'
import { normalizeServerUrl } from './net/urls.ts'
import { checkStrength } from './password/strength.ts'
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
export function createAccounts(options: AccountsOptions): Accounts {
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

class HomeAccounts implements Accounts {
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
    await checkPassword({ userId, password })
    await this.#servers.choose(userId, server)
    if (await home.account(userId)) {
      throw new FastChatError(
        'user_exists',
        `Cannot sign up as "${userId}": this machine has that account already`,
      )
    }
    const now = await this.#serverTime(userId)
    const accountKey = await generateKey('Ed25519')
    const seal = await sealWithPassword(accountKey, { userId, password })
    const coded = tellCode && (await sealWithCode(accountKey, { userId }))
    const device = await createDevice({ userId, accountKey, now })
    await this.#create(device, async api => {
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
    const { accountKey } = await this.#fetchAccountKey({ userId, password })
    return await this.#enter(accountKey, { userId, isServerChosen: server !== undefined })
  }

  async recover(request: Parameters<Accounts['recover']>[0]): Promise<Chat> {
    const { userId: typed, code, password, server, tellCode } = request
    const userId = readUserId(typed)
    const { authKey, vaultKey } = recoveryKeys(code)
    await checkPassword({ userId, password })
    await this.#servers.choose(userId, server)
    const accountKey = await this.#ask(userId, async api => {
      const answer = await api.recover({ userId, authKey })
      return await openChecked(answer, { userId, vaultKey })
    })
    await this.#setPassword(accountKey, { userId, password, proof: { by: 'recovery', authKey }, tellCode })
    return await this.#enter(accountKey, { userId, isServerChosen: server !== undefined })
  }

  async changePassword(request: Parameters<Accounts['changePassword']>[0]): Promise<void> {
    const { userId: typed, password: old, newPassword: password, server, tellCode } = request
    const userId = readUserId(typed)
    await checkPassword({ userId, password })
    await this.#servers.choose(userId, server)
    const { accountKey, authKey } = await this.#fetchAccountKey({ userId, password: old })
    await this.#setPassword(accountKey, { userId, password, proof: { by: 'password', authKey }, tellCode })
  }

  /** Seals the account key anew. All of it is made before the request, which is repeated with the same content. */
  async #setPassword(
    accountKey: PrivateJwk,
    { userId, password, proof, tellCode }: NewPassword,
  ): Promise<void> {
    const seal = await sealWithPassword(accountKey, { userId, password })
    const coded = tellCode && (await sealWithCode(accountKey, { userId }))
    const recovery = coded ? { recovery: coded.recovery } : {}
    await this.#ask(userId, api => api.changePassword({ userId, proof, ...seal, ...recovery }))
    if (coded) tellCode?.(coded.code)
  }

  /** Opens the account with its key: with the device that this home has already, else with a new one. */
  async #enter(
    accountKey: PrivateJwk,
    { userId, isServerChosen }: { userId: UserId; isServerChosen: boolean },
  ): Promise<Chat> {
    const { home } = this.#options
    const files = await home.account(userId)
    if (files) {
      await files.writeStorageKey(await unlock(files, accountKey))
      if (isServerChosen) await this.#servers.keep(files)
      return await notRevoked(await this.resume({ userId }), userId)
    }
    const device = await createDevice({ userId, accountKey, now: await this.#serverTime(userId) })
    await this.#create(device, async api => {
      await api.addDevice(device.registration)
    })
    return await this.resume({ userId })
  }

  async resume({ userId: typed }: { userId: string }): Promise<Chat> {
    const userId = readUserId(typed)
    const files = await this.#options.home.account(userId)
    if (!files) {
      throw new FastChatError('no_account', `Cannot open account "${userId}": this machine does not have it`)
    }
    await readStorageKey(files)
    return await this.#options.agent.openChat(userId, () => this.#start(files))
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
      return { authKey, accountKey: await openChecked(answer, { userId, vaultKey }) }
    })
  }

  /** Makes the account in this home around what `register` asks of a server. See `createAccounts`. */
  async #create(device: NewDevice, register: (api: Api) => Promise<void>): Promise<void> {
    const { userId, accountKey } = device.identity
    const storageKey = makeStorageKey()
    const own = this.#servers.ownOf(userId)
    await this.#options.home.create({
      userId,
      storageKey,
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

interface NewPassword extends CodeTeller {
  userId: UserId
  password: string
  proof: ChangePasswordRequest['proof']
}

async function checkPassword(request: { userId: UserId; password: string }): Promise<void> {
  checkNewPassword(request.password)
  await checkStrength(request)
}

/** The account key out of a vault, which must be the one that the server names. @throws FastChatError `login_refused` */
async function openChecked(
  answer: RecoveryResponse,
  { userId, vaultKey }: { userId: UserId; vaultKey: Uint8Array },
): Promise<PrivateJwk> {
  const accountKey = await openVault(answer.vault, { userId, vaultKey })
  if (await isSameAccountKey(accountKey, answer.accountKey)) return accountKey
  throw new FastChatError(
    'login_refused',
    `Cannot log in as "${userId}": the server names another account key than the vault holds`,
  )
}

/** Waits for what the first server says of the device that is here already; not for a server that does not answer. */
async function notRevoked(chat: Chat, userId: UserId): Promise<Chat> {
  const isRevoked = await new Promise<boolean>((resolve, reject) => {
    const look = (connection: Connection) => {
      // Offline for good: `closed` follows and says why.
      const isOpen = connection.state === 'offline' && connection.retryInMs !== undefined
      if (isOpen || connection.state === 'online') resolve(false)
    }
    chat.subscribe(event => {
      if (event.type === 'closed') resolve(event.reason === 'revoked')
      if (event.type === 'connection') look(event.connection)
    })
    chat.snapshot().then(({ connection }) => look(connection), reject)
  })
  if (!isRevoked) return chat
  await chat.close()
  throw new FastChatError('device_revoked', `Cannot log in as "${userId}": this machine's device was revoked`)
}

async function readStorageKey(files: AccountFiles): Promise<Uint8Array> {
  const storageKey = await files.readStorageKey()
  if (storageKey) return storageKey
  throw new FastChatError('not_logged_in', `Cannot open account "${files.userId}": log in first`)
}

/** @throws FastChatError `account_key_changed` when the home has the account of that name of another deployment */
async function unlock(files: AccountFiles, accountKey: PrivateJwk): Promise<Uint8Array> {
  const { userId } = files
  const lock = await files.readLock()
  if (lock.accountKey !== (await thumbprint(accountKey))) {
    throw new FastChatError(
      'account_key_changed',
      `Cannot log in as "${userId}": this machine has another account of that name, with another account key`,
    )
  }
  return await unwrapStorageKey(lock.wrapped, { userId, accountKey })
}
