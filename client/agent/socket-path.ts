import { chmod, mkdtemp, rm, rmdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, the last one NUL. */
const MAX_PATH_BYTES = 103
const PREFIX = 'fastchat-'
const NAME = /^agent-[0-9a-f]{16}\.sock$/

/** Where sockets go when the account's folder is too deep: both are tried in this order. */
export interface SocketFolders {
  /** XDG_RUNTIME_DIR. */
  runtimeFolder?: string | undefined
}

/**
 * A path for a new unix socket that only this user gets at: in the account's folder (0700), or when that is too long for
 * a socket in a new folder (0700) of its own elsewhere.
 */
export async function chooseSocketPath(
  folder: string,
  { nonce, runtimeFolder }: { nonce: string } & SocketFolders,
): Promise<string> {
  const name = `agent-${nonce.slice(0, 16)}.sock`
  const near = join(folder, name)
  if (Buffer.byteLength(near) <= MAX_PATH_BYTES) return near
  for (const parent of [runtimeFolder, tmpdir()]) {
    if (!parent || !(await isFolder(parent))) continue
    if (Buffer.byteLength(join(parent, `${PREFIX}XXXXXX`, name)) > MAX_PATH_BYTES) continue
    const own = await mkdtemp(join(parent, PREFIX))
    await chmod(own, 0o700)
    return join(own, name)
  }
  return near
}

/** Removes a socket that nobody listens on any more, and the folder that was made for it alone. */
export async function removeSocket(path: string): Promise<void> {
  // What a record says is removed only when it looks like what was made here.
  if (!NAME.test(basename(path))) return
  await rm(path, { force: true })
  if (!basename(dirname(path)).startsWith(PREFIX)) return
  await rmdir(dirname(path)).catch(() => undefined)
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    stats => stats.isDirectory(),
    () => false,
  )
}
