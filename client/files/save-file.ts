import { randomBytes } from 'node:crypto'
import { type FileHandle, link, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { FastChatError } from '../../schema/errors.ts'
import { flushFolder, hasCode } from '../home/files.ts'
import { asDiskFull } from '../store/disk-full.ts'
import { writeAll } from './bytes.ts'
import { maxNameBytes, numberedName, safeFileName } from './file-name.ts'

export interface SaveOptions {
  /** What its sender calls it. */
  name: string
  /** An existing folder of the person's. */
  folder: string
  /** Gives a file a second name, if the file system can: a test has one that cannot. */
  linkFile?: (existing: string, path: string) => Promise<void>
}

/** So many files of one name are enough. */
const MAX_NUMBER = 1000
/** Where a name cannot have 255 bytes. */
const SHORT_NAME_BYTES = 120
/** What a file system says that has no second name for a file. */
const noLinks: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']

/**
 * Writes a file into a folder under a name like the suggested one that nothing there has. Nothing is overwritten, no link is
 * followed out of the folder, and the name is there only when all of the file is. 0600.
 *
 * @returns the file's path
 * @throws FastChatError `file_unusable` when there is no such folder or it cannot be written to; `disk_full`; what `source`
 *   throws: then nothing is left
 */
export async function saveFile(
  source: AsyncIterable<Uint8Array>,
  { name, folder, linkFile = link }: SaveOptions,
): Promise<{ path: string }> {
  const asked = resolve(folder)
  const real = await realFolder(asked)
  const temporary = join(real, `.fastchat-${randomBytes(12).toString('hex')}.tmp`)
  let file: FileHandle | undefined
  try {
    file = await open(temporary, 'wx', 0o600)
    await file.chmod(0o600)
    let position = 0
    for await (const bytes of source) {
      await writeAll(file, { bytes, position })
      position += bytes.byteLength
    }
    await file.sync()
    await file.close()
    file = undefined
    const given = await giveName(temporary, { name, folder: real, linkFile })
    // Not every folder can be flushed, and the file is there.
    await flushFolder(real).catch(() => undefined)
    return { path: join(asked, given) }
  } catch (error) {
    throw unusable(error)
  } finally {
    await file?.close()
    await rm(temporary, { force: true })
  }
}

/** The folder itself may be a link: it is the person who named it. */
async function realFolder(folder: string): Promise<string> {
  try {
    const real = await realpath(folder)
    if ((await stat(real)).isDirectory()) return real
  } catch (error) {
    throw unusable(error)
  }
  throw new FastChatError('file_unusable', 'Cannot save file: where it is to go is no folder')
}

async function giveName(
  temporary: string,
  { name, folder, linkFile }: Required<SaveOptions>,
): Promise<string> {
  let maxBytes = maxNameBytes
  for (let number = 1; number <= MAX_NUMBER; ) {
    const tried = numberedName(safeFileName(name, { maxBytes }), number)
    try {
      await giveFreeName(temporary, { path: join(folder, tried), linkFile })
      return tried
    } catch (error) {
      if (hasCode(error, 'EEXIST')) number++
      else if (hasCode(error, 'ENAMETOOLONG') && maxBytes > SHORT_NAME_BYTES) maxBytes = SHORT_NAME_BYTES
      else throw error
    }
  }
  throw new FastChatError('file_unusable', 'Cannot save file: too many have its name')
}

/** Gives a file its name without replacing one that has it: `link` fails then, also for a link that leads nowhere. */
async function giveFreeName(
  temporary: string,
  { path, linkFile }: { path: string; linkFile: NonNullable<SaveOptions['linkFile']> },
): Promise<void> {
  try {
    await linkFile(temporary, path)
  } catch (error) {
    if (!noLinks.some(code => hasCode(error, code))) throw error
    // Without links the name is taken first, by an empty file of our own, which alone is replaced.
    await (await open(path, 'wx', 0o600)).close()
    try {
      await rename(temporary, path)
    } catch (failure) {
      await rm(path, { force: true })
      throw failure
    }
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  EACCES: 'the folder may not be written to',
  EPERM: 'the folder may not be written to',
  EROFS: 'the folder may not be written to',
  ELOOP: 'the folder is a link that leads nowhere',
}

function unusable(error: unknown): unknown {
  if (error instanceof FastChatError) return error
  const full = asDiskFull(error, 'save file')
  if (full) return full
  if (!(error instanceof Error)) return error
  // What Deno keeps from a program has no code, but this name.
  const code = error.name === 'NotCapable' ? 'EACCES' : 'code' in error ? String(error.code) : undefined
  if (code === undefined) return error
  const reason = reasons[code] ?? 'the system does not let it be written'
  return new FastChatError('file_unusable', `Cannot save file: ${reason}`, { cause: error })
}
