import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime } from '../test/runtimes.ts'
import { openChat } from './chat.ts'
import { mutate } from './faults/mutated.ts'
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

/** What becomes of a message after it was written: alice writes by commands, bob looks at the screen, on two servers. */
const test = suite('changes of messages')

let world: World
let first: Host
let second: Host
let alice: Person
let bob: Person
let terminal: TestTerminal

test.before(async () => {
  ;({ world, first, second } = await createTwoServers())
  alice = world.person('alice', { servers: [first], runtime: otherRuntime() })
  bob = world.person('bob', { servers: [second], runtime: currentRuntime() })
  await signUp(alice, bob)
  await succeed(bob, ['send', 'alice', 'hello alice'])
  await succeed(alice, ['recv'])
  terminal = openChat(bob, { server: second, cols: 100, rows: 30 })
  await terminal.waitForText('hello alice')
  await terminal.waitForText('●')
})

test.after(async () => {
  await terminal?.close()
  await world?.close()
})

interface Sent {
  id: string
  state: string
}

async function say(text: string, ...more: string[]): Promise<string> {
  const [sent] = jsonLines<Sent>(await succeed(alice, ['send', 'bob', text, '--json', ...more]))
  return sent?.id ?? ''
}

test('a reply shows what it answers', async () => {
  const id = await say('shall we climb on saturday')
  await terminal.waitForText('shall we climb on saturday')
  await say('or on sunday', '--reply', id)
  await terminal.waitForText(/alice: shall we climb on saturday[\s\S]*or on sunday/)
})

test('an edited message shows its last text, and says that it was edited', async () => {
  const id = await say('at nine')
  await terminal.waitForText('at nine')
  await succeed(alice, ['edit', id, 'at ten'])
  await terminal.waitForText(/at ten \(edited\)/)
  assert.not.match(terminal.screen().join('\n'), 'at nine')
})

test('a reaction shows below the message, and is gone when it is taken back', async () => {
  const id = await say('bring a rope')
  await terminal.waitForText('bring a rope')
  await succeed(alice, ['react', id, '👍'])
  await terminal.waitForText('👍')
  await succeed(alice, ['react', id, '--remove'])
  await terminal.waitForScreen(screen => !screen.join().includes('👍'), 'the reaction to be gone')
})

test('a deleted message is gone everywhere, also where it was quoted; only its author deletes it', async () => {
  const id = await say('forget this')
  await terminal.waitForText('forget this')
  await say('quoting it', '--reply', id)
  await terminal.waitForText('quoting it')
  await succeed(alice, ['delete', id])
  await terminal.waitForScreen(screen => !screen.join().includes('forget this'), 'the message to be gone')
  await terminal.waitForText(/deleted/)
  await terminal.waitForText('quoting it')
  const kept = await say('this one stays')
  await terminal.waitForText('this one stays')
  assert.is((await bob.run(['delete', kept])).code, 3)
})

test('Ctrl-F finds in the conversation, twice in all of them; `search` and `export` by the same session', async () => {
  terminal.key('ctrl-f')
  await terminal.waitForText('in this conversation')
  terminal.type('SUNDAY')
  await terminal.waitForText(/Find: SUNDAY +1 of 1/)
  await terminal.waitForText(/▌.*or on sunday/)
  // A picture of the word: black on yellow, whatever the depth.
  const word = terminal
    .cells()
    .flatMap(row => row.map((cell, x) => ({ row, x, cell })))
    .find(
      ({ row, x }) =>
        row
          .slice(x, x + 6)
          .map(({ text }) => text)
          .join('') === 'sunday',
    )
  assert.is(word?.cell.background, 3)
  terminal.key('ctrl-u')
  terminal.type('forget')
  await terminal.waitForText('nothing found')
  terminal.key('ctrl-u')
  terminal.type('climb')
  await terminal.waitForText(/Find: climb +1 of 1/)
  terminal.key('ctrl-f')
  await terminal.waitForText('Search everywhere')
  await terminal.waitForText(/shall we climb on saturday[\s\S]*Esc closes/)
  terminal.key('enter')
  await terminal.waitForText(/▌.*shall we climb on saturday/)
  terminal.key('escape')
  await terminal.waitForText('message alice')
  const found = jsonLines<{ text: string; with: string }>(
    await succeed(bob, ['search', 'rope', 'bring', '--in', 'alice', '--json']),
  )
  assert.equal(
    found.map(line => [line.text, line.with]),
    [['bring a rope', 'alice']],
  )
  const path = join(bob.home, 'export.txt')
  await succeed(bob, ['export', 'alice', '--output', path])
  assert.is(statSync(path).mode & 0o777, 0o600)
  const exported = readFileSync(path, 'utf8')
  assert.match(exported, / bob: hello alice\n/)
  assert.match(exported, /at ten \(edited\)/)
  assert.not.match(exported, 'forget this')
  assert.is((await bob.run(['export', '--output', path])).code, 2)
})

test('a message that was edited before it was read is read as it is now', async () => {
  const carol = world.person('carol', { servers: [second], runtime: otherRuntime() })
  await succeed(carol, ['signup', 'carol'])
  const [sent] = jsonLines<Sent>(await succeed(alice, ['send', 'carol', 'first thought', '--json']))
  const [gone] = jsonLines<Sent>(await succeed(alice, ['send', 'carol', 'never mind', '--json']))
  await succeed(alice, ['edit', sent?.id ?? '', 'second thought'])
  await succeed(alice, ['delete', gone?.id ?? ''])
  const lines = received(await succeed(carol, ['recv', '--json', '--timeout', '30']))
  assert.equal(
    lines.map(({ text, edited, deleted }) => [text, edited, deleted]),
    [
      ['second thought', true, undefined],
      [null, undefined, true],
    ],
  )
  const foreign = await carol.run(['edit', sent?.id ?? '', 'mine now'])
  assert.is(foreign.code, 3)
})

test('what was read is told, inside the encryption', async () => {
  await say('did you see this')
  await terminal.waitForText('did you see this')
  const other = openChat(alice, { server: first })
  try {
    await other.waitForText('message bob')
    await other.waitForText(/did you see this.*✓✓ read/)
  } finally {
    await other.close()
  }
  const types = await world.client.db().collection('undelivered').distinct('kind')
  assert.not.ok(types.includes('receipt'))
})

test('what a newer client writes is shown as not supported yet', async () => {
  // A client of which the messages are of a type that this one does not know.
  const { folder, remove } = mutate({
    file: 'client/session/lane.ts',
    from: 'content: item.content',
    to: "content: { type: 'poll', question: 'where to' } as never",
  })
  try {
    await succeed(alice, ['send', 'bob', 'x', '--wait', 'delivered', '--timeout', '60'], {
      script: join(folder, 'scripts/fastchat.ts'),
    })
  } finally {
    remove()
  }
  await terminal.waitForText('(poll: not supported yet by this version)')
  assert.not.match(terminal.screen().join('\n'), 'where to')
  await say('now a text again')
  await terminal.waitForText('now a text again')
})

test('typing shows at the other one while it goes on', async () => {
  const other = openChat(alice, { server: first })
  try {
    await other.waitForText('●')
    await other.waitForText(/message (bob|carol)/)
    other.type('/msg bob looking at the screen now')
    other.key('enter')
    await terminal.waitForText('looking at the screen now')
    await other.waitForText('message bob')
    other.type('something long')
    await terminal.waitForText(/alice is typing/)
    other.key('ctrl-u')
    await terminal.waitForScreen(screen => !screen.join().includes('is typing'), 'typing to be over')
  } finally {
    await other.close()
  }
})

test('messages that disappear are gone from both sides, and from the server', async () => {
  await succeed(alice, ['timer', 'bob', '5s'])
  await terminal.waitForText(/disappear/)
  const id = await say('this will not stay')
  await terminal.waitForText('this will not stay')
  await terminal.waitForScreen(
    screen => !screen.join().includes('this will not stay'),
    'it to disappear',
    30_000,
  )
  await succeed(alice, ['timer', 'bob', 'off'])
  assert.is((await alice.run(['react', id, '👍'])).code, 3)
  const undelivered = world.client.db().collection<{ _id: string }>('undelivered')
  assert.is(await undelivered.countDocuments({ _id: id }), 0)
})

test.run()
