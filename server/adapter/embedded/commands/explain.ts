import type { Doc } from '../bson/codec.ts'
import { isDocument, toInteger, truthy } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { compileFilter } from '../query/matcher.ts'
import type { IndexScan, Plan } from '../query/planner.ts'
import type { ScanStats } from '../query/scan.ts'
import type { CommandContext, Reply } from './context.ts'
import { documentField } from './context.ts'
import { forEachRec } from './cursors.ts'
import { prepareQuery, type QuerySpec, runFind, sortOf } from './query.ts'
import { findSpec, splitPipeline } from './read.ts'

function indexStage(scan: IndexScan): Doc {
  const { index } = scan
  return {
    stage: 'FETCH',
    inputStage: {
      stage: 'IXSCAN',
      keyPattern: index.spec.key,
      indexName: index.name,
      isMultiKey: index.multikey !== 0,
      isUnique: index.unique,
      isSparse: index.sparse,
      isPartial: index.partial !== undefined,
      direction: scan.reverse ? 'backward' : 'forward',
      boundedFields: scan.bounded,
      intervals: scan.ranges.length,
    },
  }
}

function planStage(plan: Plan): Doc {
  switch (plan.kind) {
    case 'empty':
      return { stage: 'EOF' }
    case 'collection':
      return { stage: 'COLLSCAN', direction: plan.reverse ? 'backward' : 'forward' }
    case 'index':
      return indexStage(plan)
    case 'union':
      return { stage: 'OR', inputStages: plan.parts.map(indexStage) }
    default:
      return plan satisfies never
  }
}

/** What the planner would do, outermost stage first. */
export function winningPlan(plan: Plan, spec: QuerySpec): Doc {
  let stage = planStage(plan)
  if ((spec.sort?.length ?? 0) > 0 && !plan.providesSort) {
    stage = { stage: 'SORT', sortPattern: Object.fromEntries(spec.sort ?? []), inputStage: stage }
  }
  if (spec.skip) stage = { stage: 'SKIP', skipAmount: spec.skip, inputStage: stage }
  if (spec.limit !== undefined) stage = { stage: 'LIMIT', limitAmount: spec.limit, inputStage: stage }
  return stage
}

/** The query inside an explained command. */
function specOf(name: string, command: Doc): QuerySpec {
  const firstOf = (field: string): Doc => {
    const [first] = Array.isArray(command[field]) ? (command[field] as Doc[]) : []
    return isDocument(first) ? first : {}
  }
  switch (name) {
    case 'find':
      return findSpec(command)
    case 'count':
      return {
        filter: documentField(command, 'query') ?? {},
        limit: toInteger(command.limit) || undefined,
        hint: command.hint,
      }
    case 'distinct':
      return { filter: documentField(command, 'query') ?? {} }
    case 'findAndModify':
    case 'findandmodify':
      return {
        filter: documentField(command, 'query') ?? {},
        sort: sortOf(command.sort),
        limit: 1,
        hint: command.hint,
      }
    case 'aggregate':
      return {
        ...splitPipeline(Array.isArray(command.pipeline) ? command.pipeline : []).spec,
        hint: command.hint,
      }
    case 'update': {
      const statement = firstOf('updates')
      return {
        filter: documentField(statement, 'q') ?? {},
        limit: truthy(statement.multi) ? undefined : 1,
        hint: statement.hint,
      }
    }
    case 'delete': {
      const statement = firstOf('deletes')
      return {
        filter: documentField(statement, 'q') ?? {},
        limit: toInteger(statement.limit) || undefined,
        hint: statement.hint,
      }
    }
    default:
      throw new MongoError(59, `Explain failed due to unknown command: ${name}`)
  }
}

export async function explain(context: CommandContext): Promise<Reply> {
  const command = documentField(context.body, 'explain')
  if (command === undefined) throw new MongoError(9, 'explain command requires a nested object')
  const name = Object.keys(command)[0] ?? ''
  return explainCommand(context, {
    name,
    command,
    verbosity: String(context.body.verbosity ?? 'allPlansExecution'),
  })
}

export async function explainCommand(
  context: CommandContext,
  options: { name: string; command: Doc; verbosity: string },
): Promise<Reply> {
  const { store, db, peer } = context
  const { name, command } = options
  const target = String(command[name])
  const spec = specOf(name, command)
  const matches = compileFilter(spec.filter)
  const coll = store.catalog.get(db, target)
  const serverInfo = { host: peer.localAddress, version: '4.4.29' }
  const namespace = `${db}.${target}`
  if (coll === undefined) {
    return {
      queryPlanner: { namespace, winningPlan: { stage: 'EOF' }, rejectedPlans: [] },
      serverInfo,
      ok: 1,
    }
  }
  const { plan } = prepareQuery(coll, spec)
  const queryPlanner = {
    plannerVersion: 1,
    namespace,
    parsedQuery: spec.filter,
    winningPlan: winningPlan(plan, spec),
    rejectedPlans: [],
  }
  if (options.verbosity === 'queryPlanner') return { queryPlanner, serverInfo, ok: 1 }
  const stats: ScanStats = { keysExamined: 0, docsExamined: 0 }
  const began = performance.now()
  let nReturned = 0
  const source = runFind(store, coll, { plan, matches, spec, stats, projection: undefined })
  await forEachRec(source, { context, visit: () => nReturned++ })
  const executionStats = {
    executionSuccess: true,
    nReturned,
    executionTimeMillis: Math.round(performance.now() - began),
    totalKeysExamined: stats.keysExamined,
    totalDocsExamined: stats.docsExamined,
  }
  return { queryPlanner, executionStats, serverInfo, ok: 1 }
}
