import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime } from '../test/runtimes.ts'
import { openChat } from './chat.ts'
import type { TestTerminal } from './terminal.ts'
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

/** Whom people trust: real processes on two servers and both runtimes. */
const test = suite('trust')

let world: World
let first: Host
let second: Host
let alice: Person
let bob: Person

test.before(async () => {
  ;({ world, first, second } = await createTwoServers())
  alice = world.person('alice', { servers: [first], runtime: currentRuntime() })
  bob = world.person('bob', { servers: [second], runtime: otherRuntime() })
  await signUp(alice, bob)
})

const terminals: TestTerminal[] = []

test.after(async () => {
  for (const terminal of terminals) await terminal.close()
  await world?.close()
})

async function chat(person: Person, server: Host): Promise<TestTerminal> {
  const terminal = openChat(person, { server, cols: 100, rows: 40 })
  terminals.push(terminal)
  await terminal.waitForText('●')
  return terminal
}

function submit(terminal: TestTerminal, line: string): void {
  terminal.type(line)
  terminal.key('enter')
}

interface Verified {
  user: string
  safetyNumber: string
  verified: boolean
  keyChanged: boolean
}

async function verification(person: Person, user: string): Promise<Verified | undefined> {
  return jsonLines<Verified>(await succeed(person, ['verify', user, '--json']))[0]
}

async function read(person: Person, count = 1) {
  const done = await person.run(['recv', '--json', '--count', String(count), '--timeout', '60'])
  return received(done.stdout)
}

test('a first message of a stranger is marked as a request, and no more once it was answered', async () => {
  await succeed(alice, ['send', 'bob', 'you do not know me'])
  const [asked] = jsonLines<{ with: string }>(await listRequests())
  assert.is(asked?.with, 'alice')
  assert.equal(received(await succeed(bob, ['recv', '--json', '--no-requests'])), [])
  const [line] = await read(bob)
  assert.equal([line?.text, line?.request], ['you do not know me', true])
  await succeed(bob, ['send', 'alice', 'now I do'])
  await read(alice)
  await succeed(alice, ['send', 'bob', 'good'])
  const [next] = await read(bob)
  assert.equal([next?.text, next?.request], ['good', undefined])
  assert.is(await listRequests(), '')
})

/** What of bob's is set apart, once it has come. */
async function listRequests(): Promise<string> {
  await bob.run(['recv', '--no-requests', '--timeout', '20'])
  return await succeed(bob, ['requests', '--json'])
}

test('both see the same safety number; only the true one verifies', async () => {
  const [mine, theirs] = await Promise.all([verification(alice, 'bob'), verification(bob, 'alice')])
  assert.match(mine?.safetyNumber ?? '', /^(\d{5} ?){12}$/)
  assert.is(mine?.safetyNumber, theirs?.safetyNumber)
  assert.is(mine?.verified, false)
  const wrong = await alice.run(['verify', 'bob', '--confirm', '0'.repeat(60)])
  assert.is(wrong.code, 3, wrong.stderr)
  await succeed(alice, ['verify', 'bob', '--confirm', mine?.safetyNumber ?? ''])
  assert.is((await verification(alice, 'bob'))?.verified, true)
  assert.is((await verification(bob, 'alice'))?.verified, false)
})

test('`/verify` shows the same number and a QR code; who was verified is marked', async () => {
  const [mine] = [await verification(alice, 'bob')]
  const terminal = await chat(bob, second)
  submit(terminal, '/verify alice')
  await terminal.waitForText('Safety number with alice')
  const shown = (await terminal.waitForText('not verified')).join('\n')
  for (const group of mine?.safetyNumber.split(' ') ?? []) assert.match(shown, group)
  // The tops of a code's two upper finders.
  assert.match(shown, /█▀▀▀▀▀█.*█▀▀▀▀▀█/)
  const looks = terminal
    .cells()
    .flat()
    .filter(({ text }) => '▀▄█'.includes(text))
  assert.ok(looks.length > 200)
  assert.is(new Set(looks.map(({ color, background }) => `${color} on ${background}`)).size, 1)
  terminal.type('v')
  await terminal.waitForText('✓ verified')
  terminal.key('escape')
  const rows = await terminal.waitForScreen(screen => !screen.join().includes('Safety number'), 'the chat')
  assert.match(rows[0] ?? '', 'alice ✓ verified')
  terminal.key('ctrl-q')
  await terminal.ended
  assert.is((await verification(bob, 'alice'))?.verified, true)
})

test('of somebody blocked nothing comes, until they are let in again', async () => {
  await succeed(bob, ['block', 'alice'])
  await succeed(alice, ['send', 'bob', 'not wanted'])
  assert.equal(received(await succeed(bob, ['recv', '--json'])), [])
  assert.is((await bob.run(['send', 'alice', 'x'])).code, 3)
  await succeed(bob, ['unblock', 'alice'])
  await succeed(alice, ['send', 'bob', 'wanted'])
  assert.equal(
    (await read(bob)).map(({ text }) => text),
    ['wanted'],
  )
})

test('a changed account key stops sending, and leaves a line, until it is accepted', async () => {
  // bob's name with another key: what a host could do who wants to read along.
  const db = world.client.db()
  await db.collection<{ _id: string }>('users').deleteOne({ _id: 'bob' })
  await db.collection('devices').deleteMany({ userId: 'bob' })
  const other = world.person('bob', { servers: [second], runtime: otherRuntime() })
  await succeed(other, ['signup', 'bob'])
  const refused = await alice.run(['send', 'bob', 'for the true bob only', '--timeout', '20'])
  assert.is(refused.code, 3, refused.stderr)
  assert.match(refused.stderr, /account key/)
  assert.is((await verification(alice, 'bob'))?.keyChanged, true)
  assert.equal(received(await succeed(other, ['recv', '--json'])), [])
  const terminal = await chat(alice, first)
  await terminal.waitForText("bob's key has changed: this may be somebody else.")
  await terminal.waitForText('bob key changed')
  submit(terminal, 'to whom does this go')
  await terminal.waitForText('to write again')
  assert.equal(received(await succeed(other, ['recv', '--json'])), [])
  const unsure = await alice.run(['trust', 'bob'])
  assert.is(unsure.code, 2, unsure.stderr)
  terminal.key('ctrl-u')
  submit(terminal, '/trust')
  await terminal.waitForText('Accept the new key of bob?')
  terminal.type('y')
  await terminal.waitForText('You have accepted the new key of bob.')
  assert.not.match(terminal.screen().join('\n'), '✓ verified')
  terminal.key('ctrl-q')
  await terminal.ended
  const after = await verification(alice, 'bob')
  assert.equal([after?.keyChanged, after?.verified], [false, false])
  await succeed(alice, ['send', 'bob', 'to the new one', '--timeout', '30'])
  assert.equal(
    (await read(other)).map(({ text }) => text),
    ['to the new one'],
  )
})

test.run()
