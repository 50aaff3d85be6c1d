import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { documents } from './documents.ts'
import { type MongoSchema, mongoSchema } from './mongo-schema.ts'

const test = suite('mongoSchema()')

/** What MongoDB 4.4 takes in `$jsonSchema`, as far as we use it. */
const known = new Set([
  ...['bsonType', 'enum', 'properties', 'required', 'additionalProperties', 'items', 'anyOf', 'pattern'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minimum', 'maximum', 'multipleOf'],
])

function visit(schema: MongoSchema, see: (schema: MongoSchema) => void): void {
  see(schema)
  for (const child of Object.values(schema.properties ?? {})) visit(child, see)
  for (const child of [...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])]) visit(child, see)
}

test('`mongoSchema()` writes every document with keywords of MongoDB 4.4 only', () => {
  for (const [name, document] of Object.entries(documents)) {
    visit(mongoSchema(document), schema => {
      for (const keyword of Object.keys(schema)) assert.ok(known.has(keyword), `${name}: ${keyword}`)
      if (schema.required) assert.ok(schema.required.length > 0, 'MongoDB refuses an empty list')
      if (schema.properties) assert.is(schema.bsonType, 'object')
    })
    assert.ok(mongoSchema(document).required?.includes('_id'), name)
  }
})

test('`mongoSchema()` knows dates, optional fields, strict objects, unions and bounds', () => {
  const schema = v.object({
    at: v.date(),
    key: v.strictObject({ kty: v.literal('OKP') }),
    name: v.pipe(v.string(), v.minLength(2), v.maxLength(9), v.regex(/^[a-z]+$/)),
    list: v.pipe(v.array(v.boolean()), v.minLength(1), v.maxLength(3)),
    count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(7))),
    either: v.union([v.string(), v.picklist(['a', 'b'])]),
  })
  assert.equal(mongoSchema(schema), {
    bsonType: 'object',
    required: ['at', 'key', 'name', 'list', 'either'],
    properties: {
      at: { bsonType: 'date' },
      key: {
        bsonType: 'object',
        properties: { kty: { enum: ['OKP'] } },
        required: ['kty'],
        additionalProperties: false,
      },
      name: { bsonType: 'string', minLength: 2, maxLength: 9, pattern: '^[a-z]+$' },
      list: { bsonType: 'array', items: { bsonType: 'bool' }, minItems: 1, maxItems: 3 },
      count: { bsonType: ['int', 'long', 'double'], multipleOf: 1, minimum: 0, maximum: 7 },
      either: { anyOf: [{ bsonType: 'string' }, { enum: ['a', 'b'] }] },
    },
  })
})

test('`mongoSchema()` leaves the pattern of long texts to the server', () => {
  const long = v.pipe(v.string(), v.maxLength(100_000), v.regex(/^x*$/))
  assert.equal(mongoSchema(long), { bsonType: 'string', maxLength: 100_000 })
})

test('`mongoSchema()` throws for what it does not know rather than leave it out', () => {
  assert.throws(() => mongoSchema(v.bigint()), /unknown schema bigint/)
  assert.throws(() => mongoSchema(v.pipe(v.string(), v.email())), /unknown action email/)
})

test.run()
