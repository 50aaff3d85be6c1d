import type { Rec } from '../bson/codec.ts'
import { isDocument } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import type { Store } from '../storage/store.ts'

/** A stage: documents in, documents out; null passes through. */
export type Stage = (rows: Iterable<Rec | null>) => Iterable<Rec | null>

/** What stages may reach beyond their input. */
export interface PipelineContext {
  store: Store
  db: string
}

/** For stages that hold pipelines: with what compiles those. */
export interface NestingContext extends PipelineContext {
  compile: (pipeline: readonly unknown[], context: PipelineContext) => Stage
}

/** @throws MongoError 40323 when a stage is not one field */
export function stageEntry(stage: unknown): [name: string, operand: unknown] {
  const entries = isDocument(stage) ? Object.entries(stage) : []
  const [entry] = entries
  if (entry === undefined || entries.length !== 1) {
    throw new MongoError(40323, 'A pipeline stage specification object must contain exactly one field.')
  }
  return entry
}
