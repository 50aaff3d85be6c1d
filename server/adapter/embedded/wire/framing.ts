import { HEADER_BYTES, MAX_MESSAGE_BYTES, WireError } from './message.ts'

/** Puts the chunks of a socket together to whole messages. */
export class Framing {
  #chunks: Buffer[] = []
  #length = 0
  #wanted = 0

  /**
   * Takes a chunk and answers the messages that it completes.
   * @throws WireError when a length is out of bounds: the stream is lost
   */
  push(chunk: Buffer): Buffer[] {
    const out: Buffer[] = []
    this.#chunks.push(chunk)
    this.#length += chunk.length
    for (;;) {
      if (this.#wanted === 0) {
        if (this.#length < 4) return out
        this.#wanted = this.#peekLength()
        if (this.#wanted < HEADER_BYTES || this.#wanted > MAX_MESSAGE_BYTES) {
          throw new WireError('Cannot read a message: its length is out of bounds')
        }
      }
      if (this.#length < this.#wanted) return out
      out.push(this.#take(this.#wanted))
      this.#wanted = 0
    }
  }

  #peekLength(): number {
    const first = this.#chunks[0] as Buffer
    if (first.length >= 4) return first.readInt32LE(0)
    const joined = Buffer.concat(this.#chunks)
    this.#chunks = [joined]
    return joined.readInt32LE(0)
  }

  #take(size: number): Buffer {
    const joined =
      this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#length)
    const rest = joined.subarray(size)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#length = rest.length
    return joined.subarray(0, size)
  }
}
