import type { Doc } from '../bson/codec.ts'
import { isDocument } from '../bson/value.ts'
import { MongoError } from '../errors.ts'

/** Where a stream stands: behind which change, and whether that change was the stream's end. */
export interface Token {
  ts: bigint
  /** 'event' names a change, 'invalidate' the end that it brought, 'mark' a point between changes. */
  kind: 'event' | 'invalidate' | 'mark'
}

const KINDS = ['event', 'invalidate', 'mark'] as const
/** First byte: the format, so that it can change. */
const FORMAT = '82'

export function encodeToken(token: Token): Doc {
  return {
    _data: `${FORMAT}${token.ts.toString(16).padStart(16, '0')}0${KINDS.indexOf(token.kind)}`.toUpperCase(),
  }
}

/** @throws MongoError 260 when it is no token of this server */
export function decodeToken(value: unknown): Token {
  const data = isDocument(value) ? value._data : undefined
  if (typeof data !== 'string' || !/^82[0-9A-F]{16}0[0-2]$/i.test(data)) {
    throw new MongoError(260, 'Cannot read the resume token: it was not made by this server')
  }
  return { ts: BigInt(`0x${data.slice(2, 18)}`), kind: KINDS[Number(data.slice(19))] ?? 'event' }
}
