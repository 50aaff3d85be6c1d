import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import { blobLimits, type Limits } from '../config/limits.ts'
import type { BlobStore } from '../port/blob-store.ts'
import type { Store } from '../port/store.ts'
import { codeIn, contentRange, makeTestBlob, slowBody, stateIn, type TestBlob } from '../testing/blobs.ts'
import { assertion, makeDevice, makePerson, signUpRequest, type TestDevice } from '../testing/person.ts'
import { openTestApp, type TestApp } from '../testing/test-app.ts'
import type { Answer } from '../testing/test-client.ts'
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts'

// Long because all of it is asked by the same person at a server of its own limits.
const test = suite('limits of attachments')
const CHUNK = limits.blobChunkBytes
let database: TestDatabase
let bob: TestDevice
let people = 0
const apps: TestApp[] = []

test.before(async () => {
  database = await openTestDatabase()
  bob = (await newPerson(await openApp())).device
})

test.after(async () => {
  for (const app of apps) await app.close()
  await database.close()
})

interface AppOptions {
  limits?: Partial<Limits>
  isStopping?: () => boolean
  wrapBlobs?: (blobs: BlobStore) => BlobStore
}

async function openApp({ wrapBlobs = blobs => blobs, ...options }: AppOptions = {}): Promise<TestApp> {
  const wrapStore = (store: Store): Store => ({ ...store, blobs: wrapBlobs(store.blobs) })
  const app = await openTestApp(database.uri, { ...options, wrapStore })
  apps.push(app)
  return app
}

/** Somebody new at a server, and what they can do there. */
async function newPerson(app: TestApp) {
  const device = await makeDevice(await makePerson(`person${people++}`))
  await app.ask({ path: '/v1/accounts', body: signUpRequest(device) })
  const { body } = await app.ask({
    path: '/v1/token',
    body: { assertion: await assertion(device, { audience: app.serverId }) },
  })
  const { token } = body as { token: string }
  return {
    device,
    create: ({ request }: TestBlob): Promise<Answer> => app.ask({ path: '/v1/blobs', body: request, token }),
    put: ({ bytes, request: { id, size } }: TestBlob, body: unknown = bytes): Promise<Answer> =>
      app.ask({
        ...{ path: `/v1/blobs/${id}/content`, method: 'PUT', body, token },
        headers: { 'content-range': contentRange(0, size, size) },
      }),
    state: ({ request: { id } }: TestBlob): Promise<Answer> => app.ask({ path: `/v1/blobs/${id}`, token }),
    remove: ({ request: { id } }: TestBlob): Promise<Answer> =>
      app.ask({ path: `/v1/blobs/${id}`, method: 'DELETE', token }),
    content: async ({ request: { id } }: TestBlob): Promise<Response> =>
      await app.app.request(`/v1/blobs/${id}/content`, { headers: { authorization: `Bearer ${token}` } }),
  }
}

const forBob = (size: number) => makeTestBlob({ user: bob.person.userId }, size)

test('`maxBlobBytes` bounds what is announced, and an operator may choose another one', async () => {
  const alice = await newPerson(await openApp())
  assert.is((await alice.create(forBob(limits.maxBlobBytes))).status, 201)
  assert.equal(codeIn(await alice.create(forBob(limits.maxBlobBytes + 1))), [413, 'too_large'])
  const carol = await newPerson(await openApp({ limits: blobLimits(1024 * 1024) }))
  assert.equal(codeIn(await carol.create(forBob(1024 * 1024 + 1))), [413, 'too_large'])
  assert.is((await carol.create(forBob(1024 * 1024))).status, 201)
})

test('`maxBlobBytesPerUser` bounds what is kept of one account, from the moment that it is announced', async () => {
  const app = await openApp({ limits: { maxBlobBytesPerUser: 1000 } })
  const alice = await newPerson(app)
  const [old, next] = [forBob(600), forBob(401)]
  stateIn(await alice.create(old), 201)
  assert.equal(codeIn(await alice.create(next)), [413, 'quota_exceeded'])
  assert.equal(codeIn(await alice.state(next)), [404, 'not_found'])
  stateIn(await alice.create(forBob(400)), 201)
  stateIn(await alice.create(old), 201)
  stateIn(await (await newPerson(app)).create(forBob(1000)), 201)
  stateIn(await alice.remove(old))
  stateIn(await alice.create(next), 201)
})

test('`maxBlobsPerUser` bounds how many are kept of one account', async () => {
  const alice = await newPerson(await openApp({ limits: { maxBlobsPerUser: 2 } }))
  const [one, two, three] = [forBob(1), forBob(1), forBob(1)]
  stateIn(await alice.create(one), 201)
  stateIn(await alice.create(two), 201)
  assert.equal(codeIn(await alice.create(three)), [413, 'quota_exceeded'])
  stateIn(await alice.remove(two))
  stateIn(await alice.create(three), 201)
})

test('quotas hold when many are announced at the same moment at two servers', async () => {
  const wanted = { maxBlobsPerUser: 3, maxBlobBytesPerUser: 1000 }
  const [here, there] = [await openApp({ limits: wanted }), await openApp({ limits: wanted })]
  const alice = await newPerson(here)
  const { body } = await there.ask({
    path: '/v1/token',
    body: { assertion: await assertion(alice.device, { audience: there.serverId }) },
  })
  const { token } = body as { token: string }
  await Promise.all(
    Array.from({ length: 12 }, (_, index) => {
      const blob = forBob(1)
      if (index % 2 === 0) return alice.create(blob)
      return there.ask({ path: '/v1/blobs', body: blob.request, token })
    }),
  )
  const { blobs } = here.database.store
  const kept = await blobs.usage(alice.device.person.userId, { at: new Date() })
  assert.ok(kept.blobs <= 3, String(kept.blobs))
})

test('`maxBlobsPerMinute` bounds how many one account announces', async () => {
  const app = await openApp({ limits: { maxBlobsPerMinute: 2 } })
  const alice = await newPerson(app)
  const blob = forBob(1)
  stateIn(await alice.create(blob), 201)
  stateIn(await alice.create(blob), 201)
  assert.equal(codeIn(await alice.create(blob)), [429, 'rate_limited'])
  stateIn(await (await newPerson(app)).create(forBob(1)), 201)
})

test('`blobUploadMs` is how long an upload may take', async () => {
  const alice = await newPerson(await openApp({ limits: { blobUploadMs: 0 } }))
  const blob = forBob(1)
  stateIn(await alice.create(blob), 201)
  assert.equal(codeIn(await alice.put(blob)), [404, 'not_found'])
})

test('`blobIdleMs` ends an upload from which nothing comes; whole chunks stay', async () => {
  const alice = await newPerson(await openApp({ limits: { blobIdleMs: 100 } }))
  const blob = forBob(2 * CHUNK)
  stateIn(await alice.create(blob), 201)
  const body = slowBody()
  body.send(blob.bytes.subarray(0, CHUNK + 1))
  assert.equal(codeIn(await alice.put(blob, body.stream)), [409, 'blob_incomplete'])
  assert.is(stateIn(await alice.state(blob)).received, CHUNK)
})

test('an id is that of one attachment: another owner, recipient, size or hash is `id_taken`', async () => {
  const app = await openApp()
  const [alice, carol] = [await newPerson(app), await newPerson(app)]
  const blob = forBob(10)
  stateIn(await alice.create(blob), 201)
  assert.equal(codeIn(await carol.create(blob)), [409, 'id_taken'])
  for (const other of [
    { size: 11 },
    { sha256: 'x'.repeat(43) },
    { to: { user: carol.device.person.userId } },
    { to: { group: bob.person.userId } },
  ]) {
    const request = { ...blob.request, ...other }
    assert.equal(codeIn(await alice.create({ ...blob, request })), [409, 'id_taken'])
  }
  stateIn(await alice.create(blob), 201)
})

test('what nobody could get is not taken: `unknown_user`, `no_devices`; oneself is somebody', async () => {
  const app = await openApp()
  const alice = await newPerson(app)
  assert.equal(codeIn(await alice.create(makeTestBlob({ user: 'nobody' }, 1))), [404, 'unknown_user'])
  const gone = await newPerson(app)
  const { userId } = gone.device.person
  const { accounts } = app.database.store
  await accounts.revokeDevice(gone.device.deviceId, { userId, at: new Date() })
  assert.equal(codeIn(await alice.create(makeTestBlob({ user: userId }, 1))), [409, 'no_devices'])
  const note = makeTestBlob({ user: alice.device.person.userId }, 1)
  stateIn(await alice.create(note), 201)
  assert.is(stateIn(await alice.put(note)).complete, true)
  assert.is(stateIn(await alice.state(note)).complete, true)
})

test('a full disk is `disk_full`, and the upload goes on when there is room', async () => {
  let isFull = true
  const app = await openApp({
    wrapBlobs: blobs => ({
      ...blobs,
      async putChunk(blob, chunk) {
        if (isFull && chunk.n === 1) throw new FastChatError('disk_full', 'Cannot store: made up')
        return await blobs.putChunk(blob, chunk)
      },
    }),
  })
  const alice = await newPerson(app)
  const blob = forBob(3 * CHUNK)
  stateIn(await alice.create(blob), 201)
  assert.equal(codeIn(await alice.put(blob)), [507, 'disk_full'])
  assert.is(stateIn(await alice.state(blob)).received, CHUNK)
  isFull = false
  assert.is(stateIn(await alice.put(blob)).complete, true)
})

test('a server that is killed after the last chunk, before all is complete, leaves an upload that can be finished', async () => {
  let isKilled = true
  const app = await openApp({
    wrapBlobs: blobs => ({
      ...blobs,
      async complete(blob, options) {
        if (isKilled) throw new FastChatError('unavailable', 'Cannot use the database: made up')
        return await blobs.complete(blob, options)
      },
    }),
  })
  const alice = await newPerson(app)
  for (const size of [10, CHUNK, 2 * CHUNK, 2 * CHUNK + 1]) {
    const blob = forBob(size)
    stateIn(await alice.create(blob), 201)
    isKilled = true
    assert.equal(codeIn(await alice.put(blob)), [503, 'unavailable'])
    const { received, complete } = stateIn(await alice.state(blob))
    assert.ok(received < size && received % CHUNK === 0 && size - received <= CHUNK, String(size))
    assert.is(complete, false)
    isKilled = false
    assert.is(stateIn(await alice.put(blob)).complete, true)
  }
})

test('a server that stops ends uploads at once, so that they go on elsewhere', async () => {
  let isStopping = false
  const alice = await newPerson(await openApp({ isStopping: () => isStopping }))
  const blob = forBob(3 * CHUNK)
  stateIn(await alice.create(blob), 201)
  const body = slowBody()
  const uploading = alice.put(blob, body.stream)
  body.send(blob.bytes.subarray(0, CHUNK))
  await waitFor(async () => stateIn(await alice.state(blob)).received === CHUNK, { what: 'a chunk' })
  isStopping = true
  body.send(blob.bytes.subarray(CHUNK))
  assert.equal(codeIn(await uploading), [503, 'server_stopping'])
})

test('an upload is read no faster than it is stored', async () => {
  let mayStore: () => void = () => undefined
  const gate = new Promise<void>(resolve => {
    mayStore = resolve
  })
  const app = await openApp({
    wrapBlobs: blobs => ({
      ...blobs,
      async putChunk(blob, chunk) {
        if (chunk.n === 2) await gate
        return await blobs.putChunk(blob, chunk)
      },
    }),
  })
  const alice = await newPerson(app)
  const blob = forBob(20 * CHUNK)
  stateIn(await alice.create(blob), 201)
  const piece = CHUNK / 4
  let taken = 0
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (taken >= blob.bytes.length) return controller.close()
        controller.enqueue(blob.bytes.subarray(taken, taken + piece))
        taken += piece
      },
    },
    { highWaterMark: 0 },
  )
  const uploading = alice.put(blob, stream)
  await waitFor(async () => stateIn(await alice.state(blob)).received === 2 * CHUNK, { what: 'two chunks' })
  // As many rounds as it would take to read all of it.
  for (let round = 0; round < 100; round++) await alice.state(blob)
  assert.ok(taken <= 4 * CHUNK, `${taken} bytes were read, ${2 * CHUNK} are stored`)
  mayStore()
  assert.is(stateIn(await uploading).complete, true)
})

test('a download is asked of the database no faster than it is taken', async () => {
  let given = 0
  let hasEnded = false
  const app = await openApp({
    wrapBlobs: blobs => ({
      ...blobs,
      async *read(id, range) {
        try {
          for await (const piece of blobs.read(id, range)) {
            given += piece.length
            yield piece
          }
        } finally {
          hasEnded = true
        }
      },
    }),
  })
  const alice = await newPerson(app)
  const blob = forBob(20 * CHUNK)
  stateIn(await alice.create(blob), 201)
  stateIn(await alice.put(blob))
  const reader = (await alice.content(blob)).body?.getReader()
  await reader?.read()
  for (let round = 0; round < 100; round++) await alice.state(blob)
  assert.ok(given <= 3 * CHUNK, `${given} bytes were asked for, one chunk was taken`)
  assert.not.ok(hasEnded)
  await reader?.cancel()
  await waitFor(() => hasEnded, { what: 'the reading of the database to end with the request' })
  assert.ok(given <= 3 * CHUNK)
})

test.run()
