import type { Doc } from '../bson/codec.ts'
import { getOwn, isDocument, setOwn, tagOf } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileFilter, type Matcher } from '../query/matcher.ts'

const NUMERIC = /^(0|[1-9]\d*)$/
/** MongoDB pads an array with nulls up to a position, but not further than this. */
const MAX_PADDING = 1500000

/** The places that a path with `$`, `$[]` and `$[name]` stands for, in one document. */
export interface PathContext {
  /** Position that the query matched: what `$` means. */
  matchedIndex: number | undefined
  filters: ReadonlyMap<string, Matcher>
}

/**
 * Compiles `arrayFilters` by their identifiers.
 * @throws MongoError 9 when a filter has no single identifier
 */
export function compileArrayFilters(filters: unknown): Map<string, Matcher> {
  const out = new Map<string, Matcher>()
  if (filters === undefined) return out
  if (!Array.isArray(filters)) throw new MongoError(14, 'arrayFilters must be an array')
  for (const filter of filters) {
    if (!isDocument(filter)) throw new MongoError(14, 'Each array filter must be an object')
    const name = identifierOf(filter)
    if (name === undefined)
      throw new MongoError(9, 'Cannot use an expression without a top-level field name in arrayFilters')
    if (out.has(name))
      throw new MongoError(9, `Found multiple array filters with the same top-level field name ${name}`)
    out.set(name, compileFilter(filter))
  }
  return out
}

function identifierOf(filter: Doc): string | undefined {
  for (const [name, operand] of Object.entries(filter)) {
    if (!name.startsWith('$')) return name.split('.')[0]
    if (Array.isArray(operand)) {
      for (const clause of operand) {
        const found = isDocument(clause) ? identifierOf(clause) : undefined
        if (found !== undefined) return found
      }
    }
  }
  return undefined
}

/** Resolves a path of an update to the concrete paths in this document. */
export function concretePaths(doc: Doc, path: readonly string[], context: PathContext): string[][] {
  const out: string[][] = []
  walk(doc, path, { at: 0, prefix: [], out, context })
  return out
}

function walk(
  node: unknown,
  path: readonly string[],
  state: { at: number; prefix: string[]; out: string[][]; context: PathContext },
): void {
  const { at, prefix, out, context } = state
  const name = path[at]
  if (name === undefined) {
    out.push(prefix)
    return
  }
  const step = (value: unknown, part: string): void =>
    walk(value, path, { at: at + 1, prefix: [...prefix, part], out, context })
  if (name === '$') {
    if (context.matchedIndex === undefined) {
      throw new MongoError(2, 'The positional operator did not find the match needed from the query.')
    }
    step(Array.isArray(node) ? node[context.matchedIndex] : undefined, String(context.matchedIndex))
    return
  }
  if (name.startsWith('$[') && name.endsWith(']')) {
    if (!Array.isArray(node)) {
      throw new MongoError(
        2,
        `The path '${prefix.join('.')}' must exist in the document in order to apply array updates.`,
      )
    }
    const identifier = name.slice(2, -1)
    const filter = identifier === '' ? undefined : context.filters.get(identifier)
    if (identifier !== '' && filter === undefined) {
      throw new MongoError(2, `No array filter found for identifier '${identifier}'`)
    }
    for (let i = 0; i < node.length; i++) {
      if (filter === undefined || filter({ [identifier]: node[i] })) step(node[i], String(i))
    }
    return
  }
  step(childOf(node, name), name)
}

function childOf(node: unknown, name: string): unknown {
  if (Array.isArray(node)) return NUMERIC.test(name) ? node[Number(name)] : undefined
  return isDocument(node) ? getOwn(node, name) : undefined
}

/** The value at a concrete path. */
export function valueAt(doc: Doc, path: readonly string[]): unknown {
  let at: unknown = doc
  for (const name of path) at = childOf(at, name)
  return at
}

/** Does the path lead to something, even a null? */
export function existsAt(doc: Doc, path: readonly string[]): boolean {
  const parent = valueAt(doc, path.slice(0, -1))
  const name = path[path.length - 1] as string
  if (Array.isArray(parent)) return NUMERIC.test(name) && Number(name) < parent.length
  return isDocument(parent) && tagOf(parent) === undefined && Object.hasOwn(parent, name)
}

/**
 * Sets the value at a concrete path, making documents on the way.
 * @throws MongoError 28 when a part of the path is neither document nor array
 */
export function assignAt(doc: Doc, path: readonly string[], value: unknown): void {
  let at: unknown = doc
  for (let i = 0; i < path.length; i++) {
    const name = path[i] as string
    const isLast = i === path.length - 1
    if (Array.isArray(at)) {
      if (!NUMERIC.test(name)) {
        throw new MongoError(
          28,
          `Cannot create field '${name}' in element {${path.slice(0, i).join('.')}: an array}`,
        )
      }
      const index = Number(name)
      if (index - at.length > MAX_PADDING)
        throw new MongoError(2, `Cannot set array position ${index}: it is too far away`)
      while (at.length < index) at.push(null)
      if (isLast) at[index] = value
      else {
        if (index >= at.length) at[index] = {}
        at = at[index]
      }
    } else if (isDocument(at) && tagOf(at) === undefined) {
      if (isLast) setOwn(at, name, value)
      else {
        if (!Object.hasOwn(at, name)) setOwn(at, name, {})
        at = getOwn(at, name)
      }
    } else {
      throw new MongoError(
        28,
        `Cannot create field '${name}' in element {${path[i - 1] ?? ''}: not an object}`,
      )
    }
  }
}

/** Removes the value at a concrete path; in an array it becomes null. Answers whether there was one. */
export function removeAt(doc: Doc, path: readonly string[]): boolean {
  if (!existsAt(doc, path)) return false
  const parent = valueAt(doc, path.slice(0, -1))
  const name = path[path.length - 1] as string
  if (Array.isArray(parent)) parent[Number(name)] = null
  else delete (parent as Doc)[name]
  return true
}
