/** Cuts a stream of bytes, which comes in pieces of any size, into chunks of one size. Holds one chunk. */
export class Chunker {
  readonly #chunk: Uint8Array
  #filled = 0

  constructor(chunkBytes: number) {
    this.#chunk = new Uint8Array(chunkBytes)
  }

  /** The chunks that a piece fills. Each is the chunker's own memory: valid until the next one is asked for. */
  *push(piece: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + this.#chunk.length - this.#filled)
      this.#chunk.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled < this.#chunk.length) continue
      this.#filled = 0
      yield this.#chunk
    }
  }

  /** What has not filled a chunk. */
  rest(): Uint8Array {
    return this.#chunk.subarray(0, this.#filled)
  }
}
