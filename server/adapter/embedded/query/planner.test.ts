import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Doc, decode, encode, Rec } from '../bson/codec.ts'
import { makeIndex } from '../storage/catalog.ts'
import { Store } from '../storage/store.ts'
import { tempDir } from '../testing/harness.ts'
import { compileFilter } from './matcher.ts'
import { type Plan, parseSort, plan } from './planner.ts'
import { scan } from './scan.ts'
import { sortKey, sortRows } from './sort.ts'

const test = suite('query/planner')
const INDEXES: Doc[] = [
  { key: { a: 1 }, name: 'a' },
  { key: { a: -1, b: 1 }, name: 'ab' },
  { key: { b: 1, a: -1 }, name: 'ba', sparse: true },
  { key: { 'c.d': 1, a: 1 }, name: 'cda' },
  { key: { b: 1 }, name: 'b_part', partialFilterExpression: { a: { $exists: true } } },
]

const small = fc.oneof(
  fc.integer({ min: -2, max: 3 }),
  fc.constantFrom('x', 'xy', '', null, true, 1.5),
  fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
)
const document = fc.record(
  {
    a: small,
    b: small,
    c: fc.oneof(fc.record({ d: small }), fc.array(fc.record({ d: small }), { maxLength: 2 })),
  },
  { requiredKeys: [] },
)
const condition = fc.oneof(
  small,
  small.map(value => ({ $gt: value })),
  small.map(value => ({ $lte: value })),
  fc.tuple(small, small).map(([low, high]) => ({ $gte: low, $lt: high })),
  fc.array(small, { maxLength: 3 }).map(values => ({ $in: values })),
  fc.constant({ $exists: true }),
  fc.constant({ $ne: 1 }),
  fc.constant({ $regex: '^x' }),
  fc.constant({ $elemMatch: { $gt: 0, $lt: 3 } }),
)
const clause = fc.dictionary(fc.constantFrom('a', 'b', 'c.d'), condition, { minKeys: 1, maxKeys: 3 })
const filter = fc.oneof(
  clause,
  fc.array(clause, { minLength: 1, maxLength: 2 }).map($or => ({ $or })),
  fc.array(clause, { minLength: 1, maxLength: 2 }).map($and => ({ $and })),
)
const sort = fc.dictionary(fc.constantFrom('a', 'b', 'c.d'), fc.constantFrom(1, -1), { maxKeys: 2 })

async function makeStore(): Promise<Store> {
  const store = new Store({ dataDir: tempDir() })
  const docs = fc.sample(document, { numRuns: 300, seed: 7 })
  await store.write(() => {
    const coll = store.createCollection('t', 'c', {})
    for (const spec of INDEXES) {
      coll.indexes.push(
        makeIndex(store.catalog.newId(), spec, { multikey: 0, isCut: false, isBuilding: false }),
      )
    }
    store.catalog.save(coll)
    docs.forEach((doc, _id) => {
      try {
        store.insert(coll, Rec.of({ _id, ...(doc as Doc) }))
      } catch {
        // Parallel arrays cannot be indexed together.
      }
    })
  })
  return store
}

function indexNames(chosen: Plan): string[] {
  if (chosen.kind === 'index') return [chosen.index.name]
  return chosen.kind === 'union' ? chosen.parts.map(part => part.index.name) : []
}

test('`plan()` finds exactly what a look at every document finds, whatever index it takes', async () => {
  const store = await makeStore()
  const coll = store.catalog.need('t', 'c')
  const used = new Set<string>()
  const collect = (query: Doc, chosen: Plan): Doc[] => {
    const out: Doc[] = []
    for (const row of scan(store, coll, { plan: chosen, matches: compileFilter(query) })) {
      if (row !== null) out.push(row.rec.doc)
    }
    return out
  }
  fc.assert(
    fc.property(filter, sort, (rawFilter, rawSort) => {
      const query = decode(encode(rawFilter))
      const spec = parseSort(rawSort)
      const full = collect(query, { kind: 'collection', reverse: false, providesSort: false })
      const chosen = plan(coll, { filter: query, sort: spec })
      for (const name of indexNames(chosen)) used.add(name)
      const found = collect(query, chosen)
      const ids = (docs: Doc[]): number[] => docs.map(doc => Number(doc._id)).sort((x, y) => x - y)
      assert.equal(ids(found), ids(full))
      if (chosen.providesSort && spec.length > 0) {
        const keys = found.map(doc => sortKey(doc, spec))
        for (let i = 1; i < keys.length; i++) {
          assert.ok(Buffer.compare(keys[i - 1] as Buffer, keys[i] as Buffer) <= 0, 'in order')
        }
      }
    }),
    { numRuns: 1500 },
  )
  assert.equal(
    [...used].sort(),
    ['_id_', 'a', 'ab', 'b_part', 'ba', 'cda'].filter(name => name !== '_id_'),
  )
  await store.engine.close()
})

test('`plan()` takes the index for filter and order when a device is drained', async () => {
  const store = new Store({ dataDir: tempDir() })
  await store.write(() => {
    const coll = store.createCollection('t', 'c', {})
    const spec = { key: { pending: 1, _id: 1 }, name: 'drain' }
    coll.indexes.push(
      makeIndex(store.catalog.newId(), spec, { multikey: 0, isCut: false, isBuilding: false }),
    )
    store.insert(coll, Rec.of({ _id: 'm1', pending: ['d1', 'd2'] }))
  })
  const coll = store.catalog.need('t', 'c')
  const chosen = plan(coll, { filter: { pending: 'd1', _id: { $gt: 'm0' } }, sort: [['_id', 1]] })
  assert.is(chosen.kind, 'index')
  assert.equal(indexNames(chosen), ['drain'])
  assert.is(chosen.providesSort, true)
  await store.engine.close()
})

test('`sortRows()` throws 292 when the rows need more than 100 MB', () => {
  const big = 'x'.repeat(1024 * 1024)
  const rows = (function* (): Generator<Rec> {
    for (let i = 0; i < 200; i++) yield Rec.of({ i, big })
  })()
  let code: unknown
  try {
    for (const _ of sortRows(rows, { spec: [['i', -1]], keep: undefined, recOf: rec => rec }));
  } catch (error) {
    code = (error as { code?: unknown }).code
  }
  assert.is(code, 292)
})

test('`sortRows()` holds only the wanted rows when there is a limit', () => {
  const big = 'x'.repeat(1024 * 1024)
  const rows = (function* (): Generator<Rec> {
    for (let i = 0; i < 300; i++) yield Rec.of({ i: (i * 7919) % 300, big: i < 250 ? '' : big })
  })()
  const got = [...sortRows(rows, { spec: [['i', -1]], keep: 3, recOf: rec => rec })].map(rec =>
    Number(rec?.doc.i),
  )
  assert.equal(got, [299, 298, 297])
})

test.run()
