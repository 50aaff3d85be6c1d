import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime } from '../test/runtimes.ts'
import { waitFor } from '../test/wait-for.ts'
import { createTwoServers, type Host, otherRuntime, type Person, received, type World } from './world.ts'

/**
 * Two people on two servers over one database, all of them real processes. The first server and bob run on the runtime
 * that this test does not run on, the second server and alice on the one that it does: run on both, every pairing of
 * client and server is covered.
 */
const test = suite('two people on two servers')

let world: World
let first: Host
let second: Host
let alice: Person
let bob: Person

test.before(async () => {
  ;({ world, first, second } = await createTwoServers())
  alice = world.person('alice', { servers: [first], runtime: currentRuntime() })
  bob = world.person('bob', { servers: [second], runtime: otherRuntime() })
})

test.after(() => world.close())

test('`signup` makes accounts through either server, and refuses a taken name with exit code 3', async () => {
  for (const person of [alice, bob]) {
    const done = await person.run(['signup', person.userId])
    assert.is(done.code, 0, done.stderr)
  }
  const elsewhere = world.person('bob', { servers: [first] })
  const taken = await elsewhere.run(['signup', 'Bob'])
  assert.is(taken.code, 3)
  assert.match(taken.stderr, /bob/)
})

test('`send --wait delivered` reaches a friend who is online on the other server', async () => {
  const listening = bob.start(['recv', '--json', '--follow'])
  const sent = await alice.run(['send', 'bob', 'hi bob', '--wait', 'delivered'])
  assert.is(sent.code, 0, sent.stderr)
  await listening.waitForOutput(/hi bob.*\n/)
  const [line] = received(listening.stdout())
  assert.is(line?.from, 'alice')
  assert.is(line?.text, 'hi bob')
  assert.ok(Date.parse(line?.sentAt ?? '') > 0 && Date.parse(line?.receivedAt ?? '') > 0)

  // The same account answers from a second process while the first one listens.
  const answered = await bob.run(['send', 'alice', '-'], { stdin: 'hi alice\nüber 😀' })
  assert.is(answered.code, 0, answered.stderr)
  await listening.stop('SIGTERM')
  const got = await alice.run(['recv', '--json', '--count', '1', '--timeout', '30'])
  assert.is(got.code, 0, got.stderr)
  assert.equal(
    received(got.stdout).map(({ from, text }) => ({ from, text })),
    [{ from: 'bob', text: 'hi alice\nüber 😀' }],
  )
})

test('`send` to a friend who is away is stored, delivered when they come, then gone from the database', async () => {
  const undelivered = world.client.db().collection('undelivered')
  // What alice's device said of bob's message (a receipt) waits for him too.
  const before = await undelivered.countDocuments({ receiverId: 'bob' })
  const texts = ['one', 'two', 'three'].map(word => `while you were away: ${word}`)
  for (const text of texts) assert.is((await alice.run(['send', 'bob', text])).code, 0)
  assert.ok((await undelivered.countDocuments({ receiverId: 'bob' })) >= before + texts.length)

  const late = await alice.run(['send', 'bob', 'are you there?', '--wait', 'delivered', '--timeout', '1'])
  assert.is(late.code, 5, late.stderr)

  const got = await bob.run(['recv', '--json'])
  assert.is(got.code, 0, got.stderr)
  assert.equal(
    received(got.stdout).map(line => line.text),
    [...texts, 'are you there?'],
  )
  await waitFor(async () => (await undelivered.countDocuments({ receiverId: 'bob' })) === 0, {
    what: 'the database to forget what bob has',
  })
  const again = await bob.run(['recv', '--json'])
  assert.is(again.code, 0)
  assert.is(again.stdout, '')
})

test('`login` on another machine brings the account there: both devices get what comes, and what is sent', async () => {
  const elsewhere = world.person('bob', { servers: [first], password: bob.password })
  const wrong = await elsewhere.run(['login', 'bob'], { env: { FASTCHAT_PASSWORD: 'not the password' } })
  assert.is(wrong.code, 3)
  const done = await elsewhere.run(['login', 'bob'])
  assert.is(done.code, 0, done.stderr)

  assert.is((await alice.run(['send', 'bob', 'to both of you'])).code, 0)
  for (const device of [bob, elsewhere]) {
    const got = await device.run(['recv', '--json', '--count', '1', '--timeout', '30'])
    assert.equal(
      received(got.stdout).map(line => line.text),
      ['to both of you'],
      got.stderr,
    )
  }
})

test('`logout` closes an account on this machine, `login` opens it again with the same device', async () => {
  const { deviceCount } = await countDevices('bob')
  assert.is((await bob.run(['logout'])).code, 0)
  const refused = await bob.run(['send', 'alice', 'never'])
  assert.is(refused.code, 3, refused.stderr)
  const opened = await bob.run(['login', 'bob'])
  assert.is(opened.code, 0, opened.stderr)
  assert.is((await countDevices('bob')).deviceCount, deviceCount)
  const sent = await bob.run(['send', 'alice', 'back again'])
  assert.is(sent.code, 0, sent.stderr)
  const got = await alice.run(['recv', '--json', '--count', '1', '--timeout', '30'])
  assert.equal(
    received(got.stdout).map(line => line.text),
    ['back again'],
  )
})

test('`send` says who refused and why: nobody of that name is 3, no server is 4, a wrong call is 2', async () => {
  const nobody = await alice.run(['send', 'nobody-here', 'hello'])
  assert.is(nobody.code, 3)
  assert.match(nobody.stderr, /nobody-here/)
  const alone = await alice.run(['send', 'bob', 'hello', '--timeout', '2', '--server', 'ws://127.0.0.1:1'], {
    env: { FASTCHAT_SERVERS: undefined },
  })
  assert.is(alone.code, 4, alone.stderr)
  assert.is((await alice.run(['send', 'bob'])).code, 2)
  assert.is((await alice.run(['send', 'bob', 'x', '--password', 'secret'])).code, 2)
})

async function countDevices(userId: string): Promise<{ deviceCount: number }> {
  return { deviceCount: await world.client.db().collection('devices').countDocuments({ userId }) }
}

test.run()
