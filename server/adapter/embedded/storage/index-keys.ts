import { EMPTY_ARRAY_KEY, encodeValue, invert, joinKey } from '../bson/key.ts'
import { getOwn, isDocument } from '../bson/value.ts'
import { MongoError } from '../errors.ts'

/** The parts of an index that its keys depend on. */
export interface KeyPattern {
  /** Paths and directions, in order. */
  fields: readonly (readonly [path: string, direction: 1 | -1])[]
  sparse: boolean
}

export interface DocumentKeys {
  keys: Buffer[]
  /** Bit i is set when an array was on the way of path i. */
  multikey: number
  /** A key was too long and lost its order behind its first bytes. */
  isCut: boolean
}

type Slot = { path: readonly string[] } | { value: Buffer; present: boolean }

const MISSING: Slot = { value: encodeValue(null), present: false }

/** Walks one path down to its value, or to the first array on the way. */
function resolve(
  node: unknown,
  path: readonly string[],
): { value: unknown; present: boolean } | { array: unknown[]; rest: readonly string[] } {
  let at = node
  for (let i = 0; i < path.length; i++) {
    const name = path[i] as string
    if (Array.isArray(at)) {
      const index = /^\d+$/.test(name) ? Number(name) : -1
      if (index < 0 || index >= at.length) return { array: at, rest: path.slice(i) }
      at = at[index]
    } else if (isDocument(at)) {
      if (!Object.hasOwn(at, name)) return { value: undefined, present: false }
      at = getOwn(at, name)
    } else return { value: undefined, present: false }
  }
  return Array.isArray(at) ? { array: at, rest: [] } : { value: at, present: true }
}

function expand(
  node: unknown,
  slots: readonly Slot[],
  emit: (parts: Slot[]) => void,
  state: { multikey: number },
): void {
  const next = slots.slice()
  let shared: unknown[] | undefined
  const through: { slot: number; rest: readonly string[] }[] = []
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as Slot
    if (!('path' in slot)) continue
    const found = resolve(node, slot.path)
    if ('array' in found) {
      if (shared !== undefined && shared !== found.array) {
        throw new MongoError(171, 'Cannot index parallel arrays: a compound index may follow one array only')
      }
      shared = found.array
      through.push({ slot: i, rest: found.rest })
    } else next[i] = found.present ? { value: encodeValue(found.value), present: true } : MISSING
  }
  if (shared === undefined) {
    emit(next)
    return
  }
  for (const { slot } of through) state.multikey |= 1 << slot
  const items: readonly unknown[] = shared.length === 0 ? [undefined] : shared
  for (const item of items) {
    const branch = next.slice()
    for (const { slot, rest } of through) {
      if (rest.length === 0) {
        branch[slot] = { value: shared.length === 0 ? EMPTY_ARRAY_KEY : encodeValue(item), present: true }
      } else branch[slot] = isDocument(item) ? { path: rest } : MISSING
    }
    expand(item, branch, emit, state)
  }
}

const SPLIT = new Map<string, readonly string[]>()

/** The parts of a dotted path, remembered. */
export function pathParts(path: string): readonly string[] {
  let parts = SPLIT.get(path)
  if (parts === undefined) {
    parts = path.split('.')
    if (SPLIT.size > 5000) SPLIT.clear()
    SPLIT.set(path, parts)
  }
  return parts
}

/**
 * All keys that a document has in an index, without duplicates: one for each element of an array on its paths.
 * @throws MongoError 171 when two different arrays are on the paths of a compound index
 */
export function documentKeys(pattern: KeyPattern, doc: Record<string, unknown>): DocumentKeys {
  const { fields } = pattern
  const only = fields[0]
  if (fields.length === 1 && only !== undefined && !only[0].includes('.')) {
    // The common case without the machinery.
    const value = getOwn(doc, only[0])
    if (!Array.isArray(value)) {
      if (value === undefined && pattern.sparse) return { keys: [], multikey: 0, isCut: false }
      const part = encodeValue(value)
      const { key, isCut } = joinKey([only[1] === 1 ? part : invert(part)])
      return { keys: [key], multikey: 0, isCut }
    }
  }
  const state = { multikey: 0 }
  const keys: Buffer[] = []
  const seen = new Set<string>()
  let anyCut = false
  const slots: Slot[] = fields.map(([path]) => ({ path: pathParts(path) }))
  expand(
    doc,
    slots,
    parts => {
      if (pattern.sparse && parts.every(part => 'value' in part && !part.present)) return
      const components = parts.map((part, i) => {
        const bytes = 'value' in part ? part.value : (MISSING as { value: Buffer }).value
        return fields[i]?.[1] === -1 ? invert(bytes) : bytes
      })
      const { key, isCut } = joinKey(components)
      anyCut ||= isCut
      const id = key.toString('latin1')
      if (seen.has(id)) return
      seen.add(id)
      keys.push(key)
    },
    state,
  )
  return { keys, multikey: state.multikey, isCut: anyCut }
}
