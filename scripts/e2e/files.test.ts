import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { quartersPng } from '../../client/image/pictures.fixture.ts'
import { currentRuntime } from '../test/runtimes.ts'
import { waitFor } from '../test/wait-for.ts'
import { openChat } from './chat.ts'
import {
  createTwoServers,
  type Host,
  jsonLines,
  otherRuntime,
  type Person,
  received,
  signUp,
  succeed,
  type World,
} from './world.ts'

/** Files and pictures between real processes on two servers and both runtimes. */
const test = suite('files')

/** 16 by 16 pixels, red. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAGUlEQVR4nGP4z8BAEiJN9aiGUQ1DSgMJEgCQfP8BuYkc7wAAAABJRU5ErkJggg==',
  'base64',
)

let world: World
let first: Host
let second: Host
let alice: Person
let bob: Person
let carol: Person

test.before(async () => {
  ;({ world, first, second } = await createTwoServers())
  alice = world.person('alice', { servers: [first], runtime: currentRuntime() })
  bob = world.person('bob', { servers: [second], runtime: otherRuntime() })
  carol = world.person('carol', { servers: [second], runtime: currentRuntime() })
  await signUp(alice, bob, carol)
  // Files of strangers are not saved by themselves.
  await succeed(bob, ['send', 'alice', 'send me a picture'])
})

test.after(() => world.close())

function make(name: string, bytes: Uint8Array): string {
  const path = join(world.folder, name)
  writeFileSync(path, bytes)
  return path
}

function folder(name: string): string {
  const path = join(world.folder, name)
  mkdirSync(path)
  return path
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

function chunks() {
  const name = new URL(world.mongoUri).pathname.slice(1)
  return world.client.db(`${name}_blobs`).collection('blobs.chunks')
}

test('a picture comes to a friend as it was, and no server sees it', async () => {
  const path = make('my secret place.png', PNG)
  await succeed(alice, ['send', 'bob', '--image', path, 'look at this'])
  const stored = await chunks().find().toArray()
  assert.ok(stored.length > 0)
  const all = Buffer.concat(stored.map(({ data }) => Buffer.from(data.buffer)))
  assert.not.ok(all.includes(PNG.subarray(0, 8)))
  for (const { name } of await world.client.db().listCollections().toArray()) {
    assert.not.match(
      JSON.stringify(await world.client.db().collection(name).find().toArray()),
      'secret place',
    )
  }
  const saved = folder('bob-1')
  const printed = await succeed(bob, ['recv', '--json', '--count', '1', '--timeout', '60', '--save', saved])
  const [line] = received(printed)
  assert.is(line?.path, join(saved, 'my secret place.png'))
  assert.ok(readFileSync(line?.path ?? '').equals(PNG))
  await waitFor(async () => (await chunks().countDocuments()) === 0, {
    what: 'the server to forget what all have',
    timeoutMs: 60_000,
  })
})

test('a picture shows in the conversation; `/save` writes the file as it was, beside what is there', async () => {
  const bytes = quartersPng()
  await succeed(alice, ['send', 'bob', '--image', make('quarters.png', bytes), 'four colours'])
  const target = folder('from-the-chat')
  const terminal = openChat(bob, { server: second, cols: 80, rows: 30 })
  try {
    await terminal.waitForText('four colours')
    await terminal.waitForScreen(() => {
      const drawn = new Set(
        terminal
          .cells()
          .flat()
          .flatMap(({ text, color }) => (text === '▀' ? [color] : [])),
      )
      return ['#ff0000', '#00ff00', '#0000ff', '#ffffff'].every(color => drawn.has(color))
    }, 'a picture of four colours')
    for (const name of ['quarters.png', 'quarters (2).png']) {
      terminal.type(`/save ${target}`)
      terminal.key('enter')
      await waitFor(() => readdirSync(target).includes(name), { what: name, timeoutMs: 30_000 })
      await terminal.waitForText(name)
      assert.ok(readFileSync(join(target, name)).equals(bytes))
    }
    terminal.key('ctrl-q')
    assert.is((await terminal.ended).exitCode, 0)
  } finally {
    await terminal.close()
  }
})

test('a file comes to everybody in a group', async () => {
  await succeed(alice, ['group', 'create', 'ops', 'bob', 'carol'])
  const bytes = randomBytes(300_000)
  await succeed(alice, ['send', '#ops', '--file', make('notes.bin', bytes)])
  for (const person of [bob, carol]) {
    const printed = await succeed(person, ['recv', '--json', '--count', '1', '--timeout', '60'])
    const [line] = received(printed)
    const target = folder(`ops-${person.userId}`)
    await succeed(person, ['save', line?.id ?? '', target])
    await succeed(person, ['save', line?.id ?? '', target])
    assert.equal(readdirSync(target).sort(), ['notes (2).bin', 'notes.bin'])
    assert.ok(readFileSync(join(target, 'notes.bin')).equals(bytes))
  }
})

test('20 MB go through, though each server is killed half-way, up and down', async () => {
  const bytes = randomBytes(20 * 1024 * 1024)
  const path = make('large.bin', bytes)
  const sending = alice.start(['send', 'bob', '--file', path, '--json', '--timeout', '120'])
  await waitFor(async () => (await chunks().countDocuments()) > 10, {
    what: 'some of it to be stored',
    timeoutMs: 60_000,
  })
  await first.program.stop('SIGKILL')
  const sent = await sending.ended
  assert.is(sent.code, 0, sent.stderr)
  assert.ok(jsonLines(sending.stdout()).length > 0)
  const [line] = received(await succeed(bob, ['recv', '--json', '--count', '1', '--timeout', '60']))
  const { port } = new URL(first.url)
  first = await world.serve({ runtime: otherRuntime(), args: ['--port', port] })
  const target = folder('large')
  const saving = bob.start(['save', line?.id ?? '', target])
  const files = join(bob.home, 'accounts', 'bob', 'files')
  await waitFor(() => readdirSync(files).some(name => name.endsWith('.part')), {
    what: 'some of it to come',
    timeoutMs: 60_000,
    intervalMs: 2,
  })
  await second.program.stop('SIGKILL')
  const saved = await saving.ended
  assert.is(saved.code, 0, saved.stderr)
  assert.is(sha256(readFileSync(join(target, 'large.bin'))), sha256(bytes))
})

test('what is too large, no picture, or not there is refused in one sentence, and nothing is sent', async () => {
  second = await world.serve({ runtime: currentRuntime() })
  const large = make('too-large.bin', Buffer.alloc(26 * 1024 * 1024))
  for (const [args, code] of [
    [['--file', large], 3],
    [['--image', make('text.png', Buffer.from('no picture'))], 3],
    [['--file', join(world.folder, 'nowhere')], 2],
    [['--file', world.folder], 2],
  ] as const) {
    const done = await alice.run(['send', 'bob', ...args])
    assert.is(done.code, code, `${args.join(' ')}: ${done.stderr}`)
    assert.match(done.stderr, /^fastchat: Cannot [^\n]+\n$/)
  }
})

test.run()
