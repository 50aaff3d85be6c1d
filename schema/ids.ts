import * as v from 'valibot'

/**
 * The shapes of every identifier.
 *
 * User and group ids start with a letter or a digit, so that an id is never a path (`..`) nor a flag (`-x`).
 */

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const NAME = /^[a-z0-9][a-z0-9_.-]{1,31}$/

/** A person's id, lower case: 2 to 32 of `[a-z0-9_.-]`, the first a letter or a digit. */
export const UserId = v.pipe(
  v.string(),
  v.regex(NAME, 'a user id has 2 to 32 of a-z 0-9 _ . - and starts with a letter or a digit'),
)
export type UserId = v.InferOutput<typeof UserId>

/** A group's id: the same alphabet as a user's. */
export const GroupId = v.pipe(
  v.string(),
  v.regex(NAME, 'a group id has 2 to 32 of a-z 0-9 _ . - and starts with a letter or a digit'),
)
export type GroupId = v.InferOutput<typeof GroupId>

/** Whom a message is for. */
export const Recipient = v.union([v.object({ user: UserId }), v.object({ group: GroupId })])
export type Recipient = v.InferOutput<typeof Recipient>

/** A message's id: a UUIDv7 (RFC 9562 section 5.7) that the sending client made, so ids of one client sort by time. */
export const MessageId = v.pipe(v.string(), v.regex(UUID_V7, 'not a lower-case UUIDv7'))
export type MessageId = v.InferOutput<typeof MessageId>

/** A device's id: a UUIDv7 that the device made. */
export const DeviceId = v.pipe(v.string(), v.regex(UUID_V7, 'not a lower-case UUIDv7'))
export type DeviceId = v.InferOutput<typeof DeviceId>

/** A server's id: a UUIDv7 made anew at every start, so a restarted server is a new one. */
export const ServerId = v.pipe(v.string(), v.regex(UUID_V7, 'not a lower-case UUIDv7'))
export type ServerId = v.InferOutput<typeof ServerId>

/** An attachment's id: a UUIDv7 that the sending client made. */
export const BlobId = v.pipe(v.string(), v.regex(UUID_V7, 'not a lower-case UUIDv7'))
export type BlobId = v.InferOutput<typeof BlobId>

/** 32 bytes in base64url: a SHA-256 (thumbprint, conversation id, roster hash, audience) or a 256-bit key. */
export const Base64Url32 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, 'not 32 bytes in base64url'))
export type Base64Url32 = v.InferOutput<typeof Base64Url32>

/** 16 bytes in base64url: a chain's id, a salt. */
export const Base64Url16 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/, 'not 16 bytes in base64url'))
export type Base64Url16 = v.InferOutput<typeof Base64Url16>

export const ChainId = Base64Url16
export type ChainId = v.InferOutput<typeof ChainId>

/** A prekey's id within its device: 12 random bytes in base64url. */
export const PrekeyId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16}$/, 'not 12 bytes in base64url'))
export type PrekeyId = v.InferOutput<typeof PrekeyId>

/** `<deviceId>/<prekeyId>`: the `kid` of a recipient entry, so that the server finds a device's entry without any key. */
export const PrekeyKid = v.pipe(
  v.string(),
  v.regex(
    /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\/[A-Za-z0-9_-]{16}$/,
    'not <deviceId>/<prekeyId>',
  ),
)
export type PrekeyKid = v.InferOutput<typeof PrekeyKid>

/** The canonical form of an id that a person typed: trimmed, lower case. Validate it with `UserId` afterwards. */
export function normalizeUserId(typed: string): string {
  return typed.trim().toLowerCase()
}

/** The `kid` of one prekey of one device. */
export function prekeyKid(deviceId: DeviceId, prekeyId: PrekeyId): PrekeyKid {
  return `${deviceId}/${prekeyId}`
}

/** The device that a prekey's `kid` names. */
export function deviceOfKid(kid: PrekeyKid): DeviceId {
  return kid.slice(0, kid.indexOf('/'))
}

/**
 * The text whose SHA-256 (base64url) is an audience: a set of devices, whatever their order.
 * A client names with it the devices it encrypted for; a server names with it the devices an account has.
 */
export function audienceText(deviceIds: Iterable<DeviceId>): string {
  return [...new Set(deviceIds)].sort().join('\n')
}
