import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { summaryOf } from '../changes.fixture.ts'
import { untilTaken } from '../modified-client.fixture.ts'
import { type TestDevice, type TestWorld, withWorld } from '../test-world.fixture.ts'

const test = suite('session, history for a new device')

/** While time goes by. */
async function during(world: TestWorld, asked: Promise<unknown>): Promise<void> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  asked.then(over, over)
  await world.until('it to be over', () => isOver)
  await asked
}

/** Another device of somebody's, which has taken their history. */
async function withHistory(
  world: TestWorld,
  of: TestDevice,
  before: (laptop: TestDevice) => Promise<unknown> = async () => undefined,
): Promise<TestDevice> {
  const laptop = await world.device(of.userId, { of })
  await world.settle()
  await before(laptop)
  await during(world, of.chat.shareHistory({ deviceId: laptop.deviceId }))
  const offers = async () => (await laptop.chat.snapshot()).historyOffers
  await world.until('the offer', async () => (await offers()).length === 1)
  const [offer] = await offers()
  await during(world, laptop.chat.answerHistory({ id: offer?.id ?? '', isAccepted: true }))
  return laptop
}

test('what was asked stays a request, and who is blocked or verified stays that', () =>
  withWorld(async world => {
    const { bob } = await world.pair()
    const { safetyNumber } = await bob.chat.verification({ user: 'alice' })
    await bob.chat.setVerified({ user: 'alice', isVerified: true, safetyNumber })
    const [mallory, trudy] = [await world.device('mallory'), await world.device('trudy')]
    for (const stranger of [mallory, trudy]) {
      const { id } = await stranger.chat.send({ to: 'bob', text: 'hello' })
      await untilTaken(world, { id, by: bob })
    }
    await bob.chat.block({ user: 'trudy', isBlocked: true })
    const laptop = await withHistory(world, bob)
    assert.is((await summaryOf(laptop, 'mallory'))?.isRequest, true)
    assert.is((await summaryOf(laptop, 'trudy'))?.isBlocked, true)
    const alice = await summaryOf(laptop, 'alice')
    assert.is(alice?.isVerified, true)
    assert.is.not(alice?.isRequest, true)
    const { id } = await trudy.chat.send({ to: 'bob', text: 'still here' })
    await untilTaken(world, { id, by: laptop })
    assert.equal(await laptop.lines('trudy'), ['trudy: hello'])
  }))

test('a block of somebody whom another device does not know yet holds there too', () =>
  withWorld(async world => {
    const bob = await world.device('bob')
    const laptop = await world.device('bob', { of: bob })
    const mallory = await world.device('mallory')
    await bob.chat.send({ to: 'bob', text: 'note' })
    await world.until('the note', async () => (await laptop.lines('bob')).length > 0)
    await bob.chat.block({ user: 'mallory', isBlocked: true })
    await world.settle()
    const { id } = await mallory.chat.send({ to: 'bob', text: 'hello' })
    for (const by of [bob, laptop]) {
      await untilTaken(world, { id, by })
      assert.equal(await by.lines('mallory'), [])
    }
  }))

test('a history has no quote of what disappears', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const conversation = (await summaryOf(alice, 'bob'))?.id ?? ''
    await alice.chat.setTimer({ conversation, afterMs: 60_000 })
    const { id } = await alice.chat.send({ to: 'bob', text: 'burn this' })
    await alice.chat.setTimer({ conversation, afterMs: null })
    const answer = await alice.chat.send({ to: 'bob', text: 'see above', replyTo: id })
    // Else they would be sent to the new device too.
    await untilTaken(world, { id: answer.id, by: bob })
    await world.settle()
    const laptop = await withHistory(world, alice)
    const known = (await summaryOf(laptop, 'bob'))?.id ?? ''
    const items = JSON.stringify(await laptop.chat.history({ conversation: known, limit: 100 }))
    assert.ok(items.includes('see above'))
    assert.not.ok(items.includes('burn this'))
  }))

test('a long history keeps its order, before what has come by itself', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const texts = Array.from({ length: 100 }, (_, index) => `line ${index}`)
    let last = ''
    for (const text of texts) last = (await alice.chat.send({ to: 'bob', text })).id
    await untilTaken(world, { id: last, by: bob })
    await world.settle()
    const laptop = await withHistory(world, alice, async () => {
      const own = await alice.chat.send({ to: 'bob', text: 'by itself' })
      await untilTaken(world, { id: own.id, by: bob })
      await world.settle()
    })
    assert.equal(
      (await laptop.lines('bob')).slice(-101),
      [...texts, 'by itself'].map(text => `alice: ${text}`),
    )
  }))

test('what came with a history is found, and what was edited or deleted since is found as it is now', () =>
  withWorld(async world => {
    const { alice, bob } = await world.pair()
    const [one, two] = [
      await alice.chat.send({ to: 'bob', text: 'apples' }),
      await alice.chat.send({ to: 'bob', text: 'pears' }),
    ]
    for (const { id } of [one, two]) await untilTaken(world, { id, by: bob })
    await world.settle()
    // There is an index already, of the only line that has come by itself.
    const laptop = await withHistory(world, alice, async ({ chat }) => {
      const own = await alice.chat.send({ to: 'bob', text: 'apples and more' })
      await untilTaken(world, { id: own.id, by: bob })
      await world.until('it to come', async () => (await chat.message({ id: own.id })) !== null)
      assert.is((await chat.search({ query: 'apples', limit: 10 })).total, 1)
    })
    const find = async (query: string) => {
      const { hits } = await laptop.chat.search({ query, limit: 10 })
      return hits.map(({ excerpt, seq }) => `${seq} ${excerpt}`)
    }
    assert.equal(
      [await find('apples'), await find('pears')],
      [['5 apples and more', '3 apples'], ['4 pears']],
    )
    await alice.chat.edit({ id: one.id, text: 'plums' })
    await alice.chat.deleteMessage({ id: two.id })
    await world.until('both to be known', async () => (await find('plums')).length === 1)
    await world.until('it to be deleted', async () => (await find('pears')).length === 0)
    assert.equal([await find('apples'), await find('plums')], [['5 apples and more'], ['3 plums']])
  }))

test.run()
