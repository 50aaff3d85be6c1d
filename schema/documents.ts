import * as v from 'valibot'
import { Kdf, ServerUrl } from './http.ts'
import { Base64Url32, DeviceId, GroupId, MessageId, PrekeyKid, ServerId, UserId } from './ids.ts'
import { CompactJws, Ed25519Jwk, GeneralJwe, MessageJwe, VaultJwe } from './jose.ts'

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

/** A group. Its members and title live in the signed roster; here is what the server needs for routing. */
export const GroupDocument = v.object({
  _id: GroupId,
  adminIds: v.array(UserId),
  memberIds: v.array(UserId),
  epoch: count,
  head: Base64Url32,
})
export type GroupDocument = v.InferOutput<typeof GroupDocument>

/** A message on its way. `pending` holds the devices that have not acked it, `route` the servers that hold them. */
export const UndeliveredDocument = v.object({
  _id: MessageId,
  senderId: UserId,
  senderDevice: DeviceId,
  receiverId: v.optional(UserId),
  groupId: v.optional(GroupId),
  kind: v.picklist(['chain', 'message']),
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
  undelivered: UndeliveredDocument,
  presence: PresenceDocument,
  servers: ServerDocument,
  settings: SettingDocument,
} as const
