import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closeCodes } from '../../schema/errors.ts'
import { afterClose } from './close-policy.ts'
import { chooseServers } from './server-choice.ts'
import { httpUrl, normalizeServerUrl, socketUrl } from './urls.ts'

const test = suite('which server, and when')

test('`chooseServers()` names every server once: the learned first, the given always, the lost one last', () => {
  const url = fc.constantFrom('ws://a', 'ws://b', 'ws://c', 'ws://d')
  const random = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }))
  const learned = fc.uniqueArray(fc.record({ url, load: fc.nat() }), { selector: server => server.url })
  fc.assert(
    fc.property(fc.uniqueArray(url), learned, url, random, (given, known, avoid, chance) => {
      const order = chooseServers({ given, learned: known, avoid, random: () => chance.next().value ?? 0 })
      const all = new Set([...given, ...known.map(server => server.url)])
      assert.equal([...order].sort(), [...all].sort())
      if (all.has(avoid)) assert.is(order.at(-1), avoid)
      const isKnown = order.filter(one => one !== avoid).map(one => known.some(server => server.url === one))
      assert.ok(!isKnown.includes(false) || isKnown.indexOf(false) > isKnown.lastIndexOf(true))
    }),
  )
})

test('`chooseServers()` begins with the preferred one when it is known, unless it was just lost', () => {
  const given = ['ws://a', 'ws://b', 'ws://c']
  const order = (more: { prefer?: string; avoid?: string }) =>
    chooseServers({ given, learned: [], random: () => 0, ...more })
  assert.is(order({ prefer: 'ws://c' })[0], 'ws://c')
  assert.is(order({ prefer: 'ws://c', avoid: 'ws://c' })[2], 'ws://c')
  assert.equal(order({ prefer: 'ws://unknown' }).sort(), given)
})

test('`chooseServers()` takes the less loaded of two, so the most loaded is never the first of many', () => {
  const learned = [1, 2, 3, 4, 5].map(load => ({ url: `ws://${load}`, load }))
  const first = new Map<string, number>()
  for (let round = 0; round < 2_000; round++) {
    const [url = ''] = chooseServers({ given: [], learned, random: Math.random })
    first.set(url, (first.get(url) ?? 0) + 1)
  }
  assert.is(first.get('ws://5'), undefined)
  assert.ok((first.get('ws://1') ?? 0) > (first.get('ws://3') ?? 0))
  assert.ok((first.get('ws://3') ?? 0) > (first.get('ws://4') ?? 0))
})

test('`afterClose()` follows `closeCodes`; what is not known is a lost connection', () => {
  for (const { code, reconnect } of Object.values(closeCodes)) {
    if (code === 1000) continue
    assert.is(afterClose(code).next, reconnect, `${code}`)
  }
  assert.is(afterClose(1000).next, 'elsewhere')
  assert.is(afterClose(1006).next, 'elsewhere')
  assert.is(afterClose(4999).next, 'elsewhere')
})

test('addresses are brought into one form, and routes are found from them', () => {
  assert.is(normalizeServerUrl(' http://Host:8080/ '), 'ws://host:8080')
  assert.is(normalizeServerUrl('wss://chat.example/base/'), 'wss://chat.example/base')
  for (const wrong of ['', 'host:8080', 'ftp://host', 'ws://a b', 'ws://host/?x=1', 'ws://user@host']) {
    assert.throws(
      () => normalizeServerUrl(wrong),
      (error: { code?: string }) => error.code === 'usage',
    )
  }
  assert.is(httpUrl('wss://chat.example/base', '/v1/token'), 'https://chat.example/base/v1/token')
  assert.is(socketUrl('ws://host:1'), 'ws://host:1/v1/socket')
})

test.run()
