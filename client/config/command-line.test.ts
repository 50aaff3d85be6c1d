import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { type CommandLine, parseCommandLine } from './command-line.ts'
import { commandNames } from './commands/table.ts'
import { helpText } from './help.ts'

const test = suite('command line')

const good: [string, CommandLine][] = [
  ['', { command: 'help' }],
  ['help', { command: 'help' }],
  ['--help', { command: 'help' }],
  ['help send', { command: 'help', topic: 'send' }],
  ['send --help', { command: 'help', topic: 'send' }],
  ['recv -h', { command: 'help', topic: 'recv' }],
  ['--version', { command: 'version' }],
  ['signup Bob', { command: 'signup', userId: 'bob', isPasswordOnStdin: false, servers: [] }],
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

const bad: [string, RegExp][] = [
  ['sing', /no command "sing"/],
  ['signup', /a user id/],
  ['signup a b', /a user id/],
  ['signup -x', /option/],
  ['signup ../x', /2 to 32/],
  ['send bob', /the text/],
  ['send bob hello world', /quotes/],
  ['send bob hi --wait read', /stored.*delivered/],
  ['send bob hi --timeout soon', /seconds/],
  ['send bob hi --timeout -1', /timeout/],
  ['send bob hi --timeout 1e9', /seconds/],
  ['send bob hi --timeout 99999999', /seconds/],
  ['devices remove x', /revoke ID/],
  ['devices revoke', /id of one device/],
  ['devices revoke bob', /id of one device/],
  ['recv now', /options only/],
  ['recv --count 0', /--count/],
  ['recv --count x', /--count/],
  ['recv --count', /count/],
  ['recv --no-such', /--no-such/],
  ['logout bob', /options only/],
  ['chat --server http://a', /--server/],
  ['chat --as B!', /2 to 32/],
]

for (const [line, message] of bad) {
  test(`\`parseCommandLine()\` throws usage for "${line}"`, () => {
    assert.throws(
      () => parseCommandLine(line.split(' ').filter(Boolean)),
      (error: unknown) =>
        error instanceof FastChatError &&
        error.code === 'usage' &&
        message.test(error.message) &&
        !error.message.includes('\n'),
    )
  })
}

test('a text after `--` that looks like a password option is a text', () => {
  const line = parseCommandLine(['send', 'bob', '--', '--password=x'])
  assert.is(line.command === 'send' && line.text, '--password=x')
})

test('`helpText()` has every command, and an own text for each', () => {
  for (const name of commandNames) {
    assert.match(helpText(), new RegExp(`^  ${name} `, 'm'))
    assert.match(helpText(name), `Usage: fastchat ${name}`)
  }
  for (const line of [helpText(), ...commandNames.map(name => helpText(name))].join('\n').split('\n')) {
    assert.ok(line.length <= 84, line)
  }
})

test.run()
