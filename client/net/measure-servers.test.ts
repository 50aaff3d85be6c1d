import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import type { ServerMeasure } from '../chat.ts'
import type { Api } from './api.ts'
import type { Clock } from './clock.ts'
import { measureServers } from './measure-servers.ts'
import type { Transport } from './transport.ts'

const test = suite('how far servers are')

/** Servers that take so long for an answer; null: one that refuses, undefined: one that never answers. */
function network(servers: Record<string, { ms: number | null | undefined; names?: string[] }>) {
  let now = 0
  const timers: { at: number; action: () => void }[] = []
  const clock: Clock = {
    now: () => now,
    after(delayMs, action) {
      const timer = { at: now + delayMs, action }
      timers.push(timer)
      return () => void timers.splice(timers.indexOf(timer), 1)
    },
  }
  const answer = async (url: string) => {
    const { ms, names = [] } = servers[url] ?? { ms: null }
    if (ms === null) throw new FastChatError('unavailable', 'Cannot use server: it cannot be reached')
    await new Promise<void>(resolve => {
      if (ms !== undefined) clock.after(ms, resolve)
    })
    return { self: 's', now: 0, servers: names.map(name => ({ id: name, url: name, load: 0 })) }
  }
  const transport = { api: (url: string) => ({ servers: () => answer(url) }) as Partial<Api> } as Transport
  /** Lets time pass, timer by timer, until nothing waits. */
  const pass = async () => {
    for (;;) {
      await new Promise(resolve => setImmediate(resolve))
      const first = timers.sort((one, other) => one.at - other.at).shift()
      if (!first) return
      now = first.at
      first.action()
    }
  }
  return { clock, transport, pass }
}

test('`measureServers()` tells each server once as soon as it is known, those that others name too', async () => {
  const { clock, transport, pass } = network({
    'ws://far': { ms: 40, names: ['ws://near', 'ws://far'] },
    'ws://near': { ms: 2, names: ['ws://far', 'ws://near'] },
    'ws://mute': { ms: undefined },
    'ws://down': { ms: null },
  })
  const found: ServerMeasure[] = []
  const given = ['ws://far', 'ws://mute', 'ws://down']
  const done = measureServers(given, { transport, clock, found: server => void found.push(server) })
  await pass()
  await done
  assert.equal(found, [
    { url: 'ws://down', latencyMs: null },
    { url: 'ws://far', latencyMs: 40 },
    { url: 'ws://near', latencyMs: 2 },
    { url: 'ws://mute', latencyMs: null },
  ])
})

test('`measureServers()` asks a bounded number, however many a server names', async () => {
  const names = Array.from({ length: 500 }, (_, index) => `ws://made-up-${index}`)
  const { clock, transport, pass } = network({ 'ws://one': { ms: 1, names } })
  let count = 0
  const done = measureServers(['ws://one'], {
    transport,
    clock,
    found: () => {
      count += 1
    },
  })
  await pass()
  await done
  assert.ok(count <= 24)
})

test.run()
