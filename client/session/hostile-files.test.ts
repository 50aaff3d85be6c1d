import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encryptedSize } from '../crypto/file-cipher.ts'
import { codeOf, itemOf, itemsOf } from './changes.fixture.ts'
import { directChain, newId, untilTaken } from './modified-client.fixture.ts'
import { type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'

/** What somebody says of a file that is not theirs, or cannot be. */
const test = suite('session, hostile files')

const about = { type: 'file', name: 'x.png', mediaType: 'image/png', image: { width: 1, height: 1 } } as const

async function fileOf(device: TestDevice, user: string) {
  return (await itemsOf(device, user)).find(item => item.kind === 'message' && item.content.type === 'file')
}

async function stateOf(device: TestDevice, id: string): Promise<string | undefined> {
  const content = (await itemOf(device, id))?.content
  return content?.type === 'file' ? content.state : undefined
}

/** While time goes by. */
async function codeLater(world: TestWorld, asked: Promise<unknown>): Promise<string> {
  let isOver = false
  const code = codeOf(asked).finally(() => {
    isOver = true
  })
  await world.until('it to be over', () => isOver)
  return await code
}

test('who names the file of somebody else takes it from nobody', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const bytes = randomBytes(5000)
    const path = join(world.folder, 'only-copy.bin')
    writeFileSync(path, bytes)
    const { id } = await alice.chat.sendFile({ to: 'bob', path, as: 'file' })
    await world.until('bob to be told', async () => (await fileOf(bob, 'alice')) !== undefined)
    const [[blob]] = [...world.server.blobs.blobs] as [[string, unknown]]
    // As a server does when all have it.
    world.server.blobs.blobs.delete(blob)
    const chain = await directChain(world, { from: bob, to: alice })
    const file = { blob, key: 'A'.repeat(43), size: 1, blobSize: encryptedSize(1), sha256: 'A'.repeat(43) }
    const named = await chain.say({ ...about, file })
    await untilTaken(world, { id: named, by: alice })
    assert.is(await stateOf(alice, named), 'gone')
    await untilTaken(world, { id: await chain.say({ type: 'delete', id: named }), by: alice })
    await world.settle()
    const folder = join(world.folder, 'saved')
    mkdirSync(folder)
    assert.is(await codeLater(world, alice.chat.saveFile({ id, folder })), 'done')
    assert.equal(readFileSync(join(folder, 'only-copy.bin')), bytes)
  }))

test('a file whose sizes cannot both be true is not fetched', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const chain = await directChain(world, { from: alice, to: bob })
    const bytes = randomBytes(encryptedSize(500))
    const sha256 = createHash('sha256').update(bytes).digest('base64url')
    for (const size of [10_000_000, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      const blob = newId(world)
      const request = { id: blob, size: bytes.length, sha256, to: { user: 'bob' } }
      world.server.blobs.blobs.set(blob, { request, owner: 'alice', bytes, received: [] })
      const file = { blob, key: 'A'.repeat(43), size, blobSize: bytes.length, sha256 }
      const id = await chain.say({ ...about, file })
      await untilTaken(world, { id, by: bob })
      assert.is(await stateOf(bob, id), 'gone')
      const asked = bob.chat.picture({ id, maxWidth: 10, maxHeight: 10 })
      assert.is(await codeLater(world, asked), 'bad_blob')
    }
  }))

test.run()
