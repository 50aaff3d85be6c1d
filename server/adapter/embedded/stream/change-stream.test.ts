import type { ChangeStream, Document } from 'mongodb'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { codeOf, tempDir, waitFor, withDatabase } from '../testing/harness.ts'
import { decodeToken, encodeToken } from './token.ts'

const test = suite('stream/change-stream')

async function take(stream: ChangeStream<Document, Document>, count: number): Promise<Document[]> {
  const out: Document[] = []
  while (out.length < count) out.push(await stream.next())
  return out
}

test('`decodeToken()` reads what `encodeToken()` made, and nothing else', async () => {
  const token = { ts: (1795469323n << 32n) | 7n, kind: 'invalidate' } as const
  assert.equal(decodeToken(encodeToken(token)), token)
  for (const bad of [undefined, {}, { _data: 'zz' }, { _data: 5 }, { _data: `82${'0'.repeat(16)}09` }]) {
    assert.is(await codeOf(async () => decodeToken(bad)), 260)
  }
})

test('a stream goes on behind its token when the server was restarted', async () => {
  const dataDir = tempDir()
  let token: unknown
  await withDatabase(
    async ({ db }) => {
      const c = db.collection<{ _id: number }>('c')
      const stream = c.watch()
      await stream.tryNext()
      await c.insertMany([{ _id: 1 }, { _id: 2 }, { _id: 3 }])
      token = (await take(stream, 1))[0]?._id
      await stream.close()
    },
    { dataDir },
  )
  await withDatabase(
    async ({ db }) => {
      const c = db.collection<{ _id: number }>('c')
      await c.insertOne({ _id: 4 })
      const stream = c.watch([], { resumeAfter: token })
      assert.equal(
        (await take(stream, 3)).map(event => event.documentKey._id),
        [2, 3, 4],
      )
      await stream.close()
    },
    { dataDir },
  )
})

test('a stream is refused with 286 when its place is no longer in the log, and a running one that falls behind too', async () => {
  await withDatabase(
    async ({ db }) => {
      const c = db.collection('c')
      const stream = c.watch()
      await stream.tryNext()
      await c.insertOne({ n: 0 })
      const token = (await take(stream, 1))[0]?._id
      await stream.close()
      const behind = await db.command({ aggregate: 'c', pipeline: [{ $changeStream: {} }], cursor: {} })
      for (let i = 0; i < 40; i++) await c.insertOne({ filler: 'x'.repeat(10000) })
      assert.is(await codeOf(() => c.watch([], { resumeAfter: token }).next()), 286)
      assert.is(await codeOf(() => db.command({ getMore: behind.cursor.id, collection: 'c' })), 286)
      const fresh = c.watch([], { startAfter: undefined })
      await fresh.tryNext()
      await fresh.close()
    },
    { tuning: { oplogMaxBytes: 100000 } },
  )
})

test('a waiting getMore is woken at once when something is committed', async () => {
  await withDatabase(async ({ db }) => {
    const c = db.collection('c')
    const stream = c.watch([], { maxAwaitTimeMS: 60000 })
    const next = stream.next()
    await waitFor(async () => (await db.admin().serverStatus()).metrics.cursor.open.total === 1)
    const began = performance.now()
    await c.insertOne({ a: 1 })
    assert.is((await next).operationType, 'insert')
    assert.ok(performance.now() - began < 5000)
    await stream.close()
  })
})

test('streams on a database and on the cluster see what happens in their reach', async () => {
  await withDatabase(async ({ db, client }) => {
    const onDatabase = db.watch()
    const onCluster = client.watch()
    await Promise.all([onDatabase.tryNext(), onCluster.tryNext()])
    await client.db('other').collection('x').insertOne({ a: 1 })
    await db.collection('c').insertOne({ a: 1 })
    await db.dropDatabase()
    assert.equal(
      (await take(onDatabase, 4)).map(event => event.operationType),
      ['insert', 'drop', 'dropDatabase', 'invalidate'],
    )
    assert.equal(
      (await take(onCluster, 4)).map(event => `${event.operationType} ${event.ns.db}`),
      ['insert other', 'insert test', 'drop test', 'dropDatabase test'],
    )
    await onDatabase.close()
    await onCluster.close()
  })
})

test('a stream is invalidated by a rename, and startAfter goes on behind that, resumeAfter not', async () => {
  await withDatabase(async ({ db }) => {
    const c = db.collection<{ _id: number }>('c')
    await c.insertOne({ _id: 1 })
    const stream = c.watch()
    await stream.tryNext()
    await c.rename('d')
    const [renamed, invalidate] = await take(stream, 2)
    assert.equal([renamed?.operationType, renamed?.to.coll], ['rename', 'd'])
    assert.is(invalidate?.operationType, 'invalidate')
    await c.insertOne({ _id: 2 })
    assert.is(await codeOf(() => c.watch([], { resumeAfter: invalidate?._id }).next()), 260)
    const after = c.watch([], { startAfter: invalidate?._id })
    assert.is((await take(after, 1))[0]?.documentKey._id, 2)
    await after.close()
    await stream.close()
  })
})

test('events come in the order of the commits, each once, to every stream', async () => {
  await withDatabase(async ({ db }) => {
    const c = db.collection<{ _id: number; n: number }>('c')
    const streams = Array.from({ length: 3 }, () => c.watch([], { maxAwaitTimeMS: 500 }))
    await Promise.all(streams.map(stream => stream.tryNext()))
    await c.insertOne({ _id: 0, n: 0 })
    await Promise.all(Array.from({ length: 200 }, () => c.updateOne({ _id: 0 }, { $inc: { n: 1 } })))
    for (const stream of streams) {
      const events = await take(stream, 201)
      assert.equal(
        events.slice(1).map(event => event.updateDescription.updatedFields.n),
        Array.from({ length: 200 }, (_, i) => i + 1),
      )
      const tokens = events.map(event => event._id._data)
      assert.equal(tokens.slice().sort(), tokens)
      await stream.close()
    }
  })
})

test('updateLookup gives null when the document is gone', async () => {
  await withDatabase(async ({ db }) => {
    const c = db.collection<{ _id: number; x?: number }>('c')
    await c.insertOne({ _id: 1 })
    const stream = c.watch([{ $match: { operationType: 'update' } }], { fullDocument: 'updateLookup' })
    await stream.tryNext()
    await c.updateOne({ _id: 1 }, { $set: { x: 1 } })
    await c.deleteOne({ _id: 1 })
    assert.is((await take(stream, 1))[0]?.fullDocument, null)
    await stream.close()
  })
})

test('a stream may have no stage that would break it, and no unknown option', async () => {
  await withDatabase(async ({ db }) => {
    const open = (pipeline: Document[]): Promise<Document> =>
      db.command({ aggregate: 'c', pipeline, cursor: {} })
    assert.is(await codeOf(() => open([{ $changeStream: {} }, { $group: { _id: 1 } }])), 20)
    assert.is(await codeOf(() => open([{ $changeStream: {} }, { $nope: {} }])), 40324)
    assert.is(await codeOf(() => open([{ $changeStream: { nope: 1 } }])), 40415)
    assert.is(await codeOf(() => open([{ $match: {} }, { $changeStream: {} }])), 40602)
  })
})

test('a killed cursor ends its waiting getMore', async () => {
  await withDatabase(async ({ db }) => {
    const opened = await db.command({ aggregate: 'c', pipeline: [{ $changeStream: {} }], cursor: {} })
    const waiting = codeOf(() => db.command({ getMore: opened.cursor.id, collection: 'c', maxTimeMS: 30000 }))
    await waitFor(async () => {
      const reply = await db.command({ killCursors: 'c', cursors: [opened.cursor.id] })
      return reply.cursorsKilled.length === 1
    })
    assert.ok([237, 43].includes(Number(await waiting)))
  })
})

test.run()
