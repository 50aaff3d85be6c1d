import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AccountFiles, AccountLock, Home } from './home/home.ts'
import { systemClock } from './net/clock.ts'
import type { Transport } from './net/transport.ts'
import { ServerBook } from './server-book.ts'

const test = suite('servers of accounts')

const GIVEN = ['ws://one', 'ws://two']
const OWN = 'wss://own.example'

interface Disk {
  lock: AccountLock
}

/** A program that has just been started: what it knows of alice's account is what is on the disk. */
function starts(disk: Disk, { isForced = false } = {}) {
  const files = {
    userId: 'alice',
    readLock: async () => disk.lock,
    writeLock: async (lock: AccountLock) => {
      disk.lock = lock
    },
  } as Partial<AccountFiles> as AccountFiles
  const home = { account: async userId => (userId === 'alice' ? files : null) } as Partial<Home> as Home
  const transport = {
    api: (url: string) => ({
      servers: async () => ({ self: 's', now: 0, servers: [{ id: 's', url, load: 0 }] }),
    }),
  } as unknown as Transport
  const book = new ServerBook({ home, servers: GIVEN, isForced, transport, clock: systemClock })
  return { book, files }
}

const diskWith = (more: Partial<AccountLock> = {}): Disk => ({
  lock: { version: 1, userId: 'alice', accountKey: 'k'.repeat(43), wrapped: 'w', ...more },
})

test('`choose()` of an address of no known deployment is kept for the account, and found when the program starts again', async () => {
  const disk = diskWith()
  const { book, files } = starts(disk)
  await book.choose('alice', 'https://own.example/')
  await book.keep(files)
  assert.equal(disk.lock.servers, [OWN])
  const again = starts(disk).book
  await again.choose('alice')
  assert.equal(again.of('alice'), { servers: [OWN] })
  assert.equal(again.order('alice'), [OWN])
  for (const other of [again, book]) {
    await other.choose('bob')
    assert.equal(other.order('bob'), GIVEN, 'what alice chose is nothing to bob')
  }
})

test('`choose()` leaves what is kept aside when the command line names servers, and drops it for a known one', async () => {
  const disk = diskWith({ servers: [OWN] })
  const forced = starts(disk, { isForced: true }).book
  await forced.choose('alice')
  assert.equal(forced.of('alice'), { servers: GIVEN })
  const { book, files } = starts(disk)
  await book.choose('alice')
  await book.choose('alice', 'ws://two')
  await book.keep(files)
  assert.is(disk.lock.servers, undefined)
  assert.equal(book.order('alice'), ['ws://two', 'ws://one'])
})

test('`measure()` puts the nearest first, but not for an account of another deployment, nor before a chosen one', async () => {
  const { book } = starts(diskWith({ servers: [OWN] }))
  await book.measure({ found: () => undefined })
  const { prefer } = book.of('bob')
  assert.ok(GIVEN.includes(prefer ?? ''))
  assert.is(book.order('bob')[0], prefer)
  await book.choose('alice')
  assert.equal(book.order('alice'), [OWN])
  await book.choose('bob', 'ws://two')
  assert.is(book.order('bob')[0], 'ws://two')
})

test('`choose()` refuses what is no address', async () => {
  const { book } = starts(diskWith())
  const error = await book.choose('alice', 'own.example').catch((e: unknown) => e)
  assert.is((error as { code?: string }).code, 'usage')
})

test.run()
