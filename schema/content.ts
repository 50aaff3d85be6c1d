import * as v from 'valibot'
import { Base64Url32, BlobId, DeviceId, MessageId, Recipient, UserId } from './ids.ts'
import { limits } from './limits.ts'

/** What is inside the encryption, by `type`. A type of a newer client is kept as `unknown`, never refused. */

const encoder = new TextEncoder()
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER))

/** Unicode without surrogates by themselves, so many bytes of UTF-8 at most. */
const utf8 = (maxBytes: number) =>
  v.pipe(
    v.string(),
    v.minLength(1),
    v.check(
      text => !/\p{Surrogate}/u.test(text) && encoder.encode(text).length <= maxBytes,
      'too long, or not Unicode',
    ),
  )

/** A text of 1 to `limits.maxTextBytes` bytes of UTF-8. */
export const Text = v.pipe(
  v.string(),
  v.minLength(1),
  v.check(text => encoder.encode(text).length <= limits.maxTextBytes, 'the text is too long'),
)

/** What every message that has a line may say besides. */
const line = {
  /** The message of the same conversation that it answers. */
  replyTo: v.optional(MessageId),
  /** It disappears so long after it was read, ms; for its sender, after it was written. */
  expiresInMs: v.optional(
    v.pipe(count, v.minValue(limits.minDisappearMs), v.maxValue(limits.maxDisappearMs)),
  ),
}

/** Anybody in the conversation. */
export const TextContent = v.object({ type: v.literal('text'), text: Text, ...line })
export type TextContent = v.InferOutput<typeof TextContent>

/**
 * An attachment that a server keeps as a blob. Whoever has `key` can read it: it travels only in here.
 *
 * `size`: bytes of the file; `blobSize`: bytes of the blob, which is encrypted and padded; `sha256`: of the blob.
 */
export const BlobRef = v.object({
  blob: BlobId,
  key: Base64Url32,
  size: count,
  blobSize: count,
  sha256: Base64Url32,
})
export type BlobRef = v.InferOutput<typeof BlobRef>

/**
 * A file, or a picture when `image` says how large it is. Anybody in the conversation. `name` and `mediaType` are the
 * sender's claims: a receiver takes the name for a suggestion and looks at the bytes.
 */
export const FileContent = v.object({
  type: v.literal('file'),
  file: BlobRef,
  name: utf8(limits.maxFileNameBytes),
  mediaType: v.pipe(
    v.string(),
    v.regex(/^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$/, 'not a media type'),
  ),
  image: v.optional(
    v.object({
      width: v.pipe(count, v.minValue(1), v.maxValue(limits.maxImageSide)),
      height: v.pipe(count, v.minValue(1), v.maxValue(limits.maxImageSide)),
    }),
  ),
  caption: v.optional(Text),
  ...line,
})
export type FileContent = v.InferOutput<typeof FileContent>

/** Another text for a message (the caption, of a file). Its author only. */
export const EditContent = v.object({ type: v.literal('edit'), id: MessageId, text: Text })
export type EditContent = v.InferOutput<typeof EditContent>

/** A message is to be forgotten by everybody. Its author, or an admin of the group. */
export const DeleteContent = v.object({ type: v.literal('delete'), id: MessageId })
export type DeleteContent = v.InferOutput<typeof DeleteContent>

/** One's reaction to a message, in place of the one before; null takes it back. Anybody in the conversation. */
export const ReactionContent = v.object({
  type: v.literal('reaction'),
  id: MessageId,
  emoji: v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(limits.maxReactionChars))),
})
export type ReactionContent = v.InferOutput<typeof ReactionContent>

/** The recipient's device has stored (read) these messages of the person it goes to, in whatever conversation. */
export const ReceiptContent = v.object({
  type: v.literal('receipt'),
  state: v.picklist(['delivered', 'read']),
  ids: v.pipe(v.array(MessageId), v.minLength(1), v.maxLength(limits.maxReceiptIds)),
})
export type ReceiptContent = v.InferOutput<typeof ReceiptContent>

/** From here on messages of the conversation disappear; null: no more. Of two people anybody, in a group an admin. */
export const TimerContent = v.object({
  type: v.literal('timer'),
  afterMs: v.nullable(v.pipe(count, v.minValue(limits.minDisappearMs), v.maxValue(limits.maxDisappearMs))),
})
export type TimerContent = v.InferOutput<typeof TimerContent>

/** The group's title. An admin only. Sent again to whoever comes new. */
export const TitleContent = v.object({ type: v.literal('title'), title: utf8(limits.maxTitleBytes) })
export type TitleContent = v.InferOutput<typeof TitleContent>

/** History for a new device of one's own, in parts. Only from another device of the same account. */
export const HistoryContent = v.object({
  type: v.literal('history'),
  device: DeviceId,
  parts: v.pipe(v.array(BlobRef), v.minLength(1), v.maxLength(64)),
  messages: count,
  conversations: count,
})
export type HistoryContent = v.InferOutput<typeof HistoryContent>

/**
 * What one's other devices should know of what was done here. Only from another device of the same account, in the
 * conversation with oneself.
 */
export const SyncContent = v.object({
  type: v.literal('sync'),
  /** Up to this message, itself included, the conversation was read. */
  read: v.optional(v.object({ with: Recipient, id: MessageId })),
  /** A conversation that was accepted. */
  accepted: v.optional(Recipient),
  blocked: v.optional(v.object({ user: UserId, isBlocked: v.boolean() })),
  /** The account key (thumbprint) that somebody was verified with, or accepted with. */
  trusted: v.optional(v.object({ user: UserId, key: Base64Url32, isVerified: v.boolean() })),
})
export type SyncContent = v.InferOutput<typeof SyncContent>

const known = {
  text: TextContent,
  file: FileContent,
  edit: EditContent,
  delete: DeleteContent,
  reaction: ReactionContent,
  receipt: ReceiptContent,
  timer: TimerContent,
  title: TitleContent,
  history: HistoryContent,
  sync: SyncContent,
} as const

/** A type that this version does not know: shown as "not supported yet". */
export const UnknownContent = v.pipe(
  v.looseObject({
    type: v.pipe(
      v.string(),
      v.maxLength(64),
      v.check(type => !Object.hasOwn(known, type), 'wrong for its type'),
    ),
  }),
  v.transform(({ type }) => ({ type: 'unknown' as const, originally: type })),
)

export const Content = v.union([...Object.values(known), UnknownContent])
export type Content = KnownContent | v.InferOutput<typeof UnknownContent>
export type KnownContent = v.InferOutput<(typeof known)[keyof typeof known]>

/** Somebody in the conversation writes, or has stopped. Anybody, sent as `transient` only. */
export const TypingContent = v.object({ type: v.literal('typing'), isTyping: v.boolean() })
export type TypingContent = v.InferOutput<typeof TypingContent>

const UnknownTransient = v.pipe(
  v.looseObject({
    type: v.pipe(
      v.string(),
      v.maxLength(64),
      v.check(type => type !== 'typing', 'wrong for its type'),
    ),
  }),
  v.transform(({ type }) => ({ type: 'unknown' as const, originally: type })),
)
/** What a message that is only for the moment holds. */
export const TransientContent = v.union([TypingContent, UnknownTransient])
export type TransientContent = v.InferOutput<typeof TransientContent>
