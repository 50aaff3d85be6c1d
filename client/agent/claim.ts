import { randomBytes } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { FastChatError } from '../../schema/errors.ts'
import { type OwnerRecord, processStart, withOwnerFile } from './owner-file.ts'
import { chooseSocketPath, removeSocket, type SocketFolders } from './socket-path.ts'

/** Either this process owns the account now, or it is connected to the one that does. */
export type Claim =
  | {
      owner: true
      nonce: string
      /** Gets those who are connected and those who come; called once. */
      accept: (onConnection: (socket: Socket) => void) => void
      /** Gives the account up. What has its data open must be closed before. Harmless when repeated. */
      release: () => Promise<void>
    }
  | { owner: false; record: OwnerRecord; socket: Socket }

/** Rounds of finding a dead owner and being overtaken by another process that found it too. */
const MAX_ROUNDS = 50

/**
 * Claims an account for this process.
 *
 * An owner listens on its own new socket before it writes its record, and removes the record before it stops listening.
 * So a record whose socket refuses is one of a process that was killed, and is replaced, by compare-and-set on its nonce;
 * never by age, nor by process id alone. Of several processes that try at once, one is the owner and the others connect
 * to it.
 *
 * @param folder the account's folder
 * @throws FastChatError `account_in_use` when the owner lives but cannot be connected to; `home_damaged`, `disk_full`.
 */
export async function claim(folder: string, options: SocketFolders = {}): Promise<Claim> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = await withOwnerFile(folder, file => file.read())
    if (found) {
      const socket = await connectTo(found)
      if (socket) return { owner: false, record: found, socket }
      // One that gave up meanwhile has removed its record: then there is nothing to take over.
      const now = await withOwnerFile(folder, file => file.read())
      if (now?.nonce !== found.nonce) continue
      checkEnded(found)
    }
    const listening = await listen(folder, options)
    const won = await withOwnerFile(folder, file => file.swap(found?.nonce ?? null, listening.record)).catch(
      async (error: unknown) => {
        await listening.stop()
        throw error
      },
    )
    if (won) {
      if (found) await removeSocket(found.socketPath)
      return asOwner(folder, listening)
    }
    await listening.stop()
  }
  throw new FastChatError('account_in_use', 'Cannot open account: other processes keep claiming it')
}

interface Listening {
  record: OwnerRecord
  server: Server
  stop: () => Promise<void>
}

async function listen(folder: string, options: SocketFolders): Promise<Listening> {
  const nonce = randomBytes(16).toString('hex')
  const socketPath = await chooseSocketPath(folder, { nonce, ...options })
  const server = createServer({ pauseOnConnect: true })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ path: socketPath }, () => resolve(void server.off('error', reject)))
    })
    await chmod(socketPath, 0o600)
  } catch (error) {
    server.close()
    await removeSocket(socketPath)
    throw error
  }
  const start = processStart(process.pid)
  const record = { nonce, pid: process.pid, socketPath, ...(start === undefined ? {} : { start }) }
  return {
    record,
    server,
    async stop() {
      await new Promise<void>(resolve => server.close(() => resolve()))
      await removeSocket(socketPath)
    },
  }
}

function asOwner(folder: string, { record, server, stop }: Listening): Claim {
  const open = new Set<Socket>()
  let handle: ((socket: Socket) => void) | undefined
  let released: Promise<void> | undefined
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    // Before `accept` too: a peer that goes while it waits must not end the process.
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
    if (handle) begin(handle, socket)
  })
  async function release(): Promise<void> {
    try {
      await withOwnerFile(folder, file => file.swap(record.nonce, null))
    } catch {
      // A full disk. The record stays, and is taken over once this process has ended.
    }
    const stopped = stop()
    for (const socket of open) socket.destroy()
    await stopped
  }
  return {
    owner: true,
    nonce: record.nonce,
    accept(onConnection) {
      handle = onConnection
      for (const socket of open) begin(onConnection, socket)
    },
    release() {
      released ??= release()
      return released
    },
  }
}

function begin(handle: (socket: Socket) => void, socket: Socket): void {
  handle(socket)
  socket.resume()
}

/** Connects to the owner, or gives null when nobody listens there any more. */
async function connectTo({ socketPath, pid }: OwnerRecord): Promise<Socket | null> {
  for (let attempt = 0; ; attempt++) {
    const outcome = await new Promise<Socket | NodeJS.ErrnoException>(resolve => {
      const socket = createConnection({ path: socketPath })
      socket.once('error', resolve)
      socket.once('connect', () => {
        socket.off('error', resolve)
        resolve(socket)
      })
    })
    if (!(outcome instanceof Error)) return outcome
    if (outcome.code === 'ECONNREFUSED' || outcome.code === 'ENOENT') return null
    // A full backlog: the owner is there, and busy.
    if (outcome.code !== 'EAGAIN' || attempt >= 100) throw inUse(pid, 'does not let others in', outcome)
    await delay(50)
  }
}

/** A tidied /tmp may take the socket of an owner that lives: two owners would be worse than none. */
function checkEnded({ pid, start }: OwnerRecord): void {
  if (start === undefined || processStart(pid) !== start) return
  throw inUse(pid, 'has lost its socket')
}

function inUse(pid: number, state: string, cause?: unknown): FastChatError {
  return new FastChatError('account_in_use', `Cannot open account: process ${pid} has it and ${state}`, {
    cause,
  })
}
