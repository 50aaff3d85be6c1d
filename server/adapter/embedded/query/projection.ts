import { compileExpression, type Expression } from '../aggregate/expression.ts'
import { type Doc, Rec } from '../bson/codec.ts'
import { getOwn, isDocument, setOwn, tagOf, toInteger, toNumber, truthy } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileFilter, compileValueTest, isOperatorDocument, type Matcher } from './matcher.ts'

/** Turns a document into what the client asked for. */
export type Projection = (rec: Rec, index?: number) => Rec

interface Node {
  children: Map<string, Node>
  compute?: Expression
  isLeaf: boolean
}

function newNode(): Node {
  return { children: new Map(), isLeaf: false }
}

function insert(root: Node, path: string, set: (leaf: Node) => void): void {
  let at = root
  for (const part of path.split('.')) {
    if (part === '') throw new MongoError(40353, 'FieldPath must not end with a dot or hold an empty field')
    if (at.isLeaf) throw new MongoError(31249, `Path collision at ${path}`)
    let next = at.children.get(part)
    if (next === undefined) {
      next = newNode()
      at.children.set(part, next)
    }
    at = next
  }
  if (at.isLeaf || at.children.size > 0) throw new MongoError(31250, `Path collision at ${path}`)
  at.isLeaf = true
  set(at)
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean' || toNumber(value) !== undefined
}

function include(value: unknown, node: Node): unknown {
  if (Array.isArray(value)) {
    return value.filter(item => isDocument(item) || Array.isArray(item)).map(item => include(item, node))
  }
  if (!isDocument(value)) return undefined
  const out: Doc = {}
  for (const name of Object.keys(value)) {
    const child = node.children.get(name)
    if (child === undefined || child.compute !== undefined) continue
    const field = getOwn(value, name)
    const kept = child.isLeaf ? field : include(field, child)
    if (kept !== undefined) setOwn(out, name, kept)
  }
  return out
}

function exclude(value: unknown, node: Node): unknown {
  if (Array.isArray(value)) return value.map(item => exclude(item, node))
  if (!isDocument(value) || tagOf(value) !== undefined) return value
  const out: Doc = {}
  for (const name of Object.keys(value)) {
    const child = node.children.get(name)
    if (child === undefined) setOwn(out, name, getOwn(value, name))
    else if (!child.isLeaf) setOwn(out, name, exclude(getOwn(value, name), child))
  }
  return out
}

/** Sets computed fields, opening documents and arrays on the way. */
function compute(target: unknown, node: Node, rec: Rec): unknown {
  if (Array.isArray(target)) return target.map(item => compute(item, node, rec))
  const out: Doc = isDocument(target) && tagOf(target) === undefined ? { ...target } : {}
  for (const [name, child] of node.children) {
    if (child.compute !== undefined) {
      const value = child.compute(rec)
      if (value === undefined) delete out[name]
      else setOwn(out, name, value)
    } else if (hasComputed(child)) setOwn(out, name, compute(getOwn(out, name), child, rec))
  }
  return out
}

function hasComputed(node: Node): boolean {
  if (node.compute !== undefined) return true
  for (const child of node.children.values()) if (hasComputed(child)) return true
  return false
}

function flatten(spec: Doc, prefix: string, out: [string, unknown][]): void {
  for (const [name, value] of Object.entries(spec)) {
    if (
      isDocument(value) &&
      tagOf(value) === undefined &&
      !isOperatorDocument(value) &&
      Object.keys(value).length > 0
    ) {
      flatten(value, `${prefix}${name}.`, out)
    } else out.push([prefix + name, value])
  }
}

/** `$addFields`: computed fields on top of the whole document. */
export function compileAddFields(spec: Doc): (rec: Rec) => Rec {
  const root = newNode()
  const entries: [string, unknown][] = []
  flatten(spec, '', entries)
  for (const [path, value] of entries) {
    insert(root, path, leaf => {
      leaf.compute = compileExpression(value)
    })
  }
  return rec => Rec.of(compute(rec.doc, root, rec) as Doc)
}

interface ArrayOperator {
  path: string
  apply: (value: unknown[], index: number | undefined) => unknown
}

function sliceOperator(path: string, operand: unknown): ArrayOperator {
  const parts = Array.isArray(operand) ? operand.map(toInteger) : [toInteger(operand)]
  if (parts.some(part => part === undefined) || parts.length === 0 || parts.length > 2) {
    throw new MongoError(2, '$slice takes a number or an array of two')
  }
  const [first = 0, count] = parts
  return {
    path,
    apply: value => {
      if (count === undefined) return first >= 0 ? value.slice(0, first) : value.slice(first)
      const from = first >= 0 ? first : Math.max(0, value.length + first)
      return value.slice(from, from + count)
    },
  }
}

function elemMatchOperator(path: string, operand: unknown): ArrayOperator {
  if (!isDocument(operand)) throw new MongoError(2, '$elemMatch needs an object')
  const asValue = isOperatorDocument(operand) ? compileValueTest(operand) : undefined
  const asFilter: Matcher | undefined = asValue === undefined ? compileFilter(operand) : undefined
  return {
    path,
    apply: value => {
      const found = value.findIndex(
        item => asValue?.({ v: item }) ?? (isDocument(item) && asFilter?.(item) === true),
      )
      return found < 0 ? undefined : [value[found]]
    },
  }
}

function applyArray(
  value: unknown,
  parts: readonly string[],
  change: (array: unknown[]) => unknown,
): unknown {
  if (parts.length === 0) return Array.isArray(value) ? change(value) : value
  if (!isDocument(value)) return value
  const [name = '', ...rest] = parts
  if (!Object.hasOwn(value, name)) return value
  const next = applyArray(getOwn(value, name), rest, change)
  const out: Doc = { ...value }
  if (next === undefined) delete out[name]
  else setOwn(out, name, next)
  return out
}

/**
 * Compiles a projection of `find` or `$project`.
 * @throws MongoError 31253/31254 when inclusion and exclusion are mixed
 */
export function compileProjection(spec: unknown, options: { isFind: boolean }): Projection | undefined {
  if (spec === undefined || spec === null) return undefined
  if (!isDocument(spec)) throw new MongoError(14, 'projection must be an object')
  const entries: [string, unknown][] = []
  flatten(spec, '', entries)
  if (entries.length === 0) {
    if (!options.isFind)
      throw new MongoError(40177, 'Invalid $project: specification must have at least one field')
    return undefined
  }
  const root = newNode()
  const operators: ArrayOperator[] = []
  let mode: 'include' | 'exclude' | undefined
  let idFlag: boolean | undefined
  const setMode = (next: 'include' | 'exclude', path: string): void => {
    if (mode !== undefined && mode !== next) {
      throw new MongoError(
        next === 'exclude' ? 31254 : 31253,
        `Cannot do ${next === 'include' ? 'inclusion' : 'exclusion'} on field ${path} in the other kind of projection`,
      )
    }
    mode = next
  }
  for (const [path, value] of entries) {
    if (isFlag(value)) {
      const keeps = truthy(value)
      if (path === '_id') {
        idFlag = keeps
        continue
      }
      if (options.isFind && path.endsWith('.$')) {
        setMode('include', path)
        const target = path.slice(0, -2)
        insert(root, target, () => {})
        operators.push({ path: target, apply: (array, index) => (index === undefined ? [] : [array[index]]) })
        continue
      }
      setMode(keeps ? 'include' : 'exclude', path)
      insert(root, path, () => {})
    } else if (
      options.isFind &&
      isDocument(value) &&
      Object.hasOwn(value, '$slice') &&
      !isExpressionSlice(value.$slice)
    ) {
      operators.push(sliceOperator(path, value.$slice))
      if (mode === 'include') insert(root, path, () => {})
    } else if (options.isFind && isDocument(value) && Object.hasOwn(value, '$elemMatch')) {
      setMode('include', path)
      insert(root, path, () => {})
      operators.push(elemMatchOperator(path, value.$elemMatch))
    } else if (options.isFind && isDocument(value) && Object.hasOwn(value, '$meta')) {
      throw new MongoError(238, 'Cannot serve $meta: the embedded database does not support it')
    } else {
      setMode('include', path)
      insert(root, path, leaf => {
        leaf.compute = compileExpression(value)
      })
    }
  }
  // Only _id was named: it decides; only $slice: everything stays.
  const includes = mode === 'include' || (mode === undefined && idFlag === true)
  const computes = hasComputed(root)
  return (rec, index) => {
    let out: Doc
    if (includes) {
      out = include(rec.doc, root) as Doc
      if (idFlag !== false && !root.children.has('_id') && Object.hasOwn(rec.doc, '_id'))
        out = { _id: rec.doc._id, ...out }
      if (computes) out = compute(out, root, rec) as Doc
    } else {
      out = exclude(rec.doc, root) as Doc
      if (idFlag === false) delete out._id
    }
    for (const { path, apply } of operators) {
      out = applyArray(out, path.split('.'), array => apply(array, index)) as Doc
    }
    return Rec.of(out)
  }
}

function isExpressionSlice(operand: unknown): boolean {
  return (
    Array.isArray(operand) &&
    (operand.length > 2 || typeof operand[0] === 'string' || Array.isArray(operand[0]))
  )
}
