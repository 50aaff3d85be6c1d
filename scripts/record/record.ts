/**
 * `npm run record`: makes the README's pictures anew, from the real program in a pseudo-terminal: a server, two people,
 * what they write. So a picture cannot show what the program does not do.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toSvg } from '../e2e/picture.ts'
import { openTerminal, type TestTerminal } from '../e2e/terminal.ts'
import { createWorld, type Host, type Person, type World } from '../e2e/world.ts'
import { currentRuntime, spawnArgs } from '../runtimes.ts'

const EXECUTABLE = fileURLToPath(new URL('../fastchat.ts', import.meta.url))
const CHAT = fileURLToPath(new URL('chat.svg', import.meta.url))

const world = await createWorld()
try {
  await recordChat(world)
} finally {
  await world.close()
}

async function recordChat(world: World): Promise<void> {
  const host = await world.serve()
  const [alice, bob, carol] = ['alice', 'bob', 'carol'].map(name => world.person(name, { servers: [host] }))
  if (!alice || !bob || !carol) return
  for (const person of [alice, bob, carol]) await must(person, ['signup', person.userId])
  const terminal = chat(alice, host)
  await terminal.waitForText('No conversations yet')
  await must(carol, ['send', 'alice', 'the key is under the red dashes'])
  await terminal.waitForText('carol')
  await write(terminal, '/msg bob', /message bob/)
  await write(terminal, 'are we on for saturday?', /saturday\? ✓/)
  await must(bob, ['recv'])
  await must(bob, ['send', 'alice', 'yes! crag at nine, I bring the rope 🧗'])
  await terminal.waitForText('the rope')
  await write(terminal, '日本 next year, then?', /next year, then\? ✓/)
  await must(bob, ['recv'])
  await terminal.waitForText(/next year, then\? ✓✓/)
  mkdirSync(dirname(CHAT), { recursive: true })
  writeFileSync(CHAT, toSvg(terminal.cells(), terminal.cursor()))
  console.log(terminal.screen().join('\n'))
  await terminal.close()
}

function chat(person: Person, host: Host): TestTerminal {
  return openTerminal({
    ...spawnArgs(currentRuntime(), EXECUTABLE, ['chat']),
    env: {
      FASTCHAT_HOME: person.home,
      FASTCHAT_SERVERS: host.url,
      MONGODB_URI: undefined,
      COLORTERM: 'truecolor',
      NO_COLOR: undefined,
    },
    cols: 88,
    rows: 20,
  })
}

async function write(terminal: TestTerminal, text: string, then: RegExp): Promise<void> {
  terminal.type(text)
  terminal.key('enter')
  await terminal.waitForText(then)
}

async function must(person: Person, args: readonly string[]): Promise<void> {
  const { code, stderr } = await person.run(args)
  if (code !== 0) throw new Error(`Cannot record: fastchat ${args[0]} ended with ${code}: ${stderr}`)
}
