import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { currentRuntime, spawnArgs } from '../../scripts/test/runtimes.ts'
import { claim } from './claim.ts'
import { type OwnerRecord, processStart, readOwner, takeOwnership } from './owner-file.ts'

const test = suite<{ folder: string }>('claim')

test.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'fastchat-claim-'))
})
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }))

/** Of a process that is no more. */
const dead: OwnerRecord = {
  nonce: '0'.repeat(32),
  pid: 2 ** 22 + 1,
  start: '1',
  socketPath: '/nowhere/agent-0000000000000000.sock',
}

async function claimAsOwner(folder: string) {
  const claimed = await claim(folder)
  if (!claimed.owner) throw new Error('Cannot own: somebody else does')
  return claimed
}

test('`claim()` gives the account to one process at a time, though many want it and some are killed', async ({
  folder,
}) => {
  const log = join(folder, 'log')
  writeFileSync(log, '')
  const script = fileURLToPath(new URL('claim-loop.fixture.ts', import.meta.url))
  const plans = [['12'], ['12'], ['12'], ['5', 'dies'], ['3', 'dies']]
  const children = plans.map(plan => {
    const { command, args } = spawnArgs(currentRuntime(), script, [folder, log, ...plan])
    return spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  })
  await Promise.all(children.map(child => once(child, 'exit')))
  let owner: string | undefined
  let turns = 0
  for (const line of readFileSync(log, 'utf8').trim().split('\n')) {
    const pid = line.slice(1)
    if (line.startsWith('+')) {
      assert.is(owner, undefined, `${pid} entered while ${owner} was in`)
      owner = pid
      turns++
    } else {
      assert.is(owner, pid)
      owner = undefined
    }
  }
  assert.is(turns, 12 + 12 + 12 + 5 + 3)
  assert.ok(readdirSync(folder).length <= 4, readdirSync(folder).join())
})

test('`claim()` takes over from an owner that is dead, and connects to one that lives', async ({
  folder,
}) => {
  assert.ok(await takeOwnership(folder, { previous: 0, record: dead }))
  const owner = await claimAsOwner(folder)
  const other = await claim(folder)
  assert.is(other.owner, false)
  if (!other.owner) other.socket.destroy()
  await owner.release()
  await owner.release()
  const next = await claimAsOwner(folder)
  await next.release()
})

test('`claim()` refuses when the owner lives but its socket is gone', async ({ folder }) => {
  const start = processStart(process.pid)
  if (start === undefined) return
  const record = { ...dead, pid: process.pid, start }
  assert.ok(await takeOwnership(folder, { previous: 0, record }))
  const error = await claim(folder).catch((reason: unknown) => reason)
  assert.ok(error instanceof FastChatError && error.code === 'account_in_use', String(error))
  assert.match(error.message, String(process.pid))
})

test('`claim()` takes over when the process id of a dead owner belongs to another process now', async ({
  folder,
}) => {
  assert.ok(await takeOwnership(folder, { previous: 0, record: { ...dead, pid: process.pid } }))
  const owner = await claimAsOwner(folder)
  await owner.release()
})

test('`takeOwnership()` lets one win of those who saw the same', async ({ folder }) => {
  const take = (nonce: string) =>
    takeOwnership(folder, { previous: 4, record: { ...dead, nonce: nonce.repeat(32) } })
  const won = await Promise.all(['1', '2', '3', '4'].map(take))
  assert.is(won.filter(Boolean).length, 1)
  assert.is((await readOwner(folder)).generation, 5)
})

test('`takeOwnership()` lets nobody win who was too slow, though the file has come and gone', async ({
  folder,
}) => {
  for (let previous = 0; previous < 6; previous++) {
    assert.ok(await takeOwnership(folder, { previous, record: dead }))
  }
  assert.not(existsSync(join(folder, 'owner-3.json')))
  assert.is(await takeOwnership(folder, { previous: 2, record: dead }), false)
  assert.equal(readdirSync(folder).sort(), ['owner-5.json', 'owner-6.json'])
})

test('`readOwner()` takes a record that is empty or damaged for one that was given up', async ({
  folder,
}) => {
  for (const text of ['', '{"nonce":', '{}', '[]']) {
    writeFileSync(join(folder, 'owner-7.json'), text)
    assert.equal(await readOwner(folder), { generation: 7, record: null })
  }
  const owner = await claimAsOwner(folder)
  assert.is((await readOwner(folder)).generation, 8)
  await owner.release()
})

test('a socket where the owner is not listening is not removed when it is not of our making', async ({
  folder,
}) => {
  const other = join(folder, 'other.sock')
  const server = createServer().listen({ path: other })
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
  writeFileSync(other, '')
  assert.ok(await takeOwnership(folder, { previous: 0, record: { ...dead, socketPath: other } }))
  const owner = await claimAsOwner(folder)
  assert.ok(existsSync(other))
  await owner.release()
})

test.run()
