/** Every limit of the protocol, once. Units are in the names; each is enforced at the edge and hit by a test. */
export const limits = {
  /** One WebSocket frame, bytes of UTF-8: a chain to 1,000 devices is about 210 KB. */
  maxFrameBytes: 512 * 1024,
  /** One HTTP body, bytes. */
  maxBodyBytes: 256 * 1024,
  /** The text of one message, bytes of UTF-8. */
  maxTextBytes: 64 * 1024,
  /** A compact JWE of one message, characters: the text after padding, a signature and base64url twice. */
  maxMessageJweChars: 256 * 1024,
  /** A JWS that is not a message: certificate, prekey, assertion; characters. */
  maxJwsChars: 4096,
  /** A vault (compact JWE of one key), characters. */
  maxVaultChars: 2048,
  /** An access token, characters. */
  maxTokenChars: 2048,
  /** Recipient entries (devices) of one chain. */
  maxRecipients: 2000,
  /** Devices of one account. */
  maxDevices: 16,
  /** One-time prekeys that one device keeps on the server. */
  maxOneTimePrekeys: 200,
  /** One-time prekeys in one upload. */
  maxPrekeysPerUpload: 100,
  /** A device fills its stock up to this. */
  prekeyStock: 100,
  /** A device fills its stock when fewer are left. */
  prekeyLowWater: 30,
  /** Ids in one `ack` frame. */
  maxAckIds: 256,
  /** Ids in one `stored` frame. */
  maxStoredIds: 256,
  /** Users in one `watch` frame. */
  maxWatchedUsers: 1000,
  /** Unacked messages that one socket may hold; the rest waits in the database. */
  deliveryWindow: 64,
  /** Unanswered `send` frames that one socket may have. */
  sendWindow: 256,
  /** Password, UTF-8 bytes. */
  minPasswordBytes: 8,
  maxPasswordBytes: 1024,
  /** A message is replaced in its chain after so many messages … */
  maxChainMessages: 100,
  /** … or after this age. */
  maxChainAgeMs: 24 * 60 * 60 * 1000,
  /** Skipped message keys that a receiver keeps for one chain. */
  maxSkippedKeys: 1000,
  /** Message ids in one receipt. */
  maxReceiptIds: 256,
  /** A token lives so long. */
  accessTokenMs: 10 * 60 * 1000,
  /** A device assertion lives at most so long. */
  maxAssertionMs: 60 * 1000,
  /** Clocks may differ by so much where a time in a token is checked. */
  clockToleranceMs: 30 * 1000,
  /** A signed prekey is replaced after this … */
  signedPrekeyRotateMs: 7 * 24 * 60 * 60 * 1000,
  /** … and its private part is deleted after this. */
  signedPrekeyKeepMs: 30 * 24 * 60 * 60 * 1000,
  /** An undelivered message is dropped after this. */
  undeliveredTtlMs: 30 * 24 * 60 * 60 * 1000,
  /** A server renews its lease so often … */
  leaseRenewMs: 5 * 1000,
  /** … and is taken for dead after this. */
  leaseDeadMs: 15 * 1000,
  /** A server pings a silent socket after this and drops it after twice this. */
  pingIntervalMs: 20 * 1000,
  /** Sign-ups and log-ins from one address in a minute. */
  maxLoginsPerMinute: 60,
  /** Failed log-ins of one account in a minute. */
  maxFailedLoginsPerMinute: 10,
  /** Frames of one socket in a second, averaged over ten. */
  maxFramesPerSecond: 2000,
  /** One-time prekeys that one account may claim in a minute. */
  maxClaimsPerMinute: 5000,
} as const

/** Argon2id (RFC 9106) parameters: what a client makes, and what it accepts from a server. */
export const argon2idLimits = {
  default: { memoryKiB: 64 * 1024, iterations: 3, parallelism: 1 },
  /** OWASP's floor: below this a server is trying to make the password cheap to guess. */
  min: { memoryKiB: 19 * 1024, iterations: 2, parallelism: 1 },
  /** Above this a server is trying to exhaust the client. */
  max: { memoryKiB: 1024 * 1024, iterations: 16, parallelism: 4 },
} as const
