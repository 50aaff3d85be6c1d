import { execFileSync } from 'node:child_process'

/**
 * Whether there is a shell that can say `fg`: some parent at this terminal leads another process group (POSIX.1-2017 section 3.264
 * calls a group without one orphaned; the kernel lets none of it be stopped by a terminal's signals).
 *
 * Taken for granted on Node, where a signal that nobody listens to any more does again what it does by itself. On Deno it would
 * stop even such a group, for good; so it is looked up there.
 */
export function hasJobControl(
  list: (() => string) | null = process.versions.deno ? listProcesses : null,
): boolean {
  if (!list) return true
  try {
    return isBelowShell(list(), process.pid)
  } catch {
    return false
  }
}

const MAX_STEPS = 64
const MAX_BYTES = 4 * 1024 * 1024
const MAX_LOOK_MS = 1000

/** Of all processes: number, parent, group, terminal. */
function listProcesses(): string {
  const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'ignore']
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,tty='], {
    ...{ encoding: 'utf8', stdio, maxBuffer: MAX_BYTES, timeout: MAX_LOOK_MS },
  })
}

/** @param listed as `ps` prints it (see above) */
export function isBelowShell(listed: string, pid: number): boolean {
  const all = new Map(
    listed.split('\n').map(line => {
      const [own, parent, group, terminal] = line.trim().split(/\s+/)
      return [Number(own), { parent: Number(parent), group, terminal }] as const
    }),
  )
  const self = all.get(pid)
  let above = self && all.get(self.parent)
  for (let steps = 0; self && above && above.terminal === self.terminal && steps < MAX_STEPS; steps++) {
    if (above.group !== self.group) return true
    above = all.get(above.parent)
  }
  return false
}
