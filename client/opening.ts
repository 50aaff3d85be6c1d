import { FastChatError } from '../schema/errors.ts'
import type { ChangePasswordRequest, Kdf, RecoveryResponse } from '../schema/http.ts'
import type { UserId } from '../schema/ids.ts'
import type { Chat, Connection } from './chat.ts'
import { thumbprint } from './crypto/keys.ts'
import { checkNewPassword } from './crypto/password.ts'
import type { PrivateJwk } from './crypto/types.ts'
import { isSameAccountKey, openVault, unwrapStorageKey } from './crypto/vault.ts'
import type { CodeTeller } from './entrance.ts'
import type { AccountFiles } from './home/home.ts'
import { checkStrength } from './password/strength.ts'

/** What a password became, and how. */
export interface Derived {
  kdf: Kdf
  vaultKey: Uint8Array
}

export interface NewPassword extends CodeTeller {
  userId: UserId
  password: string
  proof: ChangePasswordRequest['proof']
}

/** Refuses a password that nobody should set. @throws FastChatError `weak_password` */
export async function checkNew(request: { userId: UserId; password: string }): Promise<void> {
  checkNewPassword(request.password)
  await checkStrength(request)
}

/** The account key out of a vault, which must be the one that the server names. @throws FastChatError `login_refused` */
export async function openChecked(
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
export async function notRevoked(chat: Chat, userId: UserId): Promise<Chat> {
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

export function noAccount(userId: UserId): FastChatError {
  return new FastChatError('no_account', `Cannot open account "${userId}": this machine does not have it`)
}

export async function readStorageKey(files: AccountFiles): Promise<Uint8Array> {
  const storageKey = await files.readStorageKey()
  if (storageKey) return storageKey
  throw new FastChatError('not_logged_in', `Cannot open account "${files.userId}": log in first`)
}

/** @throws FastChatError `account_key_changed` when the home has the account of that name of another deployment */
export async function unlock(files: AccountFiles, accountKey: PrivateJwk): Promise<Uint8Array> {
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
