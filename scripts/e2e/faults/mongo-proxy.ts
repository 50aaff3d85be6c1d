import { deserialize, serialize } from 'bson'
import type { MongoClient } from 'mongodb'
import { createTcpProxy, type Filter, type Passage, type TcpProxy } from './tcp-proxy.ts'

/**
 * What becomes of the answers that a change stream waits for:
 * `pass`; `hold`: they do not come, though the connection is there; `lost`: in their place comes error 286, as from a
 * database whose oplog has gone past the place of the token; `invalid`: the event with which a database ends a stream.
 */
export type StreamMode = 'pass' | 'hold' | 'lost' | 'invalid'

/** Stands between one server and its database, and knows the change stream among all that goes through. */
export interface MongoProxy extends TcpProxy {
  /** In the place of `MONGODB_URI`. */
  readonly uri: string
  /** How many answers were held back or replaced so far. */
  readonly tampered: number
  /** `lost` and `invalid` happen once, then it is `pass` again. */
  setStream(mode: StreamMode): void
}

const HEADER_BYTES = 16
const OP_MSG = 2013
const HISTORY_LOST = 286

interface Message {
  bytes: Buffer
  id: number
  answers: number
}

/** @param mongoUri of the database; `client` is asked where its primary is */
export async function createMongoProxy(mongoUri: string, client: MongoClient): Promise<MongoProxy> {
  const hello = await client.db('admin').command({ hello: 1 })
  const address = String(hello.primary ?? hello.me ?? new URL(mongoUri).host)
  const [, host = '127.0.0.1', port = '27017'] = /^(.*):(\d+)$/.exec(address) ?? []
  const control = new StreamControl()
  const proxy = await createTcpProxy({ host, port: Number(port) }, () => control.filter())
  const uri = new URL(mongoUri)
  uri.host = `127.0.0.1:${proxy.port}`
  uri.searchParams.delete('replicaSet')
  uri.searchParams.set('directConnection', 'true')
  return {
    ...proxy,
    uri: uri.href,
    get tampered() {
      return control.tampered
    },
    setStream: mode => control.set(mode),
  }
}

class StreamControl {
  tampered = 0
  #mode: StreamMode = 'pass'
  /** Answers that have come and were not passed on, each with what passes it on. */
  #held: { message: Message; passage: Passage }[] = []

  set(mode: StreamMode): void {
    this.#mode = mode
    if (mode === 'hold') return
    const held = this.#held
    this.#held = []
    for (const { message, passage } of held) this.#answer(message, passage)
  }

  filter(): Filter {
    const fromClient = new Splitter()
    const fromTarget = new Splitter()
    const cursors = new Set<bigint>()
    /** Requests of change streams that are under way. */
    const asked = new Set<number>()
    return {
      toTarget(bytes, { target }) {
        for (const message of fromClient.push(bytes)) {
          if (isOfStream(message, cursors)) asked.add(message.id)
          target.write(message.bytes)
        }
      },
      toClient: (bytes, passage) => {
        for (const message of fromTarget.push(bytes)) {
          if (!asked.delete(message.answers)) {
            passage.client.write(message.bytes)
            continue
          }
          const cursor = readBody(message)?.cursor as { id?: bigint } | undefined
          if (cursor?.id) cursors.add(BigInt(cursor.id))
          if (this.#mode === 'hold') {
            this.tampered++
            this.#held.push({ message, passage })
          } else {
            this.#answer(message, passage)
          }
        }
      },
    }
  }

  #answer(message: Message, { client }: Passage): void {
    const mode = this.#mode
    if (mode === 'pass' || mode === 'hold') {
      client.write(message.bytes)
      return
    }
    this.#mode = 'pass'
    this.tampered++
    client.write(writeAnswer(message, mode === 'lost' ? historyLost : invalidated(message)))
  }
}

const historyLost = {
  ok: 0,
  code: HISTORY_LOST,
  codeName: 'ChangeStreamHistoryLost',
  errmsg: 'Resume of change stream was not possible, as the resume point may no longer be in the oplog.',
  errorLabels: ['NonResumableChangeStreamError'],
}

/** The last answer of a stream: its cursor is gone with it. */
function invalidated(message: Message): Record<string, unknown> {
  const body = readBody(message) ?? {}
  const cursor = (body.cursor ?? {}) as { ns?: string; postBatchResumeToken?: unknown }
  const event = {
    _id: cursor.postBatchResumeToken,
    operationType: 'invalidate',
    clusterTime: body.operationTime,
  }
  return { ...body, cursor: { ...cursor, id: 0n, nextBatch: [event] }, ok: 1 }
}

/** Cuts a stream of bytes into messages of the wire protocol. */
class Splitter {
  #rest: Buffer = Buffer.alloc(0)

  push(bytes: Buffer): Message[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const messages: Message[] = []
    while (this.#rest.length >= HEADER_BYTES) {
      const length = this.#rest.readInt32LE(0)
      if (this.#rest.length < length) break
      const message = this.#rest.subarray(0, length)
      this.#rest = this.#rest.subarray(length)
      messages.push({ bytes: message, id: message.readInt32LE(4), answers: message.readInt32LE(8) })
    }
    return messages
  }
}

function isOfStream(message: Message, cursors: ReadonlySet<bigint>): boolean {
  const command = commandName(message)
  if (command !== 'aggregate' && command !== 'getMore') return false
  const body = readBody(message)
  if (!body) return false
  if (command === 'getMore') return cursors.has(BigInt(body.getMore as bigint))
  const [first] = (body.pipeline ?? []) as Record<string, unknown>[]
  return first !== undefined && '$changeStream' in first
}

/** Where the body of an OP_MSG begins: after header, flags and the kind of the first section, which is the body. */
const BODY_AT = HEADER_BYTES + 5

/** The first name in the body, without reading the rest: most of what goes through are messages of people. */
function commandName({ bytes }: Message): string | undefined {
  if (bytes.readInt32LE(12) !== OP_MSG || bytes[BODY_AT - 1] !== 0) return undefined
  const nameAt = BODY_AT + 5
  return bytes.toString('utf8', nameAt, bytes.indexOf(0, nameAt))
}

function readBody({ bytes }: Message): Record<string, unknown> | undefined {
  if (bytes.readInt32LE(12) !== OP_MSG || bytes[BODY_AT - 1] !== 0) return undefined
  const length = bytes.readInt32LE(BODY_AT)
  return deserialize(bytes.subarray(BODY_AT, BODY_AT + length), { useBigInt64: true })
}

function writeAnswer({ bytes }: Message, body: Record<string, unknown>): Buffer {
  const document = serialize(body)
  const answer = Buffer.concat([bytes.subarray(0, HEADER_BYTES), Buffer.alloc(5), document])
  answer.writeInt32LE(answer.length, 0)
  return answer
}
