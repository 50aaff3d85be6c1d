import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime } from '../test/runtimes.ts'
import { waitFor } from '../test/wait-for.ts'
import { openChat } from './chat.ts'
import { mutate } from './faults/mutated.ts'
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

/** A group of real processes on two servers and both runtimes. */
const test = suite('a group')

interface Members {
  group: string
  title?: string
  role: string
  epoch: number
  members: { user: string; isAdmin: boolean }[]
}

let world: World
let first: Host
let second: Host
let alice: Person
let bob: Person
let carol: Person
let dave: Person

test.before(async () => {
  ;({ world, first, second } = await createTwoServers())
  alice = world.person('alice', { servers: [first], runtime: currentRuntime() })
  bob = world.person('bob', { servers: [second], runtime: otherRuntime() })
  carol = world.person('carol', { servers: [first], runtime: currentRuntime() })
  dave = world.person('dave', { servers: [second], runtime: currentRuntime() })
  await signUp(alice, bob, carol, dave)
})

test.after(() => world.close())

async function membersOf(person: Person): Promise<Members> {
  const [info] = jsonLines<Members>(await succeed(person, ['group', 'members', 'ops', '--json']))
  assert.ok(info)
  return info as Members
}

/** What a person has not read yet. */
async function read(person: Person, count: number): Promise<string[]> {
  const done = await person.run(['recv', '--json', '--count', String(count), '--timeout', '60'])
  return received(done.stdout).map(({ from, text }) => `${from}: ${text}`)
}

async function readAll(person: Person): Promise<string[]> {
  return received(await succeed(person, ['recv', '--json'])).map(({ from, text }) => `${from}: ${text}`)
}

test('`group create` makes one with members and a title, which no server can read', async () => {
  await succeed(alice, ['group', 'create', 'ops', 'bob', 'carol', '--title', 'Secret operations'])
  const info = await membersOf(alice)
  assert.equal(
    info.members.map(({ user, isAdmin }) => [user, isAdmin]),
    [
      ['alice', true],
      ['bob', false],
      ['carol', false],
    ],
  )
  const db = world.client.db()
  assert.equal((await db.collection('groups').findOne())?.memberIds?.sort(), ['alice', 'bob', 'carol'])
  for (const { name } of await db.listCollections().toArray()) {
    const documents = JSON.stringify(await db.collection(name).find().toArray())
    assert.not.match(documents, 'Secret operations')
  }
  const taken = await dave.run(['group', 'create', 'ops'])
  assert.is(taken.code, 3)
  assert.match(taken.stderr, /taken|there is/)
})

test('what one writes comes to all others once, over two servers', async () => {
  await succeed(alice, ['send', '#ops', 'from alice', '--wait', 'stored'])
  assert.equal(await read(bob, 1), ['alice: from alice'])
  assert.is((await membersOf(bob)).title, 'Secret operations')
  await succeed(bob, ['send', '#ops', 'from bob'])
  assert.equal(await read(alice, 1), ['bob: from bob'])
  assert.equal(await read(carol, 2), ['alice: from alice', 'bob: from bob'])
  for (const person of [alice, bob, carol]) assert.equal(await readAll(person), [])
})

test('`--wait delivered` waits for all members', async () => {
  const following = [bob, carol].map(person => person.start(['recv', '--json', '--follow']))
  await succeed(alice, ['send', '#ops', 'to all of you', '--wait', 'delivered', '--timeout', '60'])
  for (const program of following) {
    await program.waitForOutput(/to all of you/)
    await program.stop('SIGTERM')
  }
})

test('a member who is not an admin changes nothing', async () => {
  for (const args of [
    ['group', 'add', 'ops', 'dave'],
    ['group', 'remove', 'ops', 'carol'],
    ['group', 'promote', 'ops', 'bob'],
    ['group', 'title', 'ops', 'mine now'],
  ]) {
    const done = await bob.run(args)
    assert.is(done.code, 3, args.join(' '))
    assert.match(done.stderr, /admin/)
  }
  // Nor with a client that does not refuse it by itself.
  const { folder, remove } = mutate({
    file: 'client/session/group-changes.ts',
    from: "if (op !== 'leave' && !isAdmin(state, identity.userId)) throw notAnAdmin(group)",
    to: '',
  })
  try {
    const script = join(folder, 'scripts/fastchat.ts')
    const refused = await bob.run(['group', 'remove', 'ops', 'carol'], { script })
    assert.is(refused.code, 3)
    assert.match(refused.stderr, 'whoever signed is not an admin')
  } finally {
    remove()
  }
  assert.is((await membersOf(alice)).members.length, 3)
  assert.is(await world.client.db().collection('rosterEvents').countDocuments({ group: 'ops' }), 1)
})

test('who is removed reads on no more; who is new reads nothing from before', async () => {
  await succeed(alice, ['group', 'remove', 'ops', 'carol'])
  await succeed(alice, ['group', 'add', 'ops', 'dave'])
  await succeed(alice, ['send', '#ops', 'without carol'])
  assert.equal(await read(dave, 1), ['alice: without carol'])
  assert.is((await membersOf(dave)).title, 'Secret operations')
  assert.equal(await readAll(carol), [])
  const refused = await carol.run(['send', '#ops', 'still here?'])
  assert.is(refused.code, 3, refused.stderr)
  assert.is((await membersOf(carol)).role, 'gone')
  const waiting = await world.client.db().collection('undelivered').find({ groupId: 'ops' }).toArray()
  const devices = await world.client.db().collection('devices').find({ userId: 'carol' }).toArray()
  const ids = devices.map(({ _id }) => String(_id))
  assert.not.ok(waiting.some(({ pending }) => (pending as string[]).some(device => ids.includes(device))))
})

test('two admins at once: one is first, the other one goes on from there', async () => {
  await succeed(alice, ['group', 'promote', 'ops', 'bob'])
  await readAll(bob)
  await waitFor(async () => (await membersOf(bob)).role === 'admin', {
    what: 'bob to be an admin',
    timeoutMs: 30_000,
  })
  const done = await Promise.all([
    alice.run(['group', 'add', 'ops', 'carol']),
    bob.run(['group', 'remove', 'ops', 'dave']),
  ])
  for (const { code, stderr } of done) assert.is(code, 0, stderr)
  await readAll(alice)
  await readAll(bob)
  for (const person of [alice, bob]) {
    assert.equal(
      (await membersOf(person)).members.map(({ user }) => user),
      ['alice', 'bob', 'carol'],
    )
  }
  const events = await world.client.db().collection('rosterEvents').find({ group: 'ops' }).toArray()
  assert.equal(
    events.map(({ epoch }) => Number(epoch)).sort((a, b) => a - b),
    events.map((_, index) => index),
  )
})

test('`/admin` shows the members; its keys add, promote and remove them', async () => {
  const terminal = openChat(alice, { server: first, cols: 80, rows: 24 })
  try {
    await terminal.waitForText('●')
    terminal.type('/admin ops')
    terminal.key('enter')
    await terminal.waitForText('Secret operations · 3 members')
    await terminal.waitForText(/alice admin you[\s\S]*bob admin[\s\S]*carol/)
    terminal.type('a')
    await terminal.waitForText('add whom?')
    terminal.type('dave')
    terminal.key('enter')
    await terminal.waitForText('Secret operations · 4 members')
    for (let row = 0; row < 3; row++) terminal.key('down')
    terminal.type('p')
    await terminal.waitForText('dave admin')
    terminal.type('r')
    await terminal.waitForText(/[Rr]emove dave/)
    terminal.type('y')
    await terminal.waitForText('Secret operations · 3 members')
    terminal.key('escape')
    await terminal.waitForText('You removed dave')
    await terminal.waitForScreen(screen => !screen.join().includes('a add'), 'the chat')
    terminal.key('ctrl-q')
    assert.is((await terminal.ended).exitCode, 0)
  } finally {
    await terminal.close()
  }
  assert.equal(
    (await membersOf(alice)).members.map(({ user }) => user),
    ['alice', 'bob', 'carol'],
  )
})

test('one leaves; the last admin cannot while others are there', async () => {
  await succeed(bob, ['group', 'leave', 'ops'])
  await readAll(alice)
  await waitFor(async () => (await membersOf(alice)).members.length === 2, {
    what: 'bob to be gone',
    timeoutMs: 30_000,
  })
  const stays = await alice.run(['group', 'leave', 'ops'])
  assert.is(stays.code, 3)
  assert.match(stays.stderr, /nobody would be left|admin/)
})

test.run()
