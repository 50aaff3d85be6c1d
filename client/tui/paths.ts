import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** What paths mean that a person writes. */
export interface Paths {
  /** `~` and relative paths made absolute. */
  resolve(written: string): string
  /** Where a file is saved when nobody says where: `~/Downloads` where there is one, else the working folder. */
  downloads(): Promise<string>
  /** Paths that begin as `written` does, in the form it is written in; a folder ends in `/`. Empty when nothing can be read. */
  complete(written: string): Promise<string[]>
}

const MAX_FOUND = 200

/** @param cwd, home absolute; default: the process's own */
export function pathsOf({ cwd = process.cwd(), home = homedir() } = {}): Paths {
  const whole = (written: string): string =>
    /^~(?=\/|$)/.test(written) ? resolve(home, written.slice(2)) : resolve(cwd, written)
  return {
    resolve: whole,
    async downloads() {
      const folder = join(home, 'Downloads')
      return (await isFolder(folder)) ? folder : cwd
    },
    async complete(written) {
      if (written === '~') return ['~/']
      const folder = written.slice(0, written.lastIndexOf('/') + 1)
      const start = written.slice(folder.length)
      try {
        const entries = await readdir(whole(folder === '' ? '.' : folder), { withFileTypes: true })
        // Hidden files only for whoever asks for one.
        const found = entries
          .filter(({ name }) => name.startsWith(start) && (start !== '' || !name.startsWith('.')))
          .slice(0, MAX_FOUND)
        const named = found.map(async entry => {
          const path = folder + entry.name
          return entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(whole(path))))
            ? `${path}/`
            : path
        })
        return (await Promise.all(named)).sort()
      } catch {
        return []
      }
    },
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
