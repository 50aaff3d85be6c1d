import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CommandLine, parseCommandLine } from './command-line.ts'
import { commandNames } from './commands/table.ts'
import { helpText } from './help.ts'

// Long because every flag and every wrong use of it is tried.

const test = suite('command line')

const ID = '01a20a5c-0101-7abc-8def-0123456789ab'
const NUMBER = '12345'.repeat(12)
const shared = { json: false, timeoutMs: 30_000, servers: [] }

const good: [string, CommandLine][] = [
  ['send @Bob hi', { command: 'send', to: '@bob', text: 'hi', wait: 'stored', ...shared }],
  ['send #Ops hi', { command: 'send', to: '#ops', text: 'hi', wait: 'stored', ...shared }],
  [
    'send bob --image ./a.png',
    { command: 'send', to: 'bob', file: { path: './a.png', as: 'image' }, wait: 'stored', ...shared },
  ],
  [
    `send bob --file a - --reply ${ID.toUpperCase()}`,
    {
      command: 'send',
      to: 'bob',
      text: null,
      file: { path: 'a', as: 'file' },
      replyTo: ID,
      wait: 'stored',
      ...shared,
    },
  ],
  [
    'recv --save ./in --no-requests',
    { command: 'recv', json: false, follow: false, saveFolder: './in', noRequests: true, servers: [] },
  ],
  [`edit ${ID} text`, { command: 'edit', id: ID, text: 'text', timeoutMs: 30_000, servers: [] }],
  [`edit ${ID} - --timeout 1`, { command: 'edit', id: ID, text: null, timeoutMs: 1000, servers: [] }],
  [`delete ${ID}`, { command: 'delete', id: ID, timeoutMs: 30_000, servers: [] }],
  [`react ${ID} 👍`, { command: 'react', id: ID, emoji: '👍', timeoutMs: 30_000, servers: [] }],
  [`react ${ID} --remove`, { command: 'react', id: ID, emoji: null, timeoutMs: 30_000, servers: [] }],
  [`save ${ID}`, { command: 'save', id: ID, folder: '.', ...shared }],
  [`save ${ID} in --json`, { command: 'save', id: ID, folder: 'in', ...shared, json: true }],
  ['doctor', { command: 'doctor', json: false, servers: [] }],
  ['mute bob', { command: 'mute', to: 'bob', ...shared }],
  ['mute #ops --for 8h', { command: 'mute', to: '#ops', forMs: 28_800_000, ...shared }],
  ['mute bob --for 365d', { command: 'mute', to: 'bob', forMs: 365 * 86_400_000, ...shared }],
  ['unmute bob', { command: 'unmute', to: 'bob', ...shared }],
  ['timer #ops off', { command: 'timer', to: '#ops', afterMs: null, ...shared }],
  ['timer bob 5s', { command: 'timer', to: 'bob', afterMs: 5000, ...shared }],
  ['timer bob 5M', { command: 'timer', to: 'bob', afterMs: 300_000, ...shared }],
  ['timer bob 1h', { command: 'timer', to: 'bob', afterMs: 3_600_000, ...shared }],
  ['timer bob 365d', { command: 'timer', to: 'bob', afterMs: 365 * 86_400_000, ...shared }],
  ['timer bob 1w', { command: 'timer', to: 'bob', afterMs: 604_800_000, ...shared }],
  ['conversations', { command: 'conversations', ...shared, timeoutMs: 10_000 }],
  [
    'group create #Ops @bob carol bob --title Operations',
    {
      command: 'group',
      action: 'create',
      group: 'ops',
      members: ['bob', 'carol'],
      title: 'Operations',
      ...shared,
      timeoutMs: 60_000,
    },
  ],
  [
    'group create ops',
    { command: 'group', action: 'create', group: 'ops', members: [], ...shared, timeoutMs: 60_000 },
  ],
  [
    'group add ops bob --json --timeout 5',
    {
      command: 'group',
      action: 'add',
      group: 'ops',
      members: ['bob'],
      json: true,
      timeoutMs: 5000,
      servers: [],
    },
  ],
  [
    'group remove ops bob carol',
    {
      command: 'group',
      action: 'remove',
      group: 'ops',
      members: ['bob', 'carol'],
      ...shared,
      timeoutMs: 60_000,
    },
  ],
  ['group leave ops', { command: 'group', action: 'leave', group: 'ops', ...shared, timeoutMs: 60_000 }],
  ['group members ops', { command: 'group', action: 'members', group: 'ops', ...shared, timeoutMs: 60_000 }],
  [
    'group promote ops @bob',
    { command: 'group', action: 'promote', group: 'ops', user: 'bob', ...shared, timeoutMs: 60_000 },
  ],
  [
    'group demote ops bob',
    { command: 'group', action: 'demote', group: 'ops', user: 'bob', ...shared, timeoutMs: 60_000 },
  ],
  [
    'group title ops Operations',
    { command: 'group', action: 'title', group: 'ops', title: 'Operations', ...shared, timeoutMs: 60_000 },
  ],
  ['group list --as bob', { command: 'group', action: 'list', as: 'bob', ...shared, timeoutMs: 10_000 }],
  ['group --help', { command: 'help', topic: 'group' }],
  ['requests --json', { command: 'requests', ...shared, json: true, timeoutMs: 10_000 }],
  ['accept #ops', { command: 'accept', to: '#ops', ...shared }],
  ['block @bob', { command: 'block', user: 'bob', ...shared }],
  ['unblock bob', { command: 'unblock', user: 'bob', ...shared }],
  ['verify bob', { command: 'verify', user: 'bob', action: 'show', qr: false, ...shared }],
  ['verify bob --qr', { command: 'verify', user: 'bob', action: 'show', qr: true, ...shared }],
  [
    `verify bob --confirm ${NUMBER}`,
    { command: 'verify', user: 'bob', action: 'confirm', number: NUMBER, ...shared },
  ],
  [
    `verify bob --confirm ${NUMBER.replace(/.{5}/g, '$& ').trim()}`,
    { command: 'verify', user: 'bob', action: 'confirm', number: NUMBER, ...shared },
  ],
  [
    `verify bob --confirm ${NUMBER.replace(/.{5}/g, '$&-').slice(0, -1)}`,
    { command: 'verify', user: 'bob', action: 'confirm', number: NUMBER, ...shared },
  ],
  ['verify bob --revoke', { command: 'verify', user: 'bob', action: 'revoke', ...shared }],
  ['trust bob', { command: 'trust', user: 'bob', yes: false, ...shared }],
  ['trust bob -y', { command: 'trust', user: 'bob', yes: true, ...shared }],
  ['settings', { command: 'settings', json: false, servers: [] }],
  [
    'settings --read-receipts off --typing on',
    { command: 'settings', json: false, readReceipts: false, typing: true, servers: [] },
  ],
  [
    `devices name ${ID} laptop`,
    { command: 'devices', action: 'name', deviceId: ID, name: 'laptop', ...shared },
  ],
  [
    `devices share ${ID}`,
    { command: 'devices', action: 'share', deviceId: ID, ...shared, timeoutMs: 600_000 },
  ],
  ['devices history', { command: 'devices', action: 'offers', ...shared }],
  ['devices history accept', { command: 'devices', action: 'accept', ...shared, timeoutMs: 600_000 }],
  [
    `devices history decline ${ID} --timeout 1`,
    { command: 'devices', action: 'decline', id: ID, ...shared, timeoutMs: 1000 },
  ],
  ['', { command: 'help' }],
  ['help', { command: 'help' }],
  ['--help', { command: 'help' }],
  ['help send', { command: 'help', topic: 'send' }],
  ['send --help', { command: 'help', topic: 'send' }],
  ['recv -h', { command: 'help', topic: 'recv' }],
  ['--version', { command: 'version' }],
  [
    'signup Bob',
    { command: 'signup', isRecoverable: true, userId: 'bob', isPasswordOnStdin: false, servers: [] },
  ],
  ['login bob --password-stdin', { command: 'login', userId: 'bob', isPasswordOnStdin: true, servers: [] }],
  ['logout --as Bob', { command: 'logout', as: 'bob', servers: [] }],
  ['chat', { command: 'chat', servers: [] }],
  ['accounts --json', { command: 'accounts', json: true, servers: [] }],
  ['devices --json', { command: 'devices', action: 'list', json: true, timeoutMs: 30_000, servers: [] }],
  [
    'devices revoke 01a20a5c-0101-7abc-8def-0123456789ab',
    {
      command: 'devices',
      action: 'revoke',
      deviceId: '01a20a5c-0101-7abc-8def-0123456789ab',
      json: false,
      timeoutMs: 30_000,
      servers: [],
    },
  ],
  ['chat --server ws://a:1 --server wss://b', { command: 'chat', servers: ['ws://a:1', 'wss://b'] }],
  [
    'send bob hi',
    { command: 'send', to: 'bob', text: 'hi', wait: 'stored', timeoutMs: 30_000, json: false, servers: [] },
  ],
  [
    'send bob - --wait delivered --timeout 1.5 --json',
    { command: 'send', to: 'bob', text: null, wait: 'delivered', timeoutMs: 1500, json: true, servers: [] },
  ],
  [
    'send bob -- --not-an-option',
    {
      command: 'send',
      to: 'bob',
      text: '--not-an-option',
      wait: 'stored',
      timeoutMs: 30_000,
      json: false,
      servers: [],
    },
  ],
  ['recv', { command: 'recv', json: false, follow: false, servers: [] }],
  [
    'recv --json -f -n 3 --timeout 0',
    { command: 'recv', json: true, follow: true, count: 3, timeoutMs: 0, servers: [] },
  ],
]

for (const [line, expected] of good) {
  test(`\`parseCommandLine()\` reads "${line}"`, () => {
    assert.equal(parseCommandLine(line.split(' ').filter(Boolean)), expected)
  })
}

test('a text after `--` that looks like a password option is a text', () => {
  const line = parseCommandLine(['send', 'bob', '--', '--password=x'])
  assert.is(line.command === 'send' && line.text, '--password=x')
})

test("a name that is empty takes a device's name back, an empty text is refused", () => {
  const line = parseCommandLine(['devices', 'name', ID, ' '])
  assert.is(line.command === 'devices' && line.action === 'name' && line.name, null)
  for (const argv of [
    ['send', 'bob', ''],
    ['edit', ID, ''],
    ['react', ID, ''],
    ['group', 'title', 'ops', ' '],
  ]) {
    assert.throws(() => parseCommandLine(argv), /Cannot read command line/)
  }
})

test('a number is taken with blanks between its groups, in quotes', () => {
  const line = parseCommandLine(['verify', 'bob', '--confirm', ` ${NUMBER.replace(/.{5}/g, '$& ')}`])
  assert.is(line.command === 'verify' && line.action === 'confirm' && line.number, NUMBER)
})

test('every command takes the common options', () => {
  for (const name of commandNames) {
    assert.equal(parseCommandLine([name, '--as', 'bob', '--help']), { command: 'help', topic: name })
  }
})

test('`helpText()` has every command, and an own text for each', () => {
  for (const name of commandNames) {
    assert.is(helpText().match(new RegExp(`^  ${name} `, 'gm'))?.length, 1, name)
    assert.match(helpText(), new RegExp(`^  ${name} `, 'm'))
    assert.match(helpText(name), `Usage: fastchat ${name}`)
  }
  for (const line of [helpText(), ...commandNames.map(name => helpText(name))].join('\n').split('\n')) {
    assert.ok(line.length <= 84, line)
  }
})

test.run()
