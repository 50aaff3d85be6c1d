/** A request's body that can be told how far it has come, and what went wrong with it. */
export interface RequestBody {
  readonly stream: ReadableStream<Uint8Array>
  /** What the source threw: fetch would hide it behind an error of its own. */
  readonly failure: unknown
  /** Lets the source go, whatever fetch has made of the stream. */
  end(): Promise<void>
}

/**
 * A stream of what `source` yields, taken only as fast as it goes out.
 *
 * @param onSent is given how many bytes have gone out: a piece has when the next one is asked for
 */
export function bodyOf(source: AsyncIterable<Uint8Array>, onSent: (bytes: number) => void): RequestBody {
  const pieces = source[Symbol.asyncIterator]()
  let failure: unknown
  let taken = 0
  let told = 0
  const tell = () => {
    if (taken === told) return
    told = taken
    onSent(told)
  }
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        tell()
        try {
          const { done, value } = await pieces.next()
          if (done) return controller.close()
          taken += value.byteLength
          controller.enqueue(value)
        } catch (error) {
          failure = error
          controller.error(error)
        }
      },
    },
    // Nothing is read ahead: what was handed over is what the network has asked for.
    { highWaterMark: 0 },
  )
  return {
    stream,
    get failure() {
      return failure
    },
    async end() {
      await pieces.return?.()
    },
  }
}
