import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Less room than this explains a failed write. */
const LOW_BYTES = 64 * 1024 * 1024
/** Room must have grown by this before a full disk is tried again at once. */
const REGAINED_BYTES = 256 * 1024
/** A full disk is tried again after this time in any case. */
const RETRY_MS = 1000

const PROBE_BYTES = 256 * 1024

/** ENOSPC, EDQUOT, EFBIG, MDB_MAP_FULL. */
const FULL_CODES: ReadonlySet<unknown> = new Set([28, 122, 27, -30792, 'ENOSPC', 'EDQUOT', 'EFBIG'])
/** EIO: what the store makes of a write that was cut short, as the last one onto a full disk is. */
const CUT_SHORT = 5

/** Knows whether the disk is full, so that a full disk is not written to again and again. */
export class DiskSpace {
  readonly #path: string
  #full: { freeBytes: number; triedAtMs: number } | undefined

  constructor(path: string) {
    this.#path = path
  }

  #freeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#path)
      return bavail * bsize
    } catch {
      return Number.POSITIVE_INFINITY
    }
  }

  /** A quota shows only when one writes. */
  #isRefused(): boolean {
    const probe = join(this.#path, 'probe')
    try {
      writeFileSync(probe, Buffer.alloc(PROBE_BYTES), { mode: 0o600 })
      return false
    } catch (error) {
      return FULL_CODES.has((error as { code?: unknown }).code)
    } finally {
      rmSync(probe, { force: true })
    }
  }

  /** Did the disk cause this failure? Remembers it when it did. */
  explains(error: unknown): boolean {
    const code = (error as { code?: unknown } | undefined)?.code
    const freeBytes = this.#freeBytes()
    if (!FULL_CODES.has(code) && !(code === CUT_SHORT && (freeBytes < LOW_BYTES || this.#isRefused())))
      return false
    this.#full = { freeBytes, triedAtMs: performance.now() }
    return true
  }

  /** Is the disk known to be full, with nothing changed since? */
  isFull(): boolean {
    if (this.#full === undefined) return false
    const { freeBytes, triedAtMs } = this.#full
    return performance.now() - triedAtMs < RETRY_MS && this.#freeBytes() < freeBytes + REGAINED_BYTES
  }

  /** A write has gone through. */
  hasRoom(): void {
    this.#full = undefined
  }
}
