import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { audienceDevices, coversAudience } from './audience.ts'
import { Batcher } from './batcher.ts'
import { Recent } from './recent.ts'
import { aliveServers, correctedRoute, routeOf } from './server-choice.ts'
import { perMinute, perSecondOverTen, TokenBuckets } from './token-bucket.ts'

const test = suite('small decisions of the server')

test('`TokenBuckets.take()` lets a burst through, then the rate', () => {
  const buckets = perMinute(60)
  for (let count = 0; count < 60; count++) assert.ok(buckets.take('a', { nowMs: 0 }))
  assert.not(buckets.take('a', { nowMs: 0 }))
  assert.ok(buckets.take('b', { nowMs: 0 }), 'another key is not concerned')
  assert.ok(buckets.take('a', { nowMs: 1_000 }))
  assert.not(buckets.take('a', { nowMs: 1_000 }))
})

test('`TokenBuckets.take()` never lets more than capacity and rate through, whatever the times', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 300 }), pauses => {
      const buckets = perSecondOverTen(5)
      let nowMs = 0
      let taken = 0
      for (const pause of pauses) {
        nowMs += pause
        if (buckets.take('', { nowMs })) taken += 1
      }
      assert.ok(taken <= 50 + (nowMs / 1000) * 5 + 1)
    }),
  )
})

test('`TokenBuckets.take()` does not give back when the clock goes back', () => {
  const buckets = perMinute(1)
  assert.ok(buckets.take('a', { nowMs: 1_000_000 }))
  assert.not(buckets.take('a', { nowMs: 0 }))
  assert.not(buckets.take('a', { nowMs: 1_000_000 }))
})

test('`TokenBuckets` remembers at most `maxKeys`, the last used ones', () => {
  const buckets = new TokenBuckets({ capacity: 1, perSecond: 0, maxKeys: 3 })
  for (const key of ['a', 'b', 'c']) buckets.take(key, { nowMs: 0 })
  buckets.has('a', { nowMs: 0 })
  buckets.take('d', { nowMs: 0 })
  assert.is(buckets.size, 3)
  assert.not(buckets.take('a', { nowMs: 0 }), 'a is remembered')
  assert.ok(buckets.take('b', { nowMs: 0 }), 'b was forgotten')
})

test('`Recent` remembers the last `max` values', () => {
  const recent = new Recent<string>(2)
  for (const value of ['a', 'b', 'a', 'c']) recent.add(value)
  assert.equal(
    ['a', 'b', 'c'].map(value => recent.has(value)),
    [true, false, true],
  )
})

test('`Batcher.add()` puts together what comes while a flush is under way, in order', async () => {
  const batches: number[][] = []
  const gates: (() => void)[] = []
  const batcher = new Batcher<number, number>({
    maxItems: 3,
    async flush(items) {
      batches.push(items)
      await new Promise<void>(resolve => gates.push(resolve))
      return items.map(item => item * 2)
    },
  })
  const first = [batcher.add(1), batcher.add(2)]
  await Promise.resolve()
  await Promise.resolve()
  const later = [3, 4, 5, 6].map(item => batcher.add(item))
  gates.shift()?.()
  assert.equal(await Promise.all(first), [2, 4])
  gates.shift()?.()
  await later[0]
  await Promise.resolve()
  gates.shift()?.()
  assert.equal(await Promise.all(later), [6, 8, 10, 12])
  assert.equal(batches, [[1, 2], [3, 4, 5], [6]])
  await batcher.idle()
})

test('`Batcher.add()` rejects the batch that failed, and only that one', async () => {
  let isFailing = true
  const batcher = new Batcher<number, number>({
    maxItems: 10,
    async flush(items) {
      if (isFailing) throw new Error('no')
      return items
    },
  })
  const failed = await Promise.allSettled([batcher.add(1), batcher.add(2)])
  assert.equal(
    failed.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  isFailing = false
  assert.is(await batcher.add(3), 3)
})

const server = (_id: string, { at, load = 0 }: { at: number; load?: number }) => ({
  _id,
  url: 'ws://x',
  jwk: { kty: 'OKP' as const, crv: 'Ed25519' as const, x: '' },
  load,
  heartbeatAt: new Date(at),
})
const present = (_id: string, serverId: string) => ({ _id, userId: 'u', serverId, since: new Date(0) })

test('`aliveServers()` leaves out leases that were not renewed, and puts the least loaded first', () => {
  const servers = [
    server('busy', { at: 100_000, load: 9 }),
    server('dead', { at: 84_000 }),
    server('idle', { at: 95_000, load: 1 }),
  ]
  const alive = aliveServers(servers, { nowMs: 100_000, leaseDeadMs: 15_000 })
  assert.equal(
    alive.map(({ _id }) => _id),
    ['idle', 'busy'],
  )
})

test('`routeOf()` names each server once and leaves out the dead', () => {
  const presence = [present('1', 'b'), present('2', 'a'), present('3', 'b'), present('4', 'dead')]
  assert.equal(routeOf(presence, { dead: new Set(['dead']) }), ['a', 'b'])
})

test('`correctedRoute()` adds what is missing, and is undefined when nothing is', () => {
  assert.equal(correctedRoute(['a'], ['b']), ['a', 'b'])
  assert.is(correctedRoute(['a', 'b'], ['b']), undefined)
  assert.is(correctedRoute(['a'], []), undefined)
})

test('`audienceDevices()` is everybody but the sending device, each once', () => {
  assert.equal(audienceDevices('me', { recipient: ['b', 'a'], own: ['me', 'c', 'a'] }), ['a', 'b', 'c'])
  assert.equal(audienceDevices('me', { recipient: ['me'], own: ['me'] }), [])
})

test('`coversAudience()` wants one entry for each device, no more and no less', () => {
  const [a, b] = ['01890000-0000-7000-8000-00000000000a', '01890000-0000-7000-8000-00000000000b']
  const body = (...devices: string[]) => ({
    protected: 'x',
    iv: 'x',
    ciphertext: 'x',
    tag: 'x',
    recipients: devices.map(device => ({
      header: { alg: 'ECDH-ES+A256KW' as const, kid: `${device}/AAAAAAAAAAAAAAAA` },
      encrypted_key: 'x',
    })),
  })
  assert.ok(coversAudience(body(b, a), [a, b]))
  assert.not(coversAudience(body(a), [a, b]))
  assert.not(coversAudience(body(a, b), [a]))
  assert.not(coversAudience(body(a, a), [a, b]))
  assert.not(coversAudience(body(a, a, b), [a, b]))
})

test.run()
