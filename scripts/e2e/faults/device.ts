import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Chat, TimelineItem } from '../../../client/chat.ts'
import { generateKey, publicEd25519 } from '../../../client/crypto/keys.ts'
import type { PrivateJwk } from '../../../client/crypto/types.ts'
import { sealVault } from '../../../client/crypto/vault.ts'
import { FileStore } from '../../../client/files/file-store.ts'
import { askAnyServer } from '../../../client/net/any-server.ts'
import { systemClock } from '../../../client/net/clock.ts'
import { createTransport } from '../../../client/net/create-transport.ts'
import type { Transport } from '../../../client/net/transport.ts'
import { createDevice, readIdentity, writeDevice } from '../../../client/session/device.ts'
import { createSession } from '../../../client/session.ts'
import { openStore } from '../../../client/store/lmdb-store.ts'
import { createMemoryStore } from '../../../client/store/memory-store.ts'
import type { Store } from '../../../client/store/store.ts'
import { argon2idLimits } from '../../../schema/limits.ts'
import { type Mark, markOf } from './tally.ts'

/** A device of somebody: real keys, a real store on the disk, real sockets; its session runs in this process. */
export interface Device {
  /** `user/number`. */
  readonly name: string
  readonly userId: string
  readonly accountKey: PrivateJwk
  readonly folder: string
  /** The messages of others that came since the session began, for the progress of a burst. */
  received: number
  /** Everything that entered its timeline. */
  arrived: number
  /** What the sessions reported as defects of theirs. */
  readonly defects: unknown[]
  /** The present session. @throws {Error} when there is none */
  chat(): Chat
  /** Writes to somebody. Between two sessions it waits for the next. */
  send(to: string, text: string): Promise<void>
  /** Begins a session, at the first of these servers that answers. */
  open(servers: readonly string[], options?: { transport?: Transport }): Promise<void>
  close(): Promise<void>
  /** What this device shows, oldest first in each conversation. */
  lines(): Promise<TimelineItem[]>
}

const clock = systemClock
export const realTransport: Transport = createTransport({ clock })

/**
 * Makes an account, or one more device of it. Passwords are left out: the account's key is what everything hangs on.
 *
 * @param of the account's first device
 */
export async function makeDevice({
  name,
  userId,
  folder: parent,
  servers,
  of,
  isInMemory = false,
}: {
  name: string
  userId: string
  folder: string
  servers: readonly string[]
  of?: Device | undefined
  /** Its data is not on the disk: for hundreds of devices in one process. */
  isInMemory?: boolean
}): Promise<Device> {
  const accountKey = of?.accountKey ?? (await generateKey('Ed25519'))
  const made = await createDevice({ userId, accountKey, now: clock.now() })
  const apis = servers.map(url => realTransport.api(url))
  if (of) {
    await askAnyServer(api => api.addDevice(made.registration), { apis })
  } else {
    const salt = randomBytes(16).toString('base64url')
    const kdf = { name: 'argon2id' as const, salt, ...argon2idLimits.default }
    const vault = await sealVault(accountKey, { userId, vaultKey: randomBytes(32) })
    const authKey = randomBytes(32).toString('base64url')
    const account = { userId, kdf, authKey, accountKey: publicEd25519(accountKey), vault }
    await askAnyServer(api => api.createAccount({ ...account, device: made.registration }), { apis })
  }
  const folder = join(parent, name.replace('/', '-'))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const open = isInMemory ? inMemory() : onDisk(folder)
  const store = open()
  await writeDevice(store, made)
  await store.close()
  return new LocalDevice({ name, userId, accountKey, folder, openStore: open })
}

function onDisk(folder: string): () => Store {
  const storageKey = randomBytes(32)
  return () => openStore({ folder, storageKey })
}

/** One store for all sessions of a device: closing it keeps the data. */
function inMemory(): () => Store {
  const store = { ...createMemoryStore(), close: async () => undefined }
  return () => store
}

class LocalDevice implements Device {
  readonly name: string
  readonly userId: string
  readonly accountKey: PrivateJwk
  readonly folder: string
  readonly defects: unknown[] = []
  received = 0
  arrived = 0
  readonly #openStore: () => Store
  #chat: Chat | undefined
  #waiting: ((chat: Chat) => void)[] = []

  constructor(parts: {
    name: string
    userId: string
    accountKey: PrivateJwk
    folder: string
    openStore: () => Store
  }) {
    this.name = parts.name
    this.userId = parts.userId
    this.accountKey = parts.accountKey
    this.folder = parts.folder
    this.#openStore = parts.openStore
  }

  chat(): Chat {
    if (this.#chat) return this.#chat
    throw new Error(`Cannot use device ${this.name}: it has no session`)
  }

  async send(to: string, text: string): Promise<void> {
    for (;;) {
      const chat = this.#chat ?? (await this.#nextChat())
      try {
        await chat.send({ to, text })
        return
      } catch (error) {
        // A session that has ended wrote nothing.
        if (this.#chat === chat) throw error
      }
    }
  }

  #nextChat(): Promise<Chat> {
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  async open(servers: readonly string[], { transport = realTransport } = {}): Promise<void> {
    const store = this.#openStore()
    const identity = readIdentity(store)
    if (!identity) throw new Error(`Cannot open device ${this.name}: its identity is not there`)
    const chat = await createSession({
      ...{ identity, store, transport, servers, clock },
      files: new FileStore(join(this.folder, 'files')),
      onLogOut: async () => undefined,
      report: error => this.defects.push(error),
    })
    // What is told of a message for the second time is news of its state.
    const seen = new Set<string>()
    chat.subscribe(event => {
      if (event.type !== 'item' || event.item.kind !== 'message' || seen.has(event.item.id)) return
      seen.add(event.item.id)
      this.arrived++
      if (!event.item.mine) this.received++
    })
    this.#chat = chat
    for (const resolve of this.#waiting.splice(0)) resolve(chat)
  }

  async close(): Promise<void> {
    const chat = this.#chat
    this.#chat = undefined
    await chat?.close()
  }

  async lines(): Promise<TimelineItem[]> {
    const chat = this.chat()
    const { conversations } = await chat.snapshot()
    const all: TimelineItem[] = []
    for (const { id: conversation } of conversations) {
      all.push(...(await chat.history({ conversation, limit: Number.MAX_SAFE_INTEGER })))
    }
    return all
  }
}

/** The messages of bursts among the lines of a device. */
export function marksOf(lines: readonly TimelineItem[]): Mark[] {
  return lines.flatMap(line => {
    if (line.kind !== 'message' || line.content.type !== 'text') return []
    const mark = markOf(line.content.text)
    return mark ? [mark] : []
  })
}
