import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BSON } from 'mongodb'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { spawnArgs } from '../test/runtimes.ts'
import type { Program } from './program.ts'
import { RECOVERY_CODE } from './robot.ts'
import { createWorld, type Host, type Person, type World } from './world.ts'

/**
 * Reads everything that the servers and the database hold - documents, files on disk, logs, and on Linux the memory of
 * the processes - while a message is on its way, and finds neither its text nor a password nor a recovery code.
 */
const test = suite('what a host can read')

const MEMORY_OF = fileURLToPath(new URL('memory-of.ts', import.meta.url))
const SECRET_TEXT = 'Zwetschgenkuchen-um-halb-vier-7f3a91'
/** As they are shown, and as keys are made of them. */
const codes: string[] = []
let world: World
let server: Host
let alice: Person
let bob: Person

test.before(async () => {
  world = await createWorld()
  server = await world.serve()
  const servers = [server]
  alice = world.person('alice', { servers, password: 'Quittengelee-5b2c-alice' })
  bob = world.person('bob', { servers, password: 'Mirabellenmus-9d4e-bob' })
  for (const person of [alice, bob]) {
    const done = await person.run(['signup', person.userId])
    assert.is(done.code, 0, done.stderr)
    const [code = ''] = RECOVERY_CODE.exec(done.stdout) ?? []
    assert.ok(code)
    codes.push(code, code.replaceAll('-', '').slice(0, -1))
  }
  // One message that stays on its way (bob is away), and one that was delivered.
  const there = await bob.run(['send', 'alice', `${SECRET_TEXT} back`])
  assert.is(there.code, 0, there.stderr)
  const read = await alice.run(['recv', '--json'])
  assert.match(read.stdout, SECRET_TEXT)
  const sent = await alice.run(['send', 'bob', SECRET_TEXT])
  assert.is(sent.code, 0, sent.stderr)
})

test.after(() => world.close())

test('documents hold neither text nor password', async () => {
  let held = Buffer.alloc(0)
  const db = world.client.db()
  for (const { name } of await db.listCollections().toArray()) {
    for await (const document of db.collection(name).find()) {
      held = Buffer.concat([held, BSON.serialize(document)])
    }
  }
  assertUnreadable(held, { where: 'the documents', control: '"kty"'.slice(1, 4) })
})

test('logs hold neither text nor password', () => {
  const programs = [server.program, ...(world.database ? [world.database] : [])]
  for (const program of programs) {
    assertUnreadable(Buffer.from(program.stdout() + program.stderr()), {
      where: 'a log',
      control: '127.0.0.1',
    })
  }
})

if (!process.env.MONGODB_URI) {
  test('files of the database hold neither text nor password', () => {
    const files = readdirSync(world.dataDir ?? '', { recursive: true, withFileTypes: true }).filter(entry =>
      entry.isFile(),
    )
    const held = Buffer.concat(files.map(file => readFileSync(join(file.parentPath, file.name))))
    assertUnreadable(held, { where: 'the files', control: 'undelivered' })
  })
}

if (process.platform === 'linux') {
  test('memory of the processes holds neither text nor password', () => {
    const programs = [server.program, ...(world.database ? [world.database] : [])]
    for (const program of programs) {
      const held = memoryOf(program)
      assertUnreadable(held, { where: `the memory of ${program.pid}`, control: 'undelivered' })
    }
  })
}

test('homes on disk hold neither text nor password', () => {
  for (const person of [alice, bob]) {
    const files = readdirSync(person.home, { recursive: true, withFileTypes: true }).filter(entry =>
      entry.isFile(),
    )
    const held = Buffer.concat(files.map(file => readFileSync(join(file.parentPath, file.name))))
    assertUnreadable(held, { where: `the home of ${person.userId}`, control: '"wrapped"' })
  }
})

/** Fails when any secret is in `held`, as it is or encoded; and when `control` is not, for then nothing was read. */
function assertUnreadable(held: Buffer, { where, control }: { where: string; control: string }): void {
  assert.ok(held.includes(control), `${where}: cannot find even ${control} (${held.length} bytes read)`)
  for (const secret of [SECRET_TEXT, alice.password, bob.password, ...codes]) {
    for (const [encoding, form] of encodings(secret)) {
      assert.not(held.includes(form), `${where}: ${encoding} of ${secret} is there`)
    }
  }
}

/** A text as bytes, UTF-16, hex, and base64 at each of its three alignments. */
function encodings(secret: string): [string, Buffer][] {
  const bytes = Buffer.from(secret)
  const forms: [string, Buffer][] = [
    ['the text', bytes],
    ['UTF-16', Buffer.from(secret, 'utf16le')],
    ['hex', Buffer.from(bytes.toString('hex'))],
  ]
  for (const shift of [0, 1, 2]) {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64url')
    // The first and last characters mix with the neighbours.
    forms.push([`base64 at ${shift}`, Buffer.from(whole.slice(4, -4))])
  }
  return forms
}

/** All readable and writable memory of a process. */
function memoryOf(program: Program): Buffer {
  const line = spawnArgs('node', MEMORY_OF, [String(program.pid)])
  return execFileSync(line.command, line.args, { maxBuffer: 4 * 1024 ** 3 })
}

test.run()
