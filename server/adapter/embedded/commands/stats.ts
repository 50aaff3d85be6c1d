import type { Doc } from '../bson/codec.ts'
import { isDocument } from '../bson/value.ts'
import type { Collection } from '../storage/catalog.ts'
import type { CommandContext } from './context.ts'

/** The document of `$collStats`. */
export function collectionStats(
  context: CommandContext,
  coll: Collection | undefined,
  operand: unknown,
): Doc {
  const ns = `${context.db}.${String(context.body.aggregate)}`
  const out: Doc = { ns, host: context.peer.localAddress, localTime: new Date() }
  if (!isDocument(operand)) return out
  if (operand.count !== undefined) out.count = coll?.count ?? 0
  if (operand.storageStats !== undefined) out.storageStats = sizes(coll)
  return out
}

/** Sizes of a collection; of indexes and files only their sum is known to the store. */
export function sizes(coll: Collection | undefined): Doc {
  const count = coll?.count ?? 0
  const size = coll?.bytes ?? 0
  return {
    size,
    count,
    avgObjSize: count === 0 ? 0 : Math.round(size / count),
    storageSize: size,
    capped: false,
    nindexes: coll?.indexes.length ?? 0,
    totalIndexSize: 0,
    totalSize: size,
    indexSizes: Object.fromEntries((coll?.indexes ?? []).map(({ name }) => [name, 0])),
    scaleFactor: 1,
  }
}
