import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { parseJson } from '../../schema/parse.ts'
import { asDiskFull, openLmdbFile } from '../store/lmdb-file.ts'

/** Who owns an account. There is one while a process has its store open; it may outlive a process that was killed. */
export const OwnerRecord = v.object({
  /** Random: names one ownership, however often process ids come back. */
  nonce: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** When that process started, as {@link processStart} says, where it can be known. */
  start: v.optional(v.string()),
  /** Listened on from before the record is written until after it is removed. */
  socketPath: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
})
export type OwnerRecord = v.InferOutput<typeof OwnerRecord>

export interface OwnerFile {
  /** The owner, or null. */
  read(): OwnerRecord | null
  /**
   * Writes `next` (null: removes the record) if the present owner is still `expected` (a nonce; null: nobody), as one
   * step that no other process can come between. Whether it did.
   */
  swap(expected: string | null, next: OwnerRecord | null): boolean
}

const KEY = Buffer.from('owner')

/**
 * Works with the owner's record, `owner.mdb` in the account's folder. LMDB is what makes the swap safe: its lock is
 * between processes, and survives one that is killed while it holds it. It is a file of its own because whoever looks
 * for the owner may not have the key of the data.
 *
 * @throws FastChatError `home_damaged`, `disk_full`.
 */
export async function withOwnerFile<T>(folder: string, work: (file: OwnerFile) => T): Promise<T> {
  const db = openLmdbFile(join(folder, 'owner.mdb'))
  const read = () => {
    const bytes = db.get(KEY)
    if (!bytes) return null
    const text = Buffer.from(bytes).toString('utf8')
    return parseJson(OwnerRecord, text, { what: 'owner record', code: 'home_damaged' })
  }
  try {
    return work({
      read: () => db.transactionSync(read),
      swap: (expected, next) =>
        db.transactionSync(() => {
          if ((read()?.nonce ?? null) !== expected) return false
          if (next) db.putSync(KEY, Buffer.from(JSON.stringify(next)))
          else db.removeSync(KEY)
          return true
        }),
    })
  } catch (error) {
    throw asDiskFull(error, 'claim account') ?? error
  } finally {
    await db.close()
  }
}

/**
 * When a process started, in the kernel's words, or undefined when it has ended or that cannot be known: only Linux
 * tells, and Deno only with all permissions.
 */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command in parentheses may hold anything; start time is the 20th field after it (proc(5)).
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
