import * as v from 'valibot'
import { Base64Url32, DeviceId, MessageId } from '../../schema/ids.ts'
import { limits } from '../../schema/limits.ts'
import type { ChatEvent } from '../chat.ts'
import type {} from '../searching.ts'
import { NOTIFIES } from '../settings.ts'

/**
 * What the owner of an account and those who share its session say to each other, as JSON lines. The owner begins with
 * `hello` as soon as it can be asked; then each `call` gets one `ok` or `error` with its id, and every event of the
 * session comes as `event`. When the owner ends, the socket does.
 */

/**
 * Raised when a line changes its meaning, or something new may be asked: two versions of FastChat at once do not share a
 * session.
 */
export const AGENT_PROTOCOL = 6

/** A text of 64 KiB whose every byte is escaped as `\u0000`, and room to spare. */
export const maxCallBytes = 1024 * 1024
/** Lists of long messages: a `limit` too large for this is answered with `too_large`. */
export const maxAnswerBytes = 64 * 1024 * 1024

const limit = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000))
const seq = v.pipe(v.number(), v.integer(), v.minValue(0))
const id = v.pipe(v.number(), v.integer(), v.minValue(1))
const name = v.pipe(v.string(), v.maxLength(256))
const path = v.pipe(v.string(), v.startsWith('/'), v.maxLength(4096))
const side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096))
const muteMs = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(limits.maxMuteMs))
const nothing = v.object({ conversation: v.optional(v.never()) })

/** What each method takes. */
export const callParams = {
  snapshot: nothing,
  history: v.object({ conversation: Base64Url32, beforeSeq: v.optional(seq), limit }),
  open: v.object({ with: name }),
  send: v.object({ to: name, text: v.string(), replyTo: v.optional(MessageId), id: v.optional(MessageId) }),
  sendFile: v.object({
    to: name,
    path,
    as: v.picklist(['image', 'file', 'auto']),
    name: v.optional(v.string()),
    caption: v.optional(v.string()),
    replyTo: v.optional(MessageId),
    id: v.optional(MessageId),
  }),
  saveFile: v.object({ id: MessageId, folder: path }),
  picture: v.object({ id: MessageId, maxWidth: side, maxHeight: side }),
  edit: v.object({ id: MessageId, text: v.string() }),
  deleteMessage: v.object({ id: MessageId }),
  react: v.object({ id: MessageId, emoji: v.nullable(v.string()) }),
  typing: v.object({ conversation: Base64Url32, isTyping: v.boolean() }),
  setTimer: v.object({ conversation: Base64Url32, afterMs: v.nullable(v.number()) }),
  message: v.object({ id: MessageId }),
  search: v.object({
    query: v.string(),
    conversation: v.optional(Base64Url32),
    limit: v.pipe(limit, v.maxValue(limits.maxSearchHits)),
    before: v.optional(MessageId),
  }),
  unread: v.object({ limit, withoutRequests: v.optional(v.boolean()) }),
  markRead: v.object({ conversation: Base64Url32, upToSeq: seq }),
  mute: v.object({ conversation: Base64Url32, isMuted: v.boolean(), forMs: v.optional(muteMs) }),
  accept: v.object({ conversation: Base64Url32 }),
  block: v.object({ user: name, isBlocked: v.boolean() }),
  verification: v.object({ user: name }),
  setVerified: v.object({ user: name, isVerified: v.boolean(), safetyNumber: v.string() }),
  acceptKey: v.object({ user: name }),
  createGroup: v.object({
    group: name,
    title: v.optional(v.string()),
    members: v.optional(v.array(name)),
  }),
  groupInfo: v.object({ group: name }),
  addMembers: v.object({ group: name, members: v.array(name) }),
  removeMembers: v.object({ group: name, members: v.array(name) }),
  setAdmin: v.object({ group: name, user: name, isAdmin: v.boolean() }),
  setTitle: v.object({ group: name, title: v.string() }),
  leaveGroup: v.object({ group: name }),
  devices: nothing,
  nameDevice: v.object({ deviceId: DeviceId, name: v.nullable(v.string()) }),
  revokeDevice: v.object({ deviceId: DeviceId }),
  shareHistory: v.object({ deviceId: DeviceId }),
  answerHistory: v.object({ id: MessageId, isAccepted: v.boolean() }),
  setSettings: v.object({
    sendsReadReceipts: v.optional(v.boolean()),
    sendsTyping: v.optional(v.boolean()),
    showsPresence: v.optional(v.boolean()),
    notifies: v.optional(v.picklist(NOTIFIES)),
  }),
  logOut: nothing,
} as const
export type CallName = keyof typeof callParams

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
