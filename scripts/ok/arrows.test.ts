import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkArrows, formatViolation, isTestSupport, type Project } from './arrows.ts'
import { RULES } from './rules.ts'

const test = suite('arrows')

type Sources = Record<string, string>

function project(sources: Sources): Project {
  const dependencies =
    'valibot @valibot/to-json-schema jose hono @hono/node-ws mongodb mingo lmdb terminal-kit ws uuid'.split(
      ' ',
    )
  return {
    sources: new Map(Object.entries(sources)),
    files: new Set(Object.keys(sources)),
    dependencies: new Set(dependencies),
    devDependencies: new Set(['uvu', 'fast-check']),
  }
}

/** `file rule` of every violation. */
function caught(sources: Sources): string[] {
  return checkArrows(project(sources)).map(({ file, rule }) => `${file} ${rule}`)
}

/** For every rule of the table: what it must catch (in the first file), and the nearest that it must let pass. */
const EXAMPLES: Record<string, { bad: Sources[]; good: Sources[] }> = {
  'schema-alone': {
    bad: [
      { 'schema/a.ts': "import { x } from '../client/core/x.ts'", 'client/core/x.ts': '' },
      { 'schema/a.ts': "import type { X } from 'jose'" },
      { 'schema/a.ts': "import { readFileSync } from 'node:fs'" },
    ],
    good: [{ 'schema/a.ts': "import * as v from 'valibot'\nimport './b.ts'", 'schema/b.ts': '' }],
  },
  'schema-tests-alone': {
    bad: [{ 'schema/a.test.ts': "import '../client/crypto/x.ts'", 'client/crypto/x.ts': '' }],
    good: [{ 'schema/vectors/a.test.ts': "import * as jose from 'jose'\nimport { suite } from 'uvu'" }],
  },
  'client-server': {
    bad: [
      { 'client/a.ts': "import '../server/b.ts'", 'server/b.ts': '' },
      { 'client/a.test.ts': "import '../server/b.ts'", 'server/b.ts': '' },
      { 'client/a.ts': "type B = import('../server/b.ts').B", 'server/b.ts': '' },
    ],
    good: [{ 'scripts/e2e/a.test.ts': "import '../../server/b.ts'", 'server/b.ts': '' }],
  },
  'server-client': {
    bad: [{ 'server/a.ts': "export * from '../client/b.ts'", 'client/b.ts': '' }],
    good: [{ 'server/a.ts': "import '../schema/b.ts'", 'schema/b.ts': '' }],
  },
  'scripts-on-top': {
    bad: [{ 'server/a.ts': "import '../scripts/b.ts'", 'scripts/b.ts': '' }],
    good: [
      {
        'scripts/a.ts': "import '../server/b.ts'\nimport '../client/c.ts'",
        'server/b.ts': '',
        'client/c.ts': '',
      },
    ],
  },
  'tests-below-scripts': {
    bad: [{ 'client/a.test.ts': "import '../scripts/bench/b.ts'", 'scripts/bench/b.ts': '' }],
    good: [{ 'client/a.test.ts': "import '../scripts/test/wait-for.ts'", 'scripts/test/wait-for.ts': '' }],
  },
  pure: {
    bad: [
      { 'client/core/a.ts': "import { hostname } from 'node:os'" },
      { 'server/core/a.ts': 'export const now = () => Date.now()' },
      { 'server/core/a.ts': 'export const today = new Date()' },
      { 'client/tui/view/a.ts': 'export const dice = Math.random()' },
      { 'client/tui/update/a.ts': 'globalThis.crypto.getRandomValues(bytes)' },
      { 'client/core/a.ts': "import { v7 } from 'uuid'" },
      { 'client/core/a.ts': 'setTimeout(() => {}, 5)' },
      { 'client/core/a.ts': 'Deno.env' },
      { 'client/core/a.ts': "import type { Disk } from '../store/disk.ts'", 'client/store/disk.ts': '' },
      {
        'client/tui/update/a.ts': "import '../model.ts'",
        'client/tui/model.ts': "import '../help.ts'",
        'client/help.ts': "import 'node:fs'",
      },
      {
        'server/core/a.ts': "import '../port/b.ts'",
        'server/port/b.ts': 'export const t = performance.now()',
      },
    ],
    good: [
      {
        'client/tui/update/a.ts': "import { m } from '../model.ts'\nexport const at = new Date(m.nowMs)",
        'client/tui/model.ts': "import * as v from 'valibot'\nexport const wait = clock.setTimeout(5)",
      },
      {
        'server/core/a.ts': "import type { P } from '../port/b.ts'",
        'server/port/b.ts': "import type { Readable } from 'node:stream'",
      },
      { 'client/core/a.test.ts': "import 'node:fs'\nDate.now()" },
    ],
  },
  'jose-in-crypto': {
    bad: [{ 'client/net/a.ts': "import { SignJWT } from 'jose'" }],
    good: [{ 'client/crypto/a.ts': "import { SignJWT } from 'jose'" }],
  },
  'server-cannot-decrypt': {
    bad: [
      { 'server/a.ts': "import { SignJWT, compactDecrypt } from 'jose'" },
      { 'server/a.ts': "import { flattenedDecrypt as verify } from 'jose'" },
      { 'server/a.ts': "import { generalDecrypt } from 'jose/jwe/general/decrypt'" },
      { 'server/a.ts': "import { jwtDecrypt, EncryptJWT } from 'jose'" },
      { 'server/a.ts': "import * as jose from 'jose'" },
      { 'server/a.ts': "const jose = await import('jose')" },
      { 'server/a.ts': 'await crypto.subtle.decrypt(algorithm, key, data)' },
      { 'server/a.ts': "import { createDecipheriv } from 'node:crypto'" },
    ],
    good: [{ 'server/a.ts': "import { jwtVerify, SignJWT } from 'jose'" }],
  },
  'one-terminal': {
    bad: [{ 'client/tui/view/a.ts': "import terminal from 'terminal-kit'" }],
    good: [{ 'client/tui/terminal.ts': "import terminal from 'terminal-kit'" }],
  },
  'tui-sees-no-session': {
    bad: [
      { 'client/tui/a.ts': "import '../session.ts'", 'client/session.ts': '' },
      { 'client/tui/a.ts': "import type { S } from '../session/state.ts'", 'client/session/state.ts': '' },
      {
        'client/tui/a.ts': "import '../help.ts'",
        'client/help.ts': "import './net/b.ts'",
        'client/net/b.ts': '',
      },
      {
        'client/tui/a.ts': "import './run.ts'",
        'client/tui/run.ts': "import '../session.ts'",
        'client/session.ts': '',
      },
    ],
    good: [{ 'client/tui/run.ts': "import '../session.ts'", 'client/session.ts': '' }],
  },
  'session-without-screen': {
    bad: [
      { 'client/session.ts': "import './tui/a.ts'", 'client/tui/a.ts': '' },
      { 'client/session/a.ts': "import '../tui/a.ts'", 'client/tui/a.ts': '' },
    ],
    good: [{ 'client/main.ts': "import './tui/run.ts'", 'client/tui/run.ts': '' }],
  },
  'config-reads-environment': {
    bad: [
      { 'server/main.ts': 'const { MONGODB_URI } = process.env' },
      { 'server/main.ts': "import { env } from 'node:process'" },
    ],
    good: [{ 'server/config/env.ts': 'process.env.PORT' }, { 'server/main.ts': 'process.exitCode = 1' }],
  },
  'mongodb-in-adapter': {
    bad: [{ 'server/http/a.ts': "import type { Db } from 'mongodb'" }, { 'client/a.ts': "import 'mongodb'" }],
    good: [{ 'server/adapter/mongo/a.ts': "import { MongoClient } from 'mongodb'" }],
  },
  'lmdb-in-stores': {
    bad: [{ 'server/adapter/mongo/a.ts': "import { open } from 'lmdb'" }],
    good: [{ 'client/store/a.ts': "import 'lmdb'" }, { 'server/adapter/embedded/a.ts': "import 'lmdb'" }],
  },
  'client-without-server-framework': {
    bad: [{ 'client/net/a.ts': "import '@hono/node-ws'" }],
    good: [{ 'client/net/a.ts': "import 'ws'" }],
  },
  'deno-in-adapter': {
    bad: [{ 'server/http/a.ts': 'Deno.exit(1)' }, { 'client/a.test.ts': 'globalThis.Deno.exit(1)' }],
    good: [{ 'server/adapter/deno/a.ts': 'Deno.exit(1)' }, { 'client/a.ts': "'Deno' in globalThis" }],
  },
  'no-computed-import': {
    bad: [{ 'server/a.ts': 'await import(name)' }],
    good: [{ 'scripts/test/harness.ts': 'await import(name)' }, { 'scripts/bin.mjs': 'await import(built)' }],
  },
  exists: {
    bad: [
      { 'client/a.ts': "import './b.js'", 'client/b.ts': '' },
      { 'client/a.ts': "import './b'", 'client/b.ts': '' },
    ],
    good: [{ 'client/a.ts': "import './b.ts'", 'client/b.ts': '' }],
  },
  'no-tests-in-product': {
    bad: [
      { 'client/a.ts': "import './testing/fake.ts'", 'client/testing/fake.ts': '' },
      { 'server/a.ts': "import './b.contract.ts'", 'server/b.contract.ts': '' },
    ],
    good: [{ 'client/a.test.ts': "import './testing/fake.ts'", 'client/testing/fake.ts': '' }],
  },
  declared: {
    bad: [{ 'scripts/a.ts': "import 'left-pad'" }, { 'client/a.test.ts': "import 'left-pad'" }],
    good: [{ 'client/a.ts': "import 'ws'" }],
  },
  'no-dev-dependency': {
    bad: [{ 'client/a.ts': "import 'uvu'" }, { 'scripts/fastchat.ts': "import 'fast-check'" }],
    good: [{ 'client/a.test.ts': "import 'uvu/assert'" }, { 'scripts/bench/a.ts': "import 'fast-check'" }],
  },
}

test('`EXAMPLES` shows every rule of the table at work', () => {
  for (const { id } of RULES) assert.ok(EXAMPLES[id], `an example for ${id}`)
})

for (const [rule, { bad, good }] of Object.entries(EXAMPLES)) {
  test(`\`checkArrows()\` refuses what \`${rule}\` is about and nothing beside it`, () => {
    for (const sources of bad) {
      const [file] = Object.keys(sources)
      assert.ok(caught(sources).includes(`${file} ${rule}`), `not caught: ${JSON.stringify(sources)}`)
    }
    for (const sources of good) assert.equal(caught(sources), [], `caught: ${JSON.stringify(sources)}`)
  })
}

test('`formatViolation()` names place, chain, reason and rule when the arrow is a long one', () => {
  const sources = {
    'client/core/a.ts': "\nimport { b } from '../b.ts'",
    'client/b.ts': "import { c } from './c.ts'",
    'client/c.ts': "import 'node:fs'",
  }
  const lines = checkArrows(project(sources)).map(formatViolation)
  assert.is(lines.length, 1)
  assert.match(
    lines[0] ?? '',
    /^client\/core\/a\.ts:2 through client\/b\.ts -> client\/c\.ts, imports node:fs: .+ \[pure\]$/,
  )
})

test('`checkArrows()` comes to an end when files import each other', () => {
  const sources = { 'client/core/a.ts': "import '../b.ts'", 'client/b.ts': "import './core/a.ts'" }
  assert.equal(caught(sources), [])
})

test('`isTestSupport()` knows tests, contracts, fixtures and helpers from what ships', () => {
  const support = [
    'client/a.test.ts',
    'server/port/store.contract.ts',
    'scripts/test/run.ts',
    'schema/fixtures/a.ts',
  ]
  for (const file of support) assert.ok(isTestSupport(file), file)
  for (const file of ['client/contest.ts', 'server/latest.ts', 'client/testing.ts']) {
    assert.not.ok(isTestSupport(file), file)
  }
})

test.run()
