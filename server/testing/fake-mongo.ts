import { createServer, type Socket } from 'node:net'
import { BSON } from 'mongodb'
import { waitFor } from '../../scripts/test/wait-for.ts'

/** A server that says what a test wants to hear: `answer` for each command, over MongoDB's wire protocol. */
export interface FakeMongo {
  uri: string
  close(): void
}

type Answer = (command: Record<string, unknown>) => Record<string, unknown>

const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013
const HEADER_BYTES = 16

export async function startFakeMongo(answer: Answer): Promise<FakeMongo> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    let received = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      while (received.length >= HEADER_BYTES && received.length >= received.readInt32LE(0)) {
        const length = received.readInt32LE(0)
        socket.write(reply(received.subarray(0, length), answer))
        received = received.subarray(length)
      }
    })
  }).listen(0, '127.0.0.1')
  await waitFor(() => server.listening, { what: 'the fake to listen' })
  const { port } = server.address() as { port: number }
  return {
    uri: `mongodb://127.0.0.1:${port}/?serverSelectionTimeoutMS=500`,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** A hello of a replica set of one, as MongoDB 4.4 gives it. */
export function hello(port: string): Record<string, unknown> {
  return {
    ...{
      ok: 1,
      isWritablePrimary: true,
      ismaster: true,
      setName: 'rs0',
      primary: port,
      me: port,
      hosts: [port],
    },
    ...{ setVersion: 1, minWireVersion: 0, maxWireVersion: 9, maxBsonObjectSize: 16 * 1024 * 1024 },
    ...{ maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000, logicalSessionTimeoutMinutes: 30 },
  }
}

function reply(message: Buffer, answer: Answer): Buffer {
  const isQuery = message.readInt32LE(12) === OP_QUERY
  // Flags and a section's kind; or flags, a name that ends with NUL, and two numbers.
  const from = isQuery ? message.indexOf(0, HEADER_BYTES + 4) + 1 + 8 : HEADER_BYTES + 5
  const size = message.readInt32LE(from)
  const document = BSON.serialize(answer(BSON.deserialize(message.subarray(from, from + size))))
  const before = Buffer.alloc(isQuery ? 20 : 5)
  if (isQuery) before.writeInt32LE(1, 16)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeInt32LE(HEADER_BYTES + before.length + document.length, 0)
  header.writeInt32LE(message.readInt32LE(4), 8)
  header.writeInt32LE(isQuery ? OP_REPLY : OP_MSG, 12)
  return Buffer.concat([header, before, document])
}
