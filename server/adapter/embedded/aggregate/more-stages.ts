import { randomInt } from 'node:crypto'
import { Aggregator, Context, ProcessingMode } from 'mingo'
import * as accumulators from 'mingo/operators/accumulator'
import * as expressions from 'mingo/operators/expression'
import * as pipelines from 'mingo/operators/pipeline'
import type { AccumulatorOperator, ExpressionOperator, PipelineOperator } from 'mingo/types'
import { type Doc, Rec } from '../bson/codec.ts'
import { compareValues } from '../bson/compare.ts'
import { Int32, isDocument, setOwn, toInteger } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { MAX_SORT_BYTES } from '../query/sort.ts'
import { compileExpression, toPlain } from './expression.ts'
import { compileGroup } from './group.ts'
import type { NestingContext, Stage } from './stage.ts'

/** `$sample`: a reservoir, so that only the sample is held. */
export function compileSample(operand: unknown): Stage {
  const size = isDocument(operand) ? toInteger(operand.size) : undefined
  if (size === undefined || size <= 0)
    throw new MongoError(28747, 'size argument to $sample must be a positive number')
  return function* sample(rows) {
    const held: Rec[] = []
    let seen = 0
    for (const rec of rows) {
      if (rec === null) {
        yield null
        continue
      }
      seen++
      if (held.length < size) held.push(rec)
      else {
        const at = randomInt(seen)
        if (at < size) held[at] = rec
      }
    }
    for (let i = held.length - 1; i > 0; i--) {
      const j = randomInt(i + 1)
      const swap = held[i] as Rec
      held[i] = held[j] as Rec
      held[j] = swap
    }
    yield* held
  }
}

/** `$facet`: its input is held once, within the memory of a sort. */
export function compileFacet(operand: unknown, context: NestingContext): Stage {
  if (!isDocument(operand)) throw new MongoError(40169, 'the $facet specification must be a non-empty object')
  const facets = Object.entries(operand).map(([name, pipeline]) => {
    if (!Array.isArray(pipeline))
      throw new MongoError(40170, `arguments to $facet must be arrays, ${name} is not`)
    return [name, context.compile(pipeline, context)] as const
  })
  return function* facet(rows) {
    const held: Rec[] = []
    let bytes = 0
    for (const rec of rows) {
      if (rec === null) {
        yield null
        continue
      }
      bytes += rec.bytes.length
      if (bytes > MAX_SORT_BYTES) throw new MongoError(292, 'Exceeded memory limit for $facet')
      held.push(rec)
    }
    const out: Doc = {}
    for (const [name, stage] of facets) {
      const docs: Doc[] = []
      for (const rec of stage(held)) if (rec !== null) docs.push(rec.doc)
      setOwn(out, name, docs)
    }
    yield Rec.of(out)
  }
}

/** `$bucket`: a `$group` by the greatest boundary that is not above the value. */
export function compileBucket(operand: unknown): Stage {
  if (!isDocument(operand) || !Array.isArray(operand.boundaries) || operand.boundaries.length < 2) {
    throw new MongoError(40192, "The $bucket 'boundaries' field must be an array of at least two values")
  }
  const boundaries: unknown[] = operand.boundaries
  const by = compileExpression(operand.groupBy)
  const hasDefault = Object.hasOwn(operand, 'default')
  const output = isDocument(operand.output) ? operand.output : { count: { $sum: new Int32(1) } }
  const group = compileGroup({ _id: '$bucket', ...prefixed(output) })
  return function* bucket(rows) {
    const source = function* (): Generator<Rec | null, void, undefined> {
      for (const rec of rows) {
        if (rec === null) {
          yield null
          continue
        }
        const value = by(rec)
        let id: unknown
        for (let i = 0; i < boundaries.length - 1; i++) {
          if (compareValues(value, boundaries[i]) >= 0 && compareValues(value, boundaries[i + 1]) < 0)
            id = boundaries[i]
        }
        if (id === undefined) {
          if (!hasDefault)
            throw new MongoError(
              40066,
              '$switch could not find a matching branch for an input, and no default was specified.',
            )
          id = operand.default
        }
        yield Rec.of({ bucket: id, doc: rec.doc })
      }
    }
    const found: Rec[] = []
    for (const rec of group(source())) {
      if (rec === null) yield null
      else found.push(rec)
    }
    yield* found.sort((a, b) => compareValues(a.doc._id, b.doc._id))
  }
}

/** Paths of the output's expressions, one document deeper. */
function prefixed(node: Doc): Doc {
  const move = (value: unknown): unknown => {
    if (typeof value === 'string' && /^\$[^$]/.test(value)) return `$doc.${value.slice(1)}`
    if (Array.isArray(value)) return value.map(move)
    return isDocument(value)
      ? Object.fromEntries(Object.entries(value).map(([name, field]) => [name, move(field)]))
      : value
  }
  return move(node) as Doc
}

function named<T>(module: object): Record<string, T> {
  return Object.fromEntries(
    Object.entries(module).filter(
      ([name]) => name.startsWith('$') && !['$function', '$accumulator'].includes(name),
    ),
  ) as Record<string, T>
}

/** `$redact`, by the library. */
export function compileRedact(operand: unknown): Stage {
  const aggregator = new Aggregator([{ $redact: toPlain(operand) as Doc }], {
    scriptEnabled: false,
    processingMode: ProcessingMode.CLONE_INPUT,
    context: Context.init({
      expression: named<ExpressionOperator>(expressions),
      accumulator: named<AccumulatorOperator>(accumulators),
      pipeline: named<PipelineOperator>(pipelines),
    }),
  })
  return function* redact(rows) {
    for (const rec of rows) {
      if (rec === null) yield null
      else for (const doc of aggregator.run([rec.plain])) yield Rec.of(doc)
    }
  }
}
