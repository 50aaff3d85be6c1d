import { getOwn, isDocument } from '../bson/value.ts'
import { pathParts } from '../storage/index-keys.ts'

const NUMERIC = /^(0|[1-9]\d*)$/

/**
 * Calls `visit` with every value that a dotted path leads to, following arrays of documents as MongoDB does.
 * A missing field is visited as undefined. Stops early, answering true, when `visit` answers true.
 * `index` is the position in the first array that was followed.
 */
export function visitPath(
  doc: unknown,
  path: string,
  visit: (value: unknown, index: number | undefined) => boolean,
): boolean {
  return walk(doc, pathParts(path), { at: 0, index: undefined, visit })
}

function walk(
  node: unknown,
  parts: readonly string[],
  state: {
    at: number
    index: number | undefined
    visit: (value: unknown, index: number | undefined) => boolean
  },
): boolean {
  const { at, index, visit } = state
  if (at === parts.length) return visit(node, index)
  const name = parts[at] as string
  if (Array.isArray(node)) {
    if (NUMERIC.test(name)) {
      const position = Number(name)
      if (position < node.length && walk(node[position], parts, { at: at + 1, index, visit })) return true
    }
    for (let i = 0; i < node.length; i++) {
      if (isDocument(node[i]) && walk(node[i], parts, { at, index: index ?? i, visit })) return true
    }
    return false
  }
  if (!isDocument(node) || !Object.hasOwn(node, name)) return visit(undefined, index)
  return walk(getOwn(node, name), parts, { at: at + 1, index, visit })
}

/** All values of a path, arrays opened at the end too: what `distinct` and sorting look at. */
export function leafValues(doc: unknown, path: string): unknown[] {
  const out: unknown[] = []
  visitPath(doc, path, value => {
    if (Array.isArray(value)) out.push(...value)
    else out.push(value)
    return false
  })
  return out
}
