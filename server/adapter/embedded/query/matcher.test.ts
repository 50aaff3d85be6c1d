import { Long } from 'bson'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Doc, decode, encode } from '../bson/codec.ts'
import { MongoError } from '../errors.ts'
import { compileFilter, type MatchState } from './matcher.ts'

const test = suite('query/matcher')

function matches(filter: Doc, doc: Doc): boolean {
  return compileFilter(decode(encode(filter)))(decode(encode(doc)))
}

function codeOf(filter: Doc): number | undefined {
  try {
    compileFilter(filter)
  } catch (error) {
    return error instanceof MongoError ? error.code : undefined
  }
  return undefined
}

const YES: [filter: Doc, doc: Doc][] = [
  [{ a: 1 }, { a: Long.fromNumber(1) }],
  [{ a: null }, {}],
  [{ a: { $gte: null } }, {}],
  [{ 'a.b': 1 }, { a: [{ b: 2 }, { b: 1 }] }],
  [{ 'a.1': 'y' }, { a: ['x', 'y'] }],
  [{ a: [1, 2] }, { a: [[1, 2]] }],
  [{ a: { $in: [/^x/, 5] } }, { a: 'xyz' }],
  [{ a: { $in: [1, 2, 3, 4, 5, 6] } }, { a: [9, 6] }],
  [{ a: { $nin: [1, null] } }, { a: 2 }],
  [{ a: { $not: { $gt: 5 } } }, {}],
  [{ a: { $type: 'number' } }, { a: 1.5 }],
  [{ a: { $type: ['string', 'array'] } }, { a: [] }],
  [{ a: { $all: ['x', 'y'] } }, { a: ['y', 'x', 'z'] }],
  [{ a: { $elemMatch: { $gt: 1, $lt: 3 } } }, { a: [0, 2, 5] }],
  [{ a: { $mod: [4, 1] } }, { a: 9 }],
  [{ a: { $bitsAllSet: [0, 2] } }, { a: 5 }],
  [{ a: { $regex: 'AB', $options: 'i' } }, { a: 'xaby' }],
  [{ $expr: { $gt: ['$a', '$b'] } }, { a: 3, b: 2 }],
  [{ $nor: [{ a: 1 }, { b: 1 }] }, { a: 2 }],
  [{ $jsonSchema: { required: ['a'], properties: { a: { bsonType: 'int' } } } }, { a: 1 }],
  [{ a: { $size: 2 } }, { a: [1, 2] }],
  [{ a: { $exists: false } }, { b: 1 }],
]
const NO: [filter: Doc, doc: Doc][] = [
  [{ a: { $gt: 'x' } }, { a: 5 }],
  [{ a: { $lt: 5 } }, { a: null }],
  [{ a: { $ne: 'x' } }, { a: ['x', 'y'] }],
  [{ 'a.b': null }, { a: [] }],
  [{ a: { $elemMatch: { b: 1, c: 2 } } }, { a: [{ b: 1 }, { c: 2 }] }],
  [{ a: { $type: 'string' } }, {}],
  [{ a: { $all: [] } }, { a: [] }],
  [{ __proto__x: 1 }, {}],
  [{ constructor: { $exists: true } }, {}],
  [{ $jsonSchema: { properties: { a: { bsonType: 'string', maxLength: 2 } } } }, { a: 'abc' }],
  [{ a: { $gt: Number.NaN } }, { a: 1 }],
]

for (const [filter, doc] of YES) {
  test(`\`compileFilter()\` matches ${JSON.stringify(doc)} when asked ${JSON.stringify(filter)}`, () => {
    assert.is(matches(filter, doc), true)
  })
}
for (const [filter, doc] of NO) {
  test(`\`compileFilter()\` passes over ${JSON.stringify(doc)} when asked ${JSON.stringify(filter)}`, () => {
    assert.is(matches(filter, doc), false)
  })
}

test("`compileFilter()` tells the matched position when an array's element decides", () => {
  const state: MatchState = {}
  compileFilter({ 'm.u': 'b' })({ m: [{ u: 'a' }, { u: 'b' }] }, state)
  assert.is(state.index, 1)
})

test("`compileFilter()` throws MongoDB's code when it does not know an operator", () => {
  assert.is(codeOf({ a: { $nope: 1 } }), 2)
  assert.is(codeOf({ $nope: [] }), 2)
  assert.is(codeOf({ $or: [] }), 2)
  assert.is(codeOf({ $where: 'true' }), 238)
  assert.is(codeOf({ $jsonSchema: { nope: 1 } }), 9)
  assert.is(codeOf({ $expr: { $nope: 1 } }), 168)
})

test.run()
