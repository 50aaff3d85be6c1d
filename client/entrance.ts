import type { UserId } from '../schema/ids.ts'
import type { Chat } from './chat.ts'

export interface AccountEntry {
  userId: UserId
  /** Its data can be opened without a password. */
  loggedIn: boolean
}

export interface Credentials {
  userId: string
  password: string
  /**
   * The server to go to first, as it was typed; absent: the nearest known one. One that is of no known deployment is kept as
   * the account's own.
   */
  server?: string
}

/** How a recovery code that was just made is told, once and only here: it is kept nowhere. */
export interface CodeTeller {
  /** Called once a server has it. Without this none is made. */
  tellCode?: (code: string) => void
}

/** A server, and how far it is. */
export interface ServerMeasure {
  url: string
  /** Of a question and its answer, ms; null: it does not answer. */
  latencyMs: number | null
}

/** What can be done before there is a `Chat`. */
export interface Accounts {
  /** The accounts of this home. */
  list(): Promise<AccountEntry[]>

  /**
   * Measures the known servers and those that they name, or the one of `url` alone. Whoever then signs up or logs in
   * without choosing goes to the nearest.
   *
   * @param request `found` is told of each as soon as it is known
   * @throws FastChatError `usage` when `url` is no address.
   */
  measure(request: { url?: string; found: (server: ServerMeasure) => void }): Promise<void>

  /**
   * Makes an account with this machine as its first device.
   *
   * @throws FastChatError `usage` (user id, server), `weak_password`, `user_exists`, `no_server`, `disk_full`.
   */
  signUp(credentials: Credentials & CodeTeller): Promise<Chat>

  /**
   * Sets another password with the recovery code, which is void afterwards, and opens the account as `logIn()` does. The
   * old password opens nothing any more; devices stay logged in.
   *
   * @param request `password`: the new one
   * @throws FastChatError as `logIn()`; `usage` also when `code` is no code; `weak_password`.
   */
  recover(request: Credentials & { code: string } & CodeTeller): Promise<Chat>

  /**
   * Sets another password, proven by the present one, which opens nothing any more afterwards; devices stay logged in. With
   * `tellCode` there is another recovery code, too, and the old one is void.
   *
   * @throws FastChatError `login_refused`, `weak_password`, `no_server`, `rate_limited`.
   */
  changePassword(request: Credentials & { newPassword: string } & CodeTeller): Promise<void>

  /**
   * Opens an account with its password: with the device that this home already has, else with a new one.
   *
   * @throws FastChatError `login_refused`, `no_server`, `device_limit`, `device_revoked`, `rate_limited`.
   */
  logIn(credentials: Credentials): Promise<Chat>

  /**
   * Opens an account that is logged in.
   *
   * @throws FastChatError `not_logged_in`, `no_account`.
   */
  resume(request: { userId: string }): Promise<Chat>
}
