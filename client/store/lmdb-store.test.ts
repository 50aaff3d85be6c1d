import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from 'lmdb'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { currentRuntime, spawnArgs } from '../../scripts/test/runtimes.ts'
import { openStore } from './lmdb-store.ts'
import { testStore } from './store-contract.ts'

const storageKey = Buffer.alloc(32, 7)
const folders: string[] = []

/** With a dot in its name, as a user id may have. */
function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-store-a.b-'))
  folders.push(folder)
  return folder
}

testStore('lmdb', () => openStore({ folder: createFolder(), storageKey }))

const test = suite('lmdb store')
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

test('`openStore()` finds what an earlier one wrote', async () => {
  const folder = createFolder()
  const first = openStore({ folder, storageKey })
  first.transaction(() => first.table<number>('t').put(['k'], 1))
  await first.close()
  const second = openStore({ folder, storageKey })
  assert.is(second.table<number>('t').get(['k']), 1)
  await second.close()
})

test('`openStore()` throws home_damaged when the storage key is another one', async () => {
  const folder = createFolder()
  const store = openStore({ folder, storageKey })
  await store.close()
  const other = Buffer.alloc(32, 8)
  assert.throws(() => openStore({ folder, storageKey: other }), hasCode('home_damaged', /table "about"/))
  await openStore({ folder, storageKey }).close()
})

test('`openStore()` throws home_damaged when the file is no store', () => {
  const folder = createFolder()
  writeFileSync(join(folder, 'data.mdb'), 'x'.repeat(100_000))
  assert.throws(() => openStore({ folder, storageKey }), hasCode('home_damaged', /damaged/))
})

test('`openStore()` refuses a storage key that has not 32 bytes', () => {
  assert.throws(() => openStore({ folder: createFolder(), storageKey: Buffer.alloc(16) }), /32 bytes/)
})

test('`openStore()` makes files that nobody else may read', async () => {
  const folder = createFolder()
  const store = openStore({ folder, storageKey })
  const modes = readdirSync(folder).map(name => [name, statSync(join(folder, name)).mode & 0o777])
  await store.close()
  assert.ok(modes.length >= 2)
  for (const [name, mode] of modes) assert.is(mode, 0o600, String(name))
})

test('the file holds neither values nor the keys of secret tables', async () => {
  const folder = createFolder()
  const store = openStore({ folder, storageKey })
  const open = store.table<string>('open')
  const secret = store.table<string>('secret', { secretKeys: true })
  store.transaction(() => {
    open.put(['visible-key'], 'hidden-value')
    secret.put(['hidden-key'], 'hidden-value')
  })
  await store.close()
  const file = readFileSync(join(folder, 'data.mdb')).toString('latin1')
  assert.ok(file.includes('visible-key'))
  assert.not(file.includes('hidden'))
})

test('`put()` seals the same value differently each time', async () => {
  const folder = createFolder()
  const store = openStore({ folder, storageKey })
  const table = store.table<string>('t')
  store.transaction(() => {
    table.put(['a'], 'same')
    table.put(['b'], 'same')
  })
  await store.close()
  const [a, b] = ['a', 'b'].map(key => rawEntries(folder).find(entry => entry.path.includes(`t\0\x02${key}`)))
  assert.ok(a && b)
  assert.is(a.sealed.equals(b.sealed), false)
})

test('`get()` throws home_damaged for a value that was changed, cut or moved to another key', async () => {
  const folder = createFolder()
  const store = openStore({ folder, storageKey })
  const table = store.table<string>('letters')
  store.transaction(() => {
    for (const key of ['changed', 'cut', 'moved', 'whole']) table.put([key], 'private words')
  })
  await store.close()
  await tamper(folder)
  const again = openStore({ folder, storageKey })
  const damaged = again.table<string>('letters')
  for (const key of ['changed', 'cut', 'moved']) {
    assert.throws(() => damaged.get([key]), hasCode('home_damaged', /table "letters"/))
  }
  assert.is(damaged.get(['whole']), 'private words')
  assert.throws(() => [...damaged.range()], hasCode('home_damaged', /table "letters"/))
  await again.close()
})

test('`transaction()` has everything on the disk when it returns, though the process is killed', async () => {
  for (let round = 0; round < 3; round++) {
    const folder = createFolder()
    const child = startWriter(folder)
    const printed = await readLines(child, 20 + round * 17)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const store = openStore({ folder, storageKey })
    const table = store.table<{ n: number }>('numbers')
    const [first, second] = ['first', 'second'].map(name =>
      Array.from(table.range({ prefix: [name] }), ({ value }) => value.n),
    )
    await store.close()
    assert.equal(first, second)
    assert.equal(
      first?.slice(0, printed.length),
      printed.map(Number),
      `printed ${printed.length}, there ${first?.length}`,
    )
  }
})

if (process.platform === 'linux') {
  test('`transaction()` throws disk_full with nothing written, and works again once there is room', async () => {
    const folder = createFolder()
    // A limit on the size of files stands for the disk: it needs no privilege. 512-byte blocks.
    const child = startWriter(folder, 'trap "" XFSZ; ulimit -S -f 1024; exec "$@"')
    const written: string[] = []
    for (const line of await readLines(child, lines => lines.at(-1) === 'disk_full')) written.push(line)
    assert.is(written.pop(), 'disk_full')
    const reader = openStore({ folder, storageKey })
    const table = reader.table<{ n: number }>('numbers')
    const there = Array.from(table.range({ prefix: ['second'] }), ({ value }) => String(value.n))
    assert.equal(there, written)
    assert.ok(written.length > 10)
    await reader.close()
    execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited'])
    child.stdin?.write('go on\n')
    const goesOn = await readLines(child, 3)
    assert.equal(
      goesOn,
      [0, 1, 2].map(n => String(written.length + n)),
    )
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
}

test.run()

function hasCode(code: string, message: RegExp) {
  return (error: unknown) =>
    error instanceof FastChatError && error.code === code && message.test(error.message)
}

function openRaw(folder: string) {
  return open<Buffer, Buffer>({
    path: join(folder, 'data.mdb'),
    noSubdir: true,
    overlappingSync: false,
    keyEncoding: 'binary',
    encoding: 'binary',
  })
}

function rawEntries(folder: string): { path: string; sealed: Buffer }[] {
  const db = openRaw(folder)
  const entries = Array.from(db.getRange({}), ({ key, value }) => ({
    path: Buffer.from(key).toString('latin1'),
    sealed: Buffer.from(value),
  }))
  void db.close()
  return entries
}

async function tamper(folder: string): Promise<void> {
  const db = openRaw(folder)
  const path = (key: string) =>
    Buffer.concat([Buffer.from(`letters\0\x02${key}`, 'latin1'), Buffer.of(0x00, 0x01)])
  const read = (key: string) => Buffer.from(db.get(path(key)) ?? [])
  db.transactionSync(() => {
    const changed = read('changed')
    changed[20] = (changed[20] ?? 0) ^ 1
    db.putSync(path('changed'), changed)
    db.putSync(path('cut'), read('cut').subarray(0, 10))
    db.putSync(path('moved'), read('whole'))
  })
  await db.close()
}

function startWriter(folder: string, shell?: string): ChildProcess {
  const script = fileURLToPath(new URL('write-until-killed.fixture.ts', import.meta.url))
  const { command, args } = spawnArgs(currentRuntime(), script, [folder, storageKey.toString('hex')])
  const options = { stdio: ['pipe', 'pipe', 'inherit'] as ('pipe' | 'inherit')[] }
  if (!shell) return spawn(command, args, options)
  return spawn('sh', ['-c', shell, 'sh', command, ...args], options)
}

/** The lines that a process prints, until there are so many, or enough. */
async function readLines(
  child: ChildProcess,
  enough: number | ((lines: string[]) => boolean),
): Promise<string[]> {
  const lines: string[] = []
  const isEnough = typeof enough === 'number' ? () => lines.length >= enough : enough
  let rest = ''
  const { stdout } = child
  if (!stdout) throw new Error('Cannot read lines: no pipe')
  await new Promise<void>((resolve, reject) => {
    const ended = () => reject(new Error(`Cannot read lines: the process ended after ${lines.length}`))
    const take = (chunk: Buffer) => {
      const parts = (rest + chunk.toString('utf8')).split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
      if (!isEnough(lines)) return
      stdout.off('data', take).off('end', ended)
      resolve()
    }
    stdout.on('data', take).on('end', ended)
  })
  return lines
}
