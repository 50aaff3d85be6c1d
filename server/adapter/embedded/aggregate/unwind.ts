import { type Doc, Rec } from '../bson/codec.ts'
import { getOwn, isDocument, Long, setOwn, truthy } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import type { Stage } from './stage.ts'

function withValue(doc: Doc, parts: readonly string[], value: unknown): Doc {
  const [name = '', ...rest] = parts
  const out: Doc = { ...doc }
  if (rest.length > 0) {
    const child = getOwn(doc, name)
    setOwn(out, name, withValue(isDocument(child) ? child : {}, rest, value))
  } else if (value === undefined) delete out[name]
  else setOwn(out, name, value)
  return out
}

function valueAt(doc: Doc, parts: readonly string[]): unknown {
  let at: unknown = doc
  for (const name of parts) at = isDocument(at) ? getOwn(at, name) : undefined
  return at
}

/** @throws MongoError 28810 for a bad specification */
export function compileUnwind(operand: unknown): Stage {
  const spec: Doc = typeof operand === 'string' ? { path: operand } : isDocument(operand) ? operand : {}
  const { path } = spec
  if (typeof path !== 'string' || !path.startsWith('$') || path.length < 2) {
    throw new MongoError(28818, "path option to $unwind stage should be prefixed with a '$'")
  }
  const parts = path.slice(1).split('.')
  const indexField =
    spec.includeArrayIndex === undefined ? undefined : String(spec.includeArrayIndex).split('.')
  const keepsEmpty = truthy(spec.preserveNullAndEmptyArrays)
  return function* unwind(rows) {
    for (const rec of rows) {
      if (rec === null) {
        yield null
        continue
      }
      const value = valueAt(rec.doc, parts)
      const make = (item: unknown, index: number | null): Rec => {
        let doc = item === value ? rec.doc : withValue(rec.doc, parts, item)
        if (indexField !== undefined)
          doc = withValue(doc, indexField, index === null ? null : Long.fromNumber(index))
        return Rec.of(doc)
      }
      if (Array.isArray(value)) {
        if (value.length === 0 && keepsEmpty) yield make(undefined, null)
        for (let i = 0; i < value.length; i++) yield make(value[i], i)
      } else if (value !== undefined && value !== null) yield make(value, null)
      else if (keepsEmpty) yield make(value, null)
    }
  }
}
