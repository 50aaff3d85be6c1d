import * as v from 'valibot'
import { Kdf, ServerUrl } from '../../schema/http.ts'
import { Base64Url32, UserId } from '../../schema/ids.ts'

/**
 * The port to FASTCHAT_HOME: which accounts this machine has, and whether they can be opened without a password.
 *
 * ```
 * <home>/                      0700
 *   accounts/<userId>/         0700
 *     lock.json                the storage key, wrapped under a key that only a log-in gives
 *     check.json               tells whether a password is the account's, with the storage key
 *     open.key                 the storage key itself, while logged in
 *     data.mdb, data.mdb-lock, owner-<n>.json, agent-*.sock
 * ```
 */
export interface Home {
  readonly folder: string

  /** The accounts of this home, sorted by user id. */
  list(): Promise<{ userId: UserId; loggedIn: boolean }[]>

  /** The account's files, or null when this home does not have it. */
  account(userId: UserId): Promise<AccountFiles | null>

  /**
   * Makes an account, whole or not at all: `fill` gets a temporary folder that holds lock.json and open.key already,
   * and becomes the account's folder once it resolves. Whatever `fill` opens in the folder it must have closed by then.
   *
   * @throws FastChatError `user_exists` when the home has the account; `disk_full`; whatever `fill` throws, after which
   *   nothing is left.
   */
  create(account: {
    userId: UserId
    lock: AccountLock
    check?: PasswordCheck
    storageKey: Uint8Array
    fill: (folder: string) => Promise<void>
  }): Promise<AccountFiles>
}

/** The files of one account. */
export interface AccountFiles {
  readonly userId: UserId
  /** Absolute; for `openStore` and the agent. */
  readonly folder: string

  /** @throws FastChatError `home_damaged` when it cannot be read. */
  readLock(): Promise<AccountLock>

  /**
   * What tells whether a password is the account's; null when this account has none yet.
   *
   * @throws FastChatError `home_damaged`, `home_unsafe`
   */
  readPasswordCheck(): Promise<PasswordCheck | null>

  /** Replaces it as one. @throws FastChatError `disk_full`. */
  writePasswordCheck(check: PasswordCheck): Promise<void>

  /** Replaces lock.json as one. @throws FastChatError `disk_full`. */
  writeLock(lock: AccountLock): Promise<void>

  /**
   * The 32 bytes of the storage key, or null when logged out.
   *
   * @throws FastChatError `home_damaged`; `home_unsafe` when others may read it.
   */
  readStorageKey(): Promise<Uint8Array<ArrayBuffer> | null>

  /** Logs in on this disk. @throws FastChatError `disk_full`. */
  writeStorageKey(storageKey: Uint8Array): Promise<void>

  /** Logs out on this disk: the data stays, sealed. Harmless when it is done already. */
  removeStorageKey(): Promise<void>

  /** Removes the account from this machine, with all its data. The owner's duty only: nobody may have it open. */
  remove(): Promise<void>
}

/** What lock.json holds. */
export const AccountLock = v.object({
  version: v.literal(1),
  userId: UserId,
  /** Thumbprint (RFC 7638) of the account key, so that the account of another deployment is not taken for this one. */
  accountKey: Base64Url32,
  /** The storage key as a compact JWE; made and opened by client/crypto. */
  wrapped: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
  /** Where it was made, when the person typed that: a deployment that neither command line nor environment names. */
  servers: v.optional(v.pipe(v.array(ServerUrl), v.minLength(1), v.maxLength(16))),
})
export type AccountLock = v.InferOutput<typeof AccountLock>

/** What check.json holds; made and compared by client/crypto. */
export const PasswordCheck = v.object({ version: v.literal(1), kdf: Kdf, tag: Base64Url32 })
export type PasswordCheck = v.InferOutput<typeof PasswordCheck>
