import * as v from 'valibot'
import { MessageId } from './ids.ts'
import { limits } from './limits.ts'

/** What is inside the encryption, by `type`. A type of a newer client is kept as `unknown`, never refused. */

const encoder = new TextEncoder()

/** A text of 1 to `limits.maxTextBytes` bytes of UTF-8. */
export const Text = v.pipe(
  v.string(),
  v.minLength(1),
  v.check(text => encoder.encode(text).length <= limits.maxTextBytes, 'the text is too long'),
)

export const TextContent = v.object({ type: v.literal('text'), text: Text })
export type TextContent = v.InferOutput<typeof TextContent>

/** The recipient's device has stored these messages of the person it goes to. Sent inside the encryption only. */
export const ReceiptContent = v.object({
  type: v.literal('receipt'),
  state: v.picklist(['delivered']),
  ids: v.pipe(v.array(MessageId), v.minLength(1), v.maxLength(limits.maxReceiptIds)),
})
export type ReceiptContent = v.InferOutput<typeof ReceiptContent>

const known = ['text', 'receipt'] as const

/** A type that this version does not know: shown as "not supported yet". */
export const UnknownContent = v.pipe(
  v.looseObject({
    type: v.pipe(
      v.string(),
      v.maxLength(64),
      v.check(type => !(known as readonly string[]).includes(type), 'wrong for its type'),
    ),
  }),
  v.transform(({ type }) => ({ type: 'unknown' as const, originally: type })),
)

export const Content = v.union([TextContent, ReceiptContent, UnknownContent])
export type Content = v.InferOutput<typeof Content>
export type KnownContent = TextContent | ReceiptContent
