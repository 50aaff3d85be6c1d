import type { BlobRef } from '../../schema/content.ts'
import { FastChatError } from '../../schema/errors.ts'
import type { BlobId, Recipient } from '../../schema/ids.ts'
import type { Transfer } from '../chat.ts'
import { backoffMs } from '../core/backoff.ts'
import type { FileStore } from '../files/file-store.ts'
import { type Clock, sleep } from '../net/clock.ts'
import type { Connection } from '../net/connection.ts'
import { Mutex } from './mutex.ts'
import type { State } from './state.ts'

export interface TransfersOptions {
  state: State
  files: FileStore
  clock: Clock
  random: () => number
  connection: Pick<Connection, 'request'>
}

/** What is brought to a server: a file that is here, encrypted. */
export interface Upload {
  ref: BlobRef
  to: Recipient
}

/** Where progress is told; none for what belongs to no line. */
export type Progress = Pick<Transfer, 'message' | 'conversation'> | undefined

const backoff = { baseMs: 500, maxMs: 30_000 }
const TELL_EVERY_MS = 100

/**
 * Files on their way, one up and one down at a time. What breaks off goes on where it was, at whichever server: an end that
 * is not the file's is no failure.
 */
export class Transfers {
  readonly #options: TransfersOptions
  readonly #stopping = new AbortController()
  readonly #ups = new Mutex()
  readonly #downs = new Mutex()
  readonly #underWay = new Map<BlobId, Promise<void>>()
  /** Ends the pauses of those who wait for a better moment. */
  readonly #wakes = new Set<() => void>()

  constructor(options: TransfersOptions) {
    this.#options = options
  }

  /** There is a server again: what waits for one goes on at once. */
  onOnline(): void {
    for (const wake of this.#wakes) wake()
  }

  stop(): void {
    this.#stopping.abort()
    for (const wake of this.#wakes) wake()
  }

  /**
   * Brings a file to a server; resolves when it has all of it.
   *
   * @throws FastChatError what the server refuses it for; `unavailable` when the session ends before
   */
  upload(upload: Upload, progress: Progress): Promise<void> {
    return this.#ups.run(() => this.#persist(() => this.#up(upload, progress)))
  }

  /**
   * Fetches a file that is not here. Asked again meanwhile it is one transfer.
   *
   * @throws FastChatError `not_found` when no server has it; `bad_blob` when what comes is not it; `no_server` after a few
   *   tries, since somebody waits
   */
  download(ref: BlobRef, progress: Progress): Promise<void> {
    const known = this.#underWay.get(ref.blob)
    if (known !== undefined) return known
    const transfer = this.#downs
      .run(() => this.#persist(() => this.#down(ref, progress), { tries: 6 }))
      .finally(() => this.#underWay.delete(ref.blob))
    this.#underWay.set(ref.blob, transfer)
    return transfer
  }

  /** Nobody needs it any more. Best effort. */
  async remove({ blob: id }: Pick<BlobRef, 'blob'>): Promise<void> {
    await this.#options.connection.request((api, token) => api.blobs.remove({ id, token }))
  }

  async #up({ ref, to }: Upload, progress: Progress): Promise<void> {
    const { connection, files } = this.#options
    const { blob: id, blobSize: size, sha256 } = ref
    const tell = this.#teller(progress, { direction: 'up', total: size })
    await connection.request(async (api, token) => {
      let state = await api.blobs.create({ id, to, size, sha256, token })
      while (!state.complete) {
        // What is on its way counts; what the server has is what a new try begins from.
        const from = state.received
        let done = from
        tell(done, 'running')
        state = await api.blobs.upload({
          ...{ id, token, size, from: state.received, to: size, signal: this.#stopping.signal },
          body: files.read(id, state.received),
          onSent: bytes => {
            done = Math.min(size, from + bytes)
            tell(done, 'running')
          },
        })
        // A server that takes everything and keeps nothing is not asked without pause.
        if (!state.complete && state.received <= from) {
          throw new FastChatError('unavailable', 'Cannot bring file: the server keeps nothing of it')
        }
      }
    })
    tell(size, 'done')
  }

  async #down(ref: BlobRef, progress: Progress): Promise<void> {
    const { connection, files } = this.#options
    const { blob: id, blobSize: total } = ref
    if (await files.has(id)) return
    const tell = this.#teller(progress, { direction: 'down', total })
    const { signal } = this.#stopping
    await connection.request(async (api, token) => {
      const from = await files.partSize(id)
      if (from > total) await files.remove(id)
      if (from !== total) {
        const bytes = api.blobs.download({ id, token, size: total, from: from > total ? 0 : from, signal })
        await files.append(ref, bytes, have => tell(have, 'running'))
      }
    })
    if ((await files.partSize(id)) < total) {
      throw new FastChatError('unavailable', 'Cannot fetch file: the transfer broke off')
    }
    await files.complete(ref)
    tell(total, 'done')
  }

  /** Does it again while nothing but the way is in the way. */
  async #persist(work: () => Promise<void>, { tries = Number.POSITIVE_INFINITY } = {}): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        return await work()
      } catch (error) {
        if (this.#stopping.signal.aborted) {
          throw new FastChatError('unavailable', 'Cannot bring file: the session has ended')
        }
        const isPassing = error instanceof FastChatError && error.shouldRetry() && error.code !== 'disk_full'
        // Bytes that are not the file's: once more from the beginning, since a disk or a line may have erred.
        const isDamage = error instanceof FastChatError && error.code === 'bad_blob' && failures === 0
        if (!(isPassing || isDamage) || failures + 1 >= tries) throw error
        await this.#pause(failures)
      }
    }
  }

  async #pause(failures: number): Promise<void> {
    const { clock, random } = this.#options
    const woken = new AbortController()
    const wake = () => woken.abort()
    this.#wakes.add(wake)
    const delayMs = backoffMs(failures, { ...backoff, random: random() })
    await sleep(clock, { delayMs, signal: woken.signal }).finally(() => this.#wakes.delete(wake))
  }

  #teller(
    progress: Progress,
    { direction, total }: Pick<Transfer, 'direction' | 'total'>,
  ): (done: number, state: Transfer['state']) => void {
    const { state: events, clock } = this.#options
    let toldAt = Number.NEGATIVE_INFINITY
    return (done, state) => {
      if (!progress || (state === 'running' && clock.now() - toldAt < TELL_EVERY_MS)) return
      toldAt = clock.now()
      events.emit({ type: 'transfer', transfer: { ...progress, direction, done, total, state } })
    }
  }
}
