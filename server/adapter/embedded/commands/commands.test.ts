import { type Document, GridFSBucket, Long } from 'mongodb'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { codeOf, waitFor, withDatabase } from '../testing/harness.ts'

// Long because one test a command, over one database.

const test = suite('embedded/commands')

function stages(plan: Document | undefined): string[] {
  if (plan === undefined) return []
  return [plan.stage, ...stages(plan.inputStage), ...(plan.inputStages ?? []).flatMap(stages)]
}

test('a TTL index removes what is over, with delete events, and nothing else', async () => {
  await withDatabase(
    async ({ db }) => {
      const c = db.collection<{ _id: number; at?: unknown }>('c')
      await c.createIndex({ at: 1 }, { expireAfterSeconds: 1 })
      const stream = c.watch([{ $match: { operationType: 'delete' } }])
      await stream.tryNext()
      const now = Date.now()
      await c.insertMany([
        { _id: 1, at: new Date(now - 5000) },
        { _id: 2, at: new Date(now + 600000) },
        { _id: 3 },
        { _id: 4, at: 'text' },
        { _id: 5, at: [new Date(now + 600000), new Date(now - 5000)] },
      ])
      const gone = [await stream.next(), await stream.next()].map(
        event => (event as Document).documentKey._id,
      )
      assert.equal(gone.sort(), [1, 5])
      assert.equal(
        (await c.find().sort({ _id: 1 }).toArray()).map(doc => doc._id),
        [2, 3, 4],
      )
      await stream.close()
    },
    { tuning: { sweepMs: 20 } },
  )
})

test('a unique index lets exactly one win when many insert the same at once', async () => {
  await withDatabase(async ({ db }) => {
    const c = db.collection('c')
    await c.createIndex({ group: 1, epoch: 1 }, { unique: true })
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        c.insertOne({ group: 'g', epoch: 1, i }).then(
          () => 0,
          error => error.code,
        ),
      ),
    )
    assert.is(results.filter(code => code === 0).length, 1)
    assert.is(results.filter(code => code === 11000).length, 39)
  })
})

test('findOneAndDelete hands each document to one when many ask at once', async () => {
  await withDatabase(async ({ db }) => {
    const c = db.collection<{ _id: number; d: string }>('prekeys')
    await c.createIndex({ d: 1 })
    await c.insertMany(Array.from({ length: 50 }, (_, _id) => ({ _id, d: 'dev' })))
    const got = await Promise.all(
      Array.from({ length: 60 }, () => c.findOneAndDelete({ d: 'dev' }, { sort: { _id: 1 } })),
    )
    const ids = got.flatMap(doc => (doc === null ? [] : [doc._id]))
    assert.is(ids.length, 50)
    assert.is(new Set(ids).size, 50)
  })
})

test('an index is built over what is there, used at once, and refused with 11000 when documents collide', async () => {
  await withDatabase(async ({ db }) => {
    const c = db.collection<{ _id: number; n: number }>('c')
    await c.insertMany(Array.from({ length: 3000 }, (_, _id) => ({ _id, n: _id % 1500 })))
    assert.is(await codeOf(() => c.createIndex({ n: 1 }, { unique: true })), 11000)
    assert.is((await c.indexes()).length, 1)
    await Promise.all(Array.from({ length: 5 }, () => c.createIndex({ n: 1 })))
    assert.is((await c.indexes()).length, 2)
    const plan = await c.find({ n: 7 }).explain('executionStats')
    assert.equal(stages(plan.queryPlanner.winningPlan), ['FETCH', 'IXSCAN'])
    assert.equal([plan.executionStats.nReturned, plan.executionStats.totalKeysExamined], [2, 2])
  })
})

test('explain says honestly how documents are found', async () => {
  await withDatabase(async ({ db }) => {
    const c = db.collection('undelivered')
    await c.createIndex({ pending: 1, _id: 1 })
    await c.insertOne({ pending: ['d1', 'd2'], body: 'x' })
    const of = async (filter: Document, sort: Document = {}): Promise<string[]> =>
      stages(
        (
          await c
            .find(filter)
            .sort(sort as never)
            .explain('queryPlanner')
        ).queryPlanner.winningPlan,
      )
    assert.equal(await of({ pending: 'd1' }, { _id: 1 }), ['FETCH', 'IXSCAN'])
    assert.equal(await of({ pending: 'd1' }, { body: 1 }), ['SORT', 'FETCH', 'IXSCAN'])
    assert.equal(await of({ body: 'x' }), ['COLLSCAN'])
    assert.equal(await of({}, { _id: -1 }), ['FETCH', 'IXSCAN'])
    assert.equal(await of({ $or: [{ pending: 'd1' }, { _id: 5 }] }), [
      'OR',
      'FETCH',
      'IXSCAN',
      'FETCH',
      'IXSCAN',
    ])
    assert.equal(await of({ _id: { $in: [] } } as Document), ['EOF'])
  })
})

test('a retried write with the same number is executed once and answered the same', async () => {
  await withDatabase(async ({ db, client }) => {
    const c = db.collection<{ _id: number; n: number }>('c')
    await c.insertOne({ _id: 1, n: 0 })
    const session = client.startSession()
    const command = {
      update: 'c',
      updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } } }],
      txnNumber: Long.fromNumber(7),
    }
    const first = await db.command(command, { session })
    const second = await db.command(command, { session })
    assert.equal([first.nModified, second.nModified], [1, 1])
    const claim = {
      findAndModify: 'c',
      query: { _id: 1 },
      update: { $inc: { n: 1 } },
      new: true,
      txnNumber: Long.fromNumber(8),
    }
    assert.is((await db.command(claim, { session })).value.n, 2)
    assert.is((await db.command(claim, { session })).value.n, 2)
    assert.is((await c.findOne())?.n, 2)
    assert.is(await codeOf(() => db.command(command, { session })), 225)
    await session.endSession()
  })
})

test('transactions are refused with a code when they are begun', async () => {
  await withDatabase(async ({ db, client }) => {
    const session = client.startSession()
    session.startTransaction()
    assert.is(await codeOf(() => db.collection('c').insertOne({ a: 1 }, { session })), 263)
    await session.abortTransaction().catch(() => {})
    await session.endSession()
  })
})

test('what is not supported is refused with a code, never passed over', async () => {
  await withDatabase(async ({ db }) => {
    const refused = (command: Document): Promise<unknown> => codeOf(() => db.command(command))
    await db.collection('c').insertOne({ a: 1 })
    assert.is(await refused({ noSuchThing: 1 }), 59)
    assert.is(await refused({ find: 'c', nope: 1 }), 40415)
    assert.is(await refused({ find: 'c', collation: { locale: 'de' } }), 238)
    assert.is(await refused({ create: 'cap', capped: true, size: 100 }), 238)
    assert.is(await refused({ create: 'v', viewOn: 'c' }), 238)
    assert.is(await refused({ aggregate: 'c', pipeline: [{ $out: 'd' }], cursor: {} }), 238)
    assert.is(await refused({ createIndexes: 'c', indexes: [{ key: { a: 'text' }, name: 't' }] }), 238)
    assert.is(await refused({ createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a', nope: 1 }] }), 197)
    assert.is(await refused({ find: 'c', readConcern: { level: 'snapshot' } }), 72)
    assert.is(await refused({ insert: 'c', documents: [] }), 16)
    assert.is(await refused({ dropIndexes: 'c', index: 'nope' }), 27)
    assert.is(await refused({ dropIndexes: 'c', index: '_id_' }), 72)
    assert.is(await refused({ collMod: 'nope' }), 26)
    const concern = await db
      .command({ insert: 'c', documents: [{ a: 2 }], writeConcern: { w: 3 } })
      .catch(e => e)
    assert.is(concern.code ?? concern.writeConcernError?.code, 100)
  })
})

test('a parallel array in a compound index is 171, an array as _id is 53', async () => {
  await withDatabase(async ({ db }) => {
    const c = db.collection<Document>('c')
    await c.createIndex({ a: 1, b: 1 })
    assert.is(await codeOf(() => c.insertOne({ a: [1], b: [1] })), 171)
    assert.is(await codeOf(() => c.insertOne({ _id: [1] as never })), 53)
  })
})

test('values too long for a key are found, kept apart and ordered all the same', async () => {
  await withDatabase(async ({ db }) => {
    const c = db.collection<{ _id: string; t?: string }>('c')
    await c.createIndex({ t: -1 }, { unique: true })
    const long = 'x'.repeat(5000)
    await c.insertMany(['c', 'a', 'b'].map(end => ({ _id: `${long}${end}`, t: `${end}${long}${end}` })))
    assert.is(await codeOf(() => c.insertOne({ _id: `${long}a` })), 11000)
    assert.is(await codeOf(() => c.insertOne({ _id: 'other', t: `a${long}a` })), 11000)
    assert.is((await c.findOne({ _id: `${long}b` }))?._id.at(-1), 'b')
    assert.is((await c.findOne({ t: `b${long}b` }))?._id.at(-1), 'b')
    assert.is(await c.countDocuments({ t: { $gt: `a${long}b` } }), 2)
    assert.equal(
      (await c.find().sort({ _id: 1 }).toArray()).map(doc => doc._id.at(-1)),
      ['a', 'b', 'c'],
    )
    const stream = c.watch([], { fullDocument: 'updateLookup' })
    await stream.tryNext()
    await c.updateOne({ _id: `${long}a` }, { $set: { t: 'short' } })
    assert.is(((await stream.next()) as Document).fullDocument.t, 'short')
    await stream.close()
    assert.is((await c.deleteMany({ _id: { $in: [`${long}a`, `${long}c`] } })).deletedCount, 2)
  })
})

test('a cursor is forgotten when nobody asks it for too long', async () => {
  await withDatabase(
    async ({ db }) => {
      await db.collection('c').insertMany(Array.from({ length: 10 }, (_, i) => ({ i })))
      const reply = await db.command({ find: 'c', batchSize: 2 })
      await waitFor(async () => {
        const status = await db.admin().serverStatus()
        return status.metrics.cursor.open.total === 0
      })
      assert.is(await codeOf(() => db.command({ getMore: reply.cursor.id, collection: 'c' })), 43)
    },
    { tuning: { idleCursorMs: 30, sweepMs: 10 } },
  )
})

test('maxTimeMS ends a long search with 50', async () => {
  await withDatabase(async ({ db }) => {
    await db.collection('c').insertMany(Array.from({ length: 20000 }, (_, i) => ({ i })))
    const search = { find: 'c', filter: { $expr: { $eq: [{ $add: ['$i', 1] }, -1] } }, maxTimeMS: 5 }
    assert.is(await codeOf(() => db.command(search)), 50)
  })
})

test('a write on more documents than one transaction takes changes each once', async () => {
  await withDatabase(async ({ db }) => {
    const c = db.collection<{ _id: number; n: number }>('c')
    await c.createIndex({ n: 1 })
    await c.insertMany(Array.from({ length: 5000 }, (_, _id) => ({ _id, n: _id })))
    // Moves every document forward in the very index by which it is found.
    const result = await c.updateMany({ n: { $gte: 0 } }, { $inc: { n: 10000 } })
    assert.equal([result.matchedCount, result.modifiedCount], [5000, 5000])
    assert.is(await c.countDocuments({ n: { $gte: 10000, $lt: 15000 } }), 5000)
    assert.is((await c.deleteMany({ n: { $gte: 10000 } })).deletedCount, 5000)
    assert.is(await c.countDocuments(), 0)
  })
})

test('dropped collections leave the store, and a new one of the same name is empty', async () => {
  await withDatabase(
    async ({ db }) => {
      const c = db.collection<{ _id: number }>('c')
      await c.insertMany(Array.from({ length: 1200 }, (_, _id) => ({ _id })))
      await c.drop()
      await c.insertOne({ _id: 1 })
      assert.equal(await c.find().toArray(), [{ _id: 1 }])
      assert.is(await c.countDocuments({ _id: { $gte: 0 } }), 1)
    },
    { tuning: { sweepMs: 10 } },
  )
})

test('GridFS stores and gives back a file', async () => {
  await withDatabase(async ({ db }) => {
    const bucket = new GridFSBucket(db, { bucketName: 'blobs', chunkSizeBytes: 1000 })
    const data = Buffer.alloc(12345, 3)
    const upload = bucket.openUploadStream('f')
    await new Promise<void>((resolve, reject) => {
      upload.on('finish', () => resolve())
      upload.on('error', reject)
      upload.end(data)
    })
    const chunks: Buffer[] = []
    for await (const chunk of bucket.openDownloadStream(upload.id)) chunks.push(chunk as Buffer)
    assert.ok(Buffer.concat(chunks).equals(data))
    const plan = await db
      .collection('blobs.chunks')
      .find({ files_id: upload.id })
      .sort({ n: 1 })
      .explain('queryPlanner')
    assert.equal(stages(plan.queryPlanner.winningPlan), ['FETCH', 'IXSCAN'])
  })
})

test('mongosh finds what it asks for when it connects', async () => {
  await withDatabase(async ({ db, client }) => {
    const admin = client.db('admin')
    for (const command of [
      'buildInfo',
      'hostInfo',
      'connectionStatus',
      'getCmdLineOpts',
      'serverStatus',
      'replSetGetStatus',
      'whatsmyuri',
    ]) {
      assert.is((await admin.command({ [command]: 1 })).ok, 1, command)
    }
    assert.is((await admin.command({ getParameter: 1, featureCompatibilityVersion: 1 })).ok, 1)
    assert.is((await admin.command({ getLog: 'startupWarnings' })).ok, 1)
    assert.is(await codeOf(() => admin.command({ atlasVersion: 1 })), 59)
    await db.collection('c').insertOne({ a: 1 })
    assert.equal((await admin.command({ listDatabases: 1, nameOnly: true })).databases, [{ name: 'test' }])
    assert.is((await db.command({ collStats: 'c' })).count, 1)
    assert.is((await db.stats()).collections, 1)
  })
})

test.run()
