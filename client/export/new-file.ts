import { type FileHandle, open, rm } from 'node:fs/promises'
import { FastChatError } from '../../schema/errors.ts'

/** So much is written at a time. */
const GATHER_CHARS = 64 * 1024

/**
 * Writes a text to a file that is not there yet, 0600. When it cannot be written as a whole, nothing of it is left.
 *
 * @throws FastChatError `file_unusable` when there is something of that name, or it cannot be made; `disk_full`; what `lines`
 *   throws
 */
export async function writeNewFile(path: string, lines: AsyncIterable<string>): Promise<void> {
  const file = await create(path)
  try {
    await file.chmod(0o600)
    let written = ''
    for await (const line of lines) {
      written += line
      if (written.length < GATHER_CHARS) continue
      await file.appendFile(written, 'utf8')
      written = ''
    }
    await file.appendFile(written, 'utf8')
    await file.sync()
    await file.close()
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(path, { force: true })
    throw unusable(error)
  }
}

/** Whether it is for that there is something of that name. */
export function isTaken(error: unknown): boolean {
  return error instanceof FastChatError && codeOf(error.cause) === 'EEXIST'
}

async function create(path: string): Promise<FileHandle> {
  try {
    // Follows no link: what is there, be it one that leads nowhere, is in the way.
    return await open(path, 'wx', 0o600)
  } catch (error) {
    throw unusable(error)
  }
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'there is something of that name, which is not overwritten',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  EACCES: 'it may not be written there',
  EPERM: 'it may not be written there',
  EROFS: 'it may not be written there',
  ENAMETOOLONG: 'its name is too long',
}

function unusable(error: unknown): unknown {
  if (error instanceof FastChatError) return error
  const code = codeOf(error)
  if (code === undefined) return error
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new FastChatError('disk_full', 'Cannot write file: the disk is full', { cause: error })
  }
  const reason = reasons[code] ?? 'the system does not let it be written'
  return new FastChatError('file_unusable', `Cannot write file: ${reason}`, { cause: error })
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  // What Deno keeps from a program has no code, but this name.
  if (error.name === 'NotCapable') return 'EACCES'
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
