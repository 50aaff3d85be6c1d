import * as v from 'valibot'
import { BlobRef } from '../../../schema/content.ts'
import { FastChatError } from '../../../schema/errors.ts'
import { Base64Url32, GroupId, MessageId, UserId } from '../../../schema/ids.ts'
import { Ed25519Jwk } from '../../../schema/jose.ts'
import { limits } from '../../../schema/limits.ts'
import { parse } from '../../../schema/parse.ts'
import type { MessageItem } from '../../chat.ts'

/**
 * History as one device gives it to another one of the same account: lines of JSON, a conversation's head and then its
 * messages, oldest first. It comes from one's own device, and is read with the same care all the same.
 */

const time = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15))
const text = v.pipe(v.string(), v.maxLength(limits.maxTextBytes))
const short = v.pipe(v.string(), v.maxLength(1024))

const Head = v.object({
  head: v.variant('kind', [
    v.object({
      kind: v.literal('direct'),
      with: UserId,
      key: Base64Url32,
      accountKey: v.optional(Ed25519Jwk),
      isRequest: v.optional(v.boolean()),
      isBlocked: v.optional(v.boolean()),
      isVerified: v.optional(v.boolean()),
    }),
    v.object({
      kind: v.literal('group'),
      with: GroupId,
      conversation: Base64Url32,
      title: v.optional(short),
      isRequest: v.optional(v.boolean()),
    }),
  ]),
})
export type HistoryHead = v.InferOutput<typeof Head>['head']

const ItemContent = v.variant('type', [
  v.object({ type: v.literal('text'), text }),
  v.object({
    type: v.literal('file'),
    name: short,
    mediaType: short,
    size: v.pipe(v.number(), v.integer(), v.minValue(0)),
    image: v.optional(v.object({ width: v.number(), height: v.number() })),
    caption: v.optional(text),
    state: v.picklist(['remote', 'here', 'gone']),
  }),
  v.object({ type: v.literal('deleted'), by: UserId }),
  v.object({ type: v.literal('unknown'), originally: v.pipe(v.string(), v.maxLength(64)) }),
])

const Item = v.object({
  item: v.object({
    id: MessageId,
    from: UserId,
    mine: v.boolean(),
    sentAt: time,
    receivedAt: time,
    content: ItemContent,
    replyTo: v.optional(v.object({ id: MessageId })),
    editedAt: v.optional(time),
    reactions: v.optional(
      v.pipe(
        v.array(
          v.object({
            emoji: v.pipe(v.string(), v.maxLength(limits.maxReactionChars)),
            from: v.pipe(v.array(UserId), v.maxLength(limits.maxMembers)),
          }),
        ),
        v.maxLength(limits.maxReactions),
      ),
    ),
    state: v.optional(v.picklist(['queued', 'stored', 'delivered', 'read', 'failed'])),
  }),
  file: v.optional(BlobRef),
})
export type HistoryItem = v.InferOutput<typeof Item>

const Line = v.union([Head, Item])
export type HistoryLine = v.InferOutput<typeof Line>

/** One line, with its line break. What disappears, or was not sent yet, is not given on. */
export function formatLine(line: HistoryLine): string {
  return `${JSON.stringify(line)}\n`
}

/** @throws FastChatError `bad_blob` when a line is none */
export function parseLine(text: string): HistoryLine {
  try {
    return parse(Line, JSON.parse(text), { what: 'history' })
  } catch {
    throw new FastChatError('bad_blob', 'Cannot read history: it is damaged')
  }
}

/** What of a message is given on; undefined for what is not. */
export function itemOf(message: MessageItem): HistoryItem['item'] | undefined {
  if (message.state === 'queued' || message.state === 'failed' || message.expiresInMs !== undefined)
    return undefined
  const {
    kind: _kind,
    conversation: _conversation,
    seq: _seq,
    receipts: _receipts,
    failure: _failure,
    ...item
  } = message
  const { expiresAt: _at, expiresInMs: _in, ...kept } = item
  // What it answers may have disappeared by then: the other device sees for itself.
  return kept.replyTo ? { ...kept, replyTo: { id: kept.replyTo.id } } : kept
}
