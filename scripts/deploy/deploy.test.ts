import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { documents } from '../../schema/documents.ts'
import { nodePath } from '../runtimes.ts'
import { waitFor } from '../test/wait-for.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const test = suite('deploy')

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}

test('the image holds all that a server loads, and no tests', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-image-'))
  try {
    const copied = [...read('Dockerfile').matchAll(/^COPY ((?:[\w.-]+ )+)[\w./-]+$/gm)].flatMap(([, names]) =>
      (names ?? '').trim().split(' '),
    )
    const ignored = read('Dockerfile.dockerignore').split('\n')
    for (const name of copied) {
      assert.ok(ignored.includes(`!${name}`), `${name} reaches the build`)
      cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter: path => !isIgnored(path) })
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    const [, entry] = /^ENTRYPOINT (\[.*\])$/m.exec(read('Dockerfile')) ?? []
    const [, ...args] = JSON.parse(entry ?? '[]') as string[]
    const child = spawn(nodePath(), [...args, 'serve', '--port', '0', '--data', join(folder, 'data')], {
      cwd: folder,
      env: { ...process.env, MONGODB_URI: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += String(chunk)))
    const ended = new Promise<number | null>(resolve => child.once('close', resolve))
    try {
      await waitFor(() => /listening on ws:/.test(output) || child.exitCode !== null, {
        what: 'the server to listen',
        timeoutMs: 60_000,
      })
    } finally {
      // Not by the child's own method, after which Deno gives no exit code.
      if (child.pid !== undefined && child.exitCode === null) process.kill(child.pid, 'SIGTERM')
    }
    assert.is(await ended, 0, output)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** As Dockerfile.dockerignore says it. */
function isIgnored(path: string): boolean {
  return /\.(test|fixture)\.ts$/.test(path) || /\/scripts\/(e2e|ok|deploy)$/.test(path)
}

test('the shard keys are of collections that there are, and unique ids are kept unique', () => {
  const keys = [...read('mongo/shard.js').matchAll(/\{name\}\.(\w+)`, \{ (\w+): 'hashed' \}/g)]
  assert.is(keys.length, 7)
  for (const [, collection, field] of keys) {
    assert.ok(collection && Object.hasOwn(documents, collection), collection)
    assert.is(field, collection === 'prekeys' ? 'deviceId' : '_id')
  }
})

test('the events of a group are sharded by what has to be unique', () => {
  const collections = readFileSync(join(ROOT, 'server/adapter/mongo/collections.ts'), 'utf8')
  assert.match(collections, 'rosterEvents: [[{ group: 1, epoch: 1 }, { unique: true }]')
  assert.match(read('mongo/shard.js'), '.rosterEvents`, { group: 1, epoch: 1 }, true)')
  assert.match(read('README.md'), '| `rosterEvents` | `{group: 1, epoch: 1}`, unique |')
})

test('the database user may write where the server keeps attachments, and their bytes are sharded by what is unique', () => {
  const connect = readFileSync(join(ROOT, 'server/adapter/mongo/connect.ts'), 'utf8')
  assert.match(connect, /\$\{name\}_blobs/)
  assert.match(read('mongo/make-user.js'), "{ role: 'readWrite', db: 'fastchat_blobs' }")
  assert.match(read('README.md'), '| `readWrite` on `fastchat_blobs` |')
  const files = readFileSync(join(ROOT, 'server/adapter/mongo/blob-files.ts'), 'utf8')
  assert.match(files, 'createIndex({ files_id: 1, n: 1 }, { unique: true })')
  assert.match(read('mongo/shard.js'), '_blobs.blobs.chunks`, { files_id: 1, n: 1 }, true)')
})

test('README.md and compose.yml name the variables that the server reads', () => {
  const environment = readFileSync(join(ROOT, 'server/config/environment.ts'), 'utf8')
  const named = new Set(
    ['README.md', 'compose.yml'].flatMap(
      name => read(name).match(/\bFASTCHAT_(?!DB_|SERVERS)[A-Z_]+\b/g) ?? [],
    ),
  )
  assert.ok(named.size >= 4)
  for (const name of named) assert.match(environment, name)
})

test('every variable that compose.yml asks for stands in example.env', () => {
  const asked = new Set([...read('compose.yml').matchAll(/\$\{(\w+):/g)].map(([, name]) => name))
  assert.is(asked.size, 5)
  for (const name of asked) assert.match(read('example.env'), new RegExp(`^${name}=`, 'm'))
})

test.run()
