import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Chat } from '../../client/chat.ts'
import { createWorld, type DemoWorld } from '../demo/people.ts'
import { openTerminal, type TestTerminal } from '../e2e/terminal.ts'
import { currentRuntime, spawnArgs } from '../runtimes.ts'

const EXECUTABLE = fileURLToPath(new URL('../fastchat.ts', import.meta.url))
/** No picture has it, so that the program draws each anew. */
const SIZE = { cols: 100, rows: 30 }

/** What the pictures show. */
export const scenes = ['start', 'chat', 'switcher', 'search', 'safety-number', 'members', 'help'] as const
export type Scene = (typeof scenes)[number]

export type Capture = (scene: Scene, terminal: TestTerminal) => Promise<void>

/**
 * Brings the real program into each scene, in a pseudo-terminal: a server, three people, what they write. So a picture cannot
 * show what the program does not do.
 *
 * @param take is called in each scene; the terminal may be resized meanwhile
 */
export async function playScenes(take: Capture): Promise<void> {
  const capture: Capture = async (scene, terminal) => {
    await take(scene, terminal)
    terminal.resize(SIZE)
  }
  const world = await createWorld({ signal: new AbortController().signal })
  const terminals: TestTerminal[] = []
  const open = (home: string) => {
    const terminal = chatIn(home, world)
    terminals.push(terminal)
    return terminal
  }
  try {
    const carol = await world.join('carol')
    await playStart(open(join(world.aliceHome, '..', 'nobody')), capture)
    await playChat(open(world.aliceHome), { ...world, carol }, capture)
  } finally {
    for (const terminal of terminals) await terminal.close()
    await world.close()
  }
}

async function playStart(terminal: TestTerminal, capture: Capture): Promise<void> {
  await terminal.waitForText('Sign up')
  terminal.key('enter')
  await terminal.waitForText('Again')
  terminal.type('alice')
  terminal.key('tab')
  terminal.type('under the red dashes')
  await terminal.waitForText('•'.repeat(20))
  await capture('start', terminal)
  terminal.key('ctrl-q')
  await terminal.ended
}

async function playChat(
  terminal: TestTerminal,
  { bob, carol, picture }: DemoWorld & { carol: Chat },
  capture: Capture,
): Promise<void> {
  await terminal.waitForText('●')
  await enter(terminal, '/msg carol', 'message carol')
  await enter(terminal, 'did you find the key?', /the key\? ✓✓/)
  await enter(terminal, '/group create climbing Climbing @bob @carol', 'Climbing (3)')
  await enter(terminal, 'a weekend at the lake?', /the lake\? ✓✓/)
  await enter(terminal, '/msg bob', 'message bob')
  await enter(terminal, 'are we on for saturday?', /saturday\? ✓✓/)
  await bob.sendFile({ to: 'alice', path: picture, as: 'image', caption: 'yes! there, at nine' })
  await terminal.waitForText('▀▀▀▀')
  await enter(terminal, 'I bring the tea', /the tea ✓✓/)
  const tea = await newest(bob)
  await bob.send({ to: 'alice', text: 'and I the rope 🧗', ...(tea && { replyTo: tea }) })
  await terminal.waitForText('the rope')
  if (tea) await bob.react({ id: tea, emoji: '🍵' })
  await terminal.waitForText('🍵')
  await enter(terminal, '日本 next year, then?', /next year, then\? ✓✓/)
  await carol.send({ to: '#climbing', text: 'count me in' })
  await terminal.waitForText(/1 unread/)
  await carol.send({ to: 'alice', text: 'it was under the red dashes' })
  await terminal.waitForText(/2 unread/)
  await capture('chat', terminal)

  terminal.key('ctrl-k')
  terminal.type('c')
  await terminal.waitForText('> c')
  await capture('switcher', terminal)
  await leave(terminal, 'Switch to')

  terminal.key('ctrl-f')
  terminal.key('ctrl-f')
  await terminal.waitForText('Search everywhere')
  terminal.type('the')
  await terminal.waitForText(/> the[\s\S]*weekend/)
  await capture('search', terminal)
  await leave(terminal, 'Search everywhere')
  await leave(terminal, 'Find:')

  await enter(terminal, '/verify', 'Safety number with bob')
  await capture('safety-number', terminal)
  await leave(terminal, 'Safety number')
  await enter(terminal, '/admin climbing', 'Esc closes')
  await capture('members', terminal)
  await leave(terminal, 'Esc closes')
  terminal.key('f1')
  await terminal.waitForText('Conversations')
  await capture('help', terminal)
}

/** Waits until what it closes is gone: with the next key it would be another one. */
async function leave(terminal: TestTerminal, title: string): Promise<void> {
  terminal.key('escape')
  await terminal.waitForScreen(rows => !rows.join().includes(title), `no ${title}`)
}

function chatIn(home: string, { url }: DemoWorld): TestTerminal {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  return openTerminal({
    ...spawnArgs(currentRuntime(), EXECUTABLE, ['chat']),
    env: {
      FASTCHAT_HOME: home,
      FASTCHAT_SERVERS: url,
      FASTCHAT_PASSWORD: undefined,
      MONGODB_URI: undefined,
      TZ: 'UTC',
    },
    ...SIZE,
  })
}

async function enter(terminal: TestTerminal, line: string, then: string | RegExp): Promise<void> {
  terminal.type(line)
  terminal.key('enter')
  await terminal.waitForText(then)
}

/** The last message of the conversation with alice. */
async function newest(chat: Chat) {
  const { id } = await chat.open({ with: 'alice' })
  const [item] = await chat.history({ conversation: id, limit: 1 })
  return item?.kind === 'message' ? item.id : undefined
}
