import { FastChatError } from '../../schema/errors.ts'

// A file of its own: whoever only writes a file need not load LMDB's native code.

/**
 * What the system and LMDB call a disk, a quota, a file or a map that is full. EIO is LMDB's word for a write that took
 * only a part, which is how a disk becomes full; a disk that fails says it too.
 */
const FULL = { ENOSPC: 28, EDQUOT: 122, EFBIG: 27, EIO: 5, MDB_MAP_FULL: -30792 } as const
const fullCodes: readonly unknown[] = [...Object.keys(FULL), ...Object.values(FULL)]

/** `disk_full` when that is what the system or LMDB said, else undefined. */
export function asDiskFull(error: unknown, what: string): FastChatError | undefined {
  if (!(error instanceof Error && fullCodes.includes(systemCode(error)))) return undefined
  return new FastChatError('disk_full', `Cannot ${what}: the disk is full or failing`, { cause: error })
}

/** Some errors of Deno's have no code, but the system's number at the end of their message. */
function systemCode(error: Error): unknown {
  if ('code' in error && error.code !== undefined) return error.code
  const [, number] = /\(os error (\d+)\)$/.exec(error.message) ?? []
  return number === undefined ? undefined : Number(number)
}
