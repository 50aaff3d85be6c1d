import { Context } from 'mingo'
import { evalExpr, ProcessingMode } from 'mingo/core'
import * as accumulators from 'mingo/operators/accumulator'
import * as expressions from 'mingo/operators/expression'
import type { AccumulatorOperator, ExpressionOperator } from 'mingo/types'
import { type Doc, decodePlain, encode, Rec } from '../bson/codec.ts'
import { getOwn, isDocument, setOwn, tagOf, truthy } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { pathParts } from '../storage/index-keys.ts'

/** Computes a value from a document; the result may be undefined: the field is missing. */
export type Expression = (rec: Rec) => unknown

const ACCUMULATORS = [
  '$sum',
  '$avg',
  '$min',
  '$max',
  '$first',
  '$last',
  '$push',
  '$addToSet',
  '$stdDevPop',
  '$stdDevSamp',
  '$mergeObjects',
]
/** Expressions that would run a client's JavaScript here. */
const SCRIPTS = new Set(['$function', '$accumulator', '$where'])
const KNOWN = new Set([...Object.keys(expressions), ...ACCUMULATORS].filter(name => !SCRIPTS.has(name)))

const OPTIONS = {
  idKey: '_id',
  processingMode: ProcessingMode.CLONE_OFF,
  useStrictMode: true,
  scriptEnabled: false,
  failOnError: true,
  context: Context.init({
    expression: pick<ExpressionOperator>(expressions),
    accumulator: pick<AccumulatorOperator>(accumulators),
  }),
}

function pick<T>(module: object): Record<string, T> {
  const out: Record<string, T> = {}
  for (const [name, value] of Object.entries(module)) {
    if (name.startsWith('$') && !SCRIPTS.has(name)) out[name] = value as T
  }
  return out
}

/** A value in plain JavaScript types, as the expression library reads it. */
export function toPlain(value: unknown): unknown {
  if (value === undefined || typeof value === 'string' || typeof value === 'boolean') return value
  return decodePlain(encode({ v: value })).v
}

/** @throws MongoError 168 for an expression operator that is not known */
function checkKnown(expression: unknown): void {
  if (Array.isArray(expression)) {
    for (const item of expression) checkKnown(item)
    return
  }
  if (!isDocument(expression) || tagOf(expression) !== undefined) return
  for (const [name, operand] of Object.entries(expression)) {
    if (name === '$literal') continue
    if (name.startsWith('$') && !KNOWN.has(name))
      throw new MongoError(168, `Unrecognized expression '${name}'`)
    checkKnown(operand)
  }
}

/** The value at a path as an aggregation sees it: arrays on the way are mapped over. */
export function fieldValue(node: unknown, parts: readonly string[], at = 0): unknown {
  if (at === parts.length) return node
  if (Array.isArray(node)) {
    const out: unknown[] = []
    for (const item of node) {
      const value = fieldValue(item, parts, at)
      if (value !== undefined) out.push(value)
    }
    return out
  }
  if (!isDocument(node)) return undefined
  return fieldValue(getOwn(node, parts[at] as string), parts, at + 1)
}

function isConstant(expression: unknown): boolean {
  if (typeof expression === 'string') return !expression.startsWith('$')
  if (Array.isArray(expression)) return expression.every(isConstant)
  if (!isDocument(expression)) return true
  return Object.entries(expression).every(([name, value]) => !name.startsWith('$') && isConstant(value))
}

/**
 * Compiles an aggregation expression. Plain paths and constants keep their exact BSON types; everything else is
 * computed on plain JavaScript values.
 * @throws MongoError 168 for unknown operators; the compiled function throws 16020-like errors of the library as code 2
 */
export function compileExpression(expression: unknown): Expression {
  if (typeof expression === 'string' && expression.startsWith('$') && !expression.startsWith('$$')) {
    const parts = pathParts(expression.slice(1))
    return rec => fieldValue(rec.doc, parts)
  }
  if (expression === '$$ROOT' || expression === '$$CURRENT') return rec => rec.doc
  if (isConstant(expression)) return () => expression
  if (isDocument(expression) && tagOf(expression) === undefined) {
    const names = Object.keys(expression)
    if (names.length === 1 && names[0] === '$literal') {
      const value = (expression as Doc).$literal
      return () => value
    }
    if (!names.some(name => name.startsWith('$'))) {
      const fields = Object.entries(expression).map(
        ([name, value]) => [name, compileExpression(value)] as const,
      )
      return rec => {
        const out: Doc = {}
        for (const [name, compute] of fields) {
          const value = compute(rec)
          if (value !== undefined) setOwn(out, name, value)
        }
        return out
      }
    }
  }
  checkKnown(expression)
  const plain = toPlain(expression)
  return rec => {
    try {
      return evalExpr(rec.plain, plain, OPTIONS)
    } catch (cause) {
      throw new MongoError(
        2,
        `Cannot evaluate the expression: ${cause instanceof Error ? cause.message : 'failed'}`,
      )
    }
  }
}

/** `$expr` as a filter. */
export function compileCondition(expression: unknown): (doc: Doc) => boolean {
  const compute = compileExpression(expression)
  return doc => truthy(compute(Rec.of(doc)))
}
