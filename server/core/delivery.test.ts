import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Delivery, type Fetch } from './delivery.ts'

const test = suite('Delivery')

/** Asks for the read that must be due. */
function due(delivery: Delivery): Fetch {
  const fetch = delivery.nextFetch()
  assert.ok(fetch, 'a read is due')
  return fetch as Fetch
}

function live(window = 4): Delivery {
  const delivery = new Delivery({ window })
  due(delivery)
  delivery.fetched([])
  return delivery
}

test('`nextFetch()` asks for a whole window at first, and not again while a read is under way', () => {
  const delivery = new Delivery({ window: 4 })
  assert.equal(due(delivery), { exclude: [], limit: 4 })
  assert.is(delivery.nextFetch(), undefined)
})

test('`fetched()` says `hasDrained` once, when a read found less than it asked for', () => {
  const delivery = new Delivery({ window: 2 })
  due(delivery)
  assert.equal(delivery.fetched(['a', 'b']), { deliver: ['a', 'b'], hasDrained: false })
  delivery.acked(['a', 'b'])
  due(delivery)
  assert.equal(delivery.fetched(['c']), { deliver: ['c'], hasDrained: true })
  delivery.drainAgain()
  delivery.acked(['c'])
  due(delivery)
  assert.equal(delivery.fetched([]), { deliver: [], hasDrained: false })
})

test('`offer()` leaves what comes during a drain in the database and has it read once more', () => {
  const delivery = new Delivery({ window: 4 })
  due(delivery)
  assert.is(delivery.offer('late'), false)
  assert.equal(delivery.fetched([]), { deliver: [], hasDrained: false })
  due(delivery)
  assert.equal(delivery.fetched(['late']), { deliver: ['late'], hasDrained: true })
})

test('`offer()` delivers live until the window is full; half a window of acks brings the next read', () => {
  const delivery = live()
  assert.equal(
    ['a', 'b', 'c', 'd', 'e'].map(id => delivery.offer(id)),
    [true, true, true, true, false],
  )
  assert.is(delivery.mode, 'drain')
  delivery.acked(['a'])
  assert.is(delivery.nextFetch(), undefined)
  delivery.acked(['b'])
  assert.equal(due(delivery), { exclude: ['c', 'd', 'a', 'b'], limit: 2 })
})

test('`offer()` of a message that is under way or was acked lately is not delivered again', () => {
  const delivery = live()
  assert.is(delivery.offer('a'), true)
  assert.is(delivery.offer('a'), false)
  delivery.acked(['a'])
  assert.is(delivery.offer('a'), false)
  delivery.ackStored(['a'])
  assert.is(delivery.offer('a'), false)
  assert.is(delivery.mode, 'live')
})

test('`fetched()` passes over what was acked and deleted while the read was under way', () => {
  const delivery = live()
  delivery.offer('a')
  delivery.drainAgain()
  due(delivery)
  delivery.acked(['a'])
  delivery.ackStored(['a'])
  assert.equal(delivery.fetched(['a']).deliver, [])
})

test('`fetched()` delivers again what is in the database again: it was sent a second time', () => {
  const delivery = live()
  delivery.offer('a')
  delivery.acked(['a'])
  delivery.ackStored(['a'])
  delivery.drainAgain()
  due(delivery)
  assert.equal(delivery.fetched(['a']).deliver, ['a'])
})

test('`ackFailed()` has the message read and delivered again', () => {
  const delivery = live()
  delivery.offer('a')
  delivery.acked(['a'])
  delivery.ackFailed(['a'])
  due(delivery)
  assert.equal(delivery.fetched(['a']).deliver, ['a'])
})

test('`acked()` takes each id once, also of messages that an earlier socket was given', () => {
  const delivery = live()
  assert.equal(delivery.acked(['x', 'x', 'y']), ['x', 'y'])
  assert.equal(delivery.acked(['y', 'z']), ['z'])
})

test('`acked()` keeps at most `maxAcking` ids: memory is bounded whatever a client sends', () => {
  const delivery = new Delivery({ window: 4, maxAcking: 3 })
  assert.equal(delivery.acked(['1', '2', '3', '4', '5']), ['1', '2', '3'])
})

test('`fetchFailed()` makes the same read due again', () => {
  const delivery = new Delivery({ window: 4 })
  due(delivery)
  delivery.fetchFailed()
  assert.equal(due(delivery), { exclude: [], limit: 4 })
})

test('every message is delivered exactly once while nothing fails, never more than a window unacked', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.constantFrom('arrive', 'silent', 'read', 'ack', 'flush', 'sweep'), { maxLength: 200 }),
      (window, steps) => {
        const world = new World(window)
        for (const step of steps) world.step(step)
        world.settle()
        assert.equal([...world.delivered].sort(), [...world.all].sort())
        assert.is(world.database.size, 0)
        assert.is(world.delivery.mode, 'live')
      },
    ),
    { numRuns: 500 },
  )
})

/** A database and a client around the machine; reads take their snapshot when they begin, and answer later. */
class World {
  readonly delivery: Delivery
  readonly database = new Set<string>()
  readonly all: string[] = []
  readonly delivered: string[] = []
  readonly #window: number
  #unacked: string[] = []
  #acking: string[][] = []
  #read: string[] | undefined

  constructor(window: number) {
    this.#window = window
    this.delivery = new Delivery({ window })
    this.#pump()
  }

  step(step: string): void {
    if (step === 'arrive' || step === 'silent') this.#arrive(step === 'arrive')
    else if (step === 'read') this.#finishRead()
    else if (step === 'ack') this.#ack()
    else if (step === 'flush') this.#flush()
    else this.delivery.drainAgain()
    this.#pump()
    assert.ok(this.delivery.unacked <= this.#window)
  }

  /** Everybody does what is left to do; the slow sweep comes by. */
  settle(): void {
    this.delivery.drainAgain()
    for (let round = 0; round < 1000; round++) for (const step of ['read', 'ack', 'flush']) this.step(step)
  }

  #arrive(isOffered: boolean): void {
    const id = String(this.all.length).padStart(5, '0')
    this.all.push(id)
    this.database.add(id)
    // By this server and by the change stream; or, when a race was lost, by nobody.
    if (isOffered) for (let way = 0; way < 2; way++) if (this.delivery.offer(id)) this.#give(id)
  }

  #finishRead(): void {
    if (!this.#read) return
    const found = this.#read
    this.#read = undefined
    for (const id of this.delivery.fetched(found).deliver) this.#give(id)
  }

  #ack(): void {
    const ids = this.#unacked
    this.#unacked = []
    const taken = this.delivery.acked(ids)
    if (taken.length > 0) this.#acking.push(taken)
  }

  #flush(): void {
    const ids = this.#acking.shift() ?? []
    for (const id of ids) this.database.delete(id)
    this.delivery.ackStored(ids)
  }

  #give(id: string): void {
    this.delivered.push(id)
    this.#unacked.push(id)
  }

  #pump(): void {
    const fetch = this.delivery.nextFetch()
    if (!fetch) return
    const waiting = [...this.database].filter(id => !fetch.exclude.includes(id)).sort()
    this.#read = waiting.slice(0, fetch.limit)
  }
}

test.run()
