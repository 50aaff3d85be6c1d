import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What a process takes of the machine's memory. */
export interface Memory {
  /** All of it, with the pages of files that it has mapped (RSS). */
  totalBytes: number
  /** What is its own: without the pages of files, which the system takes back when it wants. */
  ownBytes: number
}

/** One look at a process. */
export interface Sample extends Memory {
  pid: number
  /** Since the series began. */
  atMs: number
}

/** What became of a process's memory over a series of looks. */
export interface Summary {
  minBytes: number
  maxBytes: number
  lastBytes: number
  /** Of the process that was seen longest, in its own memory; undefined when it was seen for less than half of the series. */
  own: { middleBytes: number; lastBytes: number; slopeBytesPerMinute: number } | undefined
}

/** By a shell, since Deno gives nobody short of `--allow-all` a look into /proc. */
const LOOK = `for pid in "$@"; do
  echo "$pid" $(sed -n 's/^\\(VmRSS\\|RssAnon\\):[[:space:]]*\\([0-9]*\\) kB$/\\1=\\2/p' "/proc/$pid/status")
done 2>/dev/null; true`

/** @returns nothing for a process that has ended */
export async function readMemory(pids: readonly number[]): Promise<Map<number, Memory>> {
  const found = new Map<number, Memory>()
  if (process.platform === 'linux') {
    const { stdout } = await promisify(execFile)('sh', ['-c', LOOK, 'sh', ...pids.map(String)])
    for (const line of stdout.split('\n')) {
      const [, pid, total, own] = /^(\d+) VmRSS=(\d+) RssAnon=(\d+)$/.exec(line) ?? []
      if (pid) found.set(Number(pid), { totalBytes: Number(total) * 1024, ownBytes: Number(own) * 1024 })
    }
    return found
  }
  const asked = promisify(execFile)('ps', ['-o', 'pid=,rss=', '-p', pids.join(',')])
  const { stdout } = await asked.catch(() => ({ stdout: '' }))
  for (const [, pid, kilobytes] of stdout.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)) {
    const totalBytes = Number(kilobytes) * 1024
    found.set(Number(pid), { totalBytes, ownBytes: totalBytes })
  }
  return found
}

/**
 * Pure. The middle and the last third of a process's life are compared: the first is its warming up.
 *
 * @param samples oldest first; when a process was replaced, of its followers too
 */
export function summarise(samples: readonly Sample[], { lastedMs }: { lastedMs: number }): Summary {
  const totals = samples.map(({ totalBytes }) => totalBytes)
  const longest = [...byProcess(samples).values()].reduce(
    (best, each) => (spanOf(each) > spanOf(best) ? each : best),
    [] as Sample[],
  )
  const third = Math.floor(longest.length / 3)
  return {
    minBytes: Math.min(...totals),
    maxBytes: Math.max(...totals),
    lastBytes: totals.at(-1) ?? 0,
    own:
      third > 0 && spanOf(longest) * 2 >= lastedMs
        ? {
            middleBytes: mean(longest.slice(third, 2 * third)),
            lastBytes: mean(longest.slice(-third)),
            slopeBytesPerMinute: slope(longest.slice(third)),
          }
        : undefined,
  }
}

function spanOf(samples: readonly Sample[]): number {
  return (samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0)
}

function mean(samples: readonly Sample[]): number {
  return samples.reduce((total, { ownBytes }) => total + ownBytes, 0) / samples.length
}

/** Least squares. */
function slope(samples: readonly Sample[]): number {
  const meanAt = samples.reduce((total, { atMs }) => total + atMs, 0) / samples.length
  const meanBytes = mean(samples)
  let up = 0
  let down = 0
  for (const { atMs, ownBytes } of samples) {
    up += (atMs - meanAt) * (ownBytes - meanBytes)
    down += (atMs - meanAt) ** 2
  }
  return down === 0 ? 0 : (up / down) * 60_000
}

function byProcess(samples: readonly Sample[]): Map<number, Sample[]> {
  const found = new Map<number, Sample[]>()
  for (const sample of samples) found.set(sample.pid, [...(found.get(sample.pid) ?? []), sample])
  return found
}
