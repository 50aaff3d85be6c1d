import { constants } from 'node:fs'
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FastChatError } from '../../schema/errors.ts'
import { asDiskFull } from '../store/disk-full.ts'

/** Small private files, whole or not at all. */

/** No file of a home's own is longer. */
const MAX_FILE_BYTES = 16 * 1024

/**
 * Replaces a file as one: written beside it, flushed, renamed, the folder flushed. 0600 whatever the umask.
 *
 * @throws FastChatError `disk_full`, after which the old file is there.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.chmod(0o600)
      await file.writeFile(text, 'utf8')
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await flushFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true })
    throw asDiskFull(error, 'write file') ?? error
  }
}

/**
 * The text of a private file, or null when there is none.
 *
 * @throws FastChatError `home_unsafe` when it is a link or others may read it; `home_damaged` when it is too long.
 */
export async function readPrivateFile(path: string): Promise<string | null> {
  let file: FileHandle
  try {
    // Deno opens what a link leads to, whatever the flag says, unless it may do everything.
    if ((await lstat(path)).isSymbolicLink()) throw isLink(path)
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    if (hasCode(error, 'ELOOP')) throw isLink(path)
    throw error
  }
  try {
    const stats = await file.stat()
    checkPrivate(path, stats)
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES) {
      throw new FastChatError('home_damaged', `Cannot read ${path}: it is not what FastChat wrote`)
    }
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

function isLink(path: string): FastChatError {
  return new FastChatError('home_unsafe', `Cannot read ${path}: it is a link`)
}

/** Makes what was created, renamed or removed in a folder outlive a power cut. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * @throws FastChatError `home_unsafe` when somebody else owns a file or folder, or may get at it.
 */
export function checkPrivate(
  path: string,
  stats: { uid: number; mode: number; isDirectory(): boolean },
): void {
  // Windows has neither owners nor modes: the profile folder's access list is what protects there.
  if (!process.getuid) return
  if (stats.uid !== process.getuid()) {
    throw new FastChatError('home_unsafe', `Cannot use ${path}: it belongs to somebody else`)
  }
  if ((stats.mode & 0o077) !== 0) {
    const mode = stats.isDirectory() ? '700' : '600'
    throw new FastChatError(
      'home_unsafe',
      `Cannot use ${path}: others may get at it; run: chmod ${mode} '${path}'`,
    )
  }
}

/** Whether there is a folder, which then must be private. A link is not one. */
export async function isPrivateFolder(path: string): Promise<boolean> {
  try {
    const stats = await lstat(path)
    if (!stats.isDirectory()) {
      throw new FastChatError('home_unsafe', `Cannot use ${path}: it is not a folder`)
    }
    checkPrivate(path, stats)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

export async function exists(folder: string, name: string): Promise<boolean> {
  try {
    await lstat(join(folder, name))
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
