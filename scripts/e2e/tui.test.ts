// Long because each way in which the chat begins and ends is tried on one server.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime, spawnArgs } from '../runtimes.ts'
import { chatLine, openChat } from './chat.ts'
import { robotAt } from './robot.ts'
import { openTerminal, type TestTerminal } from './terminal.ts'
import { createWorld, type Host, type Person, received, type World } from './world.ts'

/** The terminal client as a person has it: the real program in a pseudo-terminal, its screen read by an emulator. */
const test = suite('the chat in a terminal')

const CRASH = fileURLToPath(new URL('tui-crash.fixture.ts', import.meta.url))
const LEAVE_SCREEN = '\x1b[?1049l'
/** Of the palette, as theme.ts has it for 256 colours. */
const RED = 1

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
  const made = await bob.run(['signup', 'bob'])
  assert.is(made.code, 0, made.stderr)
})

test.after(async () => {
  for (const terminal of terminals) await terminal.close()
  await world?.close()
})

function chat(person: Person, { cols = 80, rows = 24, env = {} } = {}): TestTerminal {
  const terminal = openChat(person, { server: host, env, cols, rows })
  terminals.push(terminal)
  return terminal
}

test('a person signs up, writes, is answered, sees both delivered, resizes and quits', async () => {
  const terminal = chat(alice)
  await terminal.waitForText('Sign up')
  terminal.key('enter')
  await terminal.waitForText('Again')
  terminal.type('alice')
  terminal.key('tab')
  terminal.type(alice.password)
  terminal.key('tab')
  terminal.type('something else')
  terminal.key('enter')
  const refused = await terminal.waitForText(/Again.*\bnot\b|Again.*differ|Again.*same/i)
  assert.not.match(refused.join('\n'), alice.password)
  assert.match(refused.join('\n'), '•••')
  terminal.key('ctrl-u')
  terminal.type(alice.password)
  terminal.key('enter')
  await robotAt(terminal).keepsCode()
  await terminal.waitForText('No conversations yet')

  terminal.type('/msg bob hello from a terminal')
  terminal.key('enter')
  await terminal.waitForText(/you {2}hello from a terminal/)
  const got = await bob.run(['recv', '--json', '--count', '1', '--timeout', '30'])
  assert.is(received(got.stdout)[0]?.text, 'hello from a terminal', got.stderr)
  await terminal.waitForText(/hello from a terminal ✓✓/)
  const answered = await bob.run(['send', 'alice', 'hello back 日本語 👍🏽', '--wait', 'delivered'])
  assert.is(answered.code, 0, answered.stderr)
  await terminal.waitForText(/bob {2}hello back 日本語/)

  const dashes = terminal
    .cells()
    .flat()
    .filter(cell => cell.text === '╌')
  assert.is(dashes.length, 160)
  assert.ok(dashes.every(cell => cell.color === RED))

  terminal.resize({ cols: 50, rows: 14 })
  await terminal.waitForScreen(
    screen => screen[1] === '╌'.repeat(50) && !screen.some(row => row.includes('┆')),
    'the screen without the list of conversations',
  )
  await terminal.waitForText(/bob {2}hello back/)
  terminal.key('ctrl-q')
  assert.equal(await terminal.ended, { exitCode: 0, signal: 0 })
  assert.equal(terminal.leftovers(), [])
})

test('a second start is logged in, shows what was said, and pastes without sending', async () => {
  const terminal = chat(alice)
  await terminal.waitForText(/bob {2}hello back/)
  terminal.paste('one\ntwo\nthree')
  await terminal.waitForText('three')
  assert.not.match(terminal.screen().join('\n'), /you {2}one/)
  terminal.key('ctrl-u')
  terminal.key('ctrl-q')
  assert.is((await terminal.ended).exitCode, 0)
  assert.equal(terminal.leftovers(), [])
})

test('the config file gives other keys and a lock, which only the password opens; what is wrong in it is said', async () => {
  const folder = join(alice.home, 'config', 'fastchat')
  await mkdir(folder, { recursive: true })
  const path = join(folder, 'config.toml')
  await writeFile(path, 'theme = "light"\nlock-after = "1h"\n\n[keys]\nhelp = "ctrl-o"\nquit = "f10"\n')
  const terminal = chat(alice)
  await terminal.waitForText(/bob {2}hello back/)
  await terminal.waitForText('Ctrl-O help')
  terminal.send('\x0f')
  await terminal.waitForText('Esc closes')
  terminal.key('escape')
  await terminal.waitForScreen(screen => !screen.some(row => row.includes('Esc closes')), 'no help')
  terminal.type('/lock')
  terminal.key('enter')
  await terminal.waitForText('Enter unlocks')
  assert.not.match(terminal.screen().join('\n'), /hello|bob/)
  terminal.type('a guess')
  terminal.key('enter')
  await terminal.waitForText('That is not the password.')
  terminal.type(alice.password)
  terminal.key('enter')
  await terminal.waitForText(/bob {2}hello back/)
  terminal.type('/theme contrast')
  terminal.key('enter')
  await terminal.waitForText('theme = "contrast" in config.toml keeps it.')
  terminal.send('\x1b[21~')
  assert.is((await terminal.ended).exitCode, 0)
  assert.equal(terminal.leftovers(), [])

  await writeFile(path, 'theme = "dark"\n[keys]\nquit = "ctrl-c"\n')
  const refused = chat(alice)
  await refused.waitForText(/line 3, keys.quit: "ctrl-c": Ctrl-C stays/)
  assert.is((await refused.ended).exitCode, 2)
  await rm(path)
})

test('what is written while the server is away is kept, shown as queued, and delivered when it is back', async () => {
  const terminal = chat(alice)
  await terminal.waitForText('message bob')
  await terminal.waitForText('●')
  const { port } = new URL(host.url)
  await host.program.stop()
  await terminal.waitForText(/Offline, next try in \d+ s/)
  terminal.type('written while away')
  terminal.key('enter')
  await terminal.waitForText(/written while away ·$/m)
  await terminal.waitForText('1 to send, kept')
  host = await world.serve({ args: ['--port', port] })
  await terminal.waitForText(/written while away ✓$/m, 60_000)
  await terminal.waitForText('●')
  terminal.key('ctrl-q')
  assert.is((await terminal.ended).exitCode, 0)
  assert.equal(terminal.leftovers(), [])
})

test('/logout asks for the password again, and the same messages are there afterwards', async () => {
  const terminal = chat(alice)
  await terminal.waitForText('message bob')
  terminal.type('/logout')
  terminal.key('enter')
  await terminal.waitForText('You have logged out')
  terminal.key('enter')
  await terminal.waitForText(/Log in[\s\S]*Password/)
  terminal.type('not the password')
  terminal.key('enter')
  await terminal.waitForText(/is wrong/)
  terminal.key('ctrl-u')
  terminal.type(alice.password)
  terminal.key('enter')
  await terminal.waitForText('written while away')
  terminal.key('ctrl-q')
  assert.is((await terminal.ended).exitCode, 0)
  assert.equal(terminal.leftovers(), [])
})

for (const [signal, exitCode] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGQUIT', 131],
] as const) {
  test(`${signal} ends it with ${exitCode} and leaves the terminal as it was found`, async () => {
    const terminal = chat(alice)
    await terminal.waitForText('message bob')
    await terminal.waitForText('●')
    assert.ok(terminal.modes().isAlternateScreen && terminal.modes().isBracketedPaste)
    terminal.kill(signal)
    assert.is((await terminal.ended).exitCode, exitCode)
    assert.equal(terminal.leftovers(), [])
  })
}

for (const how of ['throw', 'reject']) {
  test(`a crash (${how}) leaves the terminal as it was found, and reports no text of an error`, async () => {
    const terminal = openTerminal({ ...spawnArgs(currentRuntime(), CRASH, [how]), cols: 120 })
    terminals.push(terminal)
    await terminal.waitForText('Sign up')
    assert.is((await terminal.ended).exitCode, 1)
    assert.equal(terminal.leftovers(), [])
    assert.match(terminal.screen().join('\n'), /internal error, please report it\n(Type)?Error\n +at /)
    assert.not.match(terminal.output(), 'secret')
  })
}

test('Ctrl-Z gives the terminal back to the shell, and comes back with the same screen', async () => {
  const terminal = chat(world.person('sleepy', { servers: [host] }))
  const before = await terminal.waitForText('Sign up')
  const length = terminal.output().length
  terminal.key('ctrl-z')
  await terminal.waitForScreen(() => terminal.output().slice(length).includes(LEAVE_SCREEN), 'the shell')
  // Nobody can say `fg` here: the kernel does not stop a group without a shell above it. So it comes back by itself.
  await terminal.waitForScreen(
    screen => terminal.modes().isAlternateScreen && screen.join() === before.join(),
    'the same screen again',
  )
  terminal.key('ctrl-c')
  assert.is((await terminal.ended).exitCode, 0)
  assert.equal(terminal.leftovers(), [])
})

test('stopped from outside it gives the terminal back, and draws its screen again when it goes on', async () => {
  const { command, args, env } = chatLine(world.person('stopped', { servers: [host] }), { server: host })
  // A shell with job control, which finds the terminal between the two.
  const settings = 'printf "\\033]7777;stopped;%s\\007" "$(stty -g)"'
  const job = `sh -c 'printf "\\033]7777;job;%s\\007" $$; exec "$@"' sh "$@"`
  const script = `set -m; ${job}; ${settings}; read -r go; fg >/dev/null; exit $?`
  const terminal = openTerminal({ command: 'bash', args: ['-c', script, 'bash', command, ...args], env })
  terminals.push(terminal)
  const before = await terminal.waitForText('Sign up')
  const noted = (what: string) => new RegExp(`7777;${what};([0-9a-f:]+)`).exec(terminal.output())?.[1]
  process.kill(Number(noted('job')), 'SIGTSTP')
  await terminal.waitForScreen(() => noted('stopped') !== undefined, 'the shell')
  assert.equal(
    terminal.leftovers().filter(left => !/^the program|^settings/.test(left)),
    [],
  )
  assert.is(noted('stopped'), noted('before'))
  terminal.send('\r')
  await terminal.waitForScreen(
    screen => terminal.modes().isAlternateScreen && screen.join() === before.join(),
    'the same screen again',
  )
  terminal.key('down')
  await terminal.waitForText('▸ Log in')
  terminal.key('ctrl-c')
  assert.is((await terminal.ended).exitCode, 0)
  assert.equal(terminal.leftovers(), [])
})

test('what was typed is on the screen whatever the letters, and Ctrl-L draws it again', async () => {
  const terminal = chat(alice)
  await terminal.waitForText('message bob')
  terminal.type('日本語 ')
  terminal.type('é'.repeat(1000))
  terminal.type(' end')
  await terminal.waitForText(/é end/)
  terminal.key('ctrl-l')
  await terminal.waitForText(/é end/)
  terminal.key('ctrl-c')
  await terminal.waitForText('message bob')
  terminal.key('ctrl-c')
  assert.is((await terminal.ended).exitCode, 0)
  assert.equal(terminal.leftovers(), [])
})

test('without a terminal it draws nothing and says so with exit code 2', async () => {
  const ended = await bob.run(['chat'])
  assert.is(ended.code, 2)
  assert.is(ended.stdout, '')
  assert.match(ended.stderr, 'no terminal')
})

test('NO_COLOR is obeyed', async () => {
  const terminal = chat(world.person('grey', { servers: [host] }), { env: { NO_COLOR: '1' } })
  await terminal.waitForText('Sign up')
  assert.ok(
    terminal
      .cells()
      .flat()
      .every(cell => cell.color === null && cell.background === null),
  )
})

test('where the locale is not UTF-8 all that is drawn is ASCII, with red dashes, in a window of any size', async () => {
  const terminal = chat(world.person('plain', { servers: [host] }), { env: { LC_ALL: 'C' } })
  const screen = await terminal.waitForText('Sign up')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  assert.match(terminal.output(), /^[\x00-\x7f]*$/)
  const row = screen.findIndex(line => /^-{80}$/.test(line))
  assert.is(terminal.cells()[row]?.[0]?.color, RED)
  for (const [size, said] of [
    [{ cols: 16, rows: 5 }, /^window too small$/],
    [{ cols: 1, rows: 1 }, /^t$/],
    [{ cols: 20, rows: 6 }, /^-{20}$/m],
  ] as const) {
    terminal.resize(size)
    await terminal.waitForScreen(
      rows => rows.length === size.rows && said.test(rows.join('\n').trim()),
      String(said),
    )
  }
  terminal.key('ctrl-c')
  assert.is((await terminal.ended).exitCode, 0)
  assert.equal(terminal.leftovers(), [])
})

test.run()
