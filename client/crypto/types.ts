import type { Base64Url32, ChainId, DeviceId, PrekeyId, UserId } from '../../schema/ids.ts'
import type { Destination, Ed25519Jwk } from '../../schema/jose.ts'

/** A private key as it is stored (RFC 8037): Ed25519 for account and device keys, X25519 for prekeys. */
export interface PrivateJwk {
  kty: 'OKP'
  crv: 'Ed25519' | 'X25519'
  /** The public part, 32 bytes in base64url. */
  x: Base64Url32
  /** The private part, 32 bytes in base64url. */
  d: Base64Url32
}

/** A device as the one that signs: who it says it is, and the keys that prove it. */
export interface Signer {
  userId: UserId
  deviceId: DeviceId
  deviceKey: PrivateJwk
}

/**
 * Who is in a conversation, and how everybody names that state of it. Two people have a derived one
 * (`directRoster()`); a group's is verified from its signed events.
 */
export interface Roster {
  conv: Base64Url32
  epoch: number
  hash: Base64Url32
  members: readonly { user: UserId; key: Base64Url32 }[]
}

/** The sending side of a chain: plain data, replaced by what `sealMessage()` returns, never changed in place. */
export interface SenderChain {
  chain: ChainId
  /** The chain key of message `n`; those before it are forgotten. */
  ck: Base64Url32
  n: number
  /** What the keys of transient messages come from; a chain that an earlier version started has none. */
  tk?: Base64Url32
  conv: Base64Url32
  epoch: number
  roster: Base64Url32
  to: Destination
  /** The devices that it was announced to, named as in PROTOCOL.md. */
  audience: Base64Url32
  /** Ms since 1970. */
  createdAt: number
}

/** The receiving side of a chain: plain data, replaced by what `openMessage()` returns, never changed in place. */
export interface ReceiverChain {
  chain: ChainId
  /** The chain key of message `n`, the next one expected. */
  ck: Base64Url32
  n: number
  /** Message keys of numbers before `n` whose messages did not come yet; a key is deleted when it is used. */
  skipped: Record<string, Base64Url32>
  /** What the keys of transient messages come from; a chain that an earlier version opened has none. */
  tk?: Base64Url32
  conv: Base64Url32
  epoch: number
  roster: Base64Url32
  user: UserId
  device: DeviceId
  deviceKey: Ed25519Jwk
}

/** A prekey with its private part, and the signed statement that a server hands out. */
export interface Prekey {
  id: PrekeyId
  use: 'signed' | 'one-time'
  key: PrivateJwk
  /** Compact JWS by the device key. */
  jws: string
}

/** A device's prekey that was checked: what a chain may be announced to. */
export interface VerifiedPrekey {
  deviceId: DeviceId
  id: PrekeyId
  x: Base64Url32
}
