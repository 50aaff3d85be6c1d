/**
 * Every error that leaves a function of ours, once.
 *
 * - `status`: the HTTP status when a server answers with it.
 * - `exit`: the exit code of the one-shot commands (see `exitCodes`).
 * - `retry`: whether the same request may succeed later without anybody changing it.
 */
export const errorTable = {
  // what a person or a program got wrong
  usage: { status: 400, exit: 2, retry: false },
  bad_request: { status: 400, exit: 3, retry: false },
  bad_frame: { status: 400, exit: 3, retry: false },
  too_large: { status: 413, exit: 3, retry: false },
  not_found: { status: 404, exit: 3, retry: false },
  rate_limited: { status: 429, exit: 3, retry: true },
  // accounts and devices
  user_exists: { status: 409, exit: 3, retry: false },
  unknown_user: { status: 404, exit: 3, retry: false },
  login_refused: { status: 401, exit: 3, retry: false },
  weak_password: { status: 400, exit: 3, retry: false },
  weak_kdf: { status: 400, exit: 3, retry: false },
  unauthorized: { status: 401, exit: 3, retry: true },
  device_revoked: { status: 403, exit: 3, retry: false },
  device_limit: { status: 409, exit: 3, retry: false },
  bad_certificate: { status: 400, exit: 3, retry: false },
  bad_prekey: { status: 400, exit: 3, retry: false },
  // sending
  stale_audience: { status: 409, exit: 3, retry: true },
  no_devices: { status: 409, exit: 3, retry: false },
  id_taken: { status: 409, exit: 3, retry: false },
  not_a_member: { status: 403, exit: 3, retry: false },
  account_key_changed: { status: 409, exit: 3, retry: false },
  // groups
  group_exists: { status: 409, exit: 3, retry: false },
  unknown_group: { status: 404, exit: 3, retry: false },
  not_an_admin: { status: 403, exit: 3, retry: false },
  /** Somebody else has changed the group first: the change is made again on top of theirs. */
  stale_roster: { status: 409, exit: 3, retry: true },
  /** A roster event that does not follow from those before it, or is not signed as it must be. */
  bad_roster: { status: 400, exit: 3, retry: false },
  /** The server shows another history of a group than it did before, or than a member does. */
  roster_forked: { status: 409, exit: 3, retry: false },
  group_full: { status: 409, exit: 3, retry: false },
  last_admin: { status: 409, exit: 3, retry: false },

  // attachments
  quota_exceeded: { status: 413, exit: 3, retry: false },
  blob_incomplete: { status: 409, exit: 3, retry: true },
  bad_blob: { status: 400, exit: 3, retry: false },
  bad_image: { status: 400, exit: 3, retry: false },
  file_unusable: { status: 400, exit: 2, retry: false },

  // what one person may do with what another wrote
  unknown_message: { status: 404, exit: 3, retry: false },
  not_allowed: { status: 403, exit: 3, retry: false },
  blocked: { status: 409, exit: 3, retry: false },

  // cryptography: one error, one message, whatever failed (RFC 7516 section 11.5)
  cannot_decrypt: { status: 400, exit: 3, retry: false },
  bad_signature: { status: 400, exit: 3, retry: false },
  // this machine
  not_logged_in: { status: 401, exit: 3, retry: false },
  no_account: { status: 404, exit: 2, retry: false },
  home_unsafe: { status: 500, exit: 3, retry: false },
  home_damaged: { status: 500, exit: 3, retry: false },
  account_in_use: { status: 409, exit: 3, retry: true },
  disk_full: { status: 507, exit: 3, retry: true },
  bad_config: { status: 500, exit: 2, retry: false },
  no_terminal: { status: 400, exit: 2, retry: false },
  // servers
  no_server: { status: 503, exit: 4, retry: true },
  server_stopping: { status: 503, exit: 4, retry: true },
  unavailable: { status: 503, exit: 4, retry: true },
  not_delivered: { status: 504, exit: 5, retry: true },
  port_in_use: { status: 500, exit: 3, retry: false },
  database_in_use: { status: 500, exit: 3, retry: false },
  database_unusable: { status: 500, exit: 3, retry: false },
  database_unreachable: { status: 503, exit: 4, retry: true },
  internal: { status: 500, exit: 1, retry: true },
} as const

export type ErrorCode = keyof typeof errorTable

/** What a process of ours exits with. */
export const exitCodes = {
  done: 0,
  /** A defect of ours: please report it. */
  internal: 1,
  /** The command line, an environment variable or a config file is wrong. */
  usage: 2,
  /** Refused: the message says by whom and why. */
  refused: 3,
  /** No server could be reached. */
  noServer: 4,
  /** Stored by a server, but not delivered in the time given. */
  notDelivered: 5,
} as const

/**
 * The base of all errors of ours. Its message is "Cannot <verb> <thing>: <state>" and holds no token, key, password or
 * text of a message, so it may be logged and shown.
 */
export class FastChatError extends Error {
  override readonly name: string = 'FastChatError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }

  /** Whether the same request may succeed later without anybody changing it. */
  shouldRetry(): boolean {
    return errorTable[this.code].retry
  }

  get status(): number {
    return errorTable[this.code].status
  }

  get exitCode(): number {
    return errorTable[this.code].exit
  }
}

/** Whether a string from the wire is a code that this version knows. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code)
}

/**
 * Why a server closes a WebSocket (RFC 6455 section 7.4; 4000-4999 are ours). `reconnect` says what a client does next:
 * `elsewhere` prefers another server, `token` gets a fresh token first, `never` gives up and says why.
 */
export const closeCodes = {
  normal: { code: 1000, reconnect: 'never' },
  goingAway: { code: 1001, reconnect: 'elsewhere' },
  frameTooLarge: { code: 1009, reconnect: 'elsewhere' },
  serviceRestart: { code: 1012, reconnect: 'elsewhere' },
  badFrame: { code: 4400, reconnect: 'elsewhere' },
  tokenExpired: { code: 4401, reconnect: 'token' },
  deviceRevoked: { code: 4403, reconnect: 'never' },
  silent: { code: 4408, reconnect: 'elsewhere' },
  replaced: { code: 4409, reconnect: 'never' },
  tooManyFrames: { code: 4429, reconnect: 'elsewhere' },
} as const
export type CloseReason = keyof typeof closeCodes
