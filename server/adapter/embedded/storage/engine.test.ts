import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MongoError } from '../errors.ts'
import { tempDir, waitFor } from '../testing/harness.ts'
import { Engine } from './engine.ts'

const test = suite('storage/engine')

function key(n: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(n)
  return bytes
}
const VALUE = Buffer.from('value')
const ALL = { start: key(0), end: key(0xffffffff) }

test('`Engine.write()` lets writes share a commit when one is under way', async () => {
  const engine = new Engine(tempDir())
  let commits = 0
  engine.setHooks({ beforeCommit() {}, afterCommit: () => commits++, afterAbort() {} })
  await Promise.all(Array.from({ length: 500 }, (_, i) => engine.write(() => engine.docs.put(key(i), VALUE))))
  assert.is(engine.docs.range(ALL).length, 500)
  assert.ok(commits < 50, `${commits} commits`)
  await engine.close()
})

test('`Engine.write()` resolves only behind the commit: another opening of the files sees the write', async () => {
  const dataDir = tempDir()
  const engine = new Engine(dataDir)
  const other = new Engine(dataDir)
  for (let i = 0; i < 20; i++) {
    await engine.write(() => engine.docs.put(key(i), VALUE))
    other.root.resetReadTxn()
    assert.ok(other.docs.get(key(i)) !== undefined)
  }
  await other.close()
  await engine.close()
})

test('`Engine.write()` undoes only the one that failed when its neighbours are well', async () => {
  const engine = new Engine(tempDir())
  const results = await Promise.allSettled([
    engine.write(() => engine.docs.put(key(1), VALUE)),
    engine.write(() => {
      engine.docs.put(key(2), VALUE)
      throw new TypeError('a bug')
    }),
    engine.write(() => {
      throw new MongoError(11000, 'refused')
    }),
    engine.write(() => engine.docs.put(key(3), VALUE)),
  ])
  assert.equal(
    results.map(result => result.status),
    ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
  )
  assert.equal(
    engine.docs.range(ALL).map(entry => entry.key.readUInt32BE(0)),
    [1, 3],
  )
  await engine.close()
})

test('`Engine.write()` sees in a transaction what the transaction wrote', async () => {
  const engine = new Engine(tempDir())
  const seen = await engine.write(() => {
    engine.docs.put(key(1), VALUE)
    engine.docs.put(key(2), VALUE)
    engine.docs.remove(key(1))
    return engine.docs.range(ALL).length
  })
  assert.is(seen, 1)
  await engine.close()
})

test('`Table.range()` reads the same backwards when asked', async () => {
  const engine = new Engine(tempDir())
  await engine.write(() => {
    for (const n of [1, 3, 5, 7]) engine.docs.put(key(n), VALUE)
  })
  const read = (reverse: boolean): number[] =>
    engine.docs.range({ start: key(3), end: key(7), reverse }).map(entry => entry.key.readUInt32BE(0))
  assert.equal(read(false), [3, 5])
  assert.equal(read(true), [5, 3])
  assert.equal(
    engine.docs.range({ ...ALL, reverse: true, limit: 1 }).map(e => e.key.readUInt32BE(0)),
    [7],
  )
  await engine.close()
})

test('`Engine.write()` throws 14031, keeps nothing of it, and goes on when there is room again', async () => {
  const engine = new Engine(tempDir())
  await engine.write(() => engine.docs.put(key(1), VALUE))
  const full = Object.assign(new Error('no space'), { code: 28 })
  const refused = await Promise.allSettled([
    engine.write(() => engine.docs.put(key(2), VALUE)),
    engine.write(() => {
      engine.docs.put(key(3), VALUE)
      throw full
    }),
  ])
  assert.equal(
    refused.map(result => (result.status === 'rejected' ? result.reason.code : 0)),
    [14031, 14031],
  )
  const kept = (): number[] => engine.docs.range(ALL).map(entry => entry.key.readUInt32BE(0))
  assert.equal(kept(), [1])
  const write = (): Promise<boolean> =>
    engine
      .write(() => engine.docs.put(key(4), VALUE))
      .then(
        () => true,
        () => false,
      )
  assert.is(await write(), false, 'a full disk is not hammered')
  await waitFor(write)
  assert.equal(kept(), [1, 4])
  await engine.close()
})

test('`Engine.write()` refuses when the store is closed', async () => {
  const engine = new Engine(tempDir())
  await engine.close()
  let code: unknown
  await engine
    .write(() => 1)
    .catch(error => {
      code = error.code
    })
  assert.is(code, 91)
})

test.run()
