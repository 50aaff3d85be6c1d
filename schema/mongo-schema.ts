import type * as v from 'valibot'

/**
 * MongoDB's `$jsonSchema` of a document: the same validator that gives the type and checks what the server writes, so that
 * the database refuses what another hand (a shell, an older program) would put in. Only keywords that MongoDB 4.4 knows.
 */
export interface MongoSchema {
  bsonType?: string | string[]
  enum?: unknown[]
  properties?: Record<string, MongoSchema>
  required?: string[]
  additionalProperties?: boolean
  items?: MongoSchema
  anyOf?: MongoSchema[]
  pattern?: string
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  multipleOf?: number
}

/**
 * A string that may be longer than this is not matched against a pattern by the database: its regex engine counts steps,
 * and the server has matched it already.
 */
const MAX_PATTERN_CHARS = 8192

type Node = { kind?: string; type: string; expects?: unknown } & Record<string, unknown>

/**
 * @param schema one of `documents` (documents.ts)
 * @throws TypeError for a valibot schema or action that this walker does not know: nothing is left out silently
 */
export function mongoSchema(schema: v.GenericSchema): MongoSchema {
  return walk(schema as unknown as Node)
}

function walk(node: Node): MongoSchema {
  const [base, ...actions] = (node.pipe as Node[] | undefined) ?? [node]
  if (!base) throw new TypeError('Cannot read schema: an empty pipe')
  const found = base.pipe ? walk(base) : walkSchema(base)
  for (const action of actions) Object.assign(found, walkAction(action, found))
  if ((found.maxLength ?? 0) > MAX_PATTERN_CHARS) delete found.pattern
  return found
}

function walkSchema(node: Node): MongoSchema {
  switch (node.type) {
    case 'string':
      return { bsonType: 'string' }
    case 'boolean':
      return { bsonType: 'bool' }
    case 'date':
      return { bsonType: 'date' }
    case 'number':
      return { bsonType: ['int', 'long', 'double'] }
    case 'literal':
      return { enum: [node.literal] }
    case 'picklist':
      return { enum: [...(node.options as unknown[])] }
    case 'array':
      return { bsonType: 'array', items: walk(node.item as Node) }
    case 'union':
    case 'variant':
      return { anyOf: (node.options as Node[]).map(walk) }
    case 'optional':
      return walk(node.wrapped as Node)
    case 'object':
    case 'strict_object':
      return walkObject(node)
    default:
      throw new TypeError(`Cannot write $jsonSchema: unknown schema ${node.type}`)
  }
}

function walkObject(node: Node): MongoSchema {
  const entries = Object.entries(node.entries as Record<string, Node>)
  const required = entries.filter(([, entry]) => entry.type !== 'optional').map(([name]) => name)
  return {
    bsonType: 'object',
    properties: Object.fromEntries(entries.map(([name, entry]) => [name, walk(entry)])),
    // An empty `required` is refused by MongoDB.
    ...(required.length > 0 ? { required } : {}),
    // A newer server may add a field; a JWK or a JWE is exactly what it is.
    ...(node.type === 'strict_object' ? { additionalProperties: false } : {}),
  }
}

function walkAction(action: Node, of: MongoSchema): MongoSchema {
  const requirement = action.requirement
  const isArray = of.bsonType === 'array'
  switch (action.type) {
    case 'regex':
      return { pattern: (requirement as RegExp).source }
    case 'min_length':
      return isArray ? { minItems: requirement as number } : { minLength: requirement as number }
    case 'max_length':
      return isArray ? { maxItems: requirement as number } : { maxLength: requirement as number }
    case 'min_value':
      return { minimum: requirement as number }
    case 'max_value':
      return { maximum: requirement as number }
    case 'integer':
      return { multipleOf: 1 }
    default:
      throw new TypeError(`Cannot write $jsonSchema: unknown action ${action.type}`)
  }
}
