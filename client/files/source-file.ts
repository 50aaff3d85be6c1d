import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { FastChatError } from '../../schema/errors.ts'
import { hasCode } from '../home/files.ts'

const READ_BYTES = 64 * 1024

/** A person's file, open to be read once. */
export interface SourceFile {
  /** Bytes. */
  size: number
  /** The first bytes, at most so many. */
  head(length: number): Promise<Uint8Array>
  /**
   * All of it.
   *
   * @throws FastChatError `file_unusable` when it has changed since it was opened
   */
  bytes(): AsyncGenerator<Uint8Array>
  close(): Promise<void>
}

/**
 * Opens a file that is to be sent: a regular one only, since what a device or a pipe gives has no size.
 *
 * @throws FastChatError `file_unusable` when it is not there, no file, empty, or cannot be read; `too_large`
 */
export async function openSourceFile(path: string, { maxBytes }: { maxBytes: number }): Promise<SourceFile> {
  // Before it is opened: opening a pipe would wait for whoever writes to it.
  const before = await look(() => stat(path))
  checkStats(before, maxBytes)
  const file = await look(() => open(path, constants.O_RDONLY))
  try {
    const stats = await file.stat()
    checkStats(stats, maxBytes)
    return new OpenFile(file, stats)
  } catch (error) {
    await file.close()
    throw error
  }
}

class OpenFile implements SourceFile {
  readonly size: number
  readonly #file: FileHandle
  readonly #stats: Stats

  constructor(file: FileHandle, stats: Stats) {
    this.#file = file
    this.#stats = stats
    this.size = stats.size
  }

  async head(length: number): Promise<Uint8Array> {
    const { bytesRead, buffer } = await this.#file.read(new Uint8Array(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < this.size; ) {
      const length = Math.min(READ_BYTES, this.size - at)
      const { bytesRead, buffer } = await this.#file.read(new Uint8Array(length), 0, length, at)
      if (bytesRead === 0) throw unusable('it has changed while it was read')
      yield buffer.subarray(0, bytesRead)
      at += bytesRead
    }
    const { size, mtimeMs } = await this.#file.stat()
    if (size !== this.size || mtimeMs !== this.#stats.mtimeMs)
      throw unusable('it has changed while it was read')
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

function checkStats(stats: Stats, maxBytes: number): void {
  if (!stats.isFile()) throw unusable('it is no file')
  if (stats.size === 0) throw unusable('it is empty')
  if (stats.size <= maxBytes) return
  throw new FastChatError(
    'too_large',
    `Cannot send file: it has ${stats.size} bytes, at most ${maxBytes} are taken`,
  )
}

async function look<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) throw unusable('there is none')
    throw unusable('it cannot be read')
  }
}

function unusable(state: string): FastChatError {
  return new FastChatError('file_unusable', `Cannot send file: ${state}`)
}
