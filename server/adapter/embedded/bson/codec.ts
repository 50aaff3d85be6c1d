import { type Document, deserialize, serialize } from 'bson'
import { MongoError } from '../errors.ts'

/** A decoded document. Numbers stay Int32, Long, Double or Decimal128, so that types survive an update. */
export type Doc = Document

/** Largest document that MongoDB stores, 16 MiB. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
/** Room that commands and replies may take beyond the largest document. */
const SERIALIZE_BUFFER_BYTES = 1024 * 64

const EXACT = {
  promoteValues: false,
  promoteLongs: false,
  promoteBuffers: false,
  bsonRegExp: true,
  allowObjectSmallerThanBufferSize: false,
} as const

/**
 * Decodes one document without losing number types.
 * @throws MongoError 22 when the bytes are not BSON
 */
export function decode(bytes: Uint8Array): Doc {
  try {
    return deserialize(bytes, EXACT)
  } catch (cause) {
    throw new MongoError(22, `Cannot read a document: ${cause instanceof Error ? cause.message : 'bad BSON'}`)
  }
}

/** Decodes to plain JavaScript values (numbers, strings), for the expression library. */
export function decodePlain(bytes: Uint8Array): Doc {
  return deserialize(bytes, { promoteValues: true, promoteLongs: true, bsonRegExp: false })
}

/** Encodes a document; JavaScript integers become int32, other numbers double. */
export function encode(doc: Doc): Buffer {
  const bytes = serialize(doc, {
    ignoreUndefined: true,
    minInternalBufferSize: SERIALIZE_BUFFER_BYTES,
  } as object)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * A document on its way through the server: as bytes, decoded, or both; each made only when asked for.
 * The bytes of a stored document go to the wire as they are.
 */
export class Rec {
  #bytes: Uint8Array | undefined
  #doc: Doc | undefined
  #plain: Doc | undefined

  constructor(bytes: Uint8Array | undefined, doc?: Doc) {
    this.#bytes = bytes
    this.#doc = doc
  }

  static of(doc: Doc): Rec {
    return new Rec(undefined, doc)
  }

  get bytes(): Uint8Array {
    if (this.#bytes === undefined) this.#bytes = encode(this.#doc ?? {})
    return this.#bytes
  }

  /** The decoded document. Not to be changed by the caller: it is shared. */
  get doc(): Doc {
    if (this.#doc === undefined) this.#doc = decode(this.bytes)
    return this.#doc
  }

  /** Keeps only the bytes, for those that hold many documents; what was decoded is decoded again when asked for. */
  compact(): void {
    if (this.bytes.length > 0) {
      this.#doc = undefined
      this.#plain = undefined
    }
  }

  /** The document in plain JavaScript values. Not to be changed by the caller. */
  get plain(): Doc {
    if (this.#plain === undefined) this.#plain = decodePlain(this.bytes)
    return this.#plain
  }
}
