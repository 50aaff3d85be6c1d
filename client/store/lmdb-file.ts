import { closeSync, fstatSync, fsyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import { FastChatError } from '../../schema/errors.ts'
import { asDiskFull } from './disk-full.ts'

/** An LMDB environment of one database, whose keys and values are bytes. */
export type LmdbFile = RootDatabase<Uint8Array, Uint8Array>

/** A new environment: two meta pages, the lock file, a first transaction. */
const NEW_FILE_BYTES = 256 * 1024

const MAGIC = 0xbeefc0de
const DATA_VERSION = 2

/**
 * Opens an LMDB environment in one file (and `<path>-lock`), both 0600, made when they are not there.
 *
 * Without `overlappingSync`, a commit ends in fdatasync and then in the meta page through an O_DSYNC descriptor: what
 * `transactionSync` wrote is durable when it returns, and seen by every process that reads after it.
 *
 * The native code of lmdb 3.5 crashes where opening fails. So what may go wrong is tried here before.
 *
 * @param path a file in a folder that exists and is 0700
 * @throws FastChatError `home_damaged` when the file is no LMDB environment; `disk_full`.
 */
export function openLmdbFile(path: string): LmdbFile {
  try {
    const isNew = checkFile(path)
    if (isNew) checkRoom(dirname(path))
    const options = {
      path,
      noSubdir: true,
      overlappingSync: false,
      keyEncoding: 'binary',
      encoding: 'binary',
      permissionsMode: 0o600,
    } as const
    const file = open<Uint8Array, Uint8Array>(options)
    if (isNew) syncFolder(dirname(path))
    return file
  } catch (error) {
    throw asDiskFull(error, 'open data') ?? error
  }
}

/** A file outlives a power cut only when the entry in its folder does, too. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Whether the file is yet to be made; throws when what is there is no LMDB file. */
function checkFile(path: string): boolean {
  const descriptor = openSync(path, 'a+', 0o600)
  try {
    const { size } = fstatSync(descriptor)
    if (size === 0) return true
    const first = readMeta(descriptor, 0)
    if (!first || size < 2 * first.pageSize || !readMeta(descriptor, first.pageSize)) {
      throw new FastChatError('home_damaged', 'Cannot open data: the file is damaged')
    }
    return false
  } finally {
    closeSync(descriptor)
  }
}

/** A meta page: its header's flags at 18, then from 24 magic, version, and at 48 the size of a page. */
function readMeta(descriptor: number, position: number): { pageSize: number } | undefined {
  const header = Buffer.alloc(64)
  if (readSync(descriptor, header, 0, header.length, position) < header.length) return undefined
  const pageSize = header.readUInt32LE(48)
  const isMeta =
    (header.readUInt16LE(18) & 0x08) !== 0 &&
    header.readUInt32LE(24) === MAGIC &&
    (header.readUInt32LE(28) & 0xffff) === DATA_VERSION
  const isPageSize = pageSize >= 512 && pageSize <= 65_536 && (pageSize & (pageSize - 1)) === 0
  return isMeta && isPageSize ? { pageSize } : undefined
}

/** Throws as the disk does when a new environment would not fit on it. */
function checkRoom(folder: string): void {
  const path = join(folder, `.room-${process.pid}`)
  const descriptor = openSync(path, 'w', 0o600)
  try {
    const bytes = Buffer.alloc(NEW_FILE_BYTES)
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
    rmSync(path, { force: true })
  }
}
