import { clearTimeout, setTimeout } from 'node:timers'
import { Worker } from 'node:worker_threads'
import { FastChatError } from '../../schema/errors.ts'
import type { Picture } from '../chat.ts'
import { inspectPicture } from './inspect.ts'

export interface DecodeOptions {
  /** Pixels, at least 1. A picture is made smaller to fit, never larger. */
  maxWidth: number
  maxHeight: number
}

export interface DecoderOptions {
  /** A picture that takes longer is refused. */
  timeoutMs: number
  /** Of WebAssembly, for file, picture and all in between. 300 MiB are enough for 40 million pixels; at least 256 MiB. */
  maxMemoryBytes: number
  /** What is idle for so long is put away. */
  idleMs: number
}

export interface PictureDecoder {
  /** See `decodePicture()`. */
  decode(bytes: Uint8Array, options: DecodeOptions): Promise<Picture>
  /** Ends what is under way, as if it had taken too long. */
  close(): Promise<void>
}

const MIB = 1024 * 1024
const DEFAULTS: DecoderOptions = { timeoutMs: 30_000, maxMemoryBytes: 512 * MIB, idleMs: 5000 }
/** The library itself, its threads and WebAssembly's compiler. */
const START_TIMEOUT_MS = 30_000
/** What is behind a transparent picture: black letters are seen on it, and white ones. */
const GROUND = [0x60, 0x60, 0x60] as const

interface Decoded {
  width: number
  height: number
  rgb: Uint8Array
}

/**
 * A decoder with a thread of its own, which is there only while there is something to decode. One picture at a time, so that
 * memory is bounded.
 */
export function createPictureDecoder(options: Partial<DecoderOptions> = {}): PictureDecoder {
  const { timeoutMs, maxMemoryBytes, idleMs } = { ...DEFAULTS, ...options }
  let worker: Worker | undefined
  let idle: ReturnType<typeof setTimeout> | undefined
  let last: Promise<unknown> = Promise.resolve()
  let refuse: (() => void) | undefined

  async function start(): Promise<Worker> {
    // Neither flags nor hooks of ours: the thread needs none of them, nor do those that it starts.
    const started = new Worker(new URL('./worker.mjs', import.meta.url), {
      workerData: { maxMemoryBytes },
      execArgv: [],
      // Whatever is said there is not for the person's screen.
      stdout: true,
      stderr: true,
    })
    // An error without a listener would end the process.
    started.on('error', () => undefined)
    const answer = await answerOf(started, START_TIMEOUT_MS)
    if (answer === 'ready') return started
    await started.terminate()
    throw new FastChatError('internal', 'Cannot show picture: its decoder does not start')
  }

  /** The next message; undefined when none will come, or not in time. */
  function answerOf(of: Worker, ms: number): Promise<unknown> {
    return new Promise(resolve => {
      const timer = setTimeout(() => end(undefined), ms)
      const end = (answer: unknown) => {
        clearTimeout(timer)
        of.off('message', end)
        of.off('error', onEnd)
        of.off('exit', onEnd)
        refuse = undefined
        resolve(answer)
      }
      const onEnd = () => end(undefined)
      refuse = onEnd
      of.on('message', end)
      of.on('error', onEnd)
      of.on('exit', onEnd)
    })
  }

  async function stop(): Promise<void> {
    clearTimeout(idle)
    const stopped = worker
    worker = undefined
    await stopped?.terminate()
  }

  async function work(bytes: Uint8Array, { maxWidth, maxHeight }: DecodeOptions): Promise<Picture> {
    const { format, width, height } = inspectPicture(bytes)
    clearTimeout(idle)
    worker ??= await start()
    worker.ref()
    worker.postMessage({ bytes, format, width, height, maxWidth, maxHeight, ground: GROUND })
    const answer = await answerOf(worker, timeoutMs)
    if (answer === undefined) await stop()
    else {
      worker.unref()
      idle = setTimeout(() => void stop(), idleMs).unref()
    }
    const decoded = answer as Decoded | null | undefined
    if (!decoded) {
      const why = answer === null ? 'it is damaged' : 'it takes too much time or memory'
      throw new FastChatError('bad_image', `Cannot read picture: ${why}`)
    }
    return { width: decoded.width, height: decoded.height, rgb: Buffer.from(decoded.rgb).toString('base64') }
  }

  return {
    decode(bytes, box) {
      const result = last.then(() => work(bytes, box))
      last = result.catch(() => undefined)
      return result
    },
    async close() {
      refuse?.()
      await stop()
    },
  }
}

let common: PictureDecoder | undefined

/**
 * Decodes a picture (of a moving one its first image), makes it small enough and turns it the way it is to be seen (EXIF
 * orientation). What is transparent is put on grey. In a thread of its own, in bounded time and memory.
 *
 * @returns at most `maxWidth` by `maxHeight` pixels, at least one
 * @throws FastChatError `bad_image` as `inspectPicture()`; when the file is damaged or cut off, is not what its header says,
 *   or takes too much time or memory. `internal` when the decoder cannot be started.
 */
export function decodePicture(bytes: Uint8Array, options: DecodeOptions): Promise<Picture> {
  common ??= createPictureDecoder()
  return common.decode(bytes, options)
}
