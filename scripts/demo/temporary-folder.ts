import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

const PREFIX = 'fastchat-demo-'
const NAME = /^fastchat-demo-(\d{1,10})-\w{6}$/

/**
 * A new folder (0700) below the system's for temporary files. It is removed by `remove()`, and else when this process ends;
 * what a process left that was killed is removed by the next one.
 */
export function makeTemporaryFolder(): { path: string; remove(): void } {
  removeLeftOvers()
  const path = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  // A file that comes while it is being emptied is taken with the next try.
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  process.on('exit', remove)
  return {
    path,
    remove() {
      remove()
      process.off('exit', remove)
    },
  }
}

function removeLeftOvers(): void {
  for (const name of readdirSync(tmpdir())) {
    const [, pid] = NAME.exec(name) ?? []
    if (pid === undefined || isRunning(Number(pid))) continue
    const path = join(tmpdir(), name)
    try {
      const { uid } = statSync(path)
      if (uid === userInfo().uid) rmSync(path, { recursive: true, force: true })
    } catch {
      // Somebody else removes it, or it is somebody else's.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
