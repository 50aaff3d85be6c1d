import * as v from 'valibot'
import { Base64Url32, DeviceId, MessageId } from '../../schema/ids.ts'
import type { ChatEvent } from '../chat.ts'

/**
 * What the owner of an account and those who share its session say to each other, as JSON lines. The owner begins with
 * `hello` as soon as it can be asked; then each `call` gets one `ok` or `error` with its id, and every event of the
 * session comes as `event`. When the owner ends, the socket does.
 */

/** Raised when a line changes its meaning: two versions of FastChat at once do not share a session. */
export const AGENT_PROTOCOL = 2

/** A text of 64 KiB whose every byte is escaped as `\u0000`, and room to spare. */
export const maxCallBytes = 1024 * 1024
/** Lists of long messages: a `limit` too large for this is answered with `too_large`. */
export const maxAnswerBytes = 64 * 1024 * 1024

const limit = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000))
const seq = v.pipe(v.number(), v.integer(), v.minValue(0))
const id = v.pipe(v.number(), v.integer(), v.minValue(1))
const nothing = v.object({ conversation: v.optional(v.never()) })

/** What each method takes. */
export const callParams = {
  snapshot: nothing,
  history: v.object({ conversation: Base64Url32, beforeSeq: v.optional(seq), limit }),
  open: v.object({ with: v.string() }),
  send: v.object({ to: v.string(), text: v.string(), id: v.optional(MessageId) }),
  message: v.object({ id: MessageId }),
  unread: v.object({ limit }),
  markRead: v.object({ conversation: Base64Url32, upToSeq: seq }),
  devices: nothing,
  revokeDevice: v.object({ deviceId: DeviceId }),
  logOut: nothing,
} as const
export type CallName = keyof typeof callParams
export type CallParams<N extends CallName> = v.InferOutput<(typeof callParams)[N]>

export const Call = v.object({
  id,
  call: v.picklist(Object.keys(callParams) as CallName[]),
  with: v.optional(v.unknown()),
})

/** The owner's version is checked before anything else of it is believed. */
export const Hello = v.object({ hello: v.object({ nonce: v.string(), protocol: v.number() }) })
export type Hello = v.InferOutput<typeof Hello>

/**
 * What comes from the owner. Results and events are taken for what `Chat` says: the owner is the same user's process, of
 * the same protocol version, behind a folder that only this user gets at.
 */
export const Answer = v.union([
  v.object({ id, ok: v.unknown() }),
  v.object({ id, error: v.object({ code: v.string(), message: v.string() }) }),
  v.object({ event: v.custom<ChatEvent>(isEvent) }),
])
export type Answer = v.InferOutput<typeof Answer>

function isEvent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
