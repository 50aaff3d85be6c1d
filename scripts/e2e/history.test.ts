import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentRuntime } from '../test/runtimes.ts'
import { waitFor } from '../test/wait-for.ts'
import { openChat } from './chat.ts'
import {
  createTwoServers,
  type Host,
  jsonLines,
  otherRuntime,
  type Person,
  signUp,
  succeed,
  type World,
} from './world.ts'

/** A new machine of alice's: its name, and what the old one gives it. Two servers, both runtimes. */
const test = suite('names of devices, and history for a new one')

interface Device {
  deviceId: string
  name?: string
  current: boolean
}

let world: World
let first: Host
let second: Host
let old: Person
let fresh: Person
let bob: Person

test.before(async () => {
  ;({ world, first, second } = await createTwoServers())
  old = world.person('alice', { servers: [first], runtime: otherRuntime() })
  fresh = world.person('alice', { servers: [second], runtime: currentRuntime(), password: old.password })
  bob = world.person('bob', { servers: [second], runtime: otherRuntime() })
  await signUp(old, bob)
  await succeed(old, ['send', 'bob', 'before there was another machine'])
  await succeed(bob, ['recv'])
  await succeed(bob, ['send', 'alice', 'an answer from then'])
  await succeed(old, ['recv'])
  await succeed(fresh, ['login', 'alice'])
})

test.after(() => world.close())

async function devicesOf(person: Person): Promise<Device[]> {
  return jsonLines<Device>(await succeed(person, ['devices', '--json']))
}

async function idOf(person: Person): Promise<string> {
  return (await devicesOf(person)).find(({ current }) => current)?.deviceId ?? ''
}

test('a device has a name that its owner sees on all machines, and no server', async () => {
  const id = await idOf(fresh)
  await succeed(fresh, ['devices', 'name', id, 'the new laptop'])
  assert.is((await devicesOf(old)).find(({ deviceId }) => deviceId === id)?.name, 'the new laptop')
  const documents = await world.client.db().collection('devices').find().toArray()
  assert.not.match(JSON.stringify(documents), 'laptop')
})

test('a new device has no history until an old one offers it and it is accepted', async () => {
  assert.equal(jsonLines(await succeed(fresh, ['conversations', '--json'])), [])
  const id = await idOf(fresh)
  await succeed(old, ['devices', 'share', id])
  await fresh.run(['recv', '--timeout', '30'])
  const offers = await waitFor(
    async () => {
      const found = jsonLines<{ id: string; messages: number }>(
        await succeed(fresh, ['devices', 'history', '--json']),
      )
      return found.length > 0 ? found : undefined
    },
    { what: 'the offer', timeoutMs: 60_000 },
  )
  assert.is(offers[0]?.messages, 2)
  await succeed(fresh, ['devices', 'history', 'accept'])
  assert.equal(jsonLines(await succeed(fresh, ['devices', 'history', '--json'])), [])
  const terminal = openChat(fresh, { server: second })
  try {
    await terminal.waitForText('●')
    terminal.type('/msg bob')
    terminal.key('enter')
    await terminal.waitForText(/you +before there was another machine[\s\S]*bob +an answer from then/)
  } finally {
    await terminal.close()
  }
  const left = await world.client.db().collection('blobs').countDocuments()
  assert.is(left, 0)
})

test.run()
