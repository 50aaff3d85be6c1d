import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import type { ServerMeasure } from '../chat.ts'
import { checksOf, type Looked } from './checks.ts'
import { doctor } from './doctor.ts'

const test = suite<{ folder: string }>('fastchat doctor')

test.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'fastchat-doctor-'))
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }))

interface Setting {
  servers?: ServerMeasure[]
  change?: Partial<Looked>
  json?: boolean
}

async function run(
  folder: string,
  { servers = [{ url: 'ws://one', latencyMs: 2.4 }], change, json = false }: Setting,
) {
  let printed = ''
  const looked: Looked = {
    environment: {
      home: '/home/alice/fastchat',
      configFile: join(folder, 'config.toml'),
      servers: ['ws://one'],
      terminal: { TERM: 'xterm-256color', LANG: 'en_US.UTF-8' },
    },
    version: '1.2.3',
    runtime: 'Node 20',
    size: { cols: 80, rows: 24 },
    openAccounts: async () => ({
      list: async () => [
        { userId: 'alice', loggedIn: true },
        { userId: 'bob', loggedIn: false },
      ],
      measure: async ({ found }) => servers.forEach(found),
    }),
    ...change,
  }
  const print = async (text: string) => {
    printed += text
  }
  return { code: await doctor(checksOf(looked), { io: { print }, json }), printed }
}

test('all that is well is said, and ends with 0', async ({ folder }) => {
  const { code, printed } = await run(folder, {})
  assert.is(code, 0)
  assert.match(printed, /^ok {4}program {3}FastChat 1\.2\.3, Node 20$/m)
  assert.match(printed, /^ok {4}terminal {2}xterm-256color, 80x24, UTF-8, 256 colours$/m)
  assert.match(printed, /^ok {4}config .*config\.toml: theme dark, no lock by itself$/m)
  assert.match(printed, /^ok {4}accounts .*: alice, bob \(logged out\)$/m)
  assert.match(printed, /^ok {4}servers {3}ws:\/\/one answers in 2 ms$/m)
})

test('what is wrong is said beside the rest, and the first of it gives the exit code', async ({ folder }) => {
  writeFileSync(join(folder, 'config.toml'), 'theme = 1\n')
  const { code, printed } = await run(folder, { servers: [{ url: 'ws://one', latencyMs: null }] })
  assert.is(code, 2)
  assert.match(printed, /^FAIL {2}config .*line 1, theme: /m)
  assert.match(printed, /^FAIL {2}servers {3}Cannot reach server: none answers of ws:\/\/one$/m)
  assert.match(printed, /^ok {4}accounts/m)
})

test('no server is exit code 4; one of several that is away is said', async ({ folder }) => {
  assert.is((await run(folder, { servers: [{ url: 'ws://one', latencyMs: null }] })).code, 4)
  const servers = [
    { url: 'ws://one', latencyMs: null },
    { url: 'ws://two', latencyMs: 7 },
  ]
  const { code, printed } = await run(folder, { servers })
  assert.is(code, 0)
  assert.match(printed, 'ws://one does not answer; another one does')
})

test('a home that cannot be used is said, and a defect says nothing of what it holds', async ({ folder }) => {
  const unsafe = await run(folder, {
    change: {
      openAccounts: () => Promise.reject(new FastChatError('home_unsafe', 'Cannot use home: others may')),
    },
  })
  assert.match(unsafe.printed, /^FAIL {2}accounts {2}Cannot use home/m)
  const defect = await run(folder, { change: { openAccounts: () => Promise.reject(new Error('secret')) } })
  assert.is(defect.code, 1)
  assert.not.match(defect.printed, 'secret')
})

test('--json is an object a line; without a terminal that is said', async ({ folder }) => {
  const { printed } = await run(folder, { json: true, change: { size: null } })
  const lines = printed
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal(
    lines.map(({ check, ok }) => [check, ok]),
    ['program', 'terminal', 'config', 'accounts', 'servers'].map(name => [name, true]),
  )
  assert.match(lines[1].detail, 'no terminal')
})

test.run()
