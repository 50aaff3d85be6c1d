import { createServer, type Server, type Socket } from 'node:net'
import { ObjectId } from 'bson'
import type { ServerState } from './commands/context.ts'
import { Cursors } from './commands/cursors.ts'
import { dispatch } from './commands/dispatch.ts'
import { IndexBuilds } from './commands/index-builds.ts'
import { Maintenance } from './maintenance.ts'
import { type Ownership, takeOwnership } from './storage/owner.ts'
import { Store } from './storage/store.ts'
import { serveConnection } from './wire/connection.ts'

export const SET_NAME = 'fastchat'

/** What only tests change. */
export interface Tuning {
  oplogMaxBytes?: number
  sweepMs?: number
  idleCursorMs?: number
}

/** The embedded server: one store, one listening socket. */
export class EmbeddedServer {
  readonly #store: Store
  readonly #state: ServerState
  readonly #maintenance: Maintenance
  readonly #ownership: Ownership
  readonly #sockets = new Set<Socket>()
  readonly #running = new Set<Promise<unknown>>()
  #server: Server | undefined
  #lastConnection = 0
  #stopped: Promise<void> | undefined

  /** @throws DatabaseInUse when another process holds the directory */
  static async open(options: { dataDir: string; tuning?: Tuning }): Promise<EmbeddedServer> {
    const { dataDir, tuning = {} } = options
    const oplog = tuning.oplogMaxBytes === undefined ? {} : { oplogMaxBytes: tuning.oplogMaxBytes }
    const store = new Store({ dataDir, ...oplog })
    try {
      const ownership = await takeOwnership(store.engine, dataDir)
      return new EmbeddedServer({ store, ownership, dataDir, tuning })
    } catch (error) {
      await store.engine.close()
      throw error
    }
  }

  private constructor(given: { store: Store; ownership: Ownership; dataDir: string; tuning: Tuning }) {
    const { dataDir, tuning } = given
    this.#store = given.store
    this.#ownership = given.ownership
    // What the last owner wrote between our opening and our taking over.
    this.#store.catalog.reload()
    this.#store.oplog.reload()
    const cursors = new Cursors(tuning.idleCursorMs === undefined ? {} : { idleMs: tuning.idleCursorMs })
    this.#maintenance = new Maintenance(this.#store, {
      cursors,
      ...(tuning.sweepMs === undefined ? {} : { sweepMs: tuning.sweepMs }),
    })
    this.#state = {
      store: this.#store,
      cursors,
      builds: new IndexBuilds(this.#store),
      startedAtMs: Date.now(),
      setName: SET_NAME,
      electionId: new ObjectId(),
      dataDir,
      connections: { current: 0, total: 0 },
    }
  }

  /** Begins to listen; resolves with the port. Rejects with the error of `listen`. */
  async listen(options: { host: string; port: number }): Promise<number> {
    await this.#maintenance.start()
    const server = createServer({ noDelay: true }, socket => this.#accept(socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(options.port, options.host, () => {
        server.off('error', reject)
        resolve()
      })
    })
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : options.port
    this.#ownership.listensOn({ host: isAnyAddress(options.host) ? '127.0.0.1' : options.host, port })
    return port
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    this.#state.connections.current++
    this.#state.connections.total++
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#state.connections.current--
    })
    serveConnection(socket, {
      id: ++this.#lastConnection,
      answer: (request, peer) => {
        const work = dispatch(this.#state, request, peer)
        this.#running.add(work)
        return work.finally(() => this.#running.delete(work))
      },
    })
  }

  /** Lets what is running finish, closes everything and gives the directory back. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    const closed = new Promise<void>(resolve => {
      if (this.#server?.listening) this.#server.close(() => resolve())
      else resolve()
    })
    this.#state.cursors.killAll()
    await this.#maintenance.stop()
    // Replies on their way still go out; new requests find the socket closed.
    for (const socket of this.#sockets) socket.pause()
    await Promise.allSettled([...this.#running])
    for (const socket of this.#sockets) socket.destroySoon()
    await new Promise<void>(resolve => setImmediate(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
    this.#ownership.giveBack()
    await this.#store.engine.close()
  }
}

function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
