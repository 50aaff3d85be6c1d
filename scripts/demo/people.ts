import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Accounts, Chat } from '../../client/chat.ts'
import { accountsOfHome } from '../../client/home-accounts.ts'
import type { PasswordChecker } from '../../client/locking.ts'
import { systemClock } from '../../server/adapter/node/system-clock.ts'
import { type RunningServer, serve } from '../../server/main.ts'
import type { Log } from '../../server/port/log.ts'
import { mountainPng } from './mountain.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

/** Two people and their server, all in this process and in one temporary folder: nothing is left when it ends. */
export interface DemoWorld {
  url: string
  /** Her home, in which she is logged in. */
  alice: Accounts & PasswordChecker
  aliceHome: string
  bob: Chat
  /** Signs somebody else up. */
  join(userId: string): Promise<Chat>
  /** The path of a PNG file. */
  picture: string
  /** Ends the server, … */
  stopServer(): Promise<void>
  /** … and starts it again, at the same address, with the same database. */
  startServer(): Promise<void>
  close(): Promise<void>
}

// It would be written over the chat.
const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** @throws FastChatError when server or accounts cannot be made; the signal's reason once it is aborted */
export async function createWorld({ signal }: { signal: AbortSignal }): Promise<DemoWorld> {
  const folder = makeTemporaryFolder()
  let server: RunningServer | undefined
  const chats: Chat[] = []
  const start = async (port: number) => {
    const database = { kind: 'embedded', dataDir: join(folder.path, 'database') } as const
    return await serve({ host: '127.0.0.1', port, database, clock: systemClock, log: silent, signal })
  }
  const close = async () => {
    try {
      for (const chat of chats) await chat.close()
      await server?.stop()
    } finally {
      folder.remove()
    }
  }
  try {
    server = await start(0)
    const { url, port } = server
    const homeOf = (userId: string) => join(folder.path, userId)
    // Where a path is too long for a socket, that is in the same folder, too.
    const accountsOf = (userId: string) =>
      accountsOfHome({ folder: homeOf(userId), servers: [url], runtimeFolder: folder.path })
    const signUp = async (userId: string) => {
      const accounts = await accountsOf(userId)
      signal.throwIfAborted()
      const chat = await accounts.signUp({ userId, password: randomPassword() })
      return { accounts, chat }
    }
    const joined = async (userId: string) => {
      const { chat } = await signUp(userId)
      chats.push(chat)
      return chat
    }
    const [{ accounts: alice, chat: alices }, bob] = await Promise.all([signUp('alice'), joined('bob')])
    await alices.close()
    signal.throwIfAborted()
    const picture = join(folder.path, 'crag.png')
    writeFileSync(picture, mountainPng())
    return {
      url,
      alice,
      aliceHome: homeOf('alice'),
      bob,
      join: joined,
      picture,
      async stopServer() {
        await server?.stop()
        server = undefined
      },
      async startServer() {
        server = await start(port)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function randomPassword(): string {
  return randomBytes(18).toString('base64url')
}
