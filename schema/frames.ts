import * as v from 'valibot'
import { Base64Url32, DeviceId, GroupId, MessageId, Recipient, ServerId, UserId } from './ids.ts'
import { FlattenedJwe, GeneralJwe, MessageJwe } from './jose.ts'
import { limits } from './limits.ts'

/**
 * The frames of the WebSocket: one JSON object a text frame, told apart by `t`. Fields that a newer peer added are
 * dropped, a `t` that is not known is ignored: neither is an error.
 */

const time = v.pipe(v.number(), v.integer(), v.minValue(0))
const token = v.pipe(v.string(), v.minLength(1), v.maxLength(limits.maxTokenChars))
const code = v.pipe(v.string(), v.maxLength(64))
const line = v.pipe(v.string(), v.maxLength(512))

// --- client to server

/**
 * Store this and bring it to every device of `to` and to the sender's other devices. Answered by `stored` or `refused`.
 * `audience` names the devices that the sender encrypted for (`audienceText`, SHA-256, base64url): when they are not the
 * ones the server knows, the answer is `refused` with `stale_audience`, so no device is left out or slipped in unseen.
 * The same `id` again is answered `stored` again. A `transient` one goes only to devices that are connected, and is kept
 * for `limits.transientTtlMs`.
 */
export const SendFrame = v.variant('kind', [
  v.object({
    t: v.literal('send'),
    kind: v.literal('chain'),
    id: MessageId,
    to: Recipient,
    audience: Base64Url32,
    body: GeneralJwe,
  }),
  v.object({
    t: v.literal('send'),
    kind: v.literal('message'),
    id: MessageId,
    to: Recipient,
    audience: Base64Url32,
    body: MessageJwe,
  }),
  v.object({
    t: v.literal('send'),
    kind: v.literal('transient'),
    id: MessageId,
    to: Recipient,
    audience: Base64Url32,
    body: MessageJwe,
  }),
])
export type SendFrame = v.InferOutput<typeof SendFrame>

/** This device has these messages on its disk: they need not be brought to it again. */
export const AckFrame = v.object({
  t: v.literal('ack'),
  ids: v.pipe(v.array(MessageId), v.minLength(1), v.maxLength(limits.maxAckIds)),
})
export type AckFrame = v.InferOutput<typeof AckFrame>

/** A fresh access token for this socket, before the old one runs out. Same device, else the socket closes. */
export const AuthFrame = v.object({ t: v.literal('auth'), token })
export type AuthFrame = v.InferOutput<typeof AuthFrame>

/**
 * The people whose devices this client wants to hear of: replaces the list before it. Answered with one `devices` frame
 * for each now, and one whenever a device comes or goes.
 */
export const WatchFrame = v.object({
  t: v.literal('watch'),
  users: v.pipe(v.array(UserId), v.maxLength(limits.maxWatchedUsers)),
})
export type WatchFrame = v.InferOutput<typeof WatchFrame>

/**
 * The people to whom this device shows that it is connected: replaces the list before it; none until the first one. Of
 * those of them who show the same to this account a `presence` frame tells when they are connected, now and later.
 */
export const ShareFrame = v.object({
  t: v.literal('share'),
  users: v.pipe(v.array(UserId), v.maxLength(limits.maxSharedUsers)),
})
export type ShareFrame = v.InferOutput<typeof ShareFrame>

export const clientFrames = {
  send: SendFrame,
  ack: AckFrame,
  auth: AuthFrame,
  watch: WatchFrame,
  share: ShareFrame,
} as const
export type ClientFrame = SendFrame | AckFrame | AuthFrame | WatchFrame | ShareFrame

// --- server to client

/** The first frame. `now` is the server's time (ms since 1970), `prekeysLeft` the device's stock of one-time prekeys. */
export const WelcomeFrame = v.object({
  t: v.literal('welcome'),
  server: ServerId,
  device: DeviceId,
  now: time,
  prekeysLeft: v.pipe(v.number(), v.integer(), v.minValue(0)),
})
export type WelcomeFrame = v.InferOutput<typeof WelcomeFrame>

/** A message for this device. Of a chain it gets only its own recipient entry. `storedAt` by the server's clock, ms. */
export const MessageFrame = v.variant('kind', [
  v.object({
    t: v.literal('message'),
    kind: v.literal('chain'),
    id: MessageId,
    from: UserId,
    device: DeviceId,
    to: Recipient,
    storedAt: time,
    body: FlattenedJwe,
  }),
  v.object({
    t: v.literal('message'),
    kind: v.literal('message'),
    id: MessageId,
    from: UserId,
    device: DeviceId,
    to: Recipient,
    storedAt: time,
    body: MessageJwe,
  }),
  v.object({
    t: v.literal('message'),
    kind: v.literal('transient'),
    id: MessageId,
    from: UserId,
    device: DeviceId,
    to: Recipient,
    storedAt: time,
    body: MessageJwe,
  }),
])
export type MessageFrame = v.InferOutput<typeof MessageFrame>

/** All that was waiting for this device when it connected has been brought to it; from here on messages are live. */
export const DrainedFrame = v.object({ t: v.literal('drained') })
export type DrainedFrame = v.InferOutput<typeof DrainedFrame>

/** These messages are on the disks of the database. */
export const StoredFrame = v.object({
  t: v.literal('stored'),
  ids: v.pipe(v.array(MessageId), v.minLength(1), v.maxLength(limits.maxStoredIds)),
})
export type StoredFrame = v.InferOutput<typeof StoredFrame>

/** This message is not stored, and why. */
export const RefusedFrame = v.object({
  t: v.literal('refused'),
  id: MessageId,
  code,
  message: line,
  retry: v.boolean(),
})
export type RefusedFrame = v.InferOutput<typeof RefusedFrame>

/** The devices that a watched person has now, as an audience. */
export const DevicesFrame = v.object({ t: v.literal('devices'), user: UserId, audience: Base64Url32 })
export type DevicesFrame = v.InferOutput<typeof DevicesFrame>

/**
 * Somebody of the last `share` frame is connected with a device that shows it to this account, or is no more. Whoever was
 * never told of, or is not in the list, counts as not connected.
 */
export const PresenceFrame = v.object({ t: v.literal('presence'), user: UserId, online: v.boolean() })
export type PresenceFrame = v.InferOutput<typeof PresenceFrame>

const groupHead = { group: GroupId, epoch: time, head: Base64Url32 }

/** All groups that this account is in, with the epoch and the hash of the last event of each. Follows `welcome`. */
export const GroupsFrame = v.object({
  t: v.literal('groups'),
  groups: v.pipe(v.array(v.object(groupHead)), v.maxLength(limits.maxGroups)),
})
export type GroupsFrame = v.InferOutput<typeof GroupsFrame>

/** A group has another roster now. Whoever was removed by it is told too, this once. */
export const GroupFrame = v.object({ t: v.literal('group'), ...groupHead })
export type GroupFrame = v.InferOutput<typeof GroupFrame>

/** The device's stock of one-time prekeys has become low. */
export const PrekeysFrame = v.object({
  t: v.literal('prekeys'),
  left: v.pipe(v.number(), v.integer(), v.minValue(0)),
})
export type PrekeysFrame = v.InferOutput<typeof PrekeysFrame>

/** A frame that was not understood; the socket stays open unless a close follows. */
export const ErrorFrame = v.object({ t: v.literal('error'), code, message: line })
export type ErrorFrame = v.InferOutput<typeof ErrorFrame>

export const serverFrames = {
  welcome: WelcomeFrame,
  message: MessageFrame,
  drained: DrainedFrame,
  stored: StoredFrame,
  refused: RefusedFrame,
  devices: DevicesFrame,
  presence: PresenceFrame,
  groups: GroupsFrame,
  group: GroupFrame,
  prekeys: PrekeysFrame,
  error: ErrorFrame,
} as const
export type ServerFrame =
  | WelcomeFrame
  | MessageFrame
  | DrainedFrame
  | StoredFrame
  | RefusedFrame
  | DevicesFrame
  | PresenceFrame
  | GroupsFrame
  | GroupFrame
  | PrekeysFrame
  | ErrorFrame
