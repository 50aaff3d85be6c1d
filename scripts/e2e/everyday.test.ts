// Long because a day is: what people do most stands in one file, in its order.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { quartersPng } from '../../client/image/pictures.fixture.ts'
import { currentRuntime } from '../test/runtimes.ts'
import { waitFor } from '../test/wait-for.ts'
import { openChat } from './chat.ts'
import { type Robot, robotAt } from './robot.ts'
import type { TestTerminal } from './terminal.ts'
import {
  createTwoServers,
  type Host,
  otherRuntime,
  type Person,
  signUp,
  succeed,
  type World,
} from './world.ts'

/**
 * What people do every day, in their order of a day: alice and bob sit at two terminals, at two servers, on both runtimes.
 * Each test goes on where the one before has ended.
 */
const test = suite('every day')

let world: World
let first: Host
let second: Host
let carol: Person
let alice: Robot
let bob: Robot
let saved: string
let editor: string
const people: Record<string, Person> = {}
const terminals: TestTerminal[] = []

test.before(async () => {
  ;({ world, first, second } = await createTwoServers())
  people.alice = world.person('alice', { servers: [first], runtime: currentRuntime() })
  people.bob = world.person('bob', { servers: [second], runtime: otherRuntime() })
  carol = world.person('carol', { servers: [second], runtime: currentRuntime() })
  await signUp(carol)
  editor = join(world.folder, 'editor.sh')
  alice = sit('alice', first)
  bob = sit('bob', second)
  saved = join(world.folder, 'saved')
  mkdirSync(saved)
  writeFileSync(join(world.folder, 'crag.png'), quartersPng())
  writeFileSync(editor, '#!/bin/sh\nprintf "what is\\nlonger" >> "$1"\n', { mode: 0o700 })
})

test.after(async () => {
  for (const terminal of terminals) await terminal.close()
  await world?.close()
})

function sit(name: string, server: Host): Robot {
  const terminal = openChat(people[name] as Person, { server, cols: 100, rows: 30, env: { VISUAL: editor } })
  terminals.push(terminal)
  return robotAt(terminal)
}

async function signsUp(robot: Robot, name: string): Promise<void> {
  await robot.sees('Sign up')
  robot.presses('enter')
  await robot.sees('Again')
  robot.types(name)
  robot.presses('tab')
  robot.types(people[name]?.password ?? '')
  robot.presses('tab')
  robot.types(people[name]?.password ?? '')
  robot.presses('enter')
  await robot.keepsCode()
  await robot.sees('No conversations yet')
}

test('1. two people sign up', async () => {
  await Promise.all([signsUp(alice, 'alice'), signsUp(bob, 'bob')])
})

test('2. alice writes to bob, whom she never wrote to', async () => {
  alice.says('/msg bob are you the bob from the crag?')
  await alice.isIn('bob')
  await alice.sees(/you {2,}are you the bob from the crag\? ✓✓/)
})

test('3. bob finds a request, and takes it in by answering', async () => {
  await bob.sees('Requests')
  bob.presses('ctrl-n')
  await bob.isIn('alice request')
  await bob.sees('are you the bob from the crag?')
  bob.says('I am, hello alice')
  await bob.seesNo('Requests')
  await alice.sees(/bob {2,}I am, hello alice/)
})

test('4. alice sees that what she wrote was read', async () => {
  alice.says('shall we go on saturday')
  await bob.sees(/alice {2,}shall we go on saturday/)
  await alice.sees(/shall we go on saturday ✓✓ read/)
})

test('5. one sees the other one typing', async () => {
  bob.types('let me')
  await alice.sees('bob is typing')
  bob.presses('ctrl-u')
  await alice.seesNo('bob is typing')
})

test('each sees that the other one is there, while both want it', async () => {
  await alice.isIn(/bob.* online/)
  await alice.sees('▸● bob')
  await bob.isIn(/alice.* online/)
  bob.says('/presence off')
  await bob.isIn(/alice(?!.* online)/)
  await alice.isIn(/bob(?!.* online)/)
  await alice.sees('▸○ bob')
  bob.says('/presence on')
  await alice.isIn(/bob.* online/)
  await bob.isIn(/alice.* online/)
})

test('6. alice mends what she wrote last', async () => {
  alice.presses('up')
  await alice.sees(/> shall we go on saturday/)
  alice.says(', at nine?')
  await bob.sees(/shall we go on saturday, at nine\? \(edited\)/)
})

test('7. bob answers a message, and reacts to it', async () => {
  bob.selects()
  await bob.sees('r reply')
  bob.types('r')
  await bob.sees('reply…')
  bob.says('nine is good')
  await alice.sees(/┌ alice: shall we go on saturday, at nine\?|┌ you: shall we go on saturday, at nine\?/)
  await alice.sees('nine is good')
  bob.selects()
  bob.selects()
  await bob.sees('+ react')
  bob.types('+')
  await bob.sees('name of an emoji')
  bob.says('thumbs')
  await alice.sees('👍')
})

test('8. alice deletes a message for both', async () => {
  alice.says('this was for somebody else')
  await bob.sees('this was for somebody else')
  alice.selects()
  await alice.sees('d delete')
  alice.types('d')
  await alice.sees('y yes')
  alice.types('y')
  await bob.seesNo('this was for somebody else')
  await bob.sees('(deleted)')
})

test('9. alice sends a picture, and Tab finishes its path', async () => {
  alice.types(`/image ${join(world.folder, 'cra')}`)
  alice.presses('tab')
  await alice.sees('crag.png')
  alice.says(' the north side')
  await bob.sees('the north side')
  await bob.sees('▀▀▀▀')
})

test('10. bob saves it', async () => {
  bob.says(`/save ${saved}`)
  await waitFor(() => readdirSync(saved).includes('crag.png'), { what: 'the file', timeoutMs: 30_000 })
  await bob.sees('crag.png')
  assert.ok(readFileSync(join(saved, 'crag.png')).equals(quartersPng()))
})

test('11. alice makes a group, which asks the others', async () => {
  alice.says('/group create climbing Saturday climbing @bob @carol')
  await alice.isIn('# Saturday climbing (3)')
  alice.says('@bob, who brings the rope?')
  await bob.sees(/Saturday clim\S* +@ 1/)
  bob.presses('alt-a')
  await bob.isIn('# Saturday climbing')
  await bob.sees(/alice {2,}@bob, who brings the rope\?/)
})

test('12. bob writes in the group, and all have it', async () => {
  bob.says('I do')
  await alice.sees(/bob {2,}I do/)
  const printed = await succeed(carol, ['recv', '--count', '2', '--timeout', '60'])
  assert.match(printed, 'who brings the rope?')
  assert.match(printed, 'I do')
})

test('13. alice removes carol, as the admin that she is', async () => {
  alice.says('/admin')
  await alice.sees(/Saturday climbing · 3 members/)
  alice.presses('down', 'down')
  alice.types('r')
  await alice.sees('Remove carol')
  alice.types('y')
  await alice.sees(/Saturday climbing · 2 members/)
  await alice.sees('You removed carol')
  alice.presses('escape')
  await alice.seesNo('Esc closes')
  await bob.sees('alice removed carol')
})

test('14. alice goes back to bob by a few letters of his name', async () => {
  alice.presses('ctrl-k')
  await alice.sees('Switch to')
  alice.says('bo')
  await alice.isIn('bob')
})

test('15. several lines are one message; a paste is not sent by itself', async () => {
  alice.types('one')
  alice.presses('ctrl-j')
  alice.pastes('two\nthree')
  await alice.sees('three')
  alice.presses('enter')
  bob.says('/msg alice')
  await bob.isIn('alice')
  await bob.sees(/alice {2,}one\n.*two\n.*three/)
})

test('what is longer is written in an editor, and sent by Enter only', async () => {
  alice.types('first ')
  alice.presses('ctrl-e')
  await alice.sees(/> first what is\n +longer/)
  await bob.seesNo('first what is')
  alice.presses('enter')
  await bob.sees(/alice {2,}first what is\n.*longer/)
})

test('16. bob reads what is far above, and comes back', async () => {
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8]) alice.says(`line ${n} of a long story`)
  await bob.sees('line 8 of a long story')
  bob.presses('page-up')
  await bob.seesNo('line 8 of a long story')
  bob.presses('escape')
  await bob.sees('line 8 of a long story')
})

test('17. they compare the safety number', async () => {
  alice.says('/verify')
  await alice.sees('Safety number with bob')
  alice.types('v')
  await alice.sees('✓ verified')
  alice.presses('escape')
  await alice.seesNo('Safety number')
  await alice.isIn('bob ✓ verified')
})

test('18. messages that disappear', async () => {
  alice.says('/timer 1h')
  await alice.isIn('⏲')
  await bob.isIn('⏲')
  alice.says('/timer off')
  await bob.isIn(/alice +(?!.*⏲)/)
})

test('19. the server of one goes away and comes back; nothing is lost', async () => {
  const { port } = new URL(second.url)
  await second.program.stop('SIGKILL')
  await bob.sees(/Offline|next try/)
  bob.says('written in between')
  await bob.sees('to send, kept')
  second = await world.serve({ runtime: currentRuntime(), args: ['--port', port] })
  await alice.sees(/bob {2,}written in between/)
  await bob.sees(/written in between ✓✓/)
})

test('bob looks at another window, and is told that alice has written', async () => {
  await bob.isCalled('fastchat alice')
  bob.looksAway()
  alice.says('nobody else may read this')
  await bob.isTold(']9;fastchat: a message from alice')
  await bob.isCalled('fastchat (1) alice')
  bob.says('/mute')
  await bob.sees('alice z')
  await bob.isCalled('fastchat alice')
  bob.presses('ctrl-k')
  bob.types('>unmute')
  bob.presses('enter')
  await bob.seesNo('alice z')
  bob.looksBack()
  await alice.sees(/nobody else may read this ✓✓ read/)
})

test('20. F1 says what else there is', async () => {
  alice.presses('f1')
  await alice.sees('Conversations')
  await alice.sees('Ctrl-K')
  alice.presses('escape')
  await alice.seesNo('Esc closes')
})

test('21. bob has enough, and blocks alice', async () => {
  bob.says('/block alice')
  await bob.isIn('blocked')
  await alice.isIn(/bob(?!.* online)/)
  alice.says('are you there?')
  await alice.sees('are you there? ✓')
  await bob.seesNo('are you there?')
  bob.says('/unblock alice')
  await bob.isIn(/alice(?!.*blocked).* online/)
})

test('22. both quit, and find all of it the next day', async () => {
  await bob.quits()
  await alice.isIn(/bob(?!.* online)/)
  await alice.quits()
  const again = sit('alice', first)
  await again.sees('line 8 of a long story')
  await again.isIn('bob ✓ verified')
  await again.quits()
})

test.run()
