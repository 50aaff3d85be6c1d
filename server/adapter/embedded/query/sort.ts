import type { Rec } from '../bson/codec.ts'
import { EMPTY_ARRAY_KEY, encodeValue, invert } from '../bson/key.ts'
import { MongoError } from '../errors.ts'
import { visitPath } from './path.ts'
import type { SortSpec } from './planner.ts'

/** Memory that one sort may use. */
export const MAX_SORT_BYTES = 100 * 1024 * 1024
const ROW_OVERHEAD_BYTES = 128

/** The place of a document in an order, as bytes: of an array the smallest element counts (descending: the greatest). */
export function sortKey(doc: unknown, spec: SortSpec): Buffer {
  const parts = spec.map(([path, direction]) => {
    let best: Buffer | undefined
    const offer = (candidate: Buffer): void => {
      if (best === undefined || Buffer.compare(candidate, best) * direction < 0) best = candidate
    }
    visitPath(doc, path, value => {
      if (Array.isArray(value)) {
        if (value.length === 0) offer(EMPTY_ARRAY_KEY)
        else for (const item of value) offer(encodeValue(item))
      } else offer(encodeValue(value))
      return false
    })
    const bytes = best ?? encodeValue(null)
    return direction === 1 ? bytes : invert(bytes)
  })
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
}

/**
 * Sorts in memory, stable; with `keep` only the first so many are held.
 * @throws MongoError 292 when more than 100 MB would be held
 */
export function* sortRows<T>(
  rows: Iterable<T | null>,
  options: { spec: SortSpec; keep: number | undefined; recOf: (row: T) => Rec },
): Generator<T | null, void, undefined> {
  const { spec, keep, recOf } = options
  let held: { key: Buffer; order: number; row: T; bytes: number }[] = []
  let bytes = 0
  let order = 0
  const arrange = (): void => {
    held.sort((a, b) => Buffer.compare(a.key, b.key) || a.order - b.order)
  }
  for (const row of rows) {
    if (row === null) {
      yield null
      continue
    }
    const rec = recOf(row)
    const key = sortKey(rec.doc, spec)
    const cost = rec.bytes.length + key.length + ROW_OVERHEAD_BYTES
    rec.compact()
    held.push({ key, order: order++, row, bytes: cost })
    bytes += cost
    if (keep !== undefined && held.length > keep * 2 + 100) {
      arrange()
      held = held.slice(0, keep)
      bytes = held.reduce((sum, item) => sum + item.bytes, 0)
    }
    if (bytes > MAX_SORT_BYTES) {
      throw new MongoError(
        292,
        'Sort exceeded memory limit of 104857600 bytes, but did not opt in to external sorting.',
      )
    }
  }
  arrange()
  if (keep !== undefined) held = held.slice(0, keep)
  for (const { row } of held) yield row
}
