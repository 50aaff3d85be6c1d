import { randomBytes } from 'node:crypto'
import { type FileHandle, link, lstat, open, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FastChatError } from '../../schema/errors.ts'
import { hasCode } from '../home/files.ts'
import { asDiskFull } from '../store/lmdb-file.ts'
import { safeFileName } from './file-name.ts'

const MAX_TRIES = 1000

/**
 * Writes a file into a folder, under the sender's name for it or one like it: nothing that is there is replaced, nothing is
 * written outside the folder, and the name is there only once the file is whole.
 *
 * @param folder absolute
 * @param source what it holds; it throws when it is not authentic, after which nothing is left
 * @returns where it is
 * @throws FastChatError `file_unusable` when there is no such folder, or it cannot be written to; `disk_full`; what
 *   `source` throws
 */
export async function saveFile(
  source: AsyncIterable<Uint8Array>,
  { folder, suggestion }: { folder: string; suggestion: string },
): Promise<string> {
  const inside = await findFolder(folder)
  const temporary = join(inside, `.fastchat-${randomBytes(9).toString('base64url')}.part`)
  try {
    await write(temporary, source)
    return await giveName(temporary, { inside, suggestion })
  } catch (error) {
    if (error instanceof FastChatError) throw error
    throw asDiskFull(error, 'save file') ?? unusable(folder, 'it cannot be written to')
  } finally {
    await rm(temporary, { force: true })
  }
}

async function findFolder(folder: string): Promise<string> {
  try {
    const inside = await realpath(folder)
    if ((await lstat(inside)).isDirectory()) return inside
  } catch {
    // Falls through.
  }
  throw unusable(folder, 'there is no such folder')
}

async function write(path: string, source: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const bytes of source) await writeAll(file, bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A link is made only where nothing is: no check beforehand that could be outrun. */
async function giveName(
  temporary: string,
  { inside, suggestion }: { inside: string; suggestion: string },
): Promise<string> {
  for (let number = 1; number <= MAX_TRIES; number++) {
    const path = join(inside, safeFileName(suggestion, { number }))
    try {
      await link(temporary, path)
      return path
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error
    }
  }
  throw unusable(inside, 'it has too many files of that name')
}

/** Writes all of it, however much is taken at a time. */
export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at)
    at += bytesWritten
  }
}

function unusable(folder: string, state: string): FastChatError {
  return new FastChatError('file_unusable', `Cannot save file in ${folder}: ${state}`)
}
