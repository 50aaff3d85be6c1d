import { Double, Int32, Long } from 'bson'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Doc, decode, decodePlain, encode } from '../bson/codec.ts'
import { numberType } from '../bson/value.ts'
import { MongoError } from '../errors.ts'
import { type ApplyOptions, compileUpdate, upsertSeed } from './update.ts'

const test = suite('update/update')

function exact(doc: Doc): Doc {
  return decode(encode(doc))
}

function plain(doc: Doc): Doc {
  return decodePlain(encode(doc))
}

function apply(
  doc: Doc,
  update: Doc | Doc[],
  options: ApplyOptions & { arrayFilters?: Doc[] } = {},
): { after: Doc; fields: Doc; removed: string[]; isNoop: boolean } {
  const spec = Array.isArray(update) ? update.map(exact) : exact(update)
  const compiled = compileUpdate(
    spec,
    options.arrayFilters === undefined ? {} : { arrayFilters: options.arrayFilters.map(exact) },
  )
  const changed = compiled.apply(exact(doc), options)
  return {
    after: plain(changed.after),
    fields: plain((changed.description?.updatedFields ?? {}) as Doc),
    removed: (changed.description?.removedFields ?? []) as string[],
    isNoop: changed.isNoop,
  }
}

function codeOf(run: () => unknown): number | undefined {
  try {
    run()
  } catch (error) {
    return error instanceof MongoError ? error.code : undefined
  }
  return undefined
}

const CASES: [name: string, doc: Doc, update: Doc, after: Doc, fields: Doc, removed: string[]][] = [
  [
    '$set makes documents on its way',
    {},
    { $set: { 'a.b.c': 1 } },
    { a: { b: { c: 1 } } },
    { 'a.b.c': 1 },
    [],
  ],
  [
    '$set pads an array with nulls',
    { a: [1] },
    { $set: { 'a.3': 4 } },
    { a: [1, null, null, 4] },
    { 'a.3': 4 },
    [],
  ],
  [
    '$unset in an array leaves null',
    { a: [1, 2] },
    { $unset: { 'a.0': '' } },
    { a: [null, 2] },
    { 'a.0': null },
    [],
  ],
  ['$unset of what is missing does nothing', { a: 1 }, { $unset: { b: '' } }, { a: 1 }, {}, []],
  ['$inc makes a missing field', {}, { $inc: { n: 3 } }, { n: 3 }, { n: 3 }, []],
  ['$mul of a missing field is 0', {}, { $mul: { n: 3 } }, { n: 0 }, { n: 0 }, []],
  [
    '$min and $max keep the better one',
    { a: 5, b: 5 },
    { $min: { a: 3 }, $max: { b: 3 } },
    { a: 3, b: 5 },
    { a: 3 },
    [],
  ],
  [
    '$rename moves a value',
    { a: { x: 1 } },
    { $rename: { 'a.x': 'b.y' } },
    { a: {}, b: { y: 1 } },
    { 'b.y': 1 },
    ['a.x'],
  ],
  ['$push appends and says where', { l: [1] }, { $push: { l: 2 } }, { l: [1, 2] }, { 'l.1': 2 }, []],
  [
    '$push at a position says the whole',
    { l: [1] },
    { $push: { l: { $each: [0], $position: 0 } } },
    { l: [0, 1] },
    { l: [0, 1] },
    [],
  ],
  ['$push makes a missing array', {}, { $push: { l: { $each: [] } } }, { l: [] }, { l: [] }, []],
  [
    '$addToSet knows equal values',
    { s: [1, { a: 1 }] },
    { $addToSet: { s: { $each: [1, { a: 1 }, 2] } } },
    { s: [1, { a: 1 }, 2] },
    { s: [1, { a: 1 }, 2] },
    [],
  ],
  [
    '$pull takes documents by condition',
    { l: [{ a: 1, b: 1 }, { a: 2 }] },
    { $pull: { l: { a: { $gte: 2 } } } },
    { l: [{ a: 1, b: 1 }] },
    { l: [{ a: 1, b: 1 }] },
    [],
  ],
  ['$pullAll takes values', { l: [1, 2, 1] }, { $pullAll: { l: [1] } }, { l: [2] }, { l: [2] }, []],
  ['$pop takes the first', { l: [1, 2] }, { $pop: { l: -1 } }, { l: [2] }, { l: [2] }, []],
  ['$bit combines', { n: 12 }, { $bit: { n: { and: 10 } } }, { n: 8 }, { n: 8 }, []],
]

for (const [name, doc, update, after, fields, removed] of CASES) {
  test(`\`compileUpdate()\`: ${name}`, () => {
    const changed = apply({ _id: 1, ...doc }, update)
    assert.equal(changed.after, { _id: 1, ...after })
    assert.equal(changed.fields, fields)
    assert.equal(changed.removed, removed)
    assert.is(changed.isNoop, Object.keys(fields).length + removed.length === 0)
  })
}

test('`compileUpdate()` touches no prototype when a path holds __proto__', () => {
  const compiled = compileUpdate({ $set: { 'x.__proto__.polluted': 1, 'constructor.prototype.polluted': 1 } })
  compiled.apply({ _id: 1 }, {})
  assert.is(({} as Record<string, unknown>).polluted, undefined)
})

test('`compileUpdate()` keeps and widens number types when it adds', () => {
  const add = (current: unknown, by: unknown): unknown =>
    numberType(compileUpdate({ $inc: { n: by } }).apply({ _id: 1, n: current }, {}).after.n)
  assert.is(add(new Int32(1), new Int32(1)), 'int')
  assert.is(add(new Int32(2147483647), new Int32(1)), 'long')
  assert.is(add(new Int32(1), Long.fromNumber(1)), 'long')
  assert.is(add(new Double(1), new Int32(1)), 'double')
})

test('`compileUpdate()` is no change when a value is the same, but is one when its type differs', () => {
  assert.is(apply({ _id: 1, x: 1 }, { $set: { x: 1 } }).isNoop, true)
  assert.is(
    compileUpdate({ $set: { x: new Double(1) } }).apply({ _id: 1, x: new Int32(1) }, {}).isNoop,
    false,
  )
})

test('`compileUpdate()` changes the filtered elements when arrayFilters are given', () => {
  const changed = apply(
    {
      _id: 1,
      m: [
        { u: 'a', n: 1 },
        { u: 'b', n: 5 },
      ],
    },
    { $set: { 'm.$[x].n': 9 } },
    { arrayFilters: [{ 'x.u': 'b' }] },
  )
  assert.equal(changed.after.m, [
    { u: 'a', n: 1 },
    { u: 'b', n: 9 },
  ])
  assert.equal(changed.fields, { 'm.1.n': 9 })
})

test('`compileUpdate()` computes from the document when it is a pipeline', () => {
  const changed = apply({ _id: 1, a: 2, b: 3, gone: 1 }, [
    { $set: { sum: { $add: ['$a', '$b'] } } },
    { $unset: 'gone' },
  ])
  assert.equal(changed.after, { _id: 1, a: 2, b: 3, sum: 5 })
  assert.equal(changed.fields, { sum: 5 })
  assert.equal(changed.removed, ['gone'])
})

test("`compileUpdate()` throws MongoDB's code when the update cannot be", () => {
  const failing = (doc: Doc, update: Doc): number | undefined =>
    codeOf(() => apply({ _id: 1, ...doc }, update))
  assert.is(failing({}, { $nope: { a: 1 } }), 9)
  assert.is(failing({ a: 'x' }, { $inc: { a: 1 } }), 14)
  assert.is(failing({}, { $inc: { a: 'x' } }), 14)
  assert.is(failing({ a: 1 }, { $push: { a: 1 } }), 2)
  assert.is(failing({}, { $set: { a: 1 }, $inc: { 'a.b': 1 } }), 40)
  assert.is(failing({}, { $set: { _id: 2 } }), 66)
  assert.is(failing({}, { $unset: { _id: '' } }), 66)
  assert.is(failing({}, { _id: 2, a: 1 }), 66)
  assert.is(failing({ a: 1 }, { $set: { 'a.b': 1 } }), 28)
  assert.is(failing({}, { $set: { 'a.$.b': 1 } }), 2)
  assert.is(failing({}, { $set: { '': 1 } }), 56)
  assert.is(failing({}, { a: 1, $set: { b: 1 } }), 52)
})

test('`upsertSeed()` takes what the filter says by equality', () => {
  const seed = upsertSeed(
    { a: 1, 'b.c': { $eq: 2 }, d: { $gt: 1 }, $and: [{ e: 3 }], f: { $in: [4] } },
    false,
  )
  assert.equal(seed, { a: 1, b: { c: 2 }, e: 3, f: 4 })
  assert.equal(upsertSeed({ _id: 9, a: 1 }, true), { _id: 9 })
})

test.run()
