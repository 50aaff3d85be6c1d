import { Worker } from 'node:worker_threads'
import { FastChatError } from '../../schema/errors.ts'

export interface Argon2Request {
  /** Handed over to the thread: empty afterwards. */
  password: Uint8Array<ArrayBuffer>
  salt: Uint8Array
  /** KiB. */
  memorySize: number
  iterations: number
  parallelism: number
}

/**
 * Argon2id (RFC 9106), 32 bytes, in a thread that is there only for this: nothing here waits, and its memory is given back.
 * The caller checks the parameters.
 *
 * @throws FastChatError `internal` when the thread does not start or has not enough memory; it says nothing of the password
 */
export async function argon2id(request: Argon2Request): Promise<Uint8Array<ArrayBuffer>> {
  // Neither flags nor hooks of ours, and whatever is said there is not for the person's screen.
  const worker = new Worker(new URL('./argon2-worker.mjs', import.meta.url), {
    execArgv: [],
    stdout: true,
    stderr: true,
  })
  try {
    const answer = await new Promise<unknown>(resolve => {
      worker.once('message', resolve)
      // An error without a listener would end the process; what it holds is not told.
      worker.once('error', () => resolve(null))
      worker.once('exit', () => resolve(null))
      worker.postMessage(request, [request.password.buffer])
    })
    if (answer instanceof Uint8Array && answer.byteLength === 32) return new Uint8Array(answer)
  } finally {
    await worker.terminate()
  }
  throw new FastChatError('internal', 'Cannot use password: this machine cannot derive a key from it')
}
