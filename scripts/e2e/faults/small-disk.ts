import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk that can be full: a tmpfs. */
export interface SmallDisk {
  readonly folder: string
  /** Takes all the room that is left. */
  fill(): void
  /** Gives it back. */
  free(): void
  close(): void
}

const CHUNK_BYTES = 64 * 1024

/** Why there can be no small disk here; undefined when there can. */
export function whyNoSmallDisk(): string | undefined {
  if (process.platform !== 'linux') return 'a small disk is a tmpfs of Linux'
  if (process.getuid?.() !== 0) return 'to mount a small disk one has to be root'
  try {
    createSmallDisk({ sizeMiB: 1 }).close()
    return undefined
  } catch {
    return 'this machine does not let a small disk be mounted'
  }
}

/** @throws {Error} when it cannot be mounted */
export function createSmallDisk({ sizeMiB }: { sizeMiB: number }): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'fastchat-small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', folder], { stdio: 'pipe' })
  } catch (error) {
    rmSync(folder, { recursive: true })
    throw error
  }
  const ballast = join(folder, 'ballast')
  return {
    folder,
    fill() {
      const file = openSync(ballast, 'a')
      try {
        for (let size = CHUNK_BYTES; size >= 1; ) {
          try {
            if (writeSync(file, Buffer.alloc(size)) < size) throw new Error('full')
          } catch {
            size = Math.floor(size / 2)
          }
        }
      } finally {
        closeSync(file)
      }
    },
    free: () => rmSync(ballast, { force: true }),
    close() {
      execFileSync('umount', ['--lazy', folder], { stdio: 'pipe' })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
