import { type Doc, decode, Rec } from '../bson/codec.ts'

/** Largest message of the protocol, header included. */
export const MAX_MESSAGE_BYTES = 48_000_000
export const HEADER_BYTES = 16

const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013

const CHECKSUM_PRESENT = 1
const MORE_TO_COME = 2
/** Flags below this bit must be understood. */
const REQUIRED_FLAGS = 0xffff

/** Bytes that are no message of the protocol: the connection ends. */
export class WireError extends Error {}

/** One request. */
export interface Request {
  requestId: number
  /** 'query' is the old form, used only for the first hello of a connection. */
  kind: 'msg' | 'query'
  body: Doc
  /** Document sequences (kind 1 sections) by name, still as bytes. */
  sequences: Map<string, Rec[]>
  /** The client wants no answer. */
  isUnacknowledged: boolean
}

function cstring(bytes: Buffer, at: number): { text: string; next: number } {
  const end = bytes.indexOf(0, at)
  if (end < 0) throw new WireError('Cannot read a message: a string has no end')
  return { text: bytes.toString('utf8', at, end), next: end + 1 }
}

function document(bytes: Buffer, at: number, end: number): Buffer {
  if (at + 5 > end) throw new WireError('Cannot read a message: a document is cut off')
  const length = bytes.readInt32LE(at)
  if (length < 5 || at + length > end || bytes[at + length - 1] !== 0) {
    throw new WireError('Cannot read a message: a document has a wrong length')
  }
  return bytes.subarray(at, at + length)
}

function parseMsg(bytes: Buffer, requestId: number): Request {
  if (bytes.length < HEADER_BYTES + 5) throw new WireError('Cannot read a message: it is too short')
  const flags = bytes.readUInt32LE(HEADER_BYTES)
  if ((flags & REQUIRED_FLAGS & ~(CHECKSUM_PRESENT | MORE_TO_COME)) !== 0) {
    throw new WireError('Cannot read a message: it has unknown required flags')
  }
  const end = bytes.length - (flags & CHECKSUM_PRESENT ? 4 : 0)
  const sequences = new Map<string, Rec[]>()
  let body: Doc | undefined
  let at = HEADER_BYTES + 4
  while (at < end) {
    const kind = bytes[at++]
    if (kind === 0) {
      if (body !== undefined) throw new WireError('Cannot read a message: it has two bodies')
      const raw = document(bytes, at, end)
      body = decode(raw)
      at += raw.length
    } else if (kind === 1) {
      if (at + 4 > end) throw new WireError('Cannot read a message: a sequence is cut off')
      const stop = at + bytes.readInt32LE(at)
      if (stop > end || stop < at + 5)
        throw new WireError('Cannot read a message: a sequence has a wrong length')
      const { text, next } = cstring(bytes, at + 4)
      if (sequences.has(text)) throw new WireError('Cannot read a message: it has a sequence twice')
      const recs: Rec[] = []
      let from = next
      while (from < stop) {
        const raw = document(bytes, from, stop)
        recs.push(new Rec(raw))
        from += raw.length
      }
      if (from !== stop) throw new WireError('Cannot read a message: a sequence is cut off')
      sequences.set(text, recs)
      at = stop
    } else throw new WireError('Cannot read a message: it has a section of an unknown kind')
  }
  if (body === undefined) throw new WireError('Cannot read a message: it has no body')
  return { requestId, kind: 'msg', body, sequences, isUnacknowledged: (flags & MORE_TO_COME) !== 0 }
}

function parseQuery(bytes: Buffer, requestId: number): Request {
  const { text, next } = cstring(bytes, HEADER_BYTES + 4)
  const raw = document(bytes, next + 8, bytes.length)
  const body = decode(raw)
  const [db = 'admin'] = text.split('.')
  return {
    requestId,
    kind: 'query',
    body: { ...((body.$query as Doc | undefined) ?? body), $db: db },
    sequences: new Map(),
    isUnacknowledged: false,
  }
}

/**
 * Reads one whole message.
 * @throws WireError when the bytes are not a message that this server reads
 */
export function parseMessage(bytes: Buffer): Request {
  const requestId = bytes.readInt32LE(4)
  const opCode = bytes.readInt32LE(12)
  switch (opCode) {
    case OP_MSG:
      return parseMsg(bytes, requestId)
    case OP_QUERY:
      return parseQuery(bytes, requestId)
    default:
      throw new WireError(`Cannot read a message: operation ${opCode} is not supported`)
  }
}

let lastReplyId = 0

/** Builds the answer to a request from an encoded document. */
export function buildReply(request: { requestId: number; kind: 'msg' | 'query' }, body: Uint8Array): Buffer {
  const isMsg = request.kind === 'msg'
  const headLength = HEADER_BYTES + (isMsg ? 5 : 20)
  const out = Buffer.allocUnsafe(headLength + body.length)
  lastReplyId = (lastReplyId + 1) & 0x7fffffff
  out.writeInt32LE(out.length, 0)
  out.writeInt32LE(lastReplyId, 4)
  out.writeInt32LE(request.requestId, 8)
  out.writeInt32LE(isMsg ? OP_MSG : OP_REPLY, 12)
  out.fill(0, HEADER_BYTES, headLength)
  // OP_REPLY: flags (await capable), cursor id, start, number of documents.
  if (!isMsg) {
    out.writeInt32LE(8, HEADER_BYTES)
    out.writeInt32LE(1, HEADER_BYTES + 16)
  }
  out.set(body, headLength)
  return out
}

/** Two encoded documents as one: the fields of the first, then those of the second. */
export function joinDocuments(first: Uint8Array, second: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(first.length + second.length - 5)
  out.set(first, 0)
  out.set(second.subarray(4), first.length - 1)
  out.writeInt32LE(out.length, 0)
  return out
}

/** `{ <name>: [documents] }` from documents that are encoded already. */
export function encodeArrayField(name: string, recs: readonly Rec[]): Buffer {
  const parts: Uint8Array[] = []
  let length = 5
  for (let i = 0; i < recs.length; i++) {
    const head = Buffer.from(`\x03${i}\0`, 'latin1')
    const { bytes } = recs[i] as Rec
    parts.push(head, bytes)
    length += head.length + bytes.length
  }
  const lead = Buffer.from(`\0\0\0\0\x04${name}\0\0\0\0\0`, 'utf8')
  const total = lead.length + length - 4 + 1
  lead.writeInt32LE(total, 0)
  lead.writeInt32LE(length, lead.length - 4)
  return Buffer.concat([lead, ...parts, Buffer.from([0, 0])], total)
}

/** `{ <name>: document }` from a document that is encoded already. */
export function encodeDocumentField(name: string, bytes: Uint8Array): Buffer {
  const lead = Buffer.from(`\0\0\0\0\x03${name}\0`, 'utf8')
  const total = lead.length + bytes.length + 1
  lead.writeInt32LE(total, 0)
  return Buffer.concat([lead, bytes, Buffer.from([0])], total)
}
