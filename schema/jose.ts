import * as v from 'valibot'
import { Content, TransientContent } from './content.ts'
import { Base64Url32, ChainId, DeviceId, GroupId, MessageId, PrekeyId, PrekeyKid, UserId } from './ids.ts'
import { limits } from './limits.ts'

/**
 * The JOSE profile: which algorithms, which `typ`, which claims. Nothing else is accepted anywhere (RFC 8725 sections
 * 3.1, 3.2 and 3.11), and no key is ever taken from a header.
 */
export const profile = {
  /** JWS signatures: Ed25519 (RFC 8037). */
  signature: 'EdDSA',
  /** Key agreement per recipient device: ECDH-ES on X25519 with AES key wrap (RFC 7518 section 4.6). */
  keyAgreement: 'ECDH-ES+A256KW',
  /** Direct use of a shared key: messages and the vault. */
  direct: 'dir',
  /** Content encryption of every JWE. */
  encryption: 'A256GCM',
} as const

/** The `typ` header of each kind of JWS, so that one can never be taken for another (RFC 8725 section 3.11). */
export const typ = {
  certificate: 'fastchat-device+jws',
  prekey: 'fastchat-prekey+jws',
  assertion: 'fastchat-assertion+jwt',
  accessToken: 'at+jwt',
  chain: 'fastchat-chain+jws',
  message: 'fastchat-message+jws',
  transient: 'fastchat-transient+jws',
  roster: 'fastchat-roster+jws',
} as const

/** HKDF-SHA-256 `info` strings (RFC 5869), one for each use of a key. */
export const hkdfInfo = {
  auth: 'fastchat/auth',
  vault: 'fastchat/vault',
  message: 'fastchat/message',
  chain: 'fastchat/chain',
  /** The key of what is only for the moment, out of a chain's first key; and of each such message, with its number. */
  transient: 'fastchat/transient',
  /** The key of the names of one's own devices, out of the account key. */
  label: 'fastchat/label',
  home: 'fastchat/home',
  /** The two keys out of a recovery code. */
  recoveryAuth: 'fastchat/recovery-auth',
  recoveryVault: 'fastchat/recovery-vault',
  /** What the password of a locked screen is compared with. */
  passwordCheck: 'fastchat/password-check',
} as const

/** `aud` of an access token: any server of the deployment. */
export const tokenAudience = 'fastchat'

/** An Ed25519 public key (RFC 8037 section 2). A private part (`d`) is refused wherever a public key is expected. */
export const Ed25519Jwk = v.strictObject({ kty: v.literal('OKP'), crv: v.literal('Ed25519'), x: Base64Url32 })
export type Ed25519Jwk = v.InferOutput<typeof Ed25519Jwk>

/** An X25519 public key (RFC 8037 section 2). */
export const X25519Jwk = v.strictObject({ kty: v.literal('OKP'), crv: v.literal('X25519'), x: Base64Url32 })
export type X25519Jwk = v.InferOutput<typeof X25519Jwk>

const part = '[A-Za-z0-9_-]+'
const compactJws = new RegExp(`^${part}\\.${part}\\.${part}$`)
const compactDirJwe = new RegExp(`^${part}\\.\\.${part}\\.${part}\\.${part}$`)
const time = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER))

/** A compact JWS (RFC 7515 section 7.1) of bounded size. */
export const CompactJws = v.pipe(
  v.string(),
  v.maxLength(limits.maxJwsChars),
  v.regex(compactJws, 'not a compact JWS'),
)

/** A compact JWE with `dir`, so with an empty key part (RFC 7516 section 7.1). */
export const MessageJwe = v.pipe(
  v.string(),
  v.maxLength(limits.maxMessageJweChars),
  v.regex(compactDirJwe, 'not a compact JWE with "dir"'),
)

/** The account key under the vault key. */
export const VaultJwe = v.pipe(
  v.string(),
  v.maxLength(limits.maxVaultChars),
  v.regex(compactDirJwe, 'not a compact JWE with "dir"'),
)

/** An event of a group's roster, of bounded size. */
export const RosterJws = v.pipe(
  v.string(),
  v.maxLength(limits.maxRosterJwsChars),
  v.regex(compactJws, 'not a compact JWS'),
)

/** A device's name, which only its owner can read. */
export const LabelJwe = v.pipe(
  v.string(),
  v.maxLength(limits.maxLabelChars),
  v.regex(compactDirJwe, 'not a compact JWE with "dir"'),
)

const base64url = (max: number) =>
  v.pipe(v.string(), v.maxLength(max), v.regex(/^[A-Za-z0-9_-]+$/, 'not base64url'))

const recipientHeader = v.strictObject({
  alg: v.literal(profile.keyAgreement),
  kid: PrekeyKid,
  /** With a single recipient `jose` puts it into the protected header. */
  epk: v.optional(X25519Jwk),
})
const sealed = {
  protected: base64url(512),
  iv: base64url(32),
  ciphertext: base64url(16 * 1024),
  tag: base64url(32),
}

/** A chain for many devices: General JWE JSON (RFC 7516 section 7.2.1), one recipient entry a device. */
export const GeneralJwe = v.strictObject({
  ...sealed,
  recipients: v.pipe(
    v.array(v.strictObject({ header: recipientHeader, encrypted_key: base64url(128) })),
    v.minLength(1),
    v.maxLength(limits.maxRecipients),
  ),
})
export type GeneralJwe = v.InferOutput<typeof GeneralJwe>

/** The same for one device: Flattened JWE JSON (RFC 7516 section 7.2.2). */
export const FlattenedJwe = v.strictObject({
  ...sealed,
  header: recipientHeader,
  encrypted_key: base64url(128),
})
export type FlattenedJwe = v.InferOutput<typeof FlattenedJwe>

/** What the account key says of a device (JWS, `typ` `fastchat-device+jws`). `iat` in ms. */
export const CertificateClaims = v.object({ sub: UserId, dev: DeviceId, jwk: Ed25519Jwk, iat: time })
export type CertificateClaims = v.InferOutput<typeof CertificateClaims>

/** What a device says of one of its prekeys (JWS, `typ` `fastchat-prekey+jws`). Times in ms. */
export const PrekeyClaims = v.object({
  dev: DeviceId,
  id: PrekeyId,
  use: v.picklist(['signed', 'one-time']),
  jwk: X25519Jwk,
  iat: time,
  exp: v.optional(time),
})
export type PrekeyClaims = v.InferOutput<typeof PrekeyClaims>

/** What a device says to get an access token (JWT, RFC 7519; `iat` and `exp` in seconds there). `aud` is a server's id. */
export const AssertionClaims = v.object({
  iss: DeviceId,
  sub: UserId,
  aud: v.string(),
  jti: Base64Url32,
  iat: time,
  exp: time,
})
export type AssertionClaims = v.InferOutput<typeof AssertionClaims>

/** An access token's claims (RFC 9068; times in seconds). `iss` is the id of the server that signed it. */
export const AccessTokenClaims = v.object({
  iss: v.string(),
  aud: v.literal(tokenAudience),
  sub: UserId,
  dev: DeviceId,
  iat: time,
  exp: time,
})
export type AccessTokenClaims = v.InferOutput<typeof AccessTokenClaims>

/** Who a conversation is with: one person (pinned by the thumbprint of the account key) or a group. */
export const Destination = v.union([
  v.object({ user: UserId, key: Base64Url32 }),
  v.object({ group: GroupId }),
])
export type Destination = v.InferOutput<typeof Destination>

/**
 * A new sender chain (JWS by the device key, `typ` `fastchat-chain+jws`, inside a General JWE). It brings the sender's
 * account key and certificate, so that a recipient can check it without asking anybody: the account key counts only
 * when its thumbprint is the pinned one, or at first contact.
 */
export const ChainClaims = v.object({
  sub: UserId,
  dev: DeviceId,
  accountKey: Ed25519Jwk,
  certificate: CompactJws,
  to: Destination,
  conv: Base64Url32,
  epoch: time,
  roster: Base64Url32,
  chain: ChainId,
  ck: Base64Url32,
  n: v.literal(0),
  iat: time,
})
export type ChainClaims = v.InferOutput<typeof ChainClaims>

/** What ties a signed message to its sender's chain. */
const ofChain = {
  sub: UserId,
  dev: DeviceId,
  conv: Base64Url32,
  epoch: time,
  roster: Base64Url32,
  chain: ChainId,
}

/** The protected header of a message's JWE: which chain, which message of it. */
export const MessageHeader = v.strictObject({
  alg: v.literal(profile.direct),
  enc: v.literal(profile.encryption),
  kid: ChainId,
  n: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(limits.maxChainMessages * 100)),
})
export type MessageHeader = v.InferOutput<typeof MessageHeader>

/** One message (JWS by the device key, `typ` `fastchat-message+jws`, inside a compact JWE under a message key). */
export const MessageClaims = v.object({
  ...ofChain,
  n: MessageHeader.entries.n,
  id: MessageId,
  iat: time,
  content: Content,
})
export type MessageClaims = v.InferOutput<typeof MessageClaims>

/** The protected header of a message that is only for the moment: which chain, and a number that grows. */
export const TransientHeader = v.strictObject({
  alg: v.literal(profile.direct),
  enc: v.literal(profile.encryption),
  kid: ChainId,
  t: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER)),
})
export type TransientHeader = v.InferOutput<typeof TransientHeader>

/**
 * A message that is only for the moment (JWS by the device key, `typ` `fastchat-transient+jws`, inside a compact JWE under a
 * key of its own beside the chain): it takes no number of the chain, so it may be lost without leaving a gap.
 */
export const TransientClaims = v.object({
  ...ofChain,
  t: TransientHeader.entries.t,
  id: MessageId,
  iat: time,
  content: TransientContent,
})
export type TransientClaims = v.InferOutput<typeof TransientClaims>

/** Somebody a roster event is about: `key` is the thumbprint of their account key. */
export const RosterMember = v.object({ user: UserId, key: Base64Url32 })
export type RosterMember = v.InferOutput<typeof RosterMember>

/**
 * One event of a group's roster (JWS by an account key, `typ` `fastchat-roster+jws`). What follows from it and whether it
 * may be at all: roster.ts. `prev` is the SHA-256 of the compact JWS before it, null for the first. `key` is the public
 * key that signed: it counts only when its thumbprint is the one that the roster has for `by`.
 *
 * - `create`: `by` makes the group and is its first admin; `members` are those it begins with, without `by`.
 * - `add`, `remove`, `promote`, `demote`: an admin does it to `members`.
 * - `leave`: `by` goes; `members` is `by` alone.
 */
export const RosterClaims = v.object({
  group: GroupId,
  epoch: time,
  prev: v.nullable(Base64Url32),
  op: v.picklist(['create', 'add', 'remove', 'promote', 'demote', 'leave']),
  by: UserId,
  key: Ed25519Jwk,
  members: v.pipe(v.array(RosterMember), v.maxLength(limits.maxEventMembers)),
  iat: time,
})
export type RosterClaims = v.InferOutput<typeof RosterClaims>
