import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

/**
 * Marks a process and all that it starts, whatever session or process group these make for themselves: the
 * environment is what every descendant inherits. A nested run appends to the mark of the outer one.
 */
export const MARK = 'FASTCHAT_TEST_MARK'

export interface MarkedProcess {
  pid: number
  command: string
}

/**
 * Prints `pid command` for every process whose environment holds `$1`. By a shell, since Deno gives nobody short of
 * `--allow-all` a look into /proc. A process that has ended and waits to be collected has an empty environ: it is
 * not counted.
 */
const FIND = `
for environ in $(grep -lasF -e "$1" /proc/[0-9]*/environ); do
  pid=\${environ#/proc/}; pid=\${pid%/environ}
  command=$(tr '\\0' ' ' <"/proc/$pid/cmdline") && echo "$pid $command"
done 2>/dev/null; true`

/** The living processes that carry a mark. Only Linux can tell; elsewhere always empty. */
export async function findMarked(mark: string): Promise<MarkedProcess[]> {
  if (process.platform !== 'linux') return []
  const { stdout } = await promisify(execFile)('sh', ['-c', FIND, 'sh', `${MARK}=${mark}`])
  return [...stdout.matchAll(/^(\d+) (.*)$/gm)].map(([, pid, command]) => ({
    pid: Number(pid),
    command: (command ?? '').trim(),
  }))
}

/**
 * Waits a little for the processes with a mark to end, then kills the rest.
 *
 * @returns the command lines of those that had to be killed.
 */
export async function reap(mark: string, graceMs: number): Promise<string[]> {
  const deadline = performance.now() + graceMs
  let left = await findMarked(mark)
  while (left.length > 0 && performance.now() < deadline) {
    await delay(50)
    left = await findMarked(mark)
  }
  for (const { pid } of left) killQuietly(pid)
  return left.map(({ pid, command }) => `${pid} ${command.slice(0, 120)}`)
}

/** Kills a process, or with a negative number a process group, that may have ended already. */
export function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
