import { randomBytes } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { FastChatError } from '../../schema/errors.ts'
import { giveUpOwnership, type OwnerRecord, processStart, readOwner, takeOwnership } from './owner-file.ts'
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
 * An owner listens on its own new socket before it writes its record, and empties the record before it stops listening.
 * So a record whose socket refuses is one of a process that was killed: it is followed by the next one, never by age, nor
 * by process id alone. Of several processes that try at once, one is the owner and the others connect to it.
 *
 * @param folder the account's folder
 * @throws FastChatError `account_in_use` when the owner lives but cannot be connected to; `home_damaged`, `disk_full`.
 */
export async function claim(folder: string, options: SocketFolders = {}): Promise<Claim> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { generation, record } = await readOwner(folder)
    if (record) {
      const socket = await connectTo(record)
      if (socket) return { owner: false, record, socket }
      // One that gave up meanwhile has said so before it stopped listening.
      const now = await readOwner(folder)
      if (now.record?.nonce !== record.nonce) continue
      await untilEnded(record)
    }
    const listening = await listen(folder, options)
    try {
      if (await takeOwnership(folder, { previous: generation, record: listening.record })) {
        if (record) await removeSocket(record.socketPath)
        return asOwner({ folder, generation: generation + 1, listening })
      }
    } catch (error) {
      await listening.stop()
      throw error
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
  const server = createServer()
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
      // It stops listening at once. Its callback would wait for every connection, also for one that was never taken.
      server.close()
      await removeSocket(socketPath)
    },
  }
}

interface Ownership {
  folder: string
  generation: number
  listening: Listening
}

function asOwner({ folder, generation, listening: { record, server, stop } }: Ownership): Claim {
  const open = new Set<Socket>()
  let handle: ((socket: Socket) => void) | undefined
  let released: Promise<void> | undefined
  server.on('connection', (socket: Socket) => {
    if (released !== undefined) {
      socket.destroy()
      return
    }
    open.add(socket)
    // Before `accept` too: a peer that goes while it waits must not end the process.
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
    if (handle) begin(handle, socket)
  })
  async function release(): Promise<void> {
    await giveUpOwnership(folder, generation)
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

/** A full backlog, or an owner that ends at this moment: asking again tells which. */
const ASK_AGAIN: readonly unknown[] = ['EAGAIN', 'ECONNRESET', 'EPIPE']
const NOBODY: readonly unknown[] = ['ECONNREFUSED', 'ENOENT']

/** Connects to the owner, or gives null when nobody listens there any more. */
async function connectTo({ socketPath, pid }: OwnerRecord): Promise<Socket | null> {
  for (let attempt = 0; ; attempt++) {
    const outcome = await new Promise<Socket | NodeJS.ErrnoException>(resolve => {
      const socket = createConnection({ path: socketPath })
      // It stays: an owner that ends may reset the connection before anybody else listens.
      socket.on('error', resolve)
      socket.once('connect', () => resolve(socket))
    })
    if (!(outcome instanceof Error)) return outcome
    if (NOBODY.includes(outcome.code)) return null
    if (!ASK_AGAIN.includes(outcome.code) || attempt >= 100)
      throw inUse(pid, 'does not let others in', outcome)
    await delay(20)
  }
}

/** A process that is killed closes its sockets a moment before it is gone. */
const ENDING_MS = 2_000
const ENDING_CHECK_MS = 20

/** A tidied /tmp may take the socket of an owner that lives: two owners would be worse than none. */
async function untilEnded({ pid, start }: OwnerRecord): Promise<void> {
  if (start === undefined) return
  const deadline = performance.now() + ENDING_MS
  while (processStart(pid) === start) {
    if (performance.now() > deadline) throw inUse(pid, 'has lost its socket')
    await delay(ENDING_CHECK_MS)
  }
}

function inUse(pid: number, state: string, cause?: unknown): FastChatError {
  return new FastChatError('account_in_use', `Cannot open account: process ${pid} has it and ${state}`, {
    cause,
  })
}
