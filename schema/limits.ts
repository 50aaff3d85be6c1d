/** Every limit of the protocol, once. Units are in the names; each is enforced at the edge and hit by a test. */
export const limits = {
  /** One WebSocket frame, bytes of UTF-8: a chain to 2,000 devices is about 520 KB. */
  maxFrameBytes: 1024 * 1024,
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
  maxWatchedUsers: 2000,
  /** Users in one `share` frame: to so many a device shows its presence. */
  maxSharedUsers: 256,
  /** `share` frames of one socket in a minute, after a first burst of as many. */
  maxSharesPerMinute: 30,
  /** Somebody who was connected and is no more is told of after this: they may be changing servers. */
  presenceGraceMs: 3 * 1000,
  /** Unacked messages that one socket may hold; the rest waits in the database. */
  deliveryWindow: 64,
  /** Unanswered `send` frames that one socket may have. */
  sendWindow: 256,
  /** Password, UTF-8 bytes. */
  minPasswordBytes: 8,
  maxPasswordBytes: 1024,
  /** Of a new one, by zxcvbn's scale from 0 to 4: about 10^8 guesses, each of which takes Argon2id. */
  minPasswordScore: 3,
  /** How long a conversation can be muted for, when not for good. */
  maxMuteMs: 365 * 24 * 60 * 60 * 1000,
  /** A message is replaced in its chain after so many messages … */
  maxChainMessages: 100,
  /** … or after this age. */
  maxChainAgeMs: 24 * 60 * 60 * 1000,
  /** Skipped message keys that a receiver keeps for one chain. */
  maxSkippedKeys: 1000,
  /** Members of one group. */
  maxMembers: 1000,
  /** Members that one roster event names. */
  maxEventMembers: 100,
  /** A roster event (compact JWS), characters: it names up to `maxEventMembers`. */
  maxRosterJwsChars: 24 * 1024,
  /** Roster events in one answer. */
  maxRosterEvents: 200,
  /** Groups that one account is in. */
  maxGroups: 1000,
  /** Roster events that one account may sign in a minute. */
  maxRosterEventsPerMinute: 120,
  /** Somebody who was removed may still be heard of from before for so long: what they sent was on its way. */
  removedGraceMs: 10 * 60 * 1000,
  /** A group's title, bytes of UTF-8. */
  maxTitleBytes: 256,
  /** A device's name as its owner sees it, bytes of UTF-8; `maxLabelChars` is the same as a JWE. */
  maxDeviceNameBytes: 64,
  maxLabelChars: 512,
  /** People in one question for devices. */
  maxUsersPerQuestion: 100,
  /** A file's name, bytes of UTF-8. */
  maxFileNameBytes: 255,
  /** An attachment as it is stored: encrypted and padded, bytes. The default of what a server takes. */
  maxBlobBytes: 25 * 1024 * 1024,
  /** What of one account's attachments a server keeps at a time, bytes. */
  maxBlobBytesPerUser: 250 * 1024 * 1024,
  /** Attachments of one account that a server keeps at a time. */
  maxBlobsPerUser: 500,
  /** A piece of an attachment in the database, bytes; an upload is resumed at a multiple of it. */
  blobChunkBytes: 256 * 1024,
  /** A piece of a file that is encrypted as one, bytes of plaintext. */
  fileChunkBytes: 64 * 1024,
  /** An attachment is dropped after this. */
  blobTtlMs: 30 * 24 * 60 * 60 * 1000,
  /** An attachment that is not complete so long after it was announced is dropped. */
  blobUploadMs: 24 * 60 * 60 * 1000,
  /** An upload from which nothing comes for so long is ended; it may be resumed. */
  blobIdleMs: 60 * 1000,
  /** Attachments that one account may announce in a minute. */
  maxBlobsPerMinute: 120,
  /** A picture, pixels: a larger one is not decoded. */
  maxImagePixels: 40_000_000,
  /** A picture's side, pixels. */
  maxImageSide: 16_384,
  /** Characters of one reaction: an emoji, with all that joins it. */
  maxReactionChars: 32,
  /** What is searched for, characters (UTF-16 units); and messages that one answer names. */
  maxQueryChars: 256,
  maxSearchHits: 1000,
  /** Different reactions to one message, all together. */
  maxReactions: 1000,
  /** Disappearing messages: the shortest and the longest time. */
  minDisappearMs: 5 * 1000,
  maxDisappearMs: 365 * 24 * 60 * 60 * 1000,
  /** "Is typing" is told again after this while it goes on, and forgotten after `typingTtlMs` without. */
  typingRepeatMs: 4 * 1000,
  typingTtlMs: 10 * 1000,
  /** A message that is only for the moment is kept so long. */
  transientTtlMs: 20 * 1000,
  /** A device takes none whose time differs by more from its own. */
  maxTransientAgeMs: 60 * 1000,
  /** In larger groups nobody is told who has received and read. */
  maxReceiptMembers: 32,
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
