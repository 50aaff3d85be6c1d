import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FastChatError } from '../../schema/errors.ts'
import type { UserId } from '../../schema/ids.ts'
import { waitFor } from '../../scripts/test/wait-for.ts'
import type { Chat, ChatEvent, MessageItem, TimelineItem } from '../chat.ts'
import { generateKey, publicEd25519 } from '../crypto/keys.ts'
import type { PrivateJwk } from '../crypto/types.ts'
import { FileStore } from '../files/file-store.ts'
import { createTestClock, type TestClock } from '../net/test-clock.fixture.ts'
import { createSession } from '../session.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { createDevice, readIdentity, writeDevice } from './device.ts'
import { FakeServer } from './fake-server.fixture.ts'

/** A device of somebody at the fake server, with a session that can be ended and begun again. */
export interface TestDevice {
  readonly userId: UserId
  readonly deviceId: string
  readonly accountKey: PrivateJwk
  readonly store: Store
  readonly events: ChatEvent[]
  /** What the session reported as defects. */
  readonly defects: unknown[]
  chat: Chat
  /** Begins a session on the same data: after `chat.close()`, or after a crash when it is not called. */
  restart(): Promise<void>
  /** All texts and notices of the conversation with somebody, in order, as a short text each. */
  lines(user: UserId): Promise<string[]>
}

/** Runs a test in a world of its own, and ends all of it. */
export async function withWorld(play: (world: TestWorld) => Promise<void>): Promise<void> {
  const world = createTestWorld()
  try {
    await play(world)
  } finally {
    await world.close()
  }
}

export interface TestWorld {
  readonly clock: TestClock
  readonly server: FakeServer
  /** For files of people; removed in the end. */
  readonly folder: string
  /** Signs somebody up, or adds a device to their account. */
  device(userId: UserId, options?: { of?: TestDevice }): Promise<TestDevice>
  /** Two people who have written to each other. */
  pair(): Promise<{ alice: TestDevice; bob: TestDevice }>
  /** Lets everything that is under way happen, without time going by. */
  settle(): Promise<void>
  /** Waits for a condition while time goes by, a few times as fast as real time. */
  until(what: string, condition: () => unknown): Promise<void>
  close(): Promise<void>
}

export function createTestWorld(): TestWorld {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-world-'))
  const clock = createTestClock()
  const server = new FakeServer(clock)
  const devices: TestDevice[] = []

  async function open(device: {
    deviceId: string
    store: Store
    events: ChatEvent[]
    defects: unknown[]
    life: { isOver: boolean }
  }): Promise<Chat> {
    const { life } = device
    const identity = readIdentity(device.store)
    if (!identity) throw new Error('Cannot open test device: no identity')
    const chat = await createSession({
      identity,
      store: {
        ...device.store,
        transaction(work) {
          if (life.isOver) throw new FastChatError('disk_full', 'Cannot write data: the process was killed')
          return device.store.transaction(work)
        },
        // A session closes its store; here the data outlives it.
        close: async () => undefined,
      },
      files: new FileStore(join(folder, device.deviceId)),
      transport: {
        api: url => server.transport().api(url),
        openSocket(request) {
          if (life.isOver) throw new FastChatError('unavailable', 'Cannot connect: the process was killed')
          return server.transport().openSocket(request)
        },
      },
      servers: ['ws://fake'],
      onLogOut: async () => undefined,
      clock,
      random: () => 0,
      report: error => device.defects.push(error),
    })
    chat.subscribe(event => device.events.push(event))
    return chat
  }

  const world: TestWorld = {
    clock,
    folder,
    server,
    async pair() {
      const alice = await world.device('alice')
      const bob = await world.device('bob')
      await alice.chat.send({ to: 'bob', text: 'first' })
      await world.until('bob to have it', async () => (await bob.lines('alice')).length === 1)
      await bob.chat.send({ to: 'alice', text: 'second' })
      for (const [one, other] of [
        [alice, 'bob'],
        [bob, 'alice'],
      ] as const) {
        await world.until('both to be delivered', async () => {
          return (await statesOf(one, other)).join() === 'delivered' && (await one.lines(other)).length === 2
        })
      }
      await world.until('nothing to be on its way', () => server.undelivered.size === 0)
      return { alice, bob }
    },
    async settle() {
      let before = -1
      await waitFor(
        () => {
          const isQuiet = before === server.received.length
          before = server.received.length
          return isQuiet
        },
        { what: 'quiet', intervalMs: 100 },
      )
    },
    async device(userId, { of } = {}) {
      const accountKey = of?.accountKey ?? (await generateKey('Ed25519'))
      const made = await createDevice({ userId, accountKey, now: clock.now() })
      const store = createMemoryStore()
      await writeDevice(store, made)
      if (of) {
        server.addDevice(userId, made.registration)
      } else {
        const kdf = {
          name: 'argon2id',
          salt: 'A'.repeat(22),
          memoryKiB: 1,
          iterations: 1,
          parallelism: 1,
        } as const
        const account = { userId, kdf, authKey: 'A'.repeat(43), accountKey: publicEd25519(accountKey) }
        await server
          .transport()
          .api('ws://fake')
          .createAccount({ ...account, vault: '', device: made.registration })
      }
      const { deviceId } = made.identity
      const life = { isOver: false }
      const parts = { deviceId, store, events: [] as ChatEvent[], defects: [] as unknown[], life }
      const device: TestDevice = {
        ...parts,
        userId,
        accountKey,
        chat: await open(parts),
        async restart() {
          parts.life.isOver = true
          server.drop(device.deviceId)
          parts.life = { isOver: false }
          device.chat = await open(parts)
        },
        async lines(user) {
          const { conversations } = await device.chat.snapshot()
          const conversation = conversations.find(found => found.with === user)
          if (!conversation) return []
          return (await device.chat.history({ conversation: conversation.id, limit: 1000 })).map(describe)
        },
      }
      devices.push(device)
      return device
    },
    async until(what, condition) {
      await waitFor(
        async () => {
          clock.advance(25)
          return await condition()
        },
        { what, intervalMs: 5 },
      )
    },
    async close() {
      const closing = Promise.all(devices.map(({ chat }) => chat.close()))
      await world.until('all sessions to close', () => Promise.race([closing.then(() => true), tick()]))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return world
}

function tick(): Promise<false> {
  return new Promise(resolve => setTimeout(() => resolve(false), 5))
}

function describe(item: TimelineItem): string {
  if (item.kind === 'message') {
    const { content } = item
    return `${item.from}: ${content.type === 'text' ? content.text : content.type === 'unknown' ? content.originally : content.type}`
  }
  const { type, ...about } = item.notice
  const said = Object.values(about).filter(value => typeof value === 'number' || type === 'roster-refused')
  return `(${[type, ...said].join(' ')})`
}

/** The states of one's own messages with somebody, oldest first. */
export async function statesOf(device: TestDevice, user: UserId): Promise<(string | undefined)[]> {
  const { conversations } = await device.chat.snapshot()
  const conversation = conversations.find(found => found.with === user)
  if (!conversation) return []
  const items = await device.chat.history({ conversation: conversation.id, limit: 1000 })
  return items
    .filter((item): item is MessageItem => item.kind === 'message' && item.mine)
    .map(({ state }) => state)
}
