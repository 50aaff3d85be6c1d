import type { ChildProcess } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startEmbedded } from './start.ts'
import { connect, exited, firstLine, spawnHere, tempDir, waitFor, withDatabase } from './testing/harness.ts'

const test = suite('embedded/durability')

interface Message {
  _id: string
  pending: string[]
  n: number
}

/** What the indexes say must be what the documents say. */
async function checkIndexes(messages: import('mongodb').Collection<Message>): Promise<void> {
  const all = await messages.find({}, { hint: { $natural: 1 } }).toArray()
  for (const hint of ['_id_', 'pending_1__id_1', 'n_1']) {
    const byIndex = await messages.find({}, { hint }).toArray()
    assert.equal(byIndex.map(doc => doc._id).sort(), all.map(doc => doc._id).sort(), hint)
  }
  assert.is(await messages.estimatedDocumentCount(), all.length)
}

/** A database in a process of its own; undefined while the last one is still dying. */
async function startChild(dataDir: string): Promise<{ child: ChildProcess; uri: string } | undefined> {
  const child = spawnHere('./database-child.ts', [dataDir])
  const uri = await firstLine(child)
  return uri.startsWith('mongodb:') ? { child, uri } : undefined
}

test('a `kill -9` in mid-burst loses nothing that was acknowledged, over and over', async () => {
  const dataDir = tempDir()
  const inserted = new Set<string>()
  const removed = new Set<string>()
  for (let round = 0; round < 3; round++) {
    const { child, uri } = await waitFor(() => startChild(dataDir))
    const client = await connect(uri)
    const messages = client.db('t').collection<Message>('m')
    await messages.createIndex({ pending: 1, _id: 1 })
    await messages.createIndex({ n: 1 }, { unique: true })
    let acknowledged = 0
    const writer = async (worker: number): Promise<void> => {
      for (let i = 0; ; i++) {
        const n = round * 1e7 + worker * 1e5 + i
        const _id = `${round}-${worker}-${i}`
        await messages.insertOne({ _id, pending: ['a', `w${worker}`], n })
        inserted.add(_id)
        acknowledged++
        if (i % 5 === 4) {
          await messages.deleteOne({ _id })
          removed.add(_id)
        }
      }
    }
    const writers = Array.from({ length: 8 }, (_, worker) => writer(worker).catch(() => {}))
    await waitFor(() => acknowledged > 300)
    child.kill('SIGKILL')
    await exited(child)
    await client.close(true)
    await Promise.all(writers)
  }
  await waitFor(() =>
    startEmbedded({ dataDir }).then(
      database => database.stop().then(() => true),
      () => false,
    ),
  )
  await withDatabase(
    async ({ client }) => {
      const messages = client.db('t').collection<Message>('m')
      const have = new Set((await messages.find().toArray()).map(doc => doc._id))
      const lost = [...inserted].filter(
        id => !have.has(id) && !removed.has(id) && Number(id.split('-')[2]) % 5 !== 4,
      )
      const undead = [...removed].filter(id => have.has(id))
      assert.equal(lost, [])
      assert.equal(undead, [])
      assert.ok(inserted.size > 900)
      await checkIndexes(messages)
    },
    { dataDir },
  )
})

test('a restart keeps documents, indexes, validators, counts and the next record number', async () => {
  const dataDir = tempDir()
  await withDatabase(
    async ({ db }) => {
      await db.createCollection('c', { validator: { n: { $gte: 0 } } })
      await db.collection('c').createIndex({ n: 1 }, { unique: true })
      await db.collection('c').insertMany([{ n: 1 }, { n: 2 }])
    },
    { dataDir },
  )
  await withDatabase(
    async ({ db }) => {
      const c = db.collection('c')
      assert.is(await c.estimatedDocumentCount(), 2)
      await c.insertOne({ n: 3 })
      assert.equal(
        (await c.find().toArray()).map(doc => doc.n),
        [1, 2, 3],
      )
      const codes = await Promise.all(
        [{ n: 3 }, { n: -1 }].map(doc =>
          c.insertOne(doc).then(
            () => 0,
            error => error.code,
          ),
        ),
      )
      assert.equal(codes, [11000, 121])
    },
    { dataDir },
  )
})

test.run()
