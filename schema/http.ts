import * as v from 'valibot'
import { Base64Url16, Base64Url32, BlobId, DeviceId, GroupId, Recipient, ServerId, UserId } from './ids.ts'
import { CompactJws, Ed25519Jwk, LabelJwe, RosterJws, VaultJwe } from './jose.ts'
import { limits } from './limits.ts'

/** Every HTTP body, by route. Requests and responses are JSON; every error is an `ErrorBody`. */

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

/** Argon2id (RFC 9106) parameters of one account. */
export const Kdf = v.object({
  name: v.literal('argon2id'),
  salt: Base64Url16,
  memoryKiB: v.pipe(count, v.maxValue(2 ** 31)),
  iterations: v.pipe(count, v.maxValue(2 ** 16)),
  parallelism: v.pipe(count, v.maxValue(255)),
})
export type Kdf = v.InferOutput<typeof Kdf>

/** A device as it presents itself: the account key's certificate and its prekeys, each signed by the device key. */
export const DeviceRegistration = v.object({
  certificate: CompactJws,
  signedPrekey: CompactJws,
  oneTimePrekeys: v.pipe(v.array(CompactJws), v.maxLength(limits.maxPrekeysPerUpload)),
})
export type DeviceRegistration = v.InferOutput<typeof DeviceRegistration>

/** The account key once more, under a key that only the recovery code gives; `authKey` is the proof of that code. */
export const Recovery = v.object({ authKey: Base64Url32, vault: VaultJwe })
export type Recovery = v.InferOutput<typeof Recovery>

/** `POST /v1/accounts`: a new account with its first device. 201, or `user_exists`. */
export const CreateAccountRequest = v.object({
  userId: UserId,
  kdf: Kdf,
  authKey: Base64Url32,
  accountKey: Ed25519Jwk,
  vault: VaultJwe,
  recovery: v.optional(Recovery),
  device: DeviceRegistration,
})
export type CreateAccountRequest = v.InferOutput<typeof CreateAccountRequest>
export const CreateAccountResponse = v.object({ userId: UserId, deviceId: DeviceId })
export type CreateAccountResponse = v.InferOutput<typeof CreateAccountResponse>

/**
 * `POST /v1/login`: without `authKey` the answer is how to derive it (for a user who does not exist too), with it the
 * vault, or `login_refused`.
 */
export const LoginRequest = v.object({ userId: UserId, authKey: v.optional(Base64Url32) })
export type LoginRequest = v.InferOutput<typeof LoginRequest>
export const LoginChallenge = v.object({ kdf: Kdf })
export type LoginChallenge = v.InferOutput<typeof LoginChallenge>
export const LoginResponse = v.object({ kdf: Kdf, accountKey: Ed25519Jwk, vault: VaultJwe })
export type LoginResponse = v.InferOutput<typeof LoginResponse>

/** `POST /v1/recovery`: the vault that the recovery code opens; `login_refused` also when there is no such user or no code. */
export const RecoveryRequest = v.object({ userId: UserId, authKey: Base64Url32 })
export type RecoveryRequest = v.InferOutput<typeof RecoveryRequest>
export const RecoveryResponse = v.object({ accountKey: Ed25519Jwk, vault: VaultJwe })
export type RecoveryResponse = v.InferOutput<typeof RecoveryResponse>

/**
 * `PUT /v1/password`: another password, proven by the present one or by the recovery code, or `login_refused`. With `recovery`
 * there is another code, too; a code that was the proof is void afterwards. The same again is answered the same.
 */
export const ChangePasswordRequest = v.object({
  userId: UserId,
  proof: v.object({ by: v.picklist(['password', 'recovery']), authKey: Base64Url32 }),
  kdf: Kdf,
  authKey: Base64Url32,
  vault: VaultJwe,
  recovery: v.optional(Recovery),
})
export type ChangePasswordRequest = v.InferOutput<typeof ChangePasswordRequest>
export const ChangePasswordResponse = v.object({ userId: UserId })
export type ChangePasswordResponse = v.InferOutput<typeof ChangePasswordResponse>

/** `POST /v1/devices`: one more device. The certificate is the proof: only the account key can make it. 201. */
export const AddDeviceRequest = DeviceRegistration
export const AddDeviceResponse = v.object({ deviceId: DeviceId })
export type AddDeviceResponse = v.InferOutput<typeof AddDeviceResponse>

/**
 * `GET /v1/devices` (token): one's own devices that are not revoked. One that is not `active` has let its signed prekey
 * expire: nothing is encrypted for it until it connects again.
 */
export const OwnDevicesResponse = v.object({
  devices: v.array(
    v.object({
      deviceId: DeviceId,
      certificate: CompactJws,
      active: v.boolean(),
      label: v.optional(LabelJwe),
    }),
  ),
})
export type OwnDevicesResponse = v.InferOutput<typeof OwnDevicesResponse>

/** `DELETE /v1/devices/:id` (token): revokes one of one's own devices, for good. The same again is answered the same. */
export const RevokeDeviceResponse = v.object({ deviceId: DeviceId })
export type RevokeDeviceResponse = v.InferOutput<typeof RevokeDeviceResponse>

/** `POST /v1/token`: a device's assertion for a short access token. */
export const TokenRequest = v.object({ assertion: CompactJws })
export type TokenRequest = v.InferOutput<typeof TokenRequest>
export const TokenResponse = v.object({
  token: v.pipe(v.string(), v.maxLength(limits.maxTokenChars)),
  expiresInMs: count,
})
export type TokenResponse = v.InferOutput<typeof TokenResponse>

/** `GET /v1/users/:id/devices` (token): a person's account key and active devices. */
export const UserDevicesResponse = v.object({
  userId: UserId,
  accountKey: Ed25519Jwk,
  devices: v.array(v.object({ deviceId: DeviceId, certificate: CompactJws })),
})
export type UserDevicesResponse = v.InferOutput<typeof UserDevicesResponse>

/** `PUT /v1/devices/:id/label` (token): names one of one's own devices; without `label` it has no name. */
export const LabelDeviceRequest = v.object({ label: v.optional(LabelJwe) })
export type LabelDeviceRequest = v.InferOutput<typeof LabelDeviceRequest>
export const LabelDeviceResponse = v.object({ deviceId: DeviceId })
export type LabelDeviceResponse = v.InferOutput<typeof LabelDeviceResponse>

/** `POST /v1/users/devices` (token): the same as `GET /v1/users/:id/devices` for many; who does not exist is left out. */
export const ManyDevicesRequest = v.object({
  users: v.pipe(v.array(UserId), v.minLength(1), v.maxLength(limits.maxUsersPerQuestion)),
})
export type ManyDevicesRequest = v.InferOutput<typeof ManyDevicesRequest>
export const ManyDevicesResponse = v.object({ users: v.array(UserDevicesResponse) })
export type ManyDevicesResponse = v.InferOutput<typeof ManyDevicesResponse>

/**
 * `POST /v1/groups` (token): a new group by its `create` event. 201, or `group_exists`.
 * `POST /v1/groups/:id/events` (token): the next event, or `stale_roster` when another one was first.
 */
export const RosterEventRequest = v.object({ event: RosterJws })
export type RosterEventRequest = v.InferOutput<typeof RosterEventRequest>
export const GroupHeadResponse = v.object({ group: GroupId, epoch: count, head: Base64Url32 })
export type GroupHeadResponse = v.InferOutput<typeof GroupHeadResponse>

/**
 * `GET /v1/groups/:id/events?from=N` (token): events in their order, from epoch N on, at most `maxRosterEvents`; for members,
 * and for those who were: they get the events up to the one that ended it.
 */
export const RosterEventsResponse = v.object({
  group: GroupId,
  events: v.pipe(v.array(RosterJws), v.maxLength(limits.maxRosterEvents)),
  /** The epoch of the last event that there is for whoever asks. */
  last: count,
})
export type RosterEventsResponse = v.InferOutput<typeof RosterEventsResponse>

/**
 * `POST /v1/blobs` (token): announces an attachment, encrypted already: `size` in bytes, `sha256` of all of them. 201; the same
 * again is answered with what has come of it.
 */
export const CreateBlobRequest = v.object({
  id: BlobId,
  to: Recipient,
  size: v.pipe(count, v.minValue(1)),
  sha256: Base64Url32,
})
export type CreateBlobRequest = v.InferOutput<typeof CreateBlobRequest>

/**
 * `GET /v1/blobs/:id` (token): how much of an attachment is stored. Also the answer to `POST /v1/blobs`, to
 * `PUT /v1/blobs/:id/content` (bytes from `Content-Range: bytes <received>-<end>/<size>` on; RFC 9110 section 14.4), to
 * `POST /v1/blobs/:id/received` (this device has all of it, and needs it no more) and to `DELETE /v1/blobs/:id` (by its
 * owner). `GET /v1/blobs/:id/content` gives the bytes, with `Range: bytes=<from>-` (RFC 9110 section 14.2) from there on.
 */
export const BlobResponse = v.object({
  id: BlobId,
  size: count,
  /** Bytes that are stored: from here on an upload goes on. */
  received: count,
  /** All of it is there and has the hash that was announced. */
  complete: v.boolean(),
})
export type BlobResponse = v.InferOutput<typeof BlobResponse>

/** `POST /v1/prekeys` (token): more one-time prekeys of this device, and a new signed one when it is time. */
export const UploadPrekeysRequest = v.object({
  signedPrekey: v.optional(CompactJws),
  oneTimePrekeys: v.pipe(v.array(CompactJws), v.maxLength(limits.maxPrekeysPerUpload)),
})
export type UploadPrekeysRequest = v.InferOutput<typeof UploadPrekeysRequest>
export const UploadPrekeysResponse = v.object({ left: count })
export type UploadPrekeysResponse = v.InferOutput<typeof UploadPrekeysResponse>

/** `POST /v1/prekeys/claim` (token): for each device its signed prekey and, while there are any, a one-time prekey. */
export const ClaimPrekeysRequest = v.object({
  devices: v.pipe(v.array(DeviceId), v.minLength(1), v.maxLength(limits.maxRecipients)),
})
export type ClaimPrekeysRequest = v.InferOutput<typeof ClaimPrekeysRequest>
export const ClaimPrekeysResponse = v.object({
  prekeys: v.array(
    v.object({ deviceId: DeviceId, signedPrekey: CompactJws, oneTimePrekey: v.optional(CompactJws) }),
  ),
})
export type ClaimPrekeysResponse = v.InferOutput<typeof ClaimPrekeysResponse>

/** A server's address as a client dials it. */
export const ServerUrl = v.pipe(
  v.string(),
  v.maxLength(256),
  v.regex(/^wss?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/, 'a server URL is ws://host[:port] or wss://host[:port]'),
)

/** `GET /v1/servers`: the servers that are alive. `now` in ms; `load` is the number of connected devices. */
export const ServersResponse = v.object({
  self: ServerId,
  now: count,
  servers: v.array(v.object({ id: ServerId, url: ServerUrl, load: count })),
})
export type ServersResponse = v.InferOutput<typeof ServersResponse>

/** `GET /.well-known/jwks.json` (RFC 7517 section 5): the keys that sign access tokens; `kid` is the server's id. */
export const JwksResponse = v.object({
  keys: v.array(
    v.object({
      ...Ed25519Jwk.entries,
      kid: ServerId,
      alg: v.literal('EdDSA'),
      use: v.literal('sig'),
    }),
  ),
})
export type JwksResponse = v.InferOutput<typeof JwksResponse>

/** `GET /healthz`: the process answers. `GET /readyz`: it can store and deliver; 503 with the reason when it cannot. */
export const HealthResponse = v.object({ ok: v.boolean(), reason: v.optional(v.string()) })
export type HealthResponse = v.InferOutput<typeof HealthResponse>

export const ErrorBody = v.object({
  error: v.object({
    code: v.pipe(v.string(), v.maxLength(64)),
    message: v.pipe(v.string(), v.maxLength(512)),
  }),
})
export type ErrorBody = v.InferOutput<typeof ErrorBody>
