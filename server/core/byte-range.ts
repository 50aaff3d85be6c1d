import { FastChatError } from '../../schema/errors.ts'

/** Bytes from `from` to before `to`. */
export interface ByteRange {
  from: number
  to: number
}

/** No more digits than a number keeps exactly. */
const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/
const RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/

/**
 * Which bytes a body holds, of how many (RFC 9110 section 14.4).
 *
 * @throws FastChatError `bad_request` when there is no `Content-Range` of bytes, or it says what cannot be
 */
export function readContentRange(header: string | undefined): ByteRange & { size: number } {
  const [, first, last, size] = (CONTENT_RANGE.exec(header ?? '') ?? []).map(Number)
  if (first === undefined || last === undefined || size === undefined || first > last || last >= size) {
    throw new FastChatError('bad_request', 'Cannot read Content-Range: not bytes FIRST-LAST/SIZE')
  }
  return { from: first, to: last + 1, size }
}

/**
 * Which bytes are asked for (RFC 9110 section 14.2): `all` without a `Range`, and for one that this server does not know or
 * that cannot be read, as a server may; `none` when there are none of those.
 */
export function readRange(header: string | undefined, size: number): ByteRange | 'all' | 'none' {
  const [, first = '', last = ''] = RANGE.exec(header ?? '') ?? []
  if (first === '' && last === '') return 'all'
  if (first === '') {
    return Number(last) === 0 ? 'none' : { from: Math.max(0, size - Number(last)), to: size }
  }
  const from = Number(first)
  if (last !== '' && Number(last) < from) return 'all'
  if (from >= size) return 'none'
  return { from, to: last === '' ? size : Math.min(size, Number(last) + 1) }
}
