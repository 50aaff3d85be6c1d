import { createHash, randomBytes } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { limits } from '../../schema/limits.ts'
import type { FileItem, MessageItem } from '../chat.ts'
import { statesOf, type TestDevice, type TestWorld, withWorld } from './test-world.fixture.ts'

const test = suite('session, files')

/** A file of a person's. */
function make(world: TestWorld, name: string, bytes: Uint8Array): string {
  const folder = join(world.folder, 'person')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

function target(world: TestWorld, name: string): string {
  const folder = join(world.folder, name)
  mkdirSync(folder)
  return folder
}

async function lastOf(
  device: TestDevice,
  user: string,
): Promise<(MessageItem & { content: FileItem }) | undefined> {
  const { conversations } = await device.chat.snapshot()
  const conversation = conversations.find(({ with: name }) => name === user)
  const items = conversation ? await device.chat.history({ conversation: conversation.id, limit: 100 }) : []
  const files = items.filter(item => item.kind === 'message' && item.content.type === 'file')
  return files.at(-1) as (MessageItem & { content: FileItem }) | undefined
}

async function arrival(world: TestWorld, device: TestDevice, user: string) {
  await world.until('the file to be told of', async () => (await lastOf(device, user)) !== undefined)
  const item = await lastOf(device, user)
  assert.ok(item)
  return item as MessageItem & { content: FileItem }
}

/** While time goes by. */
async function during<T>(world: TestWorld, asked: Promise<T>): Promise<T> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  asked.then(over, over)
  await world.until('it to be over', () => isOver)
  return await asked
}

const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'done',
    (error: FastChatError) => error.code,
  )

test('a file arrives as it was, and a server sees neither it nor its name', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const bytes = randomBytes(300_000)
    const path = make(world, 'plan of the crag.pdf', bytes)
    await alice.chat.sendFile({ to: 'bob', path, as: 'auto', caption: 'have a look' })
    const item = await arrival(world, bob, 'alice')
    const { name, mediaType, size, caption, state } = item.content
    assert.equal(
      { name, mediaType, size, caption, state },
      {
        name: 'plan of the crag.pdf',
        mediaType: 'application/pdf',
        size: 300_000,
        caption: 'have a look',
        state: 'remote',
      },
    )
    const folder = target(world, 'saved')
    const saved = await during(world, bob.chat.saveFile({ id: item.id, folder }))
    assert.is(saved.path, join(folder, 'plan of the crag.pdf'))
    assert.ok(readFileSync(saved.path).equals(bytes))
    assert.is(statSync(saved.path).mode & 0o777, 0o600)
    assert.is((await lastOf(bob, 'alice'))?.content.state, 'here')
    await world.until('the server to be told', () =>
      [...world.server.blobs.blobs.values()][0]?.received.includes('bob'),
    )
    const [kept] = world.server.blobs.blobs.values()
    assert.not.ok(kept?.bytes.includes(bytes.subarray(1000, 1032)))
    assert.not.match(JSON.stringify(world.server.received), 'crag')
    // On this disk too it lies encrypted, under no name.
    for (const device of [alice, bob]) {
      for (const file of readdirSync(join(world.folder, device.deviceId))) {
        assert.not.ok(
          readFileSync(join(world.folder, device.deviceId, file)).includes(bytes.subarray(1000, 1032)),
        )
        assert.match(file, /^[0-9a-f-]{36}$/)
      }
    }
    await world.until('it to be delivered', async () => (await statesOf(alice, 'bob')).at(-1) === 'delivered')
  }))

test('an upload and a download that break off go on where they were', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const bytes = randomBytes(900_000)
    world.server.blobs.breaks = [100_000, 0, 300_000]
    await alice.chat.sendFile({ to: 'bob', path: make(world, 'a.bin', bytes), as: 'file' })
    const item = await arrival(world, bob, 'alice')
    world.server.blobs.breaks = [250_000, 1]
    const folder = target(world, 'saved')
    const { path } = await during(world, bob.chat.saveFile({ id: item.id, folder }))
    assert.is(sha256(readFileSync(path)), sha256(bytes))
    const ups = alice.events.flatMap(event => (event.type === 'transfer' ? [event.transfer] : []))
    assert.equal([ups.at(-1)?.state, ups.at(-1)?.direction], ['done', 'up'])
    assert.ok(ups.every(({ done, total }) => done <= total))
  }))

test('what waits to be uploaded goes out after a new start, and texts do not wait for it', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    world.server.blobs.onCreate = () => new FastChatError('unavailable', 'Cannot use server: away')
    await alice.chat.sendFile({ to: 'bob', path: make(world, 'a.txt', Buffer.from('hello')), as: 'file' })
    await alice.chat.send({ to: 'bob', text: 'a text' })
    await world.until('the text to come', async () => (await bob.lines('alice')).includes('alice: a text'))
    assert.is(await lastOf(bob, 'alice'), undefined)
    await alice.restart()
    world.server.blobs.onCreate = () => undefined
    assert.is((await arrival(world, bob, 'alice')).content.name, 'a.txt')
  }))

test('a file that a server refuses fails at its line, with the reason', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    world.server.blobs.onCreate = () =>
      new FastChatError('quota_exceeded', 'Cannot take attachment: too many')
    const { id } = await alice.chat.sendFile({
      to: 'bob',
      path: make(world, 'a.txt', Buffer.from('x')),
      as: 'file',
    })
    await world.until('it to fail', async () => (await alice.chat.message({ id }))?.state === 'failed')
    assert.is((await alice.chat.message({ id }))?.failure?.code, 'quota_exceeded')
    assert.is((await alice.chat.snapshot()).queued, 0)
  }))

test('a file that comes damaged is not taken; one that no server has any more is gone', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    await alice.chat.sendFile({ to: 'bob', path: make(world, 'a.txt', Buffer.from('some text')), as: 'file' })
    const item = await arrival(world, bob, 'alice')
    const folder = target(world, 'saved')
    world.server.blobs.onDownload = bytes => {
      const damaged = Buffer.from(bytes)
      damaged[3] = (damaged[3] ?? 0) ^ 1
      return damaged
    }
    assert.is(await during(world, codeOf(bob.chat.saveFile({ id: item.id, folder }))), 'bad_blob')
    assert.equal(readdirSync(folder), [])
    world.server.blobs.onDownload = bytes => bytes
    world.server.blobs.blobs.clear()
    assert.is(await during(world, codeOf(bob.chat.saveFile({ id: item.id, folder }))), 'not_found')
    assert.is((await lastOf(bob, 'alice'))?.content.state, 'gone')
  }))

test('`saveFile()` never replaces anything, and never leaves the folder', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const folder = target(world, 'saved')
    const outside = make(world, 'outside.txt', Buffer.from('precious'))
    symlinkSync(outside, join(folder, 'a.txt'))
    const path = make(world, 'b.bin', Buffer.from('new'))
    await alice.chat.sendFile({ to: 'bob', path, as: 'file', name: '../../a.txt' })
    const item = await arrival(world, bob, 'alice')
    for (const expected of ['a (2).txt', 'a (3).txt']) {
      const saved = await during(world, bob.chat.saveFile({ id: item.id, folder }))
      assert.is(saved.path, join(folder, expected))
    }
    assert.is(readFileSync(outside, 'utf8'), 'precious')
    assert.is(
      await codeOf(bob.chat.saveFile({ id: item.id, folder: join(folder, 'nowhere') })),
      'file_unusable',
    )
  }))

test('of a file that was taken back nothing is left, here, there, or at a server', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const path = make(world, 'a.txt', Buffer.from('some text'))
    const { id } = await alice.chat.sendFile({ to: 'bob', path, as: 'file' })
    const item = await arrival(world, bob, 'alice')
    await during(world, bob.chat.saveFile({ id: item.id, folder: target(world, 'saved') }))
    await alice.chat.deleteMessage({ id })
    for (const device of [alice, bob]) {
      await world.until('it to be gone', () => readdirSync(join(world.folder, device.deviceId)).length === 0)
    }
    await world.until('the server to forget it', () => world.server.blobs.blobs.size === 0)
    const asked = bob.chat.saveFile({ id, folder: join(world.folder, 'saved') })
    assert.is(await codeOf(asked), 'unknown_message')
  }))

test('what is no file, is empty, or is too large is not sent', () =>
  withWorld(async world => {
    const { alice } = await world.pair()
    const large = make(world, 'large.bin', Buffer.alloc(0))
    truncateSync(large, limits.maxBlobBytes + 1)
    for (const [path, code] of [
      [join(world.folder, 'nowhere'), 'file_unusable'],
      [world.folder, 'file_unusable'],
      ['/dev/zero', 'file_unusable'],
      [make(world, 'empty', Buffer.alloc(0)), 'file_unusable'],
      [large, 'too_large'],
    ] as const) {
      assert.is(await codeOf(alice.chat.sendFile({ to: 'bob', path, as: 'file' })), code, path)
    }
    const text = make(world, 'no-picture.png', Buffer.from('not a picture'))
    assert.is(await codeOf(alice.chat.sendFile({ to: 'bob', path: text, as: 'image' })), 'bad_image')
    assert.is((await alice.lines('bob')).length, 2)
  }))

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

test.run()
