import { createServer } from 'node:net'
import { MongoServerError } from 'mongodb'
import { v7 as uuidV7 } from 'uuid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { UndeliveredDocument } from '../../../schema/documents.ts'
import { FastChatError } from '../../../schema/errors.ts'
import { waitFor } from '../../../scripts/test/wait-for.ts'
import type { FeedHandlers, RosterChange } from '../../port/feed.ts'
import { makeEvent, testGroupStore } from '../../port/group-store.contract.ts'
import { makeUndelivered, makeUser, testStore } from '../../port/store.contract.ts'
import { openTestDatabase, type TestDatabase } from '../../testing/test-database.ts'
import { createTestLog } from '../../testing/test-log.ts'
import { systemClock } from '../node/system-clock.ts'
import { connectDatabase, type Database } from './connect.ts'
import { createFeed } from './feed.ts'

const test = suite('the store and the feed on MongoDB')
let testDatabase: TestDatabase
let database: Database
const log = createTestLog()

test.before(async () => {
  testDatabase = await openTestDatabase()
  database = await connect(testDatabase.uri)
})

test.after(async () => {
  await database.close()
  await testDatabase.close()
})

function connect(uri: string, signal = new AbortController().signal): Promise<Database> {
  return connectDatabase({ uri, clock: systemClock, log, signal })
}

async function failure(work: Promise<unknown>): Promise<FastChatError> {
  let thrown: unknown
  await work.catch(error => {
    thrown = error
  })
  assert.instance(thrown, FastChatError)
  return thrown as FastChatError
}

testStore(test, () => database.store)
testGroupStore(test, () => database.store.groups)

test('`connectDatabase()` makes collections with validators and indexes, and again without harm', async () => {
  const again = await connect(testDatabase.uri)
  await again.close()
  const { db } = testDatabase
  const names = (await db.listCollections().toArray()).map(({ name }) => name)
  for (const name of [
    'users',
    'devices',
    'prekeys',
    'groups',
    'rosterEvents',
    'undelivered',
    'presence',
    'servers',
    'settings',
  ]) {
    assert.ok(names.includes(name), name)
  }
  const indexes = await db.collection('undelivered').indexes()
  assert.ok(indexes.some(({ key }) => JSON.stringify(key) === '{"pending":1,"_id":1}'))
  assert.ok(indexes.some(({ expireAfterSeconds }) => expireAfterSeconds === 0))
})

test('the database itself refuses documents that are not what the schema says', async () => {
  const users = testDatabase.db.collection<{ _id: string }>('users')
  const user = makeUser()
  for (const wrong of [
    { ...user, _id: 'No Name' },
    { ...user, authHash: undefined },
    { ...user, accountKey: { ...user.accountKey, d: 'private' } },
    { ...user, createdAt: 'yesterday' },
  ]) {
    let code: unknown
    await users.insertOne(wrong).catch(error => {
      code = error.code
    })
    assert.is(code, 121)
  }
  assert.is(
    (await failure(database.store.accounts.createUser({ ...user, authHash: 'short' }))).code,
    'internal',
  )
})

test('`connectDatabase()` says in one sentence what is wrong with MONGODB_URI, without repeating it', async () => {
  for (const uri of ['mongodb://user:pass-word@', 'mongodb://h/?w=nonsense&pass-word']) {
    const error = await failure(connect(uri))
    assert.is(error.code, 'bad_config')
    assert.not.match(error.message, 'pass-word')
  }
})

test('`connectDatabase()` goes on trying while nobody answers, with a line in the log, until it is told to stop', async () => {
  const controller = new AbortController()
  // Somebody who listens and never says a word.
  const mute = createServer().listen(0, '127.0.0.1')
  await waitFor(() => mute.listening, { what: 'the port' })
  const { port } = mute.address() as { port: number }
  const uri = `mongodb://user:pass-word@127.0.0.1:${port}/?serverSelectionTimeoutMS=200&connectTimeoutMS=200`
  const trying = failure(connect(uri, controller.signal))
  await waitFor(() => log.lines.some(line => line.includes('Cannot reach the database')), {
    what: 'the line',
  })
  controller.abort()
  assert.is((await trying).code, 'database_unreachable')
  assert.not.match(log.lines.join('\n'), 'pass-word')
  mute.close()
})

test('a database that has gone makes every operation `unavailable`', async () => {
  const gone = await connect(testDatabase.uri)
  await gone.close()
  assert.is((await failure(gone.store.accounts.findUser('alice'))).code, 'unavailable')
  assert.is((await failure(gone.store.messages.insert([makeUndelivered()]))).code, 'unavailable')
})

interface Heard {
  messages: string[]
  routes: string[]
  devices: { deviceId: string; userId?: string }[]
  prekeys: { deviceId: string; left: number }[]
  rosters: RosterChange[]
  presence: Parameters<FeedHandlers['onPresence']>[0][]
  heartbeats: Date[]
  resets: number
}

async function openFeed(serverId: string, db = database.db) {
  const heard: Heard = {
    messages: [],
    routes: [],
    devices: [],
    prekeys: [],
    rosters: [],
    presence: [],
    heartbeats: [],
    resets: 0,
  }
  const handlers: FeedHandlers = {
    onMessage: ({ _id }: UndeliveredDocument) => heard.messages.push(_id),
    onRoute: id => heard.routes.push(id),
    onDevice: change => heard.devices.push(change),
    onPrekeys: change => heard.prekeys.push(change),
    onRosterEvent: change => heard.rosters.push(change),
    onPresence: change => heard.presence.push(change),
    onHeartbeat: at => heard.heartbeats.push(at),
    onReset: () => {
      heard.resets += 1
    },
  }
  const feed = createFeed(db, { serverId, clock: systemClock, log })
  await feed.open(handlers)
  return { feed, heard }
}

test('the feed brings what concerns its server, and nothing else', async () => {
  const serverId = uuidV7()
  const { feed, heard } = await openFeed(serverId)
  const { store } = database
  const [mine, others, later] = [
    makeUndelivered({ route: [uuidV7(), serverId] }),
    makeUndelivered({ route: [uuidV7()] }),
    makeUndelivered(),
  ]
  await store.messages.insert([others, mine, later])
  await store.messages.setRoutes([{ id: later._id, route: [serverId] }])
  await store.messages.ack([{ deviceId: mine.pending[0] ?? '', ids: [mine._id] }])
  const deviceId = uuidV7()
  await store.accounts.createDevice({
    _id: deviceId,
    userId: 'alice',
    certificate: 'a.b.c',
    signedPrekey: 'a.b.c',
    prekeyExpiresAt: new Date(),
    createdAt: new Date(),
  })
  await store.accounts.revokeDevice(deviceId, { userId: 'alice', at: new Date() })
  const presence = { _id: deviceId, userId: 'alice', serverId, since: new Date() }
  await store.presence.set(presence)
  await store.presence.setPrekeysLeft(deviceId, 5)
  await store.presence.share({ ...presence, shares: ['bob'] })
  await store.presence.remove(presence)
  const event = makeEvent({ group: 'friends', epoch: 3, op: 'remove', subjects: ['bob'] })
  await store.groups.append(event)
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) } as const
  for (const _id of [uuidV7(), serverId]) await store.servers.renew({ _id, url: 'ws://x', jwk, load: 0 })
  await waitFor(() => heard.heartbeats.length > 0, { what: 'the heartbeat' })
  assert.equal(heard.messages, [mine._id])
  assert.equal(heard.routes, [later._id])
  assert.equal(heard.devices, [{ deviceId, userId: 'alice' }, { deviceId }])
  assert.equal(heard.prekeys, [{ deviceId, left: 5 }])
  assert.equal(heard.presence, [{ deviceId, now: { ...presence, shares: ['bob'] } }, { deviceId }])
  assert.equal(heard.rosters, [
    { group: 'friends', epoch: 3, hash: event._id, subjects: ['bob'], by: 'alice' },
  ])
  assert.is(heard.heartbeats.length, 1)
  assert.is(heard.resets, 0)
  await feed.close()
})

/** The database, with change streams that end with an error when they are told to. */
function breakable(db: Database['db']): { db: Database['db']; breakWith: (error: Error) => void } {
  let pending: Error | undefined
  const proxied = new Proxy(db, {
    get(target, name) {
      if (name !== 'watch') return Reflect.get(target, name, target)
      return (...given: Parameters<typeof db.watch>) => {
        const stream = target.watch(...given)
        const tryNext = stream.tryNext.bind(stream)
        stream.tryNext = async () => {
          const error = pending
          pending = undefined
          if (!error) return await tryNext()
          await stream.close()
          throw error
        }
        return stream
      }
    },
  })
  return {
    db: proxied,
    breakWith(error) {
      pending = error
    },
  }
}

test('the feed resumes where it was after an error: what happened meanwhile comes, once', async () => {
  const serverId = uuidV7()
  const { db, breakWith } = breakable(database.db)
  const { feed, heard } = await openFeed(serverId, db)
  const sent: string[] = []
  for (let round = 0; round < 3; round++) {
    if (round > 0) breakWith(new Error('the cursor is gone'))
    const batch = Array.from({ length: 5 }, () => makeUndelivered({ route: [serverId] }))
    for (const message of batch) {
      await database.store.messages.insert([message])
      sent.push(message._id)
    }
    await waitFor(() => heard.messages.length >= sent.length, { what: 'all messages' })
  }
  assert.equal(heard.messages, sent)
  assert.is(heard.resets, 0)
  await feed.close()
})

test('the feed begins anew and says `onReset` when its place in the oplog is lost', async () => {
  const serverId = uuidV7()
  const { db, breakWith } = breakable(database.db)
  const { feed, heard } = await openFeed(serverId, db)
  const lost = new MongoServerError({ message: 'Resume of change stream was not possible', code: 286 })
  breakWith(lost)
  await waitFor(() => heard.resets === 1, { what: 'the reset' })
  const message = makeUndelivered({ route: [serverId] })
  await database.store.messages.insert([message])
  await waitFor(() => heard.messages.includes(message._id), { what: 'a message after it' })
  await feed.close()
})

test('the feed begins anew and says `onReset` when the database was dropped under it', async () => {
  const own = await connect(testDatabase.uri.replace(/\/([^/?]+)(\?|$)/, '/$1_dropped$2'))
  const serverId = uuidV7()
  const heard: string[] = []
  let resets = 0
  const feed = createFeed(own.db, { serverId, clock: systemClock, log })
  await feed.open({
    onMessage: ({ _id }) => heard.push(_id),
    onRoute: () => undefined,
    onDevice: () => undefined,
    onPrekeys: () => undefined,
    onRosterEvent: () => undefined,
    onPresence: () => undefined,
    onHeartbeat: () => undefined,
    onReset: () => {
      resets += 1
    },
  })
  await own.db.dropDatabase()
  await waitFor(() => resets === 1, { what: 'the reset' })
  const message = makeUndelivered({ route: [serverId] })
  await own.store.messages.insert([message])
  await waitFor(() => heard.includes(message._id), { what: 'a message after it' })
  await feed.close()
  await own.db.dropDatabase()
  await own.close()
})

test.run()
