import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { hasCode } from '../home/files.ts'
import { asDiskFull } from '../store/disk-full.ts'

/** Who owns an account. There is one while a process has its store open; it outlives a process that was killed. */
export const OwnerRecord = v.object({
  /** Random: names one ownership, however often process ids come back. */
  nonce: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** When that process started, as {@link processStart} says, where it can be known. */
  start: v.optional(v.string()),
  /** Listened on from before the record is written until after it is emptied. */
  socketPath: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
})
export type OwnerRecord = v.InferOutput<typeof OwnerRecord>

/** The newest ownership: 0 when there never was one; `record` is null when it was given up. */
export interface Ownership {
  generation: number
  record: OwnerRecord | null
}

const NAME = /^owner-([1-9][0-9]{0,14})\.json$/

/*
 * Ownerships are files, `owner-<generation>.json`, and the newest is the one that counts. Whoever finds it given up, or
 * its owner dead, makes the next one with link(2): that is atomic, fails when the file exists, and brings the contents
 * with it. So of all who found generation n dead, one makes n + 1.
 *
 * Old files are removed, but never the newest. So one who was so slow that n + 1 has come and gone in the meantime may
 * make n + 1 again; it then finds a newer one beside it and withdraws. An older file than the newest one's predecessor is
 * removed only, so that a listing which changes meanwhile still shows one of them.
 *
 * (LMDB, which has locks between processes, cannot be used: two processes that close and open one environment at the same
 * moment destroy its lock for all.)
 */

/** The newest ownership of an account's folder. */
export async function readOwner(folder: string): Promise<Ownership> {
  for (;;) {
    const generation = (await listGenerations(folder)).at(-1) ?? 0
    if (generation === 0) return { generation, record: null }
    try {
      return { generation, record: parseRecord(await readFile(pathOf(folder, generation), 'utf8')) }
    } catch (error) {
      // A newer one has come, and this was tidied away.
      if (!hasCode(error, 'ENOENT')) throw error
    }
  }
}

/**
 * Makes the ownership after `previous`, if nobody else has. Whether it did.
 *
 * @throws FastChatError `disk_full`.
 */
export async function takeOwnership(
  folder: string,
  { previous, record }: { previous: number; record: OwnerRecord },
): Promise<boolean> {
  const generation = previous + 1
  const path = pathOf(folder, generation)
  const temporary = join(folder, `.owner-${randomBytes(8).toString('hex')}.tmp`)
  try {
    await writeFile(temporary, JSON.stringify(record), { mode: 0o600, flag: 'wx' })
    await link(temporary, path)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw asDiskFull(error, 'claim account') ?? error
  } finally {
    await rm(temporary, { force: true })
  }
  const generations = await listGenerations(folder)
  if (generations.some(other => other > generation)) {
    await rm(path, { force: true })
    return false
  }
  for (const old of generations) {
    if (old < generation - 1) await rm(pathOf(folder, old), { force: true })
  }
  return true
}

/** Gives up an ownership that one has. It needs no room on the disk. */
export async function giveUpOwnership(folder: string, generation: number): Promise<void> {
  await truncate(pathOf(folder, generation), 0).catch((error: unknown) => {
    // The account was removed.
    if (!hasCode(error, 'ENOENT')) throw error
  })
}

/**
 * When a process started, in the kernel's words, or undefined when it has ended or that cannot be known: only Linux
 * tells, and Deno only with all permissions.
 */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command in parentheses may hold anything; start time is the 20th field after it (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // One that has ended and that nobody has asked after (Z, X) has nothing open any more.
    return /^[ZXx]$/.test(fields[0] ?? '') ? undefined : fields[19]
  } catch {
    return undefined
  }
}

async function listGenerations(folder: string): Promise<number[]> {
  const names = await readdir(folder)
  return names
    .flatMap(name => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

function pathOf(folder: string, generation: number): string {
  return join(folder, `owner-${generation}.json`)
}

/** Empty is given up; and what a power cut has left half written is nobody's who lives. */
function parseRecord(text: string): OwnerRecord | null {
  try {
    return v.parse(OwnerRecord, JSON.parse(text))
  } catch {
    return null
  }
}
