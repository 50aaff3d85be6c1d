import * as v from 'valibot'
import { Kdf, ServerUrl } from './http.ts'
import { Base64Url32, BlobId, DeviceId, GroupId, MessageId, PrekeyKid, ServerId, UserId } from './ids.ts'
import { CompactJws, Ed25519Jwk, GeneralJwe, LabelJwe, MessageJwe, RosterJws, VaultJwe } from './jose.ts'
import { limits } from './limits.ts'

/** Every document of the database `fastchat`. The server validates what it writes; `mongo-schema.ts` gives `$jsonSchema`. */

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

/** An account. `authHash` is SHA-256 over salt and the authKey, which has 256 bits of its own: no slow hash is needed. */
export const UserDocument = v.object({
  _id: UserId,
  authSalt: v.string(),
  authHash: Base64Url32,
  kdf: Kdf,
  accountKey: Ed25519Jwk,
  vault: VaultJwe,
  /** The same for the recovery code, when there is one. */
  recovery: v.optional(v.object({ authSalt: v.string(), authHash: Base64Url32, vault: VaultJwe })),
  passwordChangedAt: v.optional(v.date()),
  createdAt: v.date(),
})
export type UserDocument = v.InferOutput<typeof UserDocument>

export const DeviceDocument = v.object({
  _id: DeviceId,
  userId: UserId,
  certificate: CompactJws,
  signedPrekey: CompactJws,
  /** When the signed prekey ends: from then on the device is left out until it brings another one. */
  prekeyExpiresAt: v.date(),
  /** Its name, which only its owner can read. */
  label: v.optional(LabelJwe),
  createdAt: v.date(),
  revokedAt: v.optional(v.date()),
})
export type DeviceDocument = v.InferOutput<typeof DeviceDocument>

/**
 * A one-time prekey. When somebody has claimed it, its id and the database's time stay for a while without it: an upload
 * that is repeated after a lost answer must not bring it back, for whoever got it second would write what nobody can read.
 */
export const PrekeyDocument = v.object({
  _id: PrekeyKid,
  deviceId: DeviceId,
  prekey: v.optional(CompactJws),
  claimedAt: v.optional(v.date()),
})
export type PrekeyDocument = v.InferOutput<typeof PrekeyDocument>

/**
 * A group as the server needs it to route messages. It follows from `rosterEvents`, which are the truth: when it is behind
 * them (a server was killed between the two), it is brought up to them. Its title only the members know.
 */
export const GroupDocument = v.object({
  _id: GroupId,
  adminIds: v.array(UserId),
  memberIds: v.array(UserId),
  epoch: count,
  /** The hash of the last event. */
  head: Base64Url32,
  createdAt: v.date(),
})
export type GroupDocument = v.InferOutput<typeof GroupDocument>

/** One event of a group's signed roster. (group, epoch) is unique: of two admins at once one is first. */
export const RosterEventDocument = v.object({
  /** The event's hash. */
  _id: Base64Url32,
  group: GroupId,
  epoch: count,
  op: v.string(),
  by: UserId,
  /** Whom it is about; of a `create`, `by` too. */
  subjects: v.array(UserId),
  event: RosterJws,
  createdAt: v.date(),
})
export type RosterEventDocument = v.InferOutput<typeof RosterEventDocument>

/** An attachment. Its bytes are in GridFS, in the database `<name>_blobs`: they must not pass through the change stream. */
export const BlobDocument = v.object({
  _id: BlobId,
  ownerId: UserId,
  receiverId: v.optional(UserId),
  groupId: v.optional(GroupId),
  /** Devices that have not fetched it. */
  pending: v.array(DeviceId),
  size: count,
  sha256: Base64Url32,
  complete: v.boolean(),
  /** Which attempt at its bytes this is: it grows when they are dropped, and chunks of an earlier one count for nothing. */
  attempt: count,
  createdAt: v.date(),
  /** While it is not complete, the end of the time for its upload. In 1970: it is being removed. */
  expiresAt: v.date(),
})
export type BlobDocument = v.InferOutput<typeof BlobDocument>

/** A message on its way. `pending` holds the devices that have not acked it, `route` the servers that hold them. */
export const UndeliveredDocument = v.object({
  _id: MessageId,
  senderId: UserId,
  senderDevice: DeviceId,
  receiverId: v.optional(UserId),
  groupId: v.optional(GroupId),
  kind: v.picklist(['chain', 'message', 'transient']),
  body: v.union([MessageJwe, GeneralJwe]),
  pending: v.array(DeviceId),
  route: v.array(ServerId),
  createdAt: v.date(),
  expiresAt: v.date(),
})
export type UndeliveredDocument = v.InferOutput<typeof UndeliveredDocument>

/** Where a device is connected. */
export const PresenceDocument = v.object({
  _id: DeviceId,
  userId: UserId,
  serverId: ServerId,
  since: v.date(),
  /** To whom it shows that it is there. */
  shares: v.optional(v.pipe(v.array(UserId), v.maxLength(limits.maxSharedUsers))),
  /** Set when its stock of one-time prekeys has become low, so that the server it is connected to tells it. */
  prekeysLeft: v.optional(count),
})
export type PresenceDocument = v.InferOutput<typeof PresenceDocument>

/** A server's lease. `heartbeatAt` is the database's time, not the server's. */
export const ServerDocument = v.object({
  _id: ServerId,
  url: ServerUrl,
  jwk: Ed25519Jwk,
  load: count,
  heartbeatAt: v.date(),
})
export type ServerDocument = v.InferOutput<typeof ServerDocument>

/** What all servers of a deployment share: `login` holds the secret that makes up salts for users who do not exist. */
export const SettingDocument = v.object({ _id: v.literal('login'), secret: Base64Url32 })
export type SettingDocument = v.InferOutput<typeof SettingDocument>

export const documents = {
  users: UserDocument,
  devices: DeviceDocument,
  prekeys: PrekeyDocument,
  groups: GroupDocument,
  rosterEvents: RosterEventDocument,
  blobs: BlobDocument,
  undelivered: UndeliveredDocument,
  presence: PresenceDocument,
  servers: ServerDocument,
  settings: SettingDocument,
} as const
