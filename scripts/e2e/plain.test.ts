import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openChat } from './chat.ts'
import type { Program } from './program.ts'
import type { TestTerminal } from './terminal.ts'
import { createWorld, type Host, type Person, type World } from './world.ts'

/** `fastchat chat --plain`: lines in, lines out, by the real program. */
const test = suite('the chat in lines')

/** What is not a letter, apart from the line breaks that a terminal writes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
const CONTROLS = /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]/
/** What the test's own shell notes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const NOTES = /\x1b\]7777;[^\x07]*\x07/g

let world: World
let host: Host
let alice: Person
let bob: Person
const terminals: TestTerminal[] = []

test.before(async () => {
  world = await createWorld()
  host = await world.serve()
  alice = world.person('alice', { servers: [host] })
  bob = world.person('bob', { servers: [host] })
})

test.after(async () => {
  for (const terminal of terminals) await terminal.close()
  await world?.close()
})

const plain = (person: Person): Program => person.start(['chat', '--plain'], { isInputOpen: true })

test('two people sign up, talk, react and make a group, and end it well', async () => {
  const at = { alice: plain(alice), bob: plain(bob) }
  for (const who of ['alice', 'bob'] as const) {
    at[who].type('new')
    at[who].type(who)
    await at[who].waitForOutput(new RegExp(`You are ${who}\\.`))
    await at[who].waitForOutput(/Online at ws:/)
  }
  at.alice.type('/msg bob hello there')
  await at.alice.waitForOutput(/Now writing to bob\./)
  await at.bob.waitForOutput(/^! alice, a stranger, writes: \/msg alice shows it/m)
  assert.not.match(at.bob.stdout(), 'hello there')
  at.bob.type('/msg alice')
  await at.bob.waitForOutput(/^alice \d\d:\d\d: hello there$/m)
  at.bob.type('/accept')
  at.bob.type('hello yourself')
  await at.alice.waitForOutput(/^bob \d\d:\d\d: hello yourself$/m)
  await at.bob.waitForOutput(/^\* (delivered to|read by) alice: hello yourself$/m)
  at.alice.type('/list')
  await at.alice.waitForOutput(/^2\. bob \d\d:\d\d: hello yourself$/m)
  at.alice.type('/react 2 👍')
  await at.bob.waitForOutput(/^\* alice: 👍 from alice: hello yourself$/m)
  at.alice.type('/group create ops Operations @bob')
  await at.alice.waitForOutput(/Now writing to #ops/)
  await at.bob.waitForOutput(/#ops .*alice added you to this group/)
  at.alice.type('to all of you')
  await at.bob.waitForOutput(/^#ops alice \d\d:\d\d: to all of you$/m)
  at.alice.type('/quit')
  assert.is((await at.alice.ended).code, 0)
  at.bob.type('/msg alice sent before the end')
  at.bob.endInput()
  const ended = await at.bob.ended
  assert.is(ended.code, 0, ended.stderr)
  assert.match(ended.stdout, /^\* sent to alice: sent before the end$/m)
  assert.not.match(ended.stdout, CONTROLS)
  const later = await alice.run(['chat', '--plain'], { stdin: '' })
  assert.match(later.stdout, /^bob \d\d:\d\d: sent before the end$/m)
  assert.is(later.code, 0)
})

test('a signal ends it with its exit code', async () => {
  const program = plain(alice)
  await program.waitForOutput(/You are alice/)
  assert.is((await program.stop('SIGTERM')).code, 143)
})

test('on a terminal that is dumb it is so by itself, shows no password and moves nothing', async () => {
  const carol = world.person('carol', { servers: [host] })
  const terminal = openChat(carol, { server: host, env: { TERM: 'dumb' } })
  terminals.push(terminal)
  await terminal.waitForText(/This terminal cannot draw a screen/)
  terminal.send('new\r')
  await terminal.waitForText('A name for your account')
  terminal.send('carol\r')
  await terminal.waitForText('Password, not shown')
  terminal.send(`${carol.password}\r`)
  await terminal.waitForText('The same again')
  terminal.send(`${carol.password}x\x7f\r`)
  await terminal.waitForText('You are carol')
  terminal.send('/msg bob from a serial line\r')
  await terminal.waitForText('sent to bob: from a serial line')
  assert.not.match(terminal.output(), carol.password)
  terminal.send('\x04')
  assert.is((await terminal.ended).exitCode, 0)
  assert.not.match(terminal.output().replace(NOTES, ''), CONTROLS)
  assert.equal(terminal.leftovers(), [])
})

test('whatever ends it while a password is asked for, the terminal echoes again', async () => {
  for (const [end, exitCode] of [
    [(at: TestTerminal) => at.key('ctrl-c'), 130],
    [(at: TestTerminal) => at.kill('SIGTERM'), 143],
  ] as const) {
    const terminal = openChat(world.person('dora', { servers: [host] }), {
      server: host,
      env: { TERM: 'dumb', LC_ALL: 'C' },
    })
    terminals.push(terminal)
    await terminal.waitForText('No account on this machine')
    terminal.send('login\rdora\r')
    await terminal.waitForText('Password, not shown')
    end(terminal)
    assert.is((await terminal.ended).exitCode, exitCode)
    assert.equal(terminal.leftovers(), [])
  }
})

test.run()
