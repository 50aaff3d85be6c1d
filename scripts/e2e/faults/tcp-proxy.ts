import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net'

/** The two directions of one connection through a proxy. */
export interface Passage {
  readonly client: Socket
  readonly target: Socket
}

/** What is done with bytes; by default they are passed on as they come. */
export interface Filter {
  toTarget?: (bytes: Buffer, passage: Passage) => void
  toClient?: (bytes: Buffer, passage: Passage) => void
}

/** A wire that can be cut. */
export interface TcpProxy {
  readonly port: number
  /** Ends every connection at once, without a goodbye. */
  cut(): void
  /** Whether new connections are let through; those that are there stay. */
  setOpen(isOpen: boolean): void
  close(): Promise<void>
}

/** Stands between anybody and `target`. `filter` makes what it likes of each connection. */
export async function createTcpProxy(
  target: { host: string; port: number },
  filter: () => Filter = () => ({}),
): Promise<TcpProxy> {
  const passages = new Set<Passage>()
  let isOpen = true
  const server: Server = createServer(client => {
    if (!isOpen) {
      client.destroy()
      return
    }
    const passage = { client, target: tcpConnect(target) }
    passages.add(passage)
    const end = () => {
      passages.delete(passage)
      passage.client.destroy()
      passage.target.destroy()
    }
    for (const socket of [passage.client, passage.target]) {
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
    }
    const { toTarget, toClient } = filter()
    client.on('data', bytes => (toTarget ? toTarget(bytes, passage) : passage.target.write(bytes)))
    passage.target.on('data', bytes => (toClient ? toClient(bytes, passage) : passage.client.write(bytes)))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  function cut(): void {
    for (const { client, target } of [...passages]) {
      client.resetAndDestroy()
      target.resetAndDestroy()
    }
  }
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cut,
    setOpen(value) {
      isOpen = value
    },
    async close() {
      isOpen = false
      cut()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
