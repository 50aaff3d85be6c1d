import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../../schema/errors.ts'
import { openStore } from '../../store/lmdb-store.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import type { Store } from '../../store/store.ts'
import { eraseMessage, vanishMessage } from '../forget.ts'
import { openTables } from '../records.ts'
import { putMessage } from '../timeline.ts'
import { bob, createTestTimeline, direct, ops } from './search.fixture.ts'

const test = suite('session, search')

const inMemory = () => createTestTimeline(createMemoryStore())

test('finds words without case and accents, by their beginnings, all of them, in any order', async () => {
  const { say, find } = inMemory()
  say('bob', 'The Crème brûlée at the crag')
  say('alice', 'cremeschnitte')
  say('bob', 'nothing of it')
  assert.equal(await find('CREME'), ['The Crème brûlée at the crag', 'cremeschnitte'])
  assert.equal(await find('crag brul'), ['The Crème brûlée at the crag'])
  assert.equal(await find('crag cremeschnitte'), [])
  // A single letter is a word, not a beginning.
  assert.equal(await find('c'), [])
})

test('finds what is like it only when nothing is as it was written', async () => {
  const { say, find } = inMemory()
  say('bob', 'saturday')
  say('bob', 'saturdya morning')
  assert.equal(await find('saturday'), ['saturday'])
  assert.equal(await find('saturdax'), ['saturdya morning', 'saturday'])
  assert.equal(await find('sat'), ['saturdya morning', 'saturday'])
  assert.equal(await find('sax'), [])
})

test('finds what is written without blanks by its characters, in their order', async () => {
  const { say, find } = inMemory()
  say('bob', '明日は東京に行く')
  say('bob', '京東という会社')
  assert.equal(await find('東京'), ['明日は東京に行く'])
  assert.equal(await find('東'), ['京東という会社', '明日は東京に行く'])
  assert.equal(await find('👍'), [])
})

test('finds captions, names of files, and over all who wrote and whom it is with', async () => {
  const { say, find } = inMemory()
  const file = { type: 'file' as const, name: 'Crag_Photo.JPG', mediaType: 'image/jpeg', size: 1 }
  say('bob', { ...file, caption: 'the overhang', state: 'remote' })
  say('alice', 'see the overhang')
  say('carol', 'night shift', ops)
  assert.equal(await find('photo overhang'), ['Crag_Photo.JPG the overhang'])
  assert.equal(await find('bob overhang'), ['see the overhang', 'Crag_Photo.JPG the overhang'])
  assert.equal(await find('ops carol'), ['night shift'])
  assert.equal(await find('carol', ops.conversation), ['night shift'])
  // Between two people every line is of one of them.
  assert.equal(await find('bob', bob.conversation), [])
})

test('what holds the words comes before their beginnings, those before names; among equals the newest first', async () => {
  const { say, find } = inMemory()
  say('bob', 'rope 1')
  say('bob', 'rope 2')
  say('carol', 'ropes', direct('carol'))
  say('rope', 'hello', direct('rope'))
  assert.equal(await find('rope'), ['rope 2', 'rope 1', 'ropes', 'hello'])
  say('bob', 'ropes')
  // In a conversation one goes from the newest to the oldest.
  assert.equal(await find('rope', bob.conversation), ['ropes', 'rope 2', 'rope 1'])
})

test('goes on behind a message, counts all, and refuses what is no query', async () => {
  const { say, search } = inMemory()
  for (let n = 1; n <= 5; n++) say('bob', `rope ${n}`)
  const first = await search.find({ query: 'rope', limit: 2 })
  assert.equal([first.hits.map(({ excerpt }) => excerpt), first.total], [['rope 5', 'rope 4'], 5])
  const before = first.hits.at(-1)?.id ?? ''
  const second = await search.find({ query: 'rope', limit: 2, before })
  assert.equal(
    second.hits.map(({ excerpt }) => excerpt),
    ['rope 3', 'rope 2'],
  )
  assert.equal(await search.find({ query: ' \u001b[\u202e" ', limit: 2 }), { hits: [], total: 0 })
  for (const [request, code] of [
    [{ query: 'x'.repeat(257), limit: 1 }, 'usage'],
    [{ query: 'other', limit: 1, before }, 'unknown_message'],
  ] as const) {
    const error = await search.find(request).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof FastChatError && error.code === code)
  }
})

test('over all finds nothing of requests and of who is blocked; in their conversation all', async () => {
  const { say, find, change, state } = inMemory()
  say('mallory', 'buy rope', direct('mallory'))
  say('eve', 'rope here', direct('eve'))
  say('eve', 'rope in the group', ops)
  say('bob', 'rope')
  change(direct('mallory').conversation, { isRequest: true })
  change(direct('eve').conversation, { isBlocked: true })
  const eve = { userId: 'eve', thumbprint: 'x', conversation: direct('eve').conversation, isBlocked: true }
  state.commit(tx => tx.tables.people.put(['eve'], eve))
  assert.equal(await find('rope'), ['rope'])
  assert.equal(await find('rope', direct('mallory').conversation), ['buy rope'])
  assert.equal(await find('rope', direct('eve').conversation), ['rope here'])
  change(direct('mallory').conversation, { isRequest: undefined })
  assert.equal(await find('rope'), ['rope', 'buy rope'])
})

test('what is written, edited, deleted or disappears is followed', async () => {
  const { say, find, state } = inMemory()
  const first = say('bob', 'rope one')
  assert.equal(await find('rope'), ['rope one'])
  const second = say('bob', 'rope two')
  assert.equal(await find('rope'), ['rope two', 'rope one'])
  state.commit(tx => putMessage(tx, { ...first, content: { type: 'text', text: 'a knot' } }))
  assert.equal([await find('rope'), await find('knot')], [['rope two'], ['a knot']])
  state.commit(tx => eraseMessage(tx, { item: second, by: 'bob' }))
  state.commit(tx => vanishMessage(tx, first))
  assert.equal([await find('rope'), await find('knot'), await find('two')], [[], [], []])
})

test('what changes while it is being searched is not found as it was', async () => {
  const { say, find, state } = inMemory()
  const items = Array.from({ length: 600 }, (_, n) => say('bob', `rope ${n}`))
  await find('')
  const asked = find('rope')
  setImmediate(() => state.commit(tx => items.map(item => eraseMessage(tx, { item, by: 'bob' }))))
  assert.equal(await asked, [])
})

test('nothing of an index is on the disk, and nothing that was deleted is found or read there again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-search-'))
  const store = openStore({ folder, storageKey: Buffer.alloc(32, 7) })
  try {
    const { say, find, state } = createTestTimeline(store)
    const deleted = say('bob', 'the treasure is in Zanzibar')
    const disappears = say('bob', 'no, in Timbuktu')
    say('alice', 'Samarkand, surely')
    const before = entriesOf(store)
    assert.equal(await find('zanzibar'), ['the treasure is in Zanzibar'])
    assert.equal(await find('timbuktu'), ['no, in Timbuktu'])
    assert.equal(entriesOf(store), before)
    state.commit(tx => eraseMessage(tx, { item: deleted, by: 'bob' }))
    state.commit(tx => vanishMessage(tx, disappears))
    for (const word of ['zanzibar', 'zanz', 'zanzibat', 'timbuktu', 'treasure'])
      assert.equal(await find(word), [])
    assert.equal(await find('samarkand'), ['Samarkand, surely'])
    // With the key: what is left of them. Without: nothing of anything.
    const readable = entriesOf(store).join('\n').toLowerCase()
    assert.ok(readable.includes('samarkand'))
    assert.not.match(readable, /zanzibar|timbuktu|treasure/)
    const raw = readFileSync(join(folder, 'data.mdb')).toString('latin1').toLowerCase()
    assert.not.match(raw, /zanzibar|timbuktu|treasure|samarkand/)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

test('with thousands of messages everything else has its turn all the time', async () => {
  const { say, find, search } = inMemory()
  for (let n = 0; n < 2000; n++) say('bob', `message number ${n} about ropes, knots and weather`)
  say('bob', 'words '.repeat(10_000))
  let turns = 0
  let isOver = false
  const turn = () => {
    turns++
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await find('')
  const building = turns
  assert.is((await search.find({ query: 'ro', limit: 1 })).total, 2000)
  isOver = true
  // Lines are taken in by some twenty, a long one in parts; a shard is asked at a time.
  assert.ok(building > 80, `${building} turns`)
  assert.ok(turns - building >= 4, `${turns - building} turns`)
})

test('the index is forgotten when nobody has searched for long, and made again', async () => {
  const { say, find, clock } = inMemory()
  say('bob', 'rope')
  assert.equal(await find('rope'), ['rope'])
  assert.is(clock.waiting, 1)
  clock.advance(11 * 60 * 1000)
  assert.is(clock.waiting, 0)
  say('bob', 'another rope')
  assert.equal(await find('rope'), ['another rope', 'rope'])
})

/** All that can be read in a store with its key. */
function entriesOf(store: Store): string[] {
  return Object.entries(openTables(store)).flatMap(([name, table]) =>
    [...table.range()].map(entry => JSON.stringify([name, entry])),
  )
}

test.run()
